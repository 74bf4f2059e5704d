"""Photos in messages: alone with the bot they just work, in a server where the bot is spoken to."""

import pytest

from bots.discord.incoming import PLATFORM
from tests.flows.discord_stage import Stage, stage
from tests.flows.world import photo

PRODUCTS = ("leather-handbag", "wrist-watch", "teapot", "sun-hat")


@pytest.fixture
async def discord(tmp_path):
    """Discord, the endpoint, and a running bot."""
    async with stage(tmp_path) as world:
        yield world


def photos(count):
    return [photo(product) for product in PRODUCTS[:count]]


async def test_a_photo_in_private_is_answered_in_reply_to_it_for_one_credit(discord: Stage):
    sent = await discord.direct("red", photos=[photo()])
    answer = discord.answer(discord.dm())
    assert "### Closest products\n-# any market · “red” · 1 credit · 19 left" in answer.text
    assert answer.reply_to == sent.id
    assert (await discord.balance(), discord.charged, len(discord.seen(discord.dm()))) == (19, 1, 1)


async def test_a_photo_in_a_server_is_a_question_where_the_bot_is_named_and_its_name_is_no_word(discord: Stage):
    sent = await discord.say("#US red <:bag:123456789012345678>", photos=[photo()])
    answer = discord.answer()
    assert "🇺🇸 United States · “red” · 1 credit" in answer.text
    assert answer.reply_to == sent.id


async def test_photos_that_are_not_for_the_bot_are_left_alone(discord: Stage):
    role = discord.home.create_role("Snapshop")
    for text in ("look", "@everyone look", f"<@&{role.id}>"):
        await discord.write(text, photos=[photo()])
    await discord.write("nice", discord.ben, reply_to=await discord.write("look", photos=[photo()]))
    assert (discord.seen(), discord.charged) == ([], 0)


async def test_a_photo_in_reply_to_an_answer_is_a_question_without_naming_anybody(discord: Stage):
    await discord.say(photos=[photo()])
    answer = discord.message(discord.answer())
    sent = await discord.write(photos=[photo("wrist-watch")], person=discord.ben, reply_to=answer)
    assert discord.answer().reply_to == sent.id
    assert (await discord.balance(discord.ben), discord.charged) == (19, 2)


async def test_naming_the_bot_in_reply_to_a_photo_that_it_may_see_searches_that_photo(discord: Stage):
    sent = await discord.say(photos=[photo()])
    await discord.say("green", discord.ben, reply_to=sent)
    answer = discord.answer()
    assert "“green”" in answer.text
    assert answer.reply_to == sent.id
    assert await discord.balance(discord.ben) == 19


async def test_naming_it_in_reply_to_a_photo_that_it_may_not_see_is_told_the_way(discord: Stage):
    sent = await discord.write("look", photos=[photo()])
    await discord.say("what is this", discord.ben, reply_to=sent)
    assert "its menu, Apps, “Find this product”" in discord.answer().text
    assert discord.charged == 0


async def test_several_photos_in_a_message_are_one_question_and_the_button_asks_for_the_others(discord: Stage):
    sent = await discord.say("brown", photos=photos(3))
    answer = discord.answer()
    assert answer.reply_to == sent.id
    assert (await discord.balance(), discord.charged, len(discord.seen())) == (19, 1, 1)
    await discord.press(answer, "Also the other 2 · 2 credits")
    assert (await discord.balance(), discord.charged, len(discord.seen())) == (17, 3, 3)
    assert all("“brown”" in seen.text and seen.reply_to == sent.id for seen in discord.seen())
    assert not any("Also the other" in label for seen in discord.seen() for label in seen.labels)


async def test_whoever_presses_for_the_others_pays_for_them(discord: Stage):
    await discord.say(photos=photos(2))
    await discord.press(discord.answer(), "Also the other photo", discord.ben)
    assert (await discord.balance(discord.ann), await discord.balance(discord.ben), discord.charged) == (19, 19, 2)


@pytest.mark.fault(13)
async def test_a_forwarded_photo_is_a_question(discord: Stage):
    shown = await discord.write("look", photos=[photo()])
    await discord.ann.forward(shown, discord.dm())
    assert "Closest products" in discord.answer(discord.dm()).text


@pytest.mark.fault(11)
async def test_a_message_delivered_again_costs_and_says_nothing_more(discord: Stage):
    await discord.direct(photos=photos(2))
    await discord.direct("hello")
    for payload in discord.delivered("MESSAGE_CREATE"):
        discord.env.backend.emit("MESSAGE_CREATE", payload)
    await discord.env.settle()
    assert (await discord.balance(), discord.charged, len(discord.seen(discord.dm()))) == (19, 1, 2)


async def test_bots_and_webhooks_ask_nothing(discord: Stage):
    robot = discord.home.add_member(discord.env.create_user("robot", bot=True))
    await discord.say(person=robot, photos=[photo()])
    hook = discord.home.create_webhook(discord.channel, "News")
    await hook.send(f"<@{discord.bot}>", attachments=[("photo.jpg", photo())])
    assert (discord.seen(), discord.charged) == ([], 0)


async def test_words_without_a_photo_are_told_how_it_goes_once_in_a_while(discord: Stage):
    await discord.direct("hello")
    await discord.direct("hello?")
    await discord.say("hello")
    assert [seen.text for seen in discord.seen(discord.dm())] == [
        "Send me a photo of a product, and I look for it in TikTok Shop. Words under it steer the search. More: /help"
    ]
    assert "mention me in the message with the photo, or use /find" in discord.answer().text


async def test_what_is_no_photo_is_told_that_photos_are_wanted(discord: Stage):
    for name in ("clip.mp4", "note.ogg", "list.pdf"):
        await discord.direct(files=[(name, b"something else")])
    wanted = "I search with photos only. Send it as a photo."
    assert [seen.text for seen in discord.seen(discord.dm())] == [wanted, wanted, wanted]
    assert discord.charged == 0


async def test_words_in_reply_to_an_answer_are_offered_and_whoever_presses_pays(discord: Stage):
    await discord.say(photos=[photo()])
    answer = discord.message(discord.answer())
    await discord.write("green", discord.ben, reply_to=answer)
    offer = discord.answer()
    assert offer.labels == ("Search again with “green” · 1 credit", "Containing “green” · free")
    await discord.press(offer, "Search again", discord.ben)
    found = discord.answer()
    assert found.id == offer.id
    assert "“green” · 1 credit" in found.text
    assert (await discord.balance(discord.ann), await discord.balance(discord.ben)) == (19, 19)


async def test_talk_below_other_messages_of_the_bot_is_left_alone(discord: Stage):
    await discord.say("hello")
    told = discord.message(discord.answer())
    await discord.write("thanks", discord.ben, reply_to=told)
    assert len(discord.seen()) == 1


async def test_messages_are_answered_in_the_language_that_the_persons_app_spoke_last(discord: Stage):
    discord.locale = "es-419"
    await discord.slash("help")
    await discord.direct("hola")
    assert "Send me a photo" not in discord.answer(discord.dm()).text
    await discord.find()
    await discord.restart()
    await discord.direct(photos=[photo("teapot")])
    assert "Closest products" not in discord.answer(discord.dm()).text


async def test_only_members_of_the_operators_server_may_search(tmp_path):
    async with stage(tmp_path, members_of=f"{PLATFORM}:900000000000000000") as world:
        await world.say(photos=[photo()])
        assert "Closest products" in world.answer().text
        stranger = world.env.create_user("eve")
        stored = world.env.backend.store_attachments(stranger.dm_channel.id, [("photo.jpg", photo())])
        await stranger.send_dm("", attachments=stored)
        assert "Only members can search here." in world.answer(stranger.dm_channel).text
        assert world.charged == 1
