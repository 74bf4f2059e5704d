"""What comes in from Discord: addresses that are fetched, markets that are typed, names of commands, languages seen."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord.finding import MOST_CHOICES, market_choices
from bots.discord.locales import Locales
from bots.discord.missed import Missed
from bots.discord.photos import is_discords
from bots.discord.translation import Translator, text
from bots.wording import languages, words
from core import people
from core.database import DatabaseUnavailable
from core.model import Identity
from core.regions import find_market
from tests.builders import NOW, PEPPER, migrated

ANN = Identity(platform="discord", user="1")
SERVED = (
    "https://cdn.discordapp.com/attachments/1/2/photo.jpg?ex=1&hm=2",
    "https://media.discordapp.net/attachments/1/2/photo.jpg",
    "https://images-ext-1.discordapp.net/external/x/https/shop.example/a.jpg",
)
ELSEWHERE = (
    "http://cdn.discordapp.com/attachments/1/2/photo.jpg",
    "https://cdn.discordapp.com:8443/a.jpg",
    "https://cdn.discordapp.com@evil.example/a.jpg",
    "https://user@cdn.discordapp.com/a.jpg",
    "https://cdn.discordapp.com.evil.example/a.jpg",
    "https://evil.example/https://cdn.discordapp.com/a.jpg",
    "https://images-ext-1.discordapp.net.evil.example/a.jpg",
    "https://ximages-ext-1.discordapp.net/a.jpg",
    "http://media.discordapp.net/a.jpg",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "//cdn.discordapp.com/a.jpg",
    "",
)


@pytest.mark.threat(5)
def test_photos_are_fetched_from_discord_and_from_nowhere_else():
    assert all(map(is_discords, SERVED))
    assert not any(map(is_discords, ELSEWHERE))


@given(st.text(max_size=40), st.sampled_from(languages()))
def test_whatever_is_typed_markets_are_offered_within_discords_limits(typed, language):
    offered = market_choices(typed, words(language))
    assert len(offered) <= MOST_CHOICES
    assert all(0 < len(name) <= 100 and find_market(code) == code for name, code in offered)
    assert len({code for _, code in offered}) == len(offered)


def test_what_begins_with_the_typed_letters_is_offered_first():
    assert [code for _, code in market_choices("m", words("en"))][:2] == ["MY", "MX"]
    assert {code for _, code in market_choices("vereinigte", words("de"))} >= {"US", "GB"}


async def test_a_name_that_discord_does_not_take_stays_english():
    from discord import Locale
    from discord.app_commands import TranslationContext, TranslationContextLocation

    async def named(translation):
        context = TranslationContext(location=TranslationContextLocation.command_name, data=None)
        return await Translator().translate(text(lambda _: translation, "find"), Locale.german, context)

    assert await named("suchen") == "suchen"
    assert await named("ค้นหา") == "ค้นหา"
    for wrong in ("Suchen", "zwei worte", "", "a" * 33, "such!"):
        assert await named(wrong) is None


async def test_the_language_of_an_app_is_known_to_the_next_process_once_the_person_is(sqlite_database):
    database = migrated(sqlite_database)
    try:
        seen = Locales(database)
        await seen.saw(ANN, "es-419")
        assert (seen.of(ANN), await database.read(people.find, ANN)) == ("es-419", None)
        await database.run(people.meet, ANN, "Ann", NOW, pepper=PEPPER)
        await seen.saw(ANN, "es-419")
        person = await database.read(people.find, ANN)
        assert person is not None
        assert person.client_language == "es-419"
        assert Locales(database).of(ANN) == ""
    finally:
        database.close()


async def test_missed_messages_are_tried_in_their_order_until_each_is_written_down():
    written, down = [], 3

    async def handle(message):
        nonlocal down
        if down:
            down -= 1
            raise DatabaseUnavailable("disk full")
        if message == "broken":
            raise RuntimeError(message)
        written.append(message)

    missed = Missed(handle, pause=0.001)
    for message in ("first", "broken", "second"):
        missed.add(message)
    async with asyncio.timeout(5):
        while len(written) < 2:  # noqa: ASYNC110 -- what is looked at tells nobody
            await asyncio.sleep(0.001)
    missed.add("third")
    await asyncio.sleep(0.01)
    await missed.close()
    assert written == ["first", "second", "third"]
