"""The local Discord is as strict as the real one, seen through the real discord.py."""

import asyncio
import io
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest
from discord import app_commands, ui
from discord.http import Route
from PIL import Image

from tests.discord_lab import LAUNCH, DiscordLab, Fault, Mention, Message, NotOffered, discord_lab

SEND = "POST /channels/{channel}/messages"
V2 = 1 << 15


def jpeg(colour: str = "teal") -> bytes:
    """A small picture."""
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(stream, "JPEG")
    return stream.getvalue()


def card(title: str) -> ui.LayoutView:
    """A card with a picture beside its title, a button, a link and a menu."""
    view = ui.LayoutView(timeout=None)
    more = ui.Button[ui.LayoutView](label="More", custom_id="more")
    shop = ui.Button[ui.LayoutView](label="Open", url="https://shop.example/1")
    markets = ui.Select[ui.LayoutView](custom_id="market", options=[discord.SelectOption(label="US", value="US")])
    picture = ui.Thumbnail[ui.LayoutView]("attachment://1.jpg", description="a bag")
    view.add_item(
        ui.Container(ui.Section(f"### {title}", accessory=picture), ui.ActionRow(more, shop), ui.ActionRow(markets))
    )
    return view


class Bot(discord.AutoShardedClient):
    """A bot as plain as they come."""

    def __init__(self, lab: DiscordLab, *, intents: discord.Intents | None = None) -> None:
        wanted = intents or discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(intents=wanted, max_messages=None, allowed_mentions=discord.AllowedMentions.none())
        self.lab = lab
        self.got: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.asked: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.tree = app_commands.CommandTree(self)

    async def on_message(self, message: discord.Message) -> None:
        """Keep what people write."""
        if not message.author.bot:
            self.got.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Turn the page; keep everything else."""
        if interaction.type is discord.InteractionType.component and interaction.data["custom_id"] == "more":
            pictures = [discord.File(io.BytesIO(jpeg("red")), "1.jpg")]
            await interaction.response.edit_message(view=card("Page 2"), attachments=pictures)
        else:
            self.asked.put_nowait(interaction)

    async def message(self) -> discord.Message:
        """The next message of a person."""
        return await asyncio.wait_for(self.got.get(), 10)

    async def interaction(self) -> discord.Interaction:
        """The next interaction."""
        return await asyncio.wait_for(self.asked.get(), 10)


class Place:
    """A lab with a server, two people, and a bot that listens."""

    def __init__(self, lab: DiscordLab) -> None:
        self.lab, self.world = lab, lab.world
        self.ann = lab.world.person(11, "Ann", locale="id")
        self.ben = lab.world.person(22, "Ben")
        self.guild = lab.world.guild(500, "Friends", [self.ann], admins=[self.ben])
        self.channel = lab.world.channel(501, self.guild)
        self.dm = lab.world.dm(self.ann)
        self.bot = Bot(lab)

    async def card(self) -> tuple[Message, discord.Message]:
        """Ann asks, and the bot answers with a card: as she sees it, and as the bot has it."""
        await self.lab.posts(self.ann, self.channel, photos=[jpeg()], mentions_bot=True)
        picture = discord.File(io.BytesIO(jpeg()), "1.jpg", description="a bag")
        sent = await (await self.bot.message()).reply(view=card("Closest products"), file=picture)
        return self.world.messages[sent.id], sent


@asynccontextmanager
async def running(bot: Bot) -> AsyncIterator[None]:
    """The bot, from its start to its end."""
    task = asyncio.create_task(bot.start(bot.lab.world.token))
    try:
        await bot.lab.connected()
        await asyncio.wait_for(bot.wait_until_ready(), 10)
        yield
    finally:
        await bot.close()
        await task


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with discord_lab() as lab:
        place = Place(lab)
        async with running(place.bot):
            yield place


# --- messages
async def test_a_photo_sent_with_a_mention_can_be_read_and_one_without_is_empty(place):
    lab, photo = place.lab, jpeg()
    secret = await lab.posts(place.ann, place.channel, photos=[photo], content="not for the bot")
    hidden = await place.bot.message()
    assert (hidden.content, hidden.attachments, hidden.id) == ("", [], secret.id)
    assert (await hidden.channel.fetch_message(secret.id)).attachments == []
    await lab.posts(place.ann, place.channel, photos=[photo], content="red", mentions_bot=True, reply_to=secret)
    seen = await place.bot.message()
    assert seen.content == "<@100000> red"
    assert await seen.attachments[0].read() == photo
    assert (seen.attachments[0].width, seen.attachments[0].size) == (40, len(photo))
    assert seen.reference.resolved.attachments == []
    await lab.posts(place.ann, place.dm, photos=[photo], snapshot=[photo])
    private = await place.bot.message()
    assert (len(private.attachments), len(private.message_snapshots[0].attachments)) == (1, 1)


async def test_an_expired_link_is_dead_until_the_message_is_fetched_again(place):
    said = await place.lab.posts(place.ann, place.dm, photos=[jpeg()])
    seen = await place.bot.message()
    place.world.expire(said.files)
    with pytest.raises(discord.NotFound):
        await seen.attachments[0].read()
    assert await (await seen.channel.fetch_message(said.id)).attachments[0].read() == jpeg()


async def test_a_card_sent_twice_with_one_nonce_appears_once_even_if_the_first_answer_was_lost(place):
    place.lab.faults.add(Fault(route=SEND, drop=True))
    channel = place.bot.get_channel(501)

    async def send() -> discord.Message:
        picture = discord.File(io.BytesIO(jpeg()), "1.jpg", description="a bag")
        return await channel.send(view=card("Closest products"), file=picture, nonce="0123456789abcdef-1")

    with pytest.raises(aiohttp.ServerDisconnectedError):  # discord.py lets it through
        await send()
    sent = await send()
    (shown,) = place.lab.answers(place.channel)
    assert (shown.id, shown.text, list(shown.controls)) == (sent.id, "### Closest products", ["more", "market"])
    assert (shown.links, shown.files[0].content) == ({"Open": "https://shop.example/1"}, jpeg())
    assert (sent.attachments, shown.files[0].description) == ([], "a bag")
    picture = sent.components[0].children[0].accessory.media
    assert await place.bot.http.get_from_cdn(picture.url) == jpeg()
    assert place.world.violations == []


async def test_a_press_turns_the_page_and_a_control_that_is_not_there_cannot_be_used(place):
    shown, sent = await place.card()
    pressed = await place.lab.press(place.ben, shown, "more")
    assert pressed.acknowledged
    assert (shown.text, shown.files[0].content, len(shown.files)) == ("### Page 2", jpeg("red"), 1)
    with pytest.raises(NotOffered):
        await place.lab.press(place.ann, shown, "less")
    with pytest.raises(NotOffered):
        await place.lab.choose(place.ann, shown, "market", "DE")
    await sent.delete()
    with pytest.raises(NotOffered):
        await place.lab.press(place.ann, shown, "more")
    with pytest.raises(discord.NotFound) as gone:
        await sent.edit(view=card("Page 3"))
    assert gone.value.code == 10008
    assert place.world.violations == []


async def test_what_was_said_can_be_read_again_from_either_end(place):
    said = [await place.lab.posts(place.ann, place.dm, content=str(number)) for number in range(5)]
    channel = await place.bot.create_dm(discord.Object(place.ann.id))
    assert channel.id == place.dm.id
    ids = [message.id for message in said]
    await place.lab.deletes(said[4])
    assert [m.id async for m in channel.history(limit=2)] == [ids[3], ids[2]]
    assert [m.id async for m in channel.history(limit=2, before=discord.Object(ids[2]))] == [ids[1], ids[0]]
    assert [m.id async for m in channel.history(limit=2, after=discord.Object(ids[0]))] == [ids[1], ids[2]]
    assert [m.id async for m in channel.history(limit=3, around=discord.Object(ids[1]))] == [ids[2], ids[1], ids[0]]
    assert [m.id async for m in channel.history(limit=3, around=discord.Object(ids[3]))] == [ids[3], ids[2], ids[1]]


async def test_a_reply_to_a_message_that_was_taken_back_is_refused_unless_it_may_stand_alone(place):
    said = await place.lab.posts(place.ann, place.channel, mentions_bot=True)
    seen = await place.bot.message()
    await place.lab.deletes(said)
    with pytest.raises(discord.HTTPException) as refused:
        await seen.reply("found")
    assert (refused.value.code, place.lab.messages(place.channel)) == (50035, [])
    await seen.channel.send("found", reference=seen.to_reference(fail_if_not_exists=False))
    assert [message.reply_to for message in place.lab.answers(place.channel)] == [None]


TEXT = {"type": 10, "content": "x"}
BUTTON = {"type": 2, "style": 2, "label": "x", "custom_id": "x"}
OPTION = {"label": "x", "value": "x"}


def row(**changed: object) -> list[dict[str, object]]:
    """A row with one button that is changed so."""
    return [{"type": 1, "components": [{key: value for key, value in (BUTTON | changed).items() if value is not None}]}]


def menu(*options: dict[str, object]) -> list[dict[str, object]]:
    """A row with a menu."""
    return [{"type": 1, "components": [{"type": 3, "custom_id": "x", "options": list(options)}]}]


#: Messages that Discord refuses, and the place that is wrong.
REFUSED = [
    ({"flags": V2, "components": [TEXT], "content": "text"}, "content"),
    ({"flags": V2, "components": [TEXT], "embeds": [{"title": "x"}]}, "embeds"),
    ({"flags": V2, "components": []}, "components"),
    ({"components": [TEXT]}, "components.0"),
    ({"flags": V2, "components": [TEXT] * 41}, "components"),
    ({"flags": V2, "components": [{"type": 17, "components": [TEXT] * 40}]}, "components"),
    ({"flags": V2, "components": [TEXT | {"content": "x" * 1001}] * 4}, "components"),
    ({"flags": V2, "components": [TEXT | {"content": ""}]}, "components.0.content"),
    ({"flags": V2, "components": row(custom_id="x" * 101)}, "components.0.components.0.custom_id"),
    ({"flags": V2, "components": row() * 2}, "components"),
    ({"flags": V2, "components": row(label=None)}, "components.0.components.0"),
    ({"flags": V2, "components": row(style=5, url="https://a.example")}, "components.0.components.0"),
    ({"flags": V2, "components": row(style=5, url="tos://x", custom_id=None)}, "components.0.components.0.url"),
    ({"flags": V2, "components": menu()}, "components.0.components.0.options"),
    ({"flags": V2, "components": menu(OPTION, OPTION)}, "components.0.components.0.options.0"),
    (
        {"flags": V2, "components": menu(OPTION | {"description": "x" * 101})},
        "components.0.components.0.options.0.description",
    ),
    ({"flags": V2, "components": [{"type": 9, "components": [TEXT]}]}, "components.0.accessory"),
    (
        {"flags": V2, "components": [{"type": 9, "components": [TEXT] * 4, "accessory": BUTTON}]},
        "components.0.components",
    ),
    (
        {"flags": V2, "components": [{"type": 12, "items": [{"media": {"url": "http://a.example/x.jpg"}}]}]},
        "components.0",
    ),
    ({"flags": V2, "components": [{"type": 13, "file": {"url": "attachment://usage.csv"}}]}, "components.0"),
    ({"content": "x", "nonce": "x" * 26, "enforce_nonce": True}, "nonce"),
]


async def test_what_discord_refuses_in_a_message_is_refused_and_kept(place):
    route = Route("POST", "/channels/{channel_id}/messages", channel_id=501)
    for body, where in REFUSED:
        with pytest.raises(discord.HTTPException) as refused:
            await place.bot.http.request(route, json=body)
        assert (refused.value.status, refused.value.code) == (400, 50035), body
        assert f"In {where}: " in refused.value.text, body
    begun = [violation.split(": ")[:2] for violation in place.world.violations]
    assert begun == [["POST /channels/{channel}/messages", where] for _, where in REFUSED]
    assert place.lab.messages(place.channel) == []


async def test_a_message_of_components_cannot_go_back_nor_show_a_picture_that_did_not_come_with_it(place):
    shown, sent = await place.card()
    for change in ({"content": "text"}, {"view": None}, {"view": card("Page 2"), "attachments": []}):
        with pytest.raises(discord.HTTPException) as refused:
            await sent.edit(**change)
        assert refused.value.code == 50035
    edit = Route("PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=501, message_id=sent.id)
    with pytest.raises(discord.HTTPException) as refused:
        await place.bot.http.request(edit, json={"flags": 0, "content": "text", "components": []})
    assert "In flags: " in refused.value.text
    plain = await sent.channel.send("working")
    with pytest.raises(discord.HTTPException):
        await plain.edit(view=ui.LayoutView().add_item(ui.TextDisplay("found")))
    await plain.edit(content=None, view=ui.LayoutView().add_item(ui.TextDisplay("found")))
    assert [message.text for message in place.lab.answers(place.channel)] == ["### Closest products", "found"]
    assert len(place.world.violations) == 5
    assert shown.edited_at is None


async def test_files_that_are_too_large_or_too_many_are_refused(place):
    channel = place.bot.get_channel(501)
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(file=discord.File(io.BytesIO(bytes(10 * 1024 * 1024 + 1)), "usage.csv"))
    assert (refused.value.status, refused.value.code) == (413, 40005)
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send(files=[discord.File(io.BytesIO(b"x"), f"{n}.csv") for n in range(11)])
    assert refused.value.code == 50035
    await channel.send(files=[discord.File(io.BytesIO(b"x"), f"{n}.csv") for n in range(10)])
    assert len(place.world.violations) == 2


async def test_nobody_is_pinged_unless_the_bot_allows_it(place):
    said = await place.lab.posts(place.ann, place.channel, mentions_bot=True)
    seen = await place.bot.message()
    text = "@everyone <@22> <@&5>"
    await seen.reply(text)
    assert place.world.mentioned == []
    everyone = await seen.channel.send(text, allowed_mentions=discord.AllowedMentions.all())
    reply = await seen.reply(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(22)]))
    pinged = [(everyone.id, "22"), (everyone.id, "role 5"), (everyone.id, "everyone"), (reply.id, "22")]
    assert place.world.mentioned == [Mention(*one) for one in pinged]
    assert place.world.messages[reply.id].reply_to == said.id


# --- commands and forms
def find(tree: app_commands.CommandTree) -> None:
    """A command with a photo and suggestions, a menu command, and one for admins."""

    @tree.command(description="Find a product")
    async def find(_: discord.Interaction, photo: discord.Attachment, market: str = "") -> None:
        """Kept by on_interaction."""

    @find.autocomplete("market")
    async def suggest(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed} States", value="US")]

    @tree.context_menu(name="Find this product")
    async def find_this(_: discord.Interaction, message: discord.Message) -> None:
        """Kept by on_interaction."""

    @tree.command(description="Figures")
    @app_commands.default_permissions(administrator=True)
    @app_commands.allowed_contexts(guilds=True)
    async def usage(_: discord.Interaction) -> None:
        """Kept by on_interaction."""


async def test_a_command_brings_its_photo_and_only_those_see_it_who_may(place):
    lab, world = place.lab, place.world
    find(place.bot.tree)
    await place.bot.tree.sync()
    assert [command["name"] for command in world.commands[None]] == ["find", "usage", "Find this product"]
    assert await lab.autocomplete(place.ann, place.dm, "find", "market", "uni") == [
        {"name": "uni States", "value": "US"}
    ]
    assert (await place.bot.interaction()).type is discord.InteractionType.autocomplete
    await lab.slash(place.ann, place.channel, "find", photo=("bag.jpg", jpeg()), market="US", wait=False)
    asked = await place.bot.interaction()
    assert await asked.namespace.photo.read() == jpeg()
    assert (asked.namespace.market, str(asked.locale), asked.filesize_limit) == ("US", "id", 10 * 1024 * 1024)
    for person, channel in ((place.ann, place.channel), (place.ben, world.dm(place.ben))):
        with pytest.raises(NotOffered):
            await lab.slash(person, channel, "usage")
    await lab.slash(place.ben, place.channel, "usage", wait=False)
    assert (await place.bot.interaction()).permissions.administrator
    with pytest.raises(NotOffered):
        await lab.slash(place.ann, place.channel, "find", market="US")


async def test_a_menu_brings_the_whole_message_though_the_bot_was_not_mentioned(place):
    find(place.bot.tree)
    await place.bot.tree.sync()
    said = await place.lab.posts(place.ben, place.channel, photos=[jpeg()], content="look")
    asked = asyncio.create_task(place.lab.menu(place.ann, place.channel, "Find this product", said))
    got = await place.bot.interaction()
    (target,) = got.data["resolved"]["messages"].values()
    assert (target["content"], len(target["attachments"])) == ("look", 1)
    await got.response.defer(thinking=True, ephemeral=True)
    waiting = (await asked).response
    assert (waiting.loading, waiting.only_for) == (True, place.ann.id)
    await got.edit_original_response(view=ui.LayoutView().add_item(ui.TextDisplay("found")))
    further = await got.followup.send("a second one", ephemeral=True, wait=True)
    assert (waiting.loading, waiting.text) == (False, "found")
    assert [message.text for message in place.lab.messages(place.channel, seen_by=place.ann)][1:] == [
        "found",
        "a second one",
    ]
    assert place.lab.messages(place.channel, seen_by=place.ben) == [said]
    with pytest.raises(discord.NotFound):
        await place.bot.get_channel(501).fetch_message(further.id)
    assert place.world.violations == []


async def test_a_menu_of_a_card_is_acknowledged_first_and_changes_the_card_later(place):
    shown, _ = await place.card()
    chosen = asyncio.create_task(place.lab.choose(place.ann, shown, "market", "US"))
    got = await place.bot.interaction()
    async with got.channel.typing():
        await got.response.defer()
    assert (await chosen).response is shown
    assert place.world.typing == {501: 1}
    pictures = [discord.File(io.BytesIO(jpeg("red")), "1.jpg")]
    await got.edit_original_response(view=card("In the US"), attachments=pictures)
    assert (shown.text, (await got.original_response()).id) == ("### In the US", shown.id)
    await got.delete_original_response()
    assert place.lab.answers(place.channel) == []


async def test_the_first_further_message_takes_the_place_of_is_thinking(place):
    find(place.bot.tree)
    place.bot.tree.copy_global_to(guild=discord.Object(500))
    await place.bot.tree.sync(guild=discord.Object(500))
    assert [command["name"] for command in place.world.commands[500]][:1] == ["find"]
    await place.lab.slash(place.ann, place.channel, "find", photo=jpeg(), wait=False)
    got = await place.bot.interaction()
    await got.response.defer(thinking=True)
    (waiting,) = place.lab.answers(place.channel)
    await got.followup.send("found")
    assert (waiting.text, waiting.loading) == ("found", False)
    assert place.lab.answers(place.channel) == [waiting]


async def test_an_interaction_is_answered_once_within_three_seconds_and_for_fifteen_minutes(place):
    shown, _ = await place.card()
    now = time.time()
    place.world.clock = lambda: now

    async def chosen() -> discord.Interaction:
        await place.lab.choose(place.ann, shown, "market", "US", wait=False)
        return await place.bot.interaction()

    late, answered = await chosen(), await chosen()
    answer = await answered.response.send_message("searching")
    assert answer.resource.content == "searching"
    place.world.clock = lambda: now + 3.1
    with pytest.raises(discord.NotFound) as refused:
        await late.response.defer()
    assert refused.value.code == 10062
    again = Route(
        "POST",
        "/interactions/{webhook_id}/{webhook_token}/callback",
        webhook_id=answered.id,
        webhook_token=answered.token,
    )
    with pytest.raises(discord.HTTPException) as refused:
        await place.bot.http.request(again, json={"type": 6})
    assert refused.value.code == 40060
    place.world.clock = lambda: now + 901
    with pytest.raises(discord.HTTPException) as refused:
        await answered.edit_original_response(content="found")
    assert (refused.value.status, refused.value.code) == (401, 50027)
    assert len(place.world.violations) == 1


async def test_a_form_is_filled_in_by_the_person_to_whom_it_was_shown(place):
    shown, _ = await place.card()
    chosen = asyncio.create_task(place.lab.choose(place.ann, shown, "market", "US"))
    form = ui.Modal(title="Search again", custom_id="words")
    field = ui.TextInput[ui.Modal](custom_id="hint", max_length=10)
    form.add_item(ui.Label(text="Words that steer", component=field))
    await (await place.bot.interaction()).response.send_modal(form)
    assert (await chosen).form["title"] == "Search again"
    for person, words in ((place.ben, "red"), (place.ann, "x" * 11), (place.ann, "")):
        with pytest.raises(NotOffered):
            await place.lab.submit(person, "words", {"hint": words})
    await place.lab.submit(place.ann, "words", {"hint": "red"}, wait=False)
    got = await place.bot.interaction()
    assert (got.type, got.message.id, field.value) == (discord.InteractionType.modal_submit, shown.id, "red")


async def test_where_only_a_person_has_installed_the_bot_it_may_answer_but_not_write(place):
    lab, world = place.lab, place.world
    elsewhere = world.channel(601, world.guild(600, "Elsewhere", [place.ann], bot=False))
    find(place.bot.tree)
    await place.bot.tree.sync()
    with pytest.raises(NotOffered):
        await lab.slash(place.ann, elsewhere, "find", photo=jpeg())
    for command in world.commands[None]:
        command["integration_types"] = [0, 1]
    await lab.slash(place.ann, elsewhere, "find", photo=jpeg(), wait=False)
    asked = await place.bot.interaction()
    assert (asked.is_user_integration(), asked.is_guild_integration()) == (True, False)
    await asked.response.send_message("found")
    for number in range(5):
        await asked.followup.send(str(number))
    with pytest.raises(discord.HTTPException) as refused:
        await asked.followup.send("5")
    assert refused.value.code == 40094
    with pytest.raises(discord.Forbidden) as refused:
        await place.bot.get_partial_messageable(601).send("found")
    assert refused.value.code == 50001
    await lab.posts(place.ann, elsewhere, content="nothing for the bot", mentions_bot=True)
    here = await lab.posts(place.ann, place.dm)
    assert (await place.bot.message()).id == here.id


# --- trouble
async def test_a_rate_limit_is_waited_for_and_a_ban_raises(place):
    channel = place.bot.get_channel(501)
    place.lab.faults.limit(SEND, 0.05)
    began = time.monotonic()
    await channel.send("found")
    assert time.monotonic() - began >= 0.05
    place.lab.faults.limit(SEND, 0.05, via=False)
    with pytest.raises(discord.HTTPException) as refused:
        await channel.send("again")
    assert refused.value.status == 429
    assert [call.status for call in place.world.calls if call.route == SEND] == [429, 200, 429]
    assert [message.text for message in place.lab.answers(place.channel)] == ["found"]


async def test_refusals_on_demand_reach_the_bot_and_are_no_fault_of_its_own(place):
    shown, sent = await place.card()
    for status, code, kind in (
        (403, 50013, discord.Forbidden),
        (404, 10003, discord.NotFound),
        (503, 0, discord.DiscordServerError),
    ):
        place.lab.faults.refuse(SEND, status, code)
        with pytest.raises(kind) as refused:
            await sent.channel.send("again")
        assert (refused.value.status, refused.value.code) == (status, code)
    place.lab.faults.refuse_new_files_in_edits()
    with pytest.raises(discord.HTTPException) as refused:
        await sent.edit(view=card("Page 2"), attachments=[discord.File(io.BytesIO(jpeg()), "1.jpg")])
    assert refused.value.code == 50035
    await sent.edit(view=ui.LayoutView().add_item(ui.TextDisplay("without pictures")))
    assert shown.text == "without pictures"
    with pytest.raises(discord.NotFound) as unknown:
        await place.bot.get_guild(500).fetch_member(33)
    assert (unknown.value.code, place.world.violations) == (10007, [])


async def test_what_is_said_while_the_connection_is_broken_arrives_once_it_is_resumed(place):
    place.lab.gateway.drop()
    await place.lab.wait_for(lambda: not place.lab.gateway.connected)
    missed = await place.lab.posts(place.ann, place.channel, mentions_bot=True)
    assert (await place.bot.message()).id == missed.id
    assert place.lab.gateway.counts == {"identified": 1, "resumed": 1}
    after = await place.lab.posts(place.ann, place.channel, mentions_bot=True)
    assert (await place.bot.message()).id == after.id
    assert place.bot.latency < 5


async def test_an_invalid_session_is_begun_anew(place):
    gateway = place.lab.gateway
    gateway.invalidate()
    await place.lab.wait_for(lambda: gateway.counts["identified"] == 2)
    gateway.forget()
    gateway.drop()
    await place.lab.wait_for(lambda: gateway.counts["identified"] == 3)
    assert gateway.counts["not resumed"] == 1
    said = await place.lab.posts(place.ann, place.channel, mentions_bot=True)
    assert (await place.bot.message()).id == said.id


async def test_a_wrong_token_and_intents_that_nobody_granted_are_refused():
    async with discord_lab() as lab:
        async with Bot(lab) as stranger:
            with pytest.raises(discord.LoginFailure):
                await stranger.start("wrong")
        async with Bot(lab, intents=discord.Intents.all()) as curious:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await curious.start(lab.world.token)
        lab.gateway.refuse(4004)
        async with Bot(lab) as revoked:
            with pytest.raises(discord.ConnectionClosed) as closed:
                await revoked.start(lab.world.token)
        assert closed.value.code == 4004


async def test_the_real_command_line_runs_beside_the_lab_from_any_folder(tmp_path):
    lab = DiscordLab()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(LAUNCH), "--help"), cwd=tmp_path, env=lab.environment, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert (process.returncode, b"snapshop" in said) == (0, True)
