"""MEMBERS_OF in Telegram: who is in, for how long that is remembered, and what happens when Telegram is silent."""

import pytest

from bots.membership import REMEMBERED, REMEMBERED_NOT, Membership
from bots.telegram.members import member_of
from core.model import Identity
from tests.flows.world import ANN, BEN, GROUP

PLACE = Identity(platform="telegram", user=str(GROUP))
STRANGER = 33


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def membership(world, clock):
    world.telegram.person(STRANGER, "Eve")
    return Membership("telegram", [PLACE], member_of(world.app.bot), clock=clock)


async def test_without_places_everybody_may_and_telegram_is_not_asked(world):
    assert await Membership("telegram", [], member_of(world.app.bot)).is_member(str(STRANGER))
    assert world.telegram.counts["getChatMember"] == 0


async def test_where_only_other_platforms_are_named_nobody_here_is_a_member(world):
    places = [Identity(platform="discord", user="4")]
    assert not await Membership("telegram", places, member_of(world.app.bot)).is_member(str(ANN))


async def test_members_and_admins_are_in_and_strangers_are_out(membership):
    assert await membership.is_member(str(ANN))
    assert await membership.is_member(str(BEN))
    assert not await membership.is_member(str(STRANGER))
    assert not await membership.is_member(str(987_654))


async def test_membership_is_remembered_for_six_hours(world, membership, clock):
    assert await membership.is_member(str(ANN))
    world.telegram.chats[GROUP].members.discard(ANN)
    clock.now += REMEMBERED - 1
    assert await membership.is_member(str(ANN))
    assert world.telegram.counts["getChatMember"] == 1
    clock.now += 2
    assert not await membership.is_member(str(ANN))


async def test_who_joins_may_search_a_minute_later(world, membership, clock):
    assert not await membership.is_member(str(STRANGER))
    world.telegram.chats[GROUP].members.add(STRANGER)
    assert not await membership.is_member(str(STRANGER))
    clock.now += REMEMBERED_NOT + 1
    assert await membership.is_member(str(STRANGER))


async def test_while_telegram_cannot_be_asked_what_was_known_last_counts(world, membership, clock):
    assert await membership.is_member(str(ANN))
    clock.now += REMEMBERED + 1
    world.telegram.faults.fail("getChatMember", 400, "Bad Request: chat not found")
    assert await membership.is_member(str(ANN))
    world.telegram.faults.fail("getChatMember", 502, "Bad Gateway")
    assert not await membership.is_member(str(STRANGER))
    assert not await membership.is_member(str(STRANGER))


async def test_one_of_several_places_is_enough(world, clock):
    other = -100_800
    world.telegram.group(other, "Guests", [ANN])
    both = [Identity(platform="telegram", user="-100123"), Identity(platform="telegram", user=str(other))]
    assert await Membership("telegram", both, member_of(world.app.bot), clock=clock).is_member(str(ANN))
