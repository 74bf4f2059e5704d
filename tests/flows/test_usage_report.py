"""The month's report in chat, on both platforms: the same figures everywhere, and nothing for anybody else."""

import asyncio
import csv
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from discord import Permissions
from sqlalchemy import func, select

from bots.digest import Digest
from bots.history import write_history
from bots.usage_cli import Wish, report
from core.database import transact
from core.model import Identity
from core.tables import admin_actions, entries, searches, votes
from tests.flows.discord_stage import stage
from tests.flows.world import ADMIN, ANN, BEN, GROUP, labels, living, photo, said

#: A small month: who was there, what they asked, and what they asked the month before.
CHANNEL = -100_900
PEOPLE, PHOTOS, EARLIER = 12, 90, 20
MIDDLE = datetime(2026, 1, 20, 13, 0, tzinfo=UTC)
#: Discord API: Component Reference, Media Gallery.
_GALLERY = 12
REFUSED = "This is for the admins of this bot."


async def live_a_month(world, admin):
    """Write it through the core's own transactions."""
    await asyncio.to_thread(
        write_history,
        world.database,
        world.now(),
        policy=world.core.policy,
        pepper=b"pepper",
        by=admin,
        people=PEOPLE,
        photos=PHOTOS,
        earlier=EARLIER,
    )


async def counted(world):
    """This month's figures, counted row by row."""
    first = world.now().astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    everything = await world.database.read(
        lambda connection: [connection.execute(select(table)).mappings().all() for table in (entries, searches, votes)]
    )
    rows, asked, voted = everything
    holds = {row["id"] for row in rows if row["kind"] == "hold" and row["at"] >= first}
    ends = Counter("uncertain" if row["uncertain"] else row["kind"] for row in rows if row["hold_id"] in holds)
    this_month = [row for row in asked if row["received_at"] >= first]
    free = [
        row for row in this_month if row["outcome"] in ("found", "nothing") and row["charge"] in ("stored", "shared")
    ]
    ids = {row["id"] for row in this_month}
    kind = [row["useful"] for row in voted if row["search"] in ids]
    return {
        "searches": sum(1 for row in this_month if row["state"] != "offered"),
        "captured": ends["capture"],
        "uncertain": ends["uncertain"],
        "released": ends["release"],
        "from_cache": len(free),
        "nothing_found": sum(row["outcome"] == "nothing" for row in this_month),
        "useful": sum(kind),
        "not_useful": len(kind) - sum(kind),
    }


def plain(text):
    """With blanks for those that do not break: Discord's text has none."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def as_said(figures):
    """How the report writes them."""
    n = figures
    used = f"🟩 used {n['captured']} · 🟧 possibly used {n['uncertain']} · given back {n['released']} · "
    free = f"⬜ answered free {n['from_cache']} (saved you {n['from_cache']})"
    return used + free, f"Searches {n['searches']} · nothing found {n['nothing_found']} · "


def command_line(world, capsys):
    """What `snapshop usage --json` says of this month."""
    wish = Wish.read(world.settings, period="month", person="", chat="", market="", now=world.now())
    report(wish, lambda work: transact(world.database.reading, work), as_json=True)
    printed = capsys.readouterr().out
    return json.JSONDecoder().raw_decode(printed, printed.index("{"))[0]  # the bot logs meanwhile


def spreadsheet(data):
    """The sums of a CSV file's columns."""
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    return {name: sum(int(row[name]) for row in rows) for name in ("searches", "captured", "uncertain", "from_cache")}


async def audited(world):
    """What admins did."""
    return await world.database.read(
        lambda connection: connection.scalar(select(func.count()).select_from(admin_actions))
    )


async def test_an_admin_on_telegram_reads_the_same_figures_as_everywhere_else(tmp_path, capsys):
    async with living(tmp_path, monthly_budget=200) as world:
        await live_a_month(world, Identity(platform="telegram", user=str(ADMIN)))
        own = await counted(world)
        assert own["captured"] and own["from_cache"]
        line = await asyncio.to_thread(command_line, world, capsys)
        assert {name: line[name] for name in own} == own
        world.write("/usage", ADMIN)
        shown = await world.see("Usage", ADMIN)
        for sentence in as_said(own):
            assert sentence in plain(said(shown))
        assert (shown["photo"][-1]["width"], len(said(shown)) <= 1024) == (1080, True)
        assert labels(shown) == ["Today", "7 days", "✓ This month", "Last month", "CSV"]
        world.press(shown, "CSV", ADMIN)
        handed = await world.see(".csv", ADMIN, look=lambda message: message.get("document", {}).get("file_name"))
        file = await world.app.bot.get_file(handed["document"]["file_id"])
        assert spreadsheet(bytes(await file.download_as_bytearray())).items() <= own.items()
        world.press(shown, "7 days", ADMIN)
        week = await world.see("✓ 7 days", ADMIN, look=labels)
        assert week["message_id"] == shown["message_id"]
        assert said(week) != said(shown)


async def test_an_admin_on_discord_reads_the_same_figures_as_everywhere_else(tmp_path, capsys):
    async with stage(tmp_path, monthly_budget=200) as world:
        await world.restart(admins=f"discord:{world.olga.id}")
        world.later = MIDDLE - world.now()
        await live_a_month(world, Identity(platform="discord", user=str(world.olga.id)))
        own = await counted(world)
        assert own["captured"] and own["from_cache"]
        line = await asyncio.to_thread(command_line, world, capsys)
        assert {name: line[name] for name in own} == own
        shown = world.told(await world.slash("usage", world.olga))
        for sentence in as_said(own):
            assert sentence in plain(shown.text)
        assert shown.alone
        assert shown.files == ("chart.png", "usage-2026-01-01-2026-01-31.csv")
        assert shown.labels == ("Today", "7 days", "This month", "Last month")
        stored = world.stored(shown.id)
        gallery = next(part for part in walk(stored.components) if part["type"] == 12)
        assert (
            f"from 1 Jan to 20 Jan: {own['captured']}, possibly used: {own['uncertain']}"
            in gallery["items"][0]["description"]
        )
        week = world.told(await world.press(shown, "7 days", world.olga))
        assert week.id == shown.id
        assert "14 Jan – 20 Jan" in week.text
        person = world.told(await world.slash("usage", world.olga, period="30d", chat="telegram:500001"))
        assert "Alex A." in person.text
        assert "credits left" in person.text


def walk(components):
    """Components and those inside them."""
    for part in components:
        yield part
        yield from walk(part.get("components", ()))


@pytest.mark.threat(14)
async def test_nobody_else_on_telegram_gets_more_than_a_kind_refusal(tmp_path):
    async with living(tmp_path) as world:
        await live_a_month(world, Identity(platform="telegram", user=str(ADMIN)))
        before = await audited(world)
        world.write("/usage", ADMIN)
        shown = await world.see("Usage", ADMIN)
        # Somebody, in private and in a group; the operator there.
        world.write("/usage", ANN)
        await world.see(REFUSED)
        world.write("/usage 7d", ANN, GROUP)
        await world.see(REFUSED, GROUP)
        # A button that only the admin was ever shown, under another message of the bot's.
        world.write("/region")
        card = await world.see("Which market shall I look in?")
        for key in ("7 days", "CSV"):
            world.telegram.press(ANN, ANN, card["message_id"], world.data(shown, key))
            await world.idle()
        assert said(await world.see(REFUSED, after=None)) == REFUSED
        # A group's admin who writes as the group; a channel.
        world.write("/usage", BEN, GROUP, anonymous=True)
        world.telegram.group(CHANNEL, "Deals", [ANN], kind="channel")
        world.telegram.chats[CHANNEL].discussion = GROUP
        world.write("/usage", ANN, CHANNEL)
        await world.idle()
        assert world.said_in(CHANNEL) == []
        everything = world.said_in(ANN) + world.said_in(GROUP)
        assert not any("🟩" in sentence for sentence in everything)
        assert not any(
            message.get("photo") or message.get("document") for chat in (ANN, GROUP) for message in bots(world, chat)
        )
        assert await audited(world) == before


def bots(world, chat):
    """The bot's messages in a chat."""
    return [message for message in world.telegram.messages(chat) if message["from"].get("username") == "snapshop_bot"]


async def test_a_groups_own_admin_sees_that_group_and_nothing_else(world):
    world.send(ANN, GROUP, caption="/find")
    await world.see("Closest products", GROUP)
    world.send(ANN, product="running-sneakers")
    await world.see("Closest products")
    world.write("/usage", BEN, GROUP)
    shown = await world.see("Usage", GROUP)
    assert "this chat" in said(shown)
    assert "🟩\N{NO-BREAK SPACE}used 1 · " in said(shown)
    assert f"telegram:{ANN}" not in said(shown)
    world.press(shown, "7 days", BEN)
    await world.see("✓ 7 days", GROUP, look=labels)
    world.write(f"/usage telegram:{ANN}", BEN, GROUP)
    await world.see("I show this chat's figures here, and nothing else.", GROUP)


async def test_who_manages_the_operators_server_sees_the_channel_and_nothing_else(tmp_path):
    async with stage(tmp_path) as world:
        await world.restart(admins=f"discord:{world.olga.id}")
        await world.say(photos=[photo()])
        await world.direct(photos=[photo("running-sneakers")])
        manager = world.home.create_role("Managers", permissions=Permissions(manage_guild=True))
        dan = world.home.add_member(world.env.create_user("dan"), roles=[manager])
        shown = world.told(await world.slash("usage", dan))
        assert "this chat" in shown.text
        assert "used 1 · " in shown.text
        assert (shown.files, str(world.ann.id) in shown.text) == (("chart.png",), False)
        week = world.told(await world.press(shown, "7 days", dan))
        assert (week.id, "this chat" in week.text) == (shown.id, True)
        told = world.told(await world.slash("usage", dan, person=world.ann))
        assert (told.text, told.files) == ("I show this chat's figures here, and nothing else.", ())


@pytest.mark.threat(14)
async def test_nobody_else_on_discord_gets_more_than_a_kind_refusal(tmp_path):
    async with stage(tmp_path) as world:
        await world.restart(admins=f"discord:{world.olga.id}")
        world.later = MIDDLE - world.now()
        await live_a_month(world, Identity(platform="discord", user=str(world.olga.id)))
        before = await audited(world)
        told = world.told(await world.slash("usage", world.ann))
        assert (told.text, told.files, told.alone) == (REFUSED, (), True)
        told = world.told(await world.slash("usage", world.ann, person=world.olga, period="today"))
        assert (told.text, told.files) == (REFUSED, ())
        assert "usage" not in world.ann.user.available_commands()
        # In private the bot has sent them a message with a button that somebody has made into another.
        card = world.told(await world.slash("region", world.ann.user))
        for component in walk(world.stored(card.id).components):
            if "options" in component:
                component["options"][0]["value"] = "1u:month"
        told = world.told(await world.press(card, component_label(world, card), world.ann.user))
        assert (told.text, told.files) == (REFUSED, ())
        assert await audited(world) == before


def component_label(world, card):
    """The label of a menu's first option."""
    return next(part["options"][0]["label"] for part in walk(world.stored(card.id).components) if "options" in part)


# 👍 and 👎


async def thanks(world, press):
    """What a presser reads in passing."""
    answer = await world.telegram.wait_until(lambda: world.telegram.presses[press].answer)
    assert not answer.get("show_alert")
    return answer["text"]


async def test_anybody_in_a_chat_says_whether_an_answer_was_useful_and_may_think_better_of_it(world):
    world.send(ANN, GROUP, caption="/find")
    answer = await world.see("Closest products", GROUP)
    calls = world.telegram.counts.copy()
    assert await thanks(world, world.press(answer, "👍", ANN)) == "Thank you! Noted as useful."
    assert await thanks(world, world.press(answer, "👎", BEN)) == "Thank you! Noted as not useful."
    assert await thanks(world, world.press(answer, "👎", ANN)) == "Thank you! Noted as not useful."
    await world.idle()
    found = await world.database.read(lambda connection: connection.execute(select(votes.c.useful)).all())
    assert [row.useful for row in found] == [False, False]
    assert not [name for name in (world.telegram.counts - calls) if name.startswith(("send", "edit"))]


async def test_a_vote_from_another_chat_counts_nothing(world):
    world.send(ANN)
    answer = await world.see("Closest products")
    world.write("/region", BEN)
    card = await world.see("Which market", BEN)
    press = world.telegram.press(BEN, BEN, card["message_id"], world.data(answer, "👍"))
    assert "expired" in await world.alert(press)
    assert await world.database.read(lambda connection: connection.scalar(select(func.count()).select_from(votes))) == 0


async def test_votes_on_discord_are_thanked_to_the_voter_alone(tmp_path):
    async with stage(tmp_path) as world:
        await world.say(photos=[photo()])
        answer = world.answer()
        thanked = world.told(await world.press(answer, "👎", world.ben))
        assert (thanked.text, thanked.alone) == ("Thank you! Noted as not useful.", True)
        assert world.answer() == answer
        assert (await counted(world))["not_useful"] == 1


async def test_the_digest_reaches_the_admins_with_its_picture(world):
    world.send(ANN)
    await world.see("Closest products")
    await Digest(world.app._commands.context, {"telegram": world.app}).send()
    shown = await world.see("This month so far", ADMIN)
    assert "🟩\N{NO-BREAK SPACE}used 1 · " in said(shown)
    assert shown["photo"]
