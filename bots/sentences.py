"""What an outcome says in one sentence: what happened, whether it cost something, and what to do next."""

from typing import assert_never

from bots.wording import Words
from core.model import (
    Blocked,
    BudgetSpent,
    Busy,
    Charge,
    Expired,
    Limit,
    Lost,
    MembersOnly,
    NoCredits,
    Paused,
    Problem,
    Receipt,
    Stale,
    Unavailable,
    Unreadable,
    Wait,
    Working,
)

#: The outcomes that one sentence tells.
Told = (
    NoCredits | BudgetSpent | MembersOnly | Blocked | Unreadable | Busy | Paused | Lost | Unavailable | Stale | Expired
)


def sentence(outcome: Told, words: Words) -> str:
    """The sentence that tells an outcome to the person who asked."""
    match outcome:
        case NoCredits():
            return _no_credits(outcome.receipt, words)
        case BudgetSpent():
            return _budget_spent(outcome, words)
        case MembersOnly():
            return words("Only members can search here. Nothing was charged. Join, then send the photo again.")
        case Blocked():
            return words(
                "An admin has switched searching off for you, or for this chat. Nothing was charged. "
                "Please ask them why."
            )
        case Unreadable():
            return _unreadable(outcome.problem, words)
        case Busy():
            return _busy(outcome, words)
        case Paused():
            return words("Searching is paused at the moment. You were not charged. Please try again later.")
        case Lost():
            return words("The answer was lost on the way. You were not charged.")
        case Unavailable():
            return words("Search is down at the moment. You were not charged. Please try again in a while.")
        case Stale():
            return words("You sent this while I was away. It was not searched, and you were not charged.")
        case Expired():
            return words("This answer has expired. Send the photo again.")
        case _:
            assert_never(outcome)


def working_sentence(working: Working, words: Words) -> str:
    """What is said while a search goes on: ``Searching… 3 before you, about 6 s``."""
    if working.pausing:
        return words("A short pause for maintenance. Your answer will come by itself.")
    if not working.before:
        return words("Searching…")
    return words.plural(
        "Searching… {n} before you, {duration}",
        "Searching… {n} before you, {duration}",
        working.before,
        duration=words.duration(working.seconds),
    )


def receipt_line(receipt: Receipt, words: Words) -> str:
    """What it cost, what is left, and what comes back: ``1 credit · 13 left · back to 20 on 1 Dec``."""
    parts = [_cost(receipt.charge, words), words("{balance} left", balance=words.number(receipt.balance))]
    if receipt.balance < receipt.allowance:
        allowance, day = words.number(receipt.allowance), words.date(receipt.renews_on)
        parts.append(words("back to {allowance} on {date}", allowance=allowance, date=day))
    return " · ".join(parts)


def _cost(charge: Charge, words: Words) -> str:
    match charge:
        case Charge.PAID:
            return words.plural("{n} credit", "{n} credits", 1)
        case Charge.STORED:
            return words("free: asked before")
        case Charge.SHARED:
            return words("free: somebody asked the same at this moment")
        case Charge.NOTHING:
            return words("not charged")
        case _:
            assert_never(charge)


def _no_credits(receipt: Receipt, words: Words) -> str:
    if receipt.allowance <= 0:
        return words("You have no credits left, so this was not searched. An admin can give you more.")
    return words(
        "You have no credits left, so this was not searched. You get {allowance} again on {date}.",
        allowance=words.number(receipt.allowance),
        date=words.date(receipt.renews_on),
    )


def _budget_spent(spent: BudgetSpent, words: Words) -> str:
    match spent.limit:
        case Limit.MONTH:
            what = words("Searches of this community are used up for this month.")
            more = words("More on {date}.", date=words.date(spent.until.date()))
        case Limit.DAY:
            what = words("Searches of this community are used up for today.")
            more = words("More at {time}.", time=words.time(spent.until))
        case Limit.CHAT:
            what = words("Searches in this chat are used up for today.")
            more = words("More at {time}.", time=words.time(spent.until))
        case Limit.NEW_ACCOUNT:
            what = words("New people can make only a few searches on their first day.")
            day, time = words.date(spent.until.date()), words.time(spent.until)
            more = words("More on {date} at {time}.", date=day, time=time)
        case _:
            assert_never(spent.limit)
    yours = words.plural("You still have {n} credit.", "You still have {n} credits.", spent.receipt.balance)
    return words.together(what, yours, more)


def _unreadable(problem: Problem, words: Words) -> str:
    match problem:
        case Problem.NOT_A_PICTURE:
            what = words("That file is not a picture. Send a photo of the product.")
        case Problem.UNSUPPORTED:
            what = words("I cannot read this kind of picture. Send it as a photo, or as JPEG, PNG or WebP.")
        case Problem.BROKEN:
            what = words("I could not read this photo. It may be damaged: send it again, or send another one.")
        case Problem.TOO_LARGE:
            what = words("This file is too large for me. Send it as a photo, or under 20 MB.")
        case Problem.TOO_MANY_PIXELS:
            what = words("This picture has too many pixels for me. Send it as a photo, or make it smaller.")
        case Problem.TOO_SMALL:
            what = words("This picture is too small to search with. Send one at least 100 pixels wide and high.")
        case Problem.BLANK:
            what = words("This picture has only one colour. Send a photo with the product in it.")
        case Problem.UNFETCHED:
            what = words("I could not fetch the photo. Try again, or send it again.")
        case _:
            assert_never(problem)
    return words.together(what, words("You were not charged."))


def _busy(busy: Busy, words: Words) -> str:
    wait = words.duration(busy.seconds)
    match busy.wait:
        case Wait.QUEUE:
            what = words("Many photos are waiting just now. Please try again in {duration}.", duration=wait)
        case Wait.PERSON:
            what = words("Your other photos are still waiting. Please send this one in {duration}.", duration=wait)
        case _:
            assert_never(busy.wait)
    return words.together(what, words("You were not charged."))
