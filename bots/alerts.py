"""What the operator's admins are told by themselves: an event of the core or of an adapter as a card."""

from collections.abc import Mapping

from bots.cards import Card, Line, Tone
from bots.wording import Words
from core.texts import clean

#: Characters of a fact that is shown: what a machine says can be long.
_FACT_LIMIT = 300


def alert_card(event: str, facts: Mapping[str, str], words: Words) -> Card:
    """The card of an event; one that is new here is told by its name. ``facts`` fill the sentence in."""
    sentences = _sentences(event, facts, words)
    tone = Tone.ANSWER if event == "search_is_back" else Tone.ERROR
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
        case "another_instance":
            return [words("Another process receives messages with this bot's token. Stop one of the two.")]
        case _:
            return [words("Something happened: {event}", event=clean(event, _FACT_LIMIT))]


def _denied(kind: str, words: Words) -> str:
    match kind:
        case "key":
            return words("Searching has stopped: the endpoint does not accept the key. Set KEYAPI_KEY again.")
        case "quota":
            return words("Searching has stopped: the endpoint's credits are used up. Buy some.")
        case _:
            return words("Searching has stopped: the key may not use the endpoint. Look at your plan there.")
