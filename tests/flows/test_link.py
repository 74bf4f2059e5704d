"""/link on a whole bot: 3 credits spent on Discord show in Telegram's /credits."""

import re

from tests.faults.process import photo, said
from tests.flows.test_both_platforms import ANN, both, control


async def test_3_credits_spent_on_discord_show_in_telegrams_credits_once_the_accounts_are_joined(tmp_path):
    async with both(tmp_path) as bot:
        await bot.start()
        dm, lab, world = bot.lab.world.dm(bot.bo), bot.lab, bot.world
        for number, left in ((1, 19), (2, 18), (3, 17)):
            await lab.posts(bot.bo, dm, photos=[photo(number)])
            card = await bot.card(dm, f"1 credit · {left} left")
        world.write(ANN, "/link")
        code = re.search(r"/link (\w{12})", said(await world.see(ANN, "/link ")))[1]
        await lab.wait_for(lambda: lab.world.commands[None])
        asked = await lab.slash(bot.bo, bot.shop, "link", code=code)
        told = await bot.card(bot.shop, "You have 17 credits.")
        assert (asked.acknowledged, told.only_for) == (True, bot.bo.id)

        world.write(ANN, "/credits")
        credits_ = said(await world.see(ANN, "You have 17 credits."))
        assert credits_.count("−1 · search") == 3
        assert "joined with your other account" in credits_
        world.send(ANN, 4)
        await world.see(ANN, "1 credit · 16 left")
        # Whoever asked on Discord still turns the pages there.
        press = await lab.press(bot.bo, card, control(card, "More"))
        assert press.acknowledged
        await lab.wait_for(lambda: "**6. " in card.text)
        assert [line.captured for line in world.usage.people] == [4]
