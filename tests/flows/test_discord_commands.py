"""Commands: answered to nobody but who called them, with a field for every argument; those for admins in one server."""

import discord as discord_py
import pytest

from bots.wording import words
from core.model import Identity
from tests.flows.discord_stage import HOME, Stage, stage
from tests.flows.world import photo


@pytest.fixture
async def discord(tmp_path):
    """Discord, the endpoint, and a running bot whose admin is known by number."""
    async with stage(tmp_path) as world:
        yield world


async def with_admin(discord: Stage) -> Stage:
    """Olga is the operator."""
    await discord.restart(admins=f"discord:{discord.olga.id}")
    return discord


async def test_every_command_is_answered_alone(discord: Stage):
    for name in ("start", "help", "region", "credits", "language", "privacy", "forget", "id"):
        told = discord.told(await discord.slash(name))
        assert told.alone, name
        assert told.text, name
    assert discord.seen() == []


async def test_a_market_and_a_language_are_picked_from_lists_in_place(discord: Stage):
    listed = discord.told(await discord.slash("region"))
    picked = discord.told(await discord.press(listed, "Indonesia"))
    assert picked.id == listed.id
    assert "Your searches now look in 🇮🇩 Indonesia." in picked.text
    assert discord.told(await discord.slash("region", market="GB")).text.startswith("Your searches now look in 🇬🇧")
    listed = discord.told(await discord.slash("language"))
    await discord.press(listed, "Deutsch")
    assert words("de")("Closest products") in discord.told(await discord.find()).text


async def test_only_who_manages_the_server_may_set_its_market(discord: Stage):
    manager = discord.home.create_role("Managers", permissions=discord_py.Permissions(manage_guild=True))
    dan = discord.home.add_member(discord.env.create_user("dan"), roles=[manager])
    assert discord.told(await discord.slash("region", market="JP")).labels == ()
    offered = discord.told(await discord.slash("region", dan, market="JP"))
    done = discord.told(await discord.press(offered, "For everyone here", dan))
    assert "Searches here now look in 🇯🇵 Japan" in done.text
    assert done.alone
    await discord.slash("region", market="any")
    assert "🇯🇵 Japan" in discord.told(await discord.find(discord.ben)).text


async def test_forget_is_asked_and_done_in_private(discord: Stage):
    await discord.direct(photos=[photo()])
    asked = discord.told(await discord.slash("forget", discord.ann.user))
    done = discord.told(await discord.press(asked, "Yes, forget me", discord.ann.user))
    assert done.text == "Done. Nothing here points to you any more."
    assert await discord.balance() == 0


async def test_an_admin_grants_to_a_person_of_the_server_and_the_reply_says_from_what_to_what(discord: Stage):
    world = await with_admin(discord)
    grant = {"person": world.ann, "credits": 5, "until": "2026-01-31", "reason": "for the raffle"}
    told = world.told(await world.slash("grant", world.olga, **grant))
    assert f"discord:{world.ann.id}`: 20 → 25 credits." in told.text
    assert told.alone
    assert await world.balance() == 25
    assert "search" in world.told(await world.slash("usage", world.olga)).text.lower()


@pytest.mark.threat(14)
async def test_commands_for_admins_are_refused_to_everybody_else_whatever_they_are_called(discord: Stage):
    world = await with_admin(discord)
    manager = world.home.create_role("Managers", permissions=discord_py.Permissions(administrator=True))
    double = world.home.add_member(world.env.create_user("olga", global_name="Olga"), roles=[manager])
    for person in (world.ann, double):
        told = world.told(await world.slash("grant", person, person=person, credits=5))
        assert told.text == "This is for the admins of this bot."
        assert await world.balance(person) == 0


@pytest.mark.threat(14)
async def test_commands_for_admins_are_in_the_operators_server_only_and_never_in_private(discord: Stage):
    commands = discord.env.backend.commands
    own = {command["name"]: command for command in commands[HOME].values()}
    giving, stopping = {"grant", "take", "gift"}, {"block", "unblock", "budget", "limit", "pause", "resume"}
    assert {"usage", "audit", "reconcile", *giving, *stopping} == own.keys()
    assert all((command["contexts"], command["integration_types"]) == ([0], [0]) for command in own.values())
    assert not own.keys() & {command["name"] for command in commands[None].values()}
    assert "usage" not in discord.olga.user.available_commands()
    elsewhere = discord.env.create_guild("Elsewhere")
    olga = elsewhere.add_member(discord.olga.user)
    assert "usage" not in olga.available_commands(elsewhere.create_text_channel("finds"))


async def test_without_a_server_of_the_operators_there_are_no_commands_for_admins(tmp_path):
    async with stage(tmp_path, discord_guild="") as world:
        assert list(world.env.backend.commands) == [None]


async def test_commands_are_told_to_discord_when_they_changed_and_not_at_every_start(discord: Stage):
    def told():
        return [call.path for call in discord.env.http_requests if call.method == "PUT"]

    at_first = len(told())
    await discord.restart()
    assert len(told()) == at_first == 2
    await discord.restart(discord_user_install="on")
    assert len(told()) == 4
    await discord.restart(discord_guild="")
    assert discord.env.backend.commands[HOME] == {}


async def test_a_failure_to_tell_them_is_no_reason_not_to_search(discord: Stage):
    discord.env.inject_error("PUT", "/applications/*", status=403, code=50001, times=None)
    await discord.restart(discord_user_install="on")
    await discord.direct(photos=[photo()])
    assert "Closest products" in discord.answer(discord.dm()).text


async def test_names_that_discord_takes_no_translation_of_stay_english(discord: Stage):
    for command in discord.env.backend.commands[None].values():
        names = command["name_localizations"].values()
        assert all(name == name.lower() or command["type"] == 3 for name in names)
        assert all(len(text) <= 100 for text in command.get("description_localizations", {}).values())


async def test_the_admins_are_told_in_private(discord: Stage):
    world = await with_admin(discord)
    await world.app.tell_admins("search_is_back", {})
    assert world.answer(world.dm(world.olga)).text == "### For admins\nSearching works again."
    assert Identity.parse(f"discord:{world.olga.id}") in world.settings.admins
