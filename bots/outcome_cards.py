"""An outcome as a card; the parts of an answer are in ``answer_cards``."""

from typing import assert_never

from bots.answer_cards import found_card, nothing_card
from bots.cards import Action, Card, Line, Links, Press, Tone
from bots.sentences import Told, receipt_line, sentence, working_sentence
from bots.wording import Words
from core.model import (
    Blocked,
    BudgetSpent,
    Busy,
    Expired,
    Found,
    Lost,
    MembersOnly,
    NoCredits,
    NothingFound,
    Outcome,
    Paused,
    Problem,
    Stale,
    Unavailable,
    Unreadable,
    Working,
)


def outcome_card(outcome: Outcome | Working, words: Words, links: Links) -> Card:
    """The card of an outcome, or of a search that goes on."""
    match outcome:
        case Found():
            return found_card(outcome, words, links)
        case NothingFound():
            return nothing_card(outcome, words)
        case Working():
            return Card(tone=Tone.QUIET, lines=(Line(working_sentence(outcome, words)),))
        case Lost() | Unavailable():
            return _told(outcome, words, Tone.ERROR, again=True, receipt=receipt_line(outcome.receipt, words))
        case NoCredits() | BudgetSpent():
            # What is left, and when more comes, is in the sentence.
            return _told(outcome, words, Tone.NOTICE, again=True, receipt=words("not charged"))
        case Busy() | Paused() | Stale():
            return _told(outcome, words, Tone.NOTICE, again=True)
        case Unreadable():
            return _told(outcome, words, Tone.NOTICE, again=outcome.problem is Problem.UNFETCHED)
        case MembersOnly() | Blocked() | Expired():
            return _told(outcome, words, Tone.NOTICE, again=False)
        case _:
            assert_never(outcome)


def _told(outcome: Told, words: Words, tone: Tone, *, again: bool, receipt: str = "") -> Card:
    label = words("Search now · 1 credit") if isinstance(outcome, Stale) else words("Try again · 1 credit")
    return Card(
        tone=tone,
        lines=(Line(sentence(outcome, words)),),
        receipt=receipt,
        rows=((Action(label, Press.RETRY, search=outcome.search),),) if again else (),
    )
