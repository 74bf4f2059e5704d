"""What goes wrong on Discord, and what people see of it."""

from datetime import timedelta

import pytest

from core.database import DatabaseUnavailable
from tests.flows.discord_stage import FIND_MENU, Stage, stage
from tests.flows.world import photo


@pytest.fixture
async def discord(tmp_path):
    """Discord, the endpoint, and a running bot."""
    async with stage(tmp_path) as world:
        yield world


def posts(discord: Stage, channel=None):
    """How often the bot wrote, or tried to write, into a channel."""
    path = f"/channels/{(channel or discord.channel).id}/messages"
    return sum(call.method == "POST" and call.path == path for call in discord.env.http_requests)


# --- photos
@pytest.mark.fault(38)
async def test_a_link_that_has_expired_is_asked_for_anew_once(discord: Stage):
    sent = await discord.say(photos=[photo()])
    discord.expire(sent)
    await discord.press(discord.answer(), "Thailand")
    assert "🇹🇭 Thailand · 1 credit · 18 left" in discord.answer().text
    assert len(discord.downloads) == 3
    await discord.restart()
    await discord.press(discord.answer(), "Japan")
    assert "🇯🇵 Japan" in discord.answer().text
    assert discord.charged == 3


@pytest.mark.fault(38)
async def test_the_photo_of_a_command_is_read_from_its_answer_once_its_link_has_expired(discord: Stage):
    answer = discord.told(await discord.find())
    discord.expired.update(discord.downloads)
    await discord.restart()
    await discord.press(answer, "Thailand")
    assert "🇹🇭 Thailand · 1 credit · 18 left" in discord.answer().text
    assert discord.charged == 2


@pytest.mark.fault(38)
async def test_the_photo_of_a_menu_is_read_from_its_message_once_its_link_has_expired(discord: Stage):
    shown = await discord.say(photos=[photo()])  # it names the bot, which may read it again
    answer = discord.told(await discord.ben.context_menu(discord.channel, FIND_MENU, shown))
    discord.expired.update(discord.downloads)
    discord.expire(shown)
    await discord.restart()
    await discord.press(answer, "Thailand", discord.ben)
    assert "?ex=" in discord.downloads[-1]


@pytest.mark.fault(38)
async def test_a_photo_that_is_gone_is_told_and_costs_nothing(discord: Stage):
    sent = await discord.direct(photos=[photo()])
    discord.expire(sent)
    await discord.ann.user.delete(sent)
    answer = discord.answer(discord.dm())
    await discord.press(answer, "Thailand", discord.ann.user)
    assert "I could not fetch the photo." in discord.answer(discord.dm()).text
    assert (await discord.balance(), discord.charged) == (19, 1)


@pytest.mark.fault(38)
async def test_a_file_that_is_too_large_is_not_even_fetched(discord: Stage):
    await discord.direct(files=[("photo.jpg", bytes(20 * 1024 * 1024 + 1))])
    assert "This file is too large for me." in discord.answer(discord.dm()).text
    assert (discord.downloads, discord.charged) == ([], 0)


# --- interactions
@pytest.mark.fault(39)
async def test_what_discord_does_not_wait_for_any_more_costs_nothing(discord: Stage):
    discord.env.inject_error("POST", "/interactions/*", status=404, code=10062, times=1)
    with pytest.raises(AssertionError):
        await discord.find()
    await discord.direct(photos=[photo()])
    discord.env.inject_error("POST", "/interactions/*", status=404, code=10062, times=1)
    with pytest.raises(AssertionError):
        await discord.press(discord.answer(discord.dm()), "Thailand", discord.ann.user)
    assert (await discord.balance(), discord.charged) == (19, 1)


@pytest.mark.fault(39)
async def test_an_answer_that_comes_when_the_token_is_gone_is_a_message_in_the_channel(discord: Stage):
    discord.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027, times=1)
    await discord.find()
    assert "Closest products" in discord.answer().text
    assert (await discord.balance(), discord.charged) == (19, 1)


# --- messages that nobody heard
@pytest.mark.fault(39)
async def test_what_was_sent_during_a_gap_is_answered_once_after_the_next_session(discord: Stage):
    await discord.say(photos=[photo()])
    sent = []

    async def meanwhile():
        sent.append(await discord.say("red", photos=[photo("teapot"), photo("sun-hat")]))
        sent.append(await discord.say("hello"))
        await discord.write("nothing for the bot", photos=[photo()])

    await discord.restart(meanwhile)
    assert {seen.reply_to for seen in discord.seen()[1:]} == {message.id for message in sent}
    assert (await discord.balance(), discord.charged) == (18, 2)
    await discord.restart()
    assert (len(discord.seen()), discord.charged) == (3, 2)


@pytest.mark.fault(39)
async def test_what_is_older_than_an_hour_is_not_looked_for(discord: Stage):
    await discord.say(photos=[photo()])

    async def meanwhile():
        await discord.say("red", photos=[photo("teapot")])
        discord.later = timedelta(minutes=61)

    await discord.restart(meanwhile)
    assert (len(discord.seen()), discord.charged) == (1, 1)


@pytest.mark.fault(39)
async def test_a_channel_that_cannot_be_read_does_not_keep_others_from_being_looked_into(discord: Stage):
    await discord.say(photos=[photo()])
    await discord.direct(photos=[photo("teapot")])

    async def meanwhile():
        await discord.direct(photos=[photo("sun-hat")])
        discord.shut_out()

    await discord.restart(meanwhile)
    assert (len(discord.seen(discord.dm())), discord.charged) == (2, 3)


# --- channels that refuse
@pytest.mark.fault(40)
async def test_where_the_bot_may_not_write_the_answer_comes_in_private_and_the_channel_is_left_alone(discord: Stage):
    discord.env.inject_error("POST", f"/channels/{discord.channel.id}/messages", status=403, code=50013, times=None)
    await discord.say(photos=[photo()])
    answer = discord.answer(discord.dm())
    assert "I may not write in that channel, so your answer is here." in answer.text
    assert "Closest products" in answer.text
    await discord.press(answer, "More ›", discord.ann.user)
    assert "**6. [" in discord.answer(discord.dm()).text
    await discord.say("red", photos=[photo("teapot")])
    assert posts(discord) == 1
    assert len(discord.seen(discord.dm())) == 2
    assert (await discord.balance(), discord.charged) == (18, 2)


@pytest.mark.fault(40)
async def test_where_private_messages_are_closed_as_well_nothing_is_tried_again(discord: Stage):
    discord.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
    await discord.say(photos=[photo()])
    await discord.say(photos=[photo("teapot")])
    assert (posts(discord), posts(discord, discord.dm())) == (1, 1)
    assert (await discord.balance(), discord.charged) == (18, 2)


# --- the journal
async def test_while_nothing_can_be_written_down_people_are_told_once_and_answered_afterwards(
    discord: Stage, monkeypatch
):
    await discord.restart(admins=f"discord:{discord.olga.id}")
    run, down = discord.database.run, True

    async def refuses(*args, **kwargs):
        if down:
            raise DatabaseUnavailable("disk full")
        return await run(*args, **kwargs)

    monkeypatch.setattr(discord.database, "run", refuses)
    discord.app._handlers._missed._pause = 10.0
    await discord.say(photos=[photo()])
    await discord.say("red", photos=[photo("teapot")])
    told = discord.told(await discord.find(discord.ben))
    assert "I cannot take photos just now. You were not charged. Please try again" in told.text
    first = discord.seen()[0]
    assert first.text == "I cannot take photos just now. You were not charged. Your message is not lost."
    assert len(discord.seen(discord.dm(discord.olga))) == 1
    assert (len(discord.seen()), discord.charged) == (2, 0)
    down = False
    await discord.env.advance_time(11)
    assert ["Closest products" in seen.text for seen in discord.seen()] == [False, False, True, True]
    assert (await discord.balance(), await discord.balance(discord.ben), discord.charged) == (18, 0, 2)
    assert len(discord.seen(discord.dm(discord.olga))) == 1


# --- hostile texts
@pytest.mark.threat(8)
async def test_nobody_is_mentioned_by_words_or_names(discord: Stage):
    role = discord.home.create_role("Everybody")
    hostile = f"@everyone @here <@{discord.ben.id}> <@&{role.id}> <#{discord.channel.id}>"
    named = discord.home.add_member(discord.env.create_user("mallory", global_name=f"@everyone <@{discord.ben.id}>"))
    await discord.say(hostile, named, photos=[photo()])
    await discord.write(hostile, named, reply_to=discord.message(discord.answer()))
    await discord.find(named, words=hostile)
    assert len(discord.seen()) == 3
    assert discord.rung() == set()


@pytest.mark.threat(9)
async def test_words_are_shown_as_they_are_and_lead_nowhere(discord: Stage):
    hostile = "](https://evil.example) **big** `code` <https://evil.example> [click](https://evil.example) # title"
    await discord.say(hostile, photos=[photo()])
    answer = discord.answer()
    assert answer.links
    assert all(link.startswith("https://shop.tiktok.com/") for link in answer.links)
    assert "**big**" not in answer.text
    assert "](https://evil" not in answer.text
