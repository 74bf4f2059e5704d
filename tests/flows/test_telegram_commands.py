"""Commands in Telegram, the list of them that it shows, and what admins are told."""

import pytest

from bots.telegram.app import TelegramRefused
from tests.flows.world import ADMIN, ANN, BEN, GROUP, living, said


async def test_start_fits_a_phone_and_says_what_it_costs(world):
    world.write("/start")
    text = said(await world.see("Send me a photo"))
    assert "1 credit" in text
    assert len(text) < 600


async def test_a_command_that_there_is_not_is_told_how_it_goes_in_private_only(world):
    world.write("/nonsense")
    await world.see("Send me a photo of a product")
    world.write("/nonsense", ANN, GROUP)
    await world.idle()
    assert world.said_in(GROUP) == []


async def test_credits_are_a_number_and_a_date(world):
    world.send()
    await world.see("19 left")
    world.write("/credits")
    await world.see("You have 19 credits.\nBack to 20 on")


async def test_a_region_is_picked_by_a_button_of_the_card_which_changes(world):
    world.write("/region")
    card = await world.see("Which market shall I look in?")
    world.press(card, "United Kingdom")
    chosen = await world.see("Your searches now look in 🇬🇧 United Kingdom.")
    assert chosen["message_id"] == card["message_id"]
    world.send()
    assert "🇬🇧 United Kingdom" in said(await world.see("Closest products"))


@pytest.mark.fault(11)
async def test_a_grant_delivered_many_times_is_done_once_and_answered_once(world):
    world.write(f"/grant telegram:{ANN} 5", ADMIN)
    await world.see("20", ADMIN)
    await world.idle()
    world.telegram.redeliver(times=10)
    await world.idle()
    assert (await world.balance(ANN), len(world.said_in(ADMIN))) == (25, 1)


async def test_a_grant_in_reply_to_a_persons_message_is_for_that_person(world):
    world.telegram.chats[GROUP].members.add(ADMIN)
    forwarded = world.telegram.forward(ADMIN, ADMIN, ADMIN, world.write("note", ADMIN)["message_id"])
    world.write("/grant 5", ADMIN, reply_to=forwarded["message_id"])
    await world.idle()
    assert await world.balance(ADMIN) == 25


@pytest.mark.threat(14)
async def test_somebody_who_only_calls_themselves_an_admin_is_none(world):
    world.telegram.person(44, "Olga", username="olga")
    world.write(f"/grant telegram:{ANN} 5", 44)
    await world.see("This is for the admins of this bot.", 44)
    assert await world.balance(ANN) == 0


async def test_telegram_lists_the_commands_for_everyone_for_groups_and_for_admins(world):
    commands = world.telegram.commands
    await world.telegram.wait_until(lambda: (f"chat:{ADMIN}", "") in commands)
    names = {scope: {command["command"] for command in listed} for (scope, _), listed in commands.items()}
    assert {"start", "help", "region", "credits"} <= names["all_private_chats"]
    assert "find" in names["all_group_chats"]
    assert "forget" not in names["all_group_chats"]
    assert "grant" in names[f"chat:{ADMIN}"]
    assert "grant" not in names["all_private_chats"]
    assert "TikTok Shop" in world.telegram.texts["description", ""]


async def test_the_commands_are_told_again_only_when_they_changed(world):
    await world.telegram.wait_until(lambda: world.telegram.counts["setChatMenuButton"])
    await world.idle()
    told = world.telegram.counts["setMyCommands"]
    await world.restart()
    await world.idle()
    assert world.telegram.counts["setMyCommands"] == told
    await world.restart(admins=f"telegram:{ADMIN},telegram:{BEN}")
    await world.telegram.wait_until(lambda: (f"chat:{BEN}", "") in world.telegram.commands)


async def test_an_admin_who_never_opened_the_chat_keeps_nobody_from_anything(tmp_path):
    async with living(tmp_path, admins="telegram:12345") as world:
        await world.telegram.wait_until(lambda: world.telegram.counts["setChatMenuButton"])
        world.send()
        await world.see("Closest products")
        await world.app.tell_admins("search_is_back", {})


async def test_a_wrong_token_is_one_sentence(tmp_path, monkeypatch):
    async with living(tmp_path) as world:
        await world.stop()
        monkeypatch.setattr(world.telegram, "token", "1000000:another")
        world._wanted["telegram_bot_token"] = "1000000:sandbox"
        with pytest.raises(TelegramRefused, match=r"^Telegram does not know TELEGRAM_BOT_TOKEN: copy it again"):
            await world.start()
        monkeypatch.setattr(world.telegram, "token", "1000000:sandbox")
        await world._close()
        await world.start()
