"""Giving, limiting and settings for everyone, as people see them on both platforms."""

import re

import discord as discord_py
import pytest

from core import chats
from core.budgets import in_force
from tests.flows.discord_stage import Stage, stage
from tests.flows.world import ADMIN, ANN, BEN, GROUP, labels, said

# Telegram


async def test_a_grant_in_reply_to_a_forwarded_message_is_for_whoever_wrote_it(world):
    theirs = world.write("look at this", ANN, GROUP)
    world.telegram.chats[GROUP].members.add(ADMIN)
    forwarded = world.telegram.forward(ADMIN, ADMIN, GROUP, theirs["message_id"])
    world.write("/grant 5 well done", ADMIN, reply_to=forwarded["message_id"])
    await world.see(f"telegram:{ANN}: 20 → 25 credits.", ADMIN)
    world.write("/take 2", ADMIN, quote=(GROUP, theirs["message_id"]))
    await world.see(f"telegram:{ANN}: 25 → 23 credits.", ADMIN)
    assert (await world.balance(ANN), await world.balance(ADMIN)) == (23, 0)


async def test_a_gift_code_is_made_by_an_admin_and_redeemed_behind_its_link(world):
    world.write("/gift 10 x3 until 31 Dec", ADMIN)
    one, two, _ = re.findall(r"/redeem (\w+)", said(await world.see("3 codes", ADMIN)))
    world.write(f"/start gift-{one}", ANN)
    await world.see("You got 10 credits.\nYou have 30 credits.")
    world.write(f"/redeem {two}", ANN)
    await world.see("You have had one of these codes already.")
    world.write(f"/redeem {one}", BEN)
    await world.see("Somebody has used this code already.", BEN)
    assert (await world.balance(ANN), await world.balance(BEN)) == (30, 0)


async def test_a_groups_admin_sets_its_limit_in_one_message_and_nobody_else_does(world):
    world.write("/settings", ANN, GROUP)
    await world.see("Only admins of this chat can change its settings.", GROUP)
    world.write("/settings", BEN, GROUP)
    card = await world.see("Settings for everyone here", GROUP)
    assert await world.alert(world.press(card, "Everyone here together", ANN)) == (
        "Only admins of this chat can change its settings."
    )
    world.press(card, "Everyone here together: no limit", BEN)
    opened = await world.see("Everyone here together: no limit", GROUP)
    assert opened["message_id"] == card["message_id"]
    world.press(opened, "10 credits a day", BEN)
    done = await world.see("Everyone here together may now spend: 10 credits a day.", GROUP)
    assert "Everyone here together: 10 credits a day" in labels(done)
    assert len([text for text in world.said_in(GROUP) if "Settings" in text]) == 1
    assert (await world.database.read(chats.find, "telegram", str(GROUP))).daily_limit == 10


async def test_a_budget_that_an_admin_lowers_holds_for_the_next_photo(world):
    world.send()
    await world.see("19 left")
    world.write("/budget day 1", ADMIN)
    await world.see("Credits a day: no limit → 1", ADMIN)
    world.send(product="wrist-watch")
    await world.see("Searches of this community are used up for today.")
    world.write("/budget day default", ADMIN)
    await world.see("Credits a day: 1 → no limit", ADMIN)
    world.send(product="teapot")
    await world.see("18 left")
    world.write("/audit", ADMIN)
    assert "Credits a day: no limit → 1" in said(await world.see("What admins did", ADMIN))
    assert world.charged == 2


# Discord


@pytest.fixture
async def discord(tmp_path):
    """Discord with a running bot whose admin Olga is."""
    async with stage(tmp_path) as there:
        await there.restart(admins=f"discord:{there.olga.id}")
        yield there


async def test_on_discord_every_argument_has_a_field_of_its_own(discord: Stage):
    olga = discord.olga
    told = discord.told(await discord.slash("gift", olga, credits=10, codes=2, until="2026-12-31"))
    assert told.alone
    code, _ = re.findall(r"/redeem (\w+)", told.text)
    redeemed = discord.told(await discord.slash("redeem", code=code))
    assert redeemed.alone
    assert "You got 10 credits." in redeemed.text
    told = discord.told(await discord.slash("budget", olga, period="day", credits="7"))
    assert "Credits a day: no limit → 7" in told.text
    told = discord.told(await discord.slash("limit", olga, whose="new", credits="none"))
    assert "Credits of a new account in its first 24 hours: 10 → no limit" in told.text
    assert "What may be spent" in discord.told(await discord.slash("limit", olga)).text
    told = discord.told(await discord.slash("reconcile", olga, used=0))
    assert "They agree: nothing is booked." in told.text
    assert "gift codes made" in discord.told(await discord.slash("audit", olga, number=20)).text
    assert await discord.balance() == 30
    assert (await discord.database.read(in_force, discord.core.policy.limits)).day == 7


async def test_on_discord_settings_are_menus_for_who_manages_the_server(discord: Stage):
    manager = discord.home.create_role("Managers", permissions=discord_py.Permissions(manage_guild=True))
    dan = discord.home.add_member(discord.env.create_user("dan"), roles=[manager])
    refused = discord.told(await discord.slash("settings"))
    assert refused.text == "Only admins of this chat can change its settings."
    listed = discord.told(await discord.slash("settings", dan))
    assert listed.alone
    picked = discord.told(await discord.press(listed, "20 credits a day", dan))
    assert "Everyone here together may now spend: 20 credits a day." in picked.text
    picked = discord.told(await discord.press(picked, "United Kingdom", dan))
    assert "Searches here now look in 🇬🇧 United Kingdom" in picked.text
    held = await discord.database.read(chats.find, "discord", str(discord.channel.id))
    assert (held.daily_limit, held.region) == (20, "GB")
