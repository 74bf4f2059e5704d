"""What the operator's admins are told by themselves: an event of the core or of an adapter as a card."""

from collections.abc import Mapping

from bots.cards import Card, Line, Tone
from bots.wording import Words
from bots.wording import words as words_of
from core import chats
from core.database import Database, DatabaseUnavailable
from core.model import Identity
from core.texts import clean

#: Characters of a fact that is shown: what a machine says can be long.
_FACT_LIMIT = 300


async def alert_for(admin: Identity, event: str, facts: Mapping[str, str], database: Database) -> Card:
    """The card of an event in the language of an admin, or in English while that cannot be read. Never raises."""
    try:
        language = await database.read(chats.language_for, admin, admin.user, "")
    except DatabaseUnavailable:
        language = ""
    return alert_card(event, facts, words_of(language))


def alert_card(event: str, facts: Mapping[str, str], words: Words) -> Card:
    """The card of an event; one that is new here is told by its name. ``facts`` fill the sentence in."""
    sentences = _sentences(event, facts, words)
    tone = Tone.ANSWER if event in ("search_is_back", "platform_back") else Tone.ERROR
    return Card(tone=tone, heading=words("For admins"), lines=tuple(map(Line, sentences)))


def _sentences(event: str, facts: Mapping[str, str], words: Words) -> list[str]:
    match event:
        case "search_denied":
            return [
                _denied(facts.get("kind", ""), words),
                words("Nobody is charged. I try again with somebody's next photo."),
            ]
        case "search_is_back":
            return [words("Searching works again.")]
        case "check_failed":
            found = words.outside(clean(facts.get("problem", ""), _FACT_LIMIT))
            return [words("The books do not add up: {problem}", problem=found), words("Run `snapshop check`.")]
        case "cannot_write":
            return [
                words("The database cannot be written: no photos are taken until it can. Is the disk full?"),
                words("Nothing is lost: what people send waits."),
            ]
        case "budget":
            return [_budget(facts, words)]
        case "many_uncertain":
            return [
                words(
                    "Too many searches get no answer: today {uncertain} of {searches}. People were not charged for "
                    "them; the provider may have charged you.",
                    uncertain=_number(facts, "uncertain", words),
                    searches=_number(facts, "searches", words),
                ),
                words("`/reconcile` compares with the provider's dashboard."),
            ]
        case "disk_nearly_full":
            return [
                words(
                    "The disk is nearly full: {n} MB are free. When it is full, no photos are taken.",
                    n=_number(facts, "megabytes", words),
                )
            ]
        case "platform_down":
            return [
                words(
                    "Nothing has come in from {platform} for {duration}. I go on trying.",
                    platform=_platform(facts),
                    duration=_duration(facts, words),
                )
            ]
        case "platform_back":
            return [
                words(
                    "{platform} is back. It was down for {duration}.",
                    platform=_platform(facts),
                    duration=_duration(facts, words),
                )
            ]
        case "another_instance":
            return [words("Another process receives messages with this bot's token. Stop one of the two.")]
        case _:
            return [words("Something happened: {event}", event=clean(event, _FACT_LIMIT))]


def _budget(facts: Mapping[str, str], words: Words) -> str:
    spent, limit = _number(facts, "spent", words), _number(facts, "limit", words)
    is_day = facts.get("period") == "day"
    if facts.get("share") == "100":
        if is_day:
            return words("Today's budget is used up: {spent} of {limit}. More tomorrow.", spent=spent, limit=limit)
        return words(
            "This month's budget is used up: {spent} of {limit}. `/budget` changes it.", spent=spent, limit=limit
        )
    share = _number(facts, "share", words)
    if is_day:
        return words("{share} % of today's budget are used: {spent} of {limit}.", share=share, spent=spent, limit=limit)
    return words(
        "{share} % of this month's budget are used: {spent} of {limit}.", share=share, spent=spent, limit=limit
    )


def _number(facts: Mapping[str, str], name: str, words: Words) -> str:
    return words.number(int(facts.get(name, "0")))


def _duration(facts: Mapping[str, str], words: Words) -> str:
    return words.duration(60.0 * int(facts.get("minutes", "0")))


def _platform(facts: Mapping[str, str]) -> str:
    return facts.get("platform", "").capitalize()


def _denied(kind: str, words: Words) -> str:
    match kind:
        case "key":
            return words("Searching has stopped: the endpoint does not accept the key. Set KEYAPI_KEY again.")
        case "quota":
            return words("Searching has stopped: the endpoint's credits are used up. Buy some.")
        case _:
            return words("Searching has stopped: the key may not use the endpoint. Look at your plan there.")
