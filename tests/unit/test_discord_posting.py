"""Answers reach people on Discord once, in one place, in the best form that Discord takes: over real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from io import BytesIO
from typing import cast

import aiohttp
import discord
import pytest
import simcord
from discord import app_commands
from PIL import Image

from bots.albums import AlbumAnswers, Albums
from bots.button_data import button_data, read_button
from bots.cards import Action, Card, Choice, Line, Links, Press, Tone
from bots.discord.controls import DYNAMIC_ITEMS, data_in
from bots.discord.layout import PHOTO_FILE, Sheet, sheet_of
from bots.discord.messages import DiscordMessenger
from bots.discord.posting import Place, Poster
from bots.discord.quiet import Quiet
from bots.discord.thumbnails import Thumbnails
from bots.discord.tokens import Interactions
from bots.product_images import ProductImages
from core.adapter import Unreachable
from core.model import Lost, Origin, Outcome, Working
from core.regions import PRODUCT_URL
from core.service import Service
from core.views import View
from tests.discord_lab import DiscordLab, Fault, Message, discord_lab
from tests.discord_lab.errors import DiscordError
from tests.unit.test_cards import NOT_CHARGED, SEARCH, found

SEND = "POST /channels/{channel}/messages"
EDIT = "PATCH /channels/{channel}/messages/{message}"
TYPING = "POST /channels/{channel}/typing"
ELSEWHERE = "I may not write in that channel, so your answer is here."


def jpeg(colour: str = "teal") -> bytes:
    out = BytesIO()
    Image.new("RGB", (120, 160), colour).save(out, "JPEG")
    return out.getvalue()


def saying(text: str, tone: Tone = Tone.ANSWER, photo: bytes | None = None) -> Callable[[bool], Sheet]:
    """What makes a card with one sentence."""
    return lambda pictured: sheet_of(Card(tone=tone, lines=(Line(text),)), photo=photo if pictured else None)


class Client(discord.AutoShardedClient):
    """As much of a client as has to be there: it answers a command and presses by deferring them."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(intents=intents, max_messages=None, shard_count=1)
        self.asked: asyncio.Queue[tuple[discord.Interaction, str]] = asyncio.Queue()
        self.trouble: Exception | None = None
        self.defers = True
        tree = app_commands.CommandTree(self)

        @tree.command(name="find", description="Find the product")
        async def find(interaction: discord.Interaction) -> None:
            await interaction.response.defer(thinking=True)
            self.asked.put_nowait((interaction, ""))

        self.tree = tree

    async def setup_hook(self) -> None:
        self.add_dynamic_items(*DYNAMIC_ITEMS)
        await self.tree.sync()

    async def on_press(self, interaction: discord.Interaction, data: str) -> None:
        if self.defers:
            await interaction.response.defer()
        if self.trouble:
            raise self.trouble
        self.asked.put_nowait((interaction, data))


class Stage:
    """A server with two people, somebody's direct messages, and the poster."""

    def __init__(self, lab: DiscordLab) -> None:
        self.lab, self.world = lab, lab.world
        self.ann = self.world.person(11, "Ann")
        self.ben = self.world.person(22, "Ben")
        self.channel = self.world.channel(501, self.world.guild(500, "Shop", [self.ann, self.ben]))
        self.dm = self.world.dm(self.ann)
        self.client = Client()
        self.now = 0.0
        self.interactions = Interactions(clock=lambda: self.now)
        self.quiet = Quiet(clock=lambda: self.now)
        self.poster = Poster(self.client, self.interactions, self.quiet)

    async def put(self, make: Callable[[bool], Sheet], nonce: str | None = SEARCH, **place) -> str:
        """Put a sheet into the channel, for Ann."""
        given = {"chat": str(self.channel.id), "asker": str(self.ann.id)} | place
        return await self.poster.put(Place(**given), make, nonce=nonce)

    async def photo(self) -> Message:
        """Ann sends one."""
        return await self.lab.posts(self.ann, self.channel, photos=[jpeg()], mentions_bot=True)

    async def asks(self, event: str = "event") -> discord.Interaction:
        """Ann uses /find; her interaction waits for the answer to this event."""
        asked = await self.lab.slash(self.ann, self.channel, "find")
        assert asked.acknowledged
        interaction, _ = await self.next()
        self.interactions.remember(event, interaction)
        return interaction

    async def next(self) -> tuple[discord.Interaction, str]:
        """The next interaction, and the data of what was pressed."""
        return await asyncio.wait_for(self.client.asked.get(), 5)

    def texts(self, channel=None) -> list[str]:
        """What the bot has said there, as it stands now."""
        return [message.text for message in self.lab.answers(channel or self.channel)]

    def statuses(self, route: str | None = None) -> list[int]:
        """How the requests to post, edit and type ended."""
        routes = [route] if route else [SEND, EDIT, TYPING]
        return [call.status for call in self.world.calls if call.route in routes]


@pytest.fixture
async def lab() -> AsyncIterator[DiscordLab]:
    async with discord_lab() as lab:
        yield lab
        assert lab.world.violations == []
        assert lab.world.mentioned == []


@pytest.fixture
async def stage(lab) -> AsyncIterator[Stage]:
    """Signed in, not connected: enough to write."""
    stage = Stage(lab)
    await stage.client.login(lab.world.token)
    yield stage
    await stage.client.close()


@pytest.fixture
async def connected(lab) -> AsyncIterator[Stage]:
    """People can press and command as well."""
    stage = Stage(lab)
    task = asyncio.create_task(stage.client.start(lab.world.token))
    await lab.connected()
    await stage.client.wait_until_ready()
    yield stage
    await stage.client.close()
    await task


# Sent once


async def test_an_answer_replies_to_its_photo_and_rings_nobody(stage):
    photo = await stage.photo()
    message = await stage.put(saying("@everyone <@11>", photo=jpeg()), reply_to=str(photo.id))
    (shown,) = stage.lab.answers(stage.channel)
    assert (str(shown.id), shown.reply_to, [file.name for file in shown.files]) == (message, photo.id, [PHOTO_FILE])


async def test_an_answer_to_a_photo_that_was_deleted_is_sent_all_the_same(stage):
    photo = await stage.photo()
    photo.deleted = True
    await stage.put(saying("answer"), reply_to=str(photo.id))
    assert stage.texts() == ["answer"]


@pytest.mark.fault(6)
async def test_an_answer_whose_receipt_was_lost_is_not_there_twice(stage):
    stage.lab.faults.add(Fault(route=SEND, drop=True))
    with pytest.raises(aiohttp.ClientError):
        await stage.put(saying("answer"))
    assert await stage.put(saying("answer")) == str(stage.lab.answers(stage.channel)[0].id)
    assert stage.texts() == ["answer"]


@pytest.mark.fault(6)
async def test_searching_whose_receipt_was_lost_becomes_the_answer(stage):
    """As after a kill between the message and the note of its id."""
    await stage.put(saying("Searching…", Tone.QUIET))
    await stage.put(saying("answer"))
    assert stage.texts() == ["answer"]


async def test_an_answer_edits_what_was_there_and_brings_its_pictures_again(stage):
    message = await stage.put(saying("Searching…", Tone.QUIET))
    for colour in ("red", "blue"):
        assert await stage.put(saying(colour, photo=jpeg(colour)), message=message) == message
        (shown,) = stage.lab.answers(stage.channel)
        assert (shown.text, [file.content for file in shown.files]) == (colour, [jpeg(colour)])


async def test_an_answer_that_somebody_deleted_is_sent_anew_and_only_once(stage):
    photo = await stage.photo()
    first = await stage.put(saying("first"), reply_to=str(photo.id))
    stage.lab.answers(stage.channel)[0].deleted = True
    again = [await stage.put(saying("again"), message=first, reply_to=str(photo.id)) for _ in range(2)]
    assert again[0] == again[1] != first
    assert [(message.text, message.reply_to) for message in stage.lab.answers(stage.channel)] == [("again", photo.id)]
    stage.lab.answers(stage.channel)[0].deleted = True
    await stage.put(saying("third"), message=again[0])
    assert stage.texts() == ["third"]


async def test_an_answer_is_sent_although_its_like_was_just_deleted(stage):
    stage.lab.faults.refuse(SEND, 404, 10008)
    await stage.put(saying("answer"))
    assert stage.texts() == ["answer"]


# What Discord refuses


async def test_a_message_that_takes_no_new_pictures_is_replaced(stage):
    message = await stage.put(saying("Searching…", Tone.QUIET))
    stage.lab.faults.refuse_new_files_in_edits()
    await stage.put(saying("answer", photo=jpeg()), message=message)
    (shown,) = stage.lab.answers(stage.channel)
    assert (shown.text, len(shown.files)) == ("answer", 1)


async def test_an_answer_whose_pictures_are_refused_comes_without(stage):
    stage.lab.faults.add(Fault(route=SEND, new_files=True, error=DiscordError(400, 50035)))
    await stage.put(saying("answer", photo=jpeg()))
    (shown,) = stage.lab.answers(stage.channel)
    assert (shown.text, shown.files) == ("answer", [])


async def test_a_card_that_is_refused_whatever_is_done_is_given_up(stage):
    stage.lab.faults.refuse(SEND, 400, 50035, times=9)
    with pytest.raises(Unreachable):
        await stage.put(saying("answer", photo=jpeg()))
    assert stage.statuses() == [400, 400]


@pytest.mark.parametrize("first", [SEND, EDIT])
async def test_where_files_are_not_allowed_answers_come_without_pictures(stage, first):
    for route in (SEND, EDIT):
        stage.lab.faults.add(Fault(route=route, new_files=True, error=DiscordError(403, 50013), times=9))
    message = await stage.put(saying("answer", photo=jpeg() if first == SEND else None))
    for page in ("page 2", "page 3"):
        await stage.put(saying(page, photo=jpeg()), message=message)
    await stage.put(saying("another", photo=jpeg()), nonce=SEARCH[::-1])
    assert stage.texts() == ["page 3", "another"]
    assert stage.statuses().count(403) == 1, "what is not allowed is not tried again and again"


async def test_an_answer_comes_without_a_reply_where_the_photo_may_not_be_read(stage):
    photo = await stage.photo()
    stage.lab.faults.refuse(SEND, 400, 160002)
    await stage.put(saying("answer"), reply_to=str(photo.id))
    assert [(message.text, message.reply_to) for message in stage.lab.answers(stage.channel)] == [("answer", None)]


@pytest.mark.fault(40)
@pytest.mark.parametrize("refusal", [(403, 50013), (403, 50001), (404, 10003)])
async def test_where_the_bot_may_not_write_the_answer_comes_in_private_and_the_channel_is_left_alone(stage, refusal):
    stage.lab.faults.add(Fault(route=SEND, channel=stage.channel.id, error=DiscordError(*refusal), times=99))
    await stage.put(saying("answer"), language="en")
    await stage.put(saying("another"), nonce=SEARCH[::-1])
    assert stage.texts(stage.dm) == [f"{ELSEWHERE}\nanswer", f"{ELSEWHERE}\nanother"]
    with pytest.raises(Unreachable):
        await stage.put(saying("a notice"), asker=None)
    await stage.poster.sign(str(stage.channel.id))
    assert stage.statuses(TYPING) == []
    refused = [status for status in stage.statuses() if status >= 400]
    assert refused == [refusal[0]]
    stage.now += 3601
    stage.lab.faults.waiting.clear()
    await stage.put(saying("later"), nonce=SEARCH.lower())
    assert stage.texts() == ["later"]


@pytest.mark.fault(40)
async def test_who_takes_no_messages_either_is_asked_once_an_hour(stage):
    stage.lab.faults.refuse(SEND, 403, 50013, times=99)
    for _ in range(5):
        with pytest.raises(Unreachable):
            await stage.put(saying("answer"))
    assert stage.statuses() == [403, 403]


@pytest.mark.fault(40)
async def test_where_the_bot_may_not_type_it_does_not_try_to_write(stage):
    stage.lab.faults.refuse(TYPING, 403, 50013)
    await stage.poster.sign(str(stage.channel.id))
    await stage.put(saying("answer"))
    assert (stage.texts(), stage.texts(stage.dm)) == ([], [f"{ELSEWHERE}\nanswer"])


async def test_a_closed_direct_message_is_no_way_out_of_itself(stage):
    stage.lab.faults.refuse(SEND, 403, 50007, times=99)
    with pytest.raises(Unreachable):
        await stage.put(saying("answer"), chat=str(stage.dm.id))
    assert stage.statuses() == [403]


async def test_an_answer_waits_as_long_as_discord_asks(stage):
    stage.lab.faults.limit(SEND, 0.05)
    await stage.put(saying("answer"))
    assert stage.texts() == ["answer"]


@pytest.mark.parametrize("trouble", [Fault(route=SEND, retry_after=5, via=False), (503, 0), (401, 0)])
async def test_what_passes_by_itself_is_left_to_another_try(stage, trouble):
    stage.lab.faults.add(trouble if isinstance(trouble, Fault) else Fault(route=SEND, error=DiscordError(*trouble)))
    with pytest.raises(discord.HTTPException):
        await stage.put(saying("answer"))
    await stage.put(saying("answer"))
    assert stage.texts() == ["answer"]


async def test_nothing_is_written_where_somebody_was_forgotten(stage):
    with pytest.raises(Unreachable):
        await stage.put(saying("answer"), chat="")
    assert stage.statuses() == []


# Interactions


async def test_an_answer_takes_the_place_of_is_thinking(connected):
    await connected.asks()
    first = await connected.put(saying("Searching…", Tone.QUIET), event="event")
    assert await connected.put(saying("answer", photo=jpeg()), event="event", message=first) == first
    (shown,) = connected.lab.answers(connected.channel)
    assert (shown.text, shown.loading, len(shown.files), str(shown.id)) == ("answer", False, 1, first)
    assert connected.statuses() == []


@pytest.mark.fault(39)
async def test_after_fourteen_minutes_an_answer_edits_its_message_in_the_channel(connected):
    await connected.asks()
    message = await connected.put(saying("Searching…", Tone.QUIET), event="event")
    connected.now += 14 * 60
    assert await connected.put(saying("answer"), event="event", message=message) == message
    assert connected.texts() == ["answer"]
    assert connected.statuses(EDIT) == [200]


@pytest.mark.fault(39)
@pytest.mark.parametrize("code", [(404, 10062), (404, 10015), (401, 50027)])
async def test_when_the_token_is_gone_the_answer_is_a_message_in_the_channel(connected, code):
    await connected.asks()
    connected.lab.faults.refuse("PATCH /webhooks/{application}/{token}/messages/{message}", *code)
    photo = await connected.photo()
    await connected.put(saying("answer"), event="event", reply_to=str(photo.id))
    assert connected.lab.answers(connected.channel)[-1].text == "answer"
    assert connected.lab.answers(connected.channel)[-1].reply_to == photo.id
    assert connected.interactions.of("event") is None


@pytest.mark.fault(39)
async def test_a_token_that_is_known_to_be_gone_is_not_tried(connected):
    connected.world.clock = lambda: time.time() - 901
    await connected.asks()
    photo = await connected.photo()
    await connected.put(saying("answer"), event="event", reply_to=str(photo.id))
    assert connected.lab.answers(connected.channel)[-1].text == "answer"
    assert not [call for call in connected.world.calls if call.route.startswith("PATCH /webhooks")]


@pytest.mark.fault(39)
async def test_where_the_bot_is_no_member_an_answer_without_a_token_has_no_place(connected):
    guild = connected.world.guild(600, "Elsewhere", [connected.ann], bot=False)
    connected.channel = connected.world.channel(601, guild)
    connected.world.commands[None][0]["integration_types"] = [0, 1]
    await connected.asks()
    await connected.put(saying("answer"), event="event", chat="601")
    assert connected.texts() == ["answer"]
    connected.world.clock = lambda: time.time() + 901
    with pytest.raises(Unreachable):
        await connected.put(saying("again"), event="event", chat="601", asker=None)
    assert connected.texts() == ["answer"]


async def test_is_thinking_becomes_an_answer_without_pictures_where_those_are_refused(connected):
    await connected.asks()
    connected.lab.faults.refuse_new_files_in_edits()
    await connected.put(saying("answer", photo=jpeg()), event="event")
    (shown,) = connected.lab.answers(connected.channel)
    assert (shown.text, shown.files, shown.loading) == ("answer", [], False)


async def test_an_answer_that_was_deleted_under_its_command_is_shown_again(connected):
    await connected.asks()
    await connected.put(saying("first"), event="event")
    connected.lab.answers(connected.channel)[0].deleted = True
    for text in ("second", "third"):
        await connected.put(saying(text), event="event")
    assert connected.texts() == ["third"]


async def test_somebody_elses_press_is_answered_for_them_alone(connected):
    await connected.put(saying_with(Action("More", Press.PAGE, search=SEARCH, argument="1")))
    (shown,) = connected.lab.answers(connected.channel)
    pressed = await connected.lab.press(connected.ben, shown, next(iter(shown.controls)))
    interaction, data = await connected.next()
    assert read_button(data).argument == "1"
    connected.interactions.remember("press", interaction, copy=True)
    first = await connected.put(saying("Searching…", Tone.QUIET), event="press", nonce=None)
    assert await connected.put(saying("answer", photo=jpeg()), event="press", message=first, nonce=None) == first
    assert [(copy.text, copy.only_for) for copy in pressed.follow_ups] == [("answer", connected.ben.id)]
    assert shown.text == "card"
    assert connected.interactions.asker("press") == str(connected.ben.id)


def saying_with(*actions: Action, choice: Choice | None = None) -> Callable[[bool], Sheet]:
    """What makes a card with controls."""
    lines, choices = (Line("card"),), (choice,) if choice else ()
    return lambda _: sheet_of(Card(tone=Tone.ANSWER, lines=lines, rows=(actions,), choices=choices))


async def test_what_is_picked_from_a_menu_is_asked_for(connected):
    us, gb = (Action(code, Press.REGION, argument=code) for code in ("US", "GB"))
    await connected.put(saying_with(us, choice=Choice(label="Pick", options=(us, gb))))
    (shown,) = connected.lab.answers(connected.channel)
    pressed = await connected.lab.choose(connected.ben, shown, list(shown.controls)[1], button_data(gb))
    assert pressed.acknowledged
    interaction, data = await connected.next()
    assert data == button_data(gb)
    assert list(data_in(interaction.message.components)) == [button_data(us), button_data(us), button_data(gb)]


@pytest.mark.parametrize("defers", [True, False])
async def test_a_press_that_fails_is_told_to_whoever_pressed(connected, defers):
    await connected.put(saying_with(Action("More", Press.PAGE, search=SEARCH, argument="1")))
    (shown,) = connected.lab.answers(connected.channel)
    connected.client.trouble, connected.client.defers = RuntimeError("/secret/path"), defers
    pressed = await connected.lab.press(connected.ben, shown, next(iter(shown.controls)))
    assert pressed.acknowledged
    told = await connected.lab.wait_for(
        lambda: [one for one in connected.lab.messages(connected.channel) if one.only_for]
    )
    assert [one.only_for for one in told] == [connected.ben.id]
    assert told[0].text.endswith("Please try again in a few minutes.")
    assert shown.text == "card"


async def test_an_interaction_is_waited_for_as_long_as_its_token_is_good(connected):
    waiting = connected.interactions
    await connected.asks("first")
    connected.now = 100.0
    await connected.asks("second")
    connected.now = 14 * 60.0
    assert [waiting.of(event) is None for event in ("first", "second", "never")] == [True, False, True]
    assert [waiting.asker(event) for event in ("first", "second", "never")] == ["11", "11", None]
    waiting.forget("second")
    assert waiting.of("second") is None


async def test_controls_of_all_messages_work_after_a_copy_has_come_to_its_end():
    """A view under a message for one person alone ends after 15 minutes, and discord.py tidies up after it."""

    class Copying(Client):
        async def on_press(self, interaction: discord.Interaction, data: str) -> None:
            await super().on_press(interaction, data)
            sheet = saying_with(Action("More", Press.PAGE, search=SEARCH, argument="2"))(True)
            await interaction.followup.send(view=sheet.view, ephemeral=True)

    client = Copying()
    async with simcord.run(client) as env:
        guild = env.create_guild()
        channel, ann = guild.create_text_channel("general"), guild.add_member(env.create_user("ann"))
        make = saying_with(Action("More", Press.PAGE, search=SEARCH, argument="1"))
        await Poster(client, Interactions(), Quiet()).put(Place(chat=str(channel.id)), make)
        for presses in (1, 2):
            pressed = await ann.click(channel.last_message, label="More")
            assert pressed.acknowledged
            assert client.asked.qsize() == presses
            await env.advance_time(16 * 60)


# The messenger


def messenger(stage: Stage, photo: bytes | None = None) -> DiscordMessenger:
    """With pictures of products nowhere; no album is shown here."""

    async def photo_of(_: Origin) -> bytes | None:
        return photo

    return DiscordMessenger(
        poster=stage.poster,
        interactions=stage.interactions,
        pictures=Thumbnails(ProductImages(None)),
        albums=AlbumAnswers(Albums(), cast("Service", None)),
        links=Links(product_url=PRODUCT_URL, pictures=False),
        photo_of=photo_of,
    )


def origin(stage: Stage, **changes) -> Origin:
    given = {
        "platform": "discord",
        "chat": str(stage.channel.id),
        "private": False,
        "event": "event",
        "photo": "m:1:2:0",
    }
    return Origin(**(given | changes))


LOST: Outcome = Lost(search=SEARCH, receipt=NOT_CHARGED)


async def test_a_search_in_a_channel_is_one_message_from_searching_to_the_last_page(stage):
    shows = messenger(stage).show
    photo = await stage.photo()
    here = origin(stage, message=str(photo.id))
    assert await shows(here, Working(search=SEARCH, quiet=True)) is None
    assert stage.world.typing[stage.channel.id] == 1
    answer = await shows(here, Working(search=SEARCH, before=3, seconds=5.2))
    assert stage.texts() == ["Searching… 3 before you, about 6 s"]
    here = replace(here, answer=answer)
    assert await shows(here, found()) == answer
    assert await messenger(stage).show_again(here, found(view=View(page=5))) == answer
    (shown,) = stage.lab.answers(stage.channel)
    assert shown.text.startswith("### Closest products\n-# 🇺🇸 United States · 1 credit · 13 left")
    assert "**30. [Bag number 30](" in shown.text
    assert shown.reply_to == photo.id


async def test_a_command_is_answered_with_its_photo_beside_what_it_says(connected):
    await connected.asks()
    shows = messenger(connected, photo=jpeg()).show
    assert await shows(origin(connected), Working(search=SEARCH, quiet=True)) is None
    assert connected.world.typing[connected.channel.id] == 0, "Discord shows that the bot is thinking"
    for outcome, files in ((Working(search=SEARCH), 0), (LOST, 1), (found(), 1)):
        await shows(origin(connected), outcome)
        (shown,) = connected.lab.answers(connected.channel)
        assert len(shown.files) == files


async def test_a_page_is_turned_for_whoever_turns_it(connected):
    shows = messenger(connected, photo=jpeg())
    here = origin(connected)
    await shows.show(here, found())
    (shown,) = connected.lab.answers(connected.channel)
    for person, page in ((connected.ann, 1), (connected.ben, 2)):
        more = next(name for name in shown.controls if name.endswith(f":{page}"))
        pressed = await connected.lab.press(person, shown, more)
        interaction, _ = await connected.next()
        await shows.show_pressed(
            interaction, here, found(view=View(page=page)), theirs=person is connected.ann, receipt=True
        )
    assert "**6. " in shown.text
    assert [("**11. " in copy.text, copy.only_for) for copy in pressed.follow_ups] == [(True, connected.ben.id)]
    assert (len(shown.files), len(pressed.follow_ups[0].files)) == (1, 1)
    await shows.show_card(interaction, Card(tone=Tone.NOTICE, lines=(Line("Which market?"),)), theirs=True)
    assert shown.text == "Which market?"
    connected.world.clock = lambda: time.time() + 901
    with pytest.raises(Unreachable):
        await shows.show_pressed(interaction, here, found(), theirs=True, receipt=True)


@pytest.mark.fault(40)
async def test_that_a_search_goes_on_is_told_to_nobody_in_private(stage):
    stage.lab.faults.add(Fault(route=SEND, channel=stage.channel.id, error=DiscordError(403, 50013), times=9))
    shows = messenger(stage).show
    stage.interactions.asked("event", str(stage.ann.id))
    with pytest.raises(Unreachable):
        await shows(origin(stage), Working(search=SEARCH))
    await shows(origin(stage, language="en"), LOST)
    assert [text.split("\n")[:2] for text in stage.texts(stage.dm)] == [
        [ELSEWHERE, "The answer was lost on the way. You were not charged."]
    ]
