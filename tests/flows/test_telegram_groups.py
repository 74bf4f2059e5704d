"""In a group the bot speaks only when it is spoken to, in one message, to the photo."""

import pytest

from tests.flows.world import ANN, BEN, GROUP, living, photo, said

TOPIC = 7


@pytest.fixture
async def seeing_all(world):
    """The bot sees every message of the group."""
    world.telegram.privacy_mode = False
    return world


async def test_find_under_a_photo_is_answered_in_reply_to_it(world):
    sent = world.send(ANN, GROUP, caption="/find red")
    answer = await world.see("“red”", GROUP)
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]
    await world.idle()
    assert (await world.balance(ANN), world.charged, len(world.said_in(GROUP))) == (19, 1, 1)


async def test_find_in_reply_to_a_photo_answers_the_photo_and_the_one_who_asked_pays(world):
    sent = world.send(ANN, GROUP)
    world.write("/find@snapshop_bot #US red", BEN, GROUP, reply_to=sent["message_id"])
    answer = await world.see("🇺🇸 United States · “red”", GROUP)
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]
    assert (await world.balance(ANN), await world.balance(BEN)) == (0, 19)


async def test_find_in_reply_to_a_photo_quoted_from_another_chat(world):
    elsewhere = -100_777
    world.telegram.group(elsewhere, "Shop talk", [ANN])
    post = world.send(ANN, elsewhere)
    command = world.write("/find", ANN, GROUP, quote=(elsewhere, post["message_id"]))
    answer = await world.see("Closest products", GROUP)
    assert answer["reply_to_message"]["message_id"] == command["message_id"]


async def test_find_without_a_photo_is_explained(world):
    world.write("/find", ANN, GROUP)
    await world.see("Send /find as a reply to a photo", GROUP)
    assert world.charged == 0


async def test_a_command_for_another_bot_is_not_ours(seeing_all):
    world = seeing_all
    sent = world.send(ANN, GROUP, caption="/find@other_bot")
    world.write("/find@other_bot", ANN, GROUP, reply_to=sent["message_id"])
    world.write("/help@other_bot", ANN, GROUP)
    await world.idle()
    assert (world.said_in(GROUP), world.charged) == ([], 0)


async def test_photos_and_talk_that_are_not_for_the_bot_are_left_alone(seeing_all):
    world = seeing_all
    sent = world.send(ANN, GROUP, caption="look what I found #US")
    world.write("nice", BEN, GROUP, reply_to=sent["message_id"])
    world.telegram.send_photos(ANN, GROUP, [photo(), photo("teapot")], "two bags")
    world.telegram.send_media(BEN, GROUP, "sticker", b"")
    world.write("/nonsense", BEN, GROUP)
    await world.idle()
    assert (world.said_in(GROUP), world.charged) == ([], 0)
    assert world.telegram.counts["setMessageReaction"] == 0


async def test_a_mention_under_a_photo_is_a_question_and_is_not_part_of_the_words(seeing_all):
    world = seeing_all
    world.send(ANN, GROUP, caption="red @Snapshop_bot")
    assert "“red”" in said(await world.see("Closest products", GROUP))


async def test_a_mention_in_reply_to_a_photo_is_a_question(seeing_all):
    world = seeing_all
    sent = world.send(ANN, GROUP)
    world.write("@snapshop_bot what is this", BEN, GROUP, reply_to=sent["message_id"])
    answer = await world.see("“what is this”", GROUP)
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]


async def test_a_mention_without_a_photo_is_told_how_it_goes(seeing_all):
    world = seeing_all
    world.write("@snapshop_bot hello", ANN, GROUP)
    await world.see("Reply /find to a photo, or write it under one", GROUP)


async def test_a_photo_in_reply_to_the_bot_is_a_question(world):
    world.send(ANN, GROUP, caption="/find")
    answer = await world.see("Closest products", GROUP)
    sent = world.send(BEN, GROUP, product="wrist-watch", reply_to=answer["message_id"])
    bens = await world.see("Closest products", GROUP, after=sent)
    assert bens["reply_to_message"]["message_id"] == sent["message_id"]


async def test_talk_below_a_message_of_the_bot_that_is_no_answer_is_left_alone(world):
    world.write("/help", ANN, GROUP)
    told = await world.see("What I can do", GROUP)
    world.write("thanks", BEN, GROUP, reply_to=told["message_id"])
    await world.idle()
    assert len(world.said_in(GROUP)) == 1


async def test_whoever_writes_words_to_an_answer_is_offered_them_and_pays(world):
    world.send(ANN, GROUP, caption="/find")
    answer = await world.see("Closest products", GROUP)
    world.write("green", BEN, GROUP, reply_to=answer["message_id"])
    offer = await world.see("with these words?", GROUP)
    world.press(offer, "Search again with", BEN)
    found = await world.see("“green”", GROUP)
    assert found["message_id"] == offer["message_id"]
    await world.idle()
    assert (await world.balance(ANN), await world.balance(BEN)) == (19, 19)


async def test_find_in_reply_to_an_answer_never_searches_the_picture_of_the_answer(tmp_path):
    async with living(tmp_path, pictures=True) as world:
        world.send(ANN, GROUP, caption="/find")
        answer = await world.see("Closest products", GROUP)
        assert "photo" in answer
        world.write("/find green", ANN, GROUP, reply_to=answer["message_id"])
        await world.see("with these words?", GROUP)
        await world.idle()
        assert world.charged == 1


async def test_eyes_on_the_photo_say_that_it_is_being_looked_at(world):
    world.endpoint.behave("slow", seconds=0.3)
    sent = world.send(ANN, GROUP, caption="/find")
    await world.see("Closest products", GROUP)
    assert world.telegram.chats[GROUP].reactions == {sent["message_id"]: [{"emoji": "👀"}]}
    assert world.telegram.counts["sendChatAction"] == 0


async def test_an_answer_stays_in_its_topic_also_when_its_photo_is_gone(world):
    world.endpoint.behave("slow", times=1, seconds=0.3)
    sent = world.send(ANN, GROUP, caption="/find", thread=TOPIC)
    await world.until(lambda: world.endpoint.requests)
    world.telegram.delete(GROUP, sent["message_id"])
    answer = await world.see("Closest products", GROUP)
    assert answer["message_thread_id"] == TOPIC


async def test_an_answer_to_a_topic_that_was_closed_for_good_comes_all_the_same(world):
    world.endpoint.behave("slow", times=1, seconds=0.3)
    sent = world.send(ANN, GROUP, caption="/find", thread=TOPIC)
    await world.until(lambda: world.endpoint.requests)
    world.telegram.delete(GROUP, sent["message_id"])
    world.telegram.chats[GROUP].threads.clear()
    assert "message_thread_id" not in await world.see("Closest products", GROUP)


@pytest.mark.threat(14)
async def test_an_admin_who_writes_as_the_group_is_told_why_nothing_is_searched(seeing_all):
    world = seeing_all
    world.send(BEN, GROUP, caption="/find", anonymous=True)
    await world.see("You write as the group, so I cannot tell whose credits to use.", GROUP)
    world.send(BEN, GROUP, anonymous=True)
    world.write("/grant telegram:22 5", BEN, GROUP, anonymous=True)
    world.write("/of_another_bot", BEN, GROUP, anonymous=True)
    await world.idle()
    assert (world.charged, len(world.said_in(GROUP))) == (0, 2)


@pytest.mark.threat(14)
async def test_posts_of_a_channel_and_their_forwards_are_nobodys_questions(seeing_all):
    world, channel = seeing_all, -100_900
    world.telegram.group(channel, "Deals", [ANN], kind="channel")
    world.telegram.chats[channel].discussion = GROUP
    world.send(ANN, channel, caption="/find")
    await world.idle()
    assert (world.said_in(GROUP), world.said_in(channel), world.charged) == ([], [], 0)


@pytest.mark.parametrize("account", [136817688, 777000])
@pytest.mark.threat(14)
async def test_telegrams_own_accounts_have_no_credits(seeing_all, account):
    world = seeing_all
    sent = world.send(ANN, GROUP)
    robot = {"id": account, "is_bot": account == 136817688, "first_name": "Channel"}
    content = {key: sent[key] for key in ("photo", "date", "chat")} | {"message_id": 900, "caption": "/find"}
    entity = {"type": "bot_command", "offset": 0, "length": 5}
    world.telegram.inject({"message": content | {"from": robot, "caption_entities": [entity]}})
    await world.idle()
    assert (world.said_in(GROUP), world.charged) == ([], 0)


async def test_the_market_of_a_group_is_set_by_its_admins(world):
    world.write("/region GB", BEN, GROUP)
    card = await world.see("Your searches now look in", GROUP)
    press = world.press(card, "For everyone here", ANN)
    assert await world.alert(press) == "Only admins of this chat can set its market."
    world.press(card, "For everyone here", BEN)
    await world.see("Searches here now look in", GROUP)
    world.send(ANN, GROUP, caption="/find")
    assert "🇬🇧 United Kingdom" in said(await world.see("Closest products", GROUP))


async def test_pressing_a_market_on_somebody_elses_list_sets_ones_own(world):
    world.write("/region", BEN, GROUP)
    listed = await world.see("Which market shall I look in?", GROUP)
    press = world.press(listed, "Indonesia", ANN)
    assert "Indonesia" in await world.alert(press)
    await world.idle()
    assert world.said_in(GROUP) == [said(listed)]
    world.send(ANN, GROUP, caption="/find")
    assert "🇮🇩 Indonesia" in said(await world.see("Closest products", GROUP))


async def test_only_members_of_the_operators_group_may_search(tmp_path):
    async with living(tmp_path, members_of=f"telegram:{GROUP}") as world:
        world.telegram.person(33, "Eve")
        world.send(33)
        await world.see("Only members can search here.", 33)
        world.send(33, product="teapot")
        await world.idle()
        world.send(ANN)
        await world.see("Closest products", ANN)
        assert world.charged == 1
        assert world.telegram.counts["getChatMember"] == 2
