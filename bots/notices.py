"""What is said to messages that are no photo and no command, as cards."""

from bots.cards import Action, Card, Line, Press, Tone
from bots.sentences import sentence
from bots.wording import Words
from core.model import Expired
from core.texts import cut_at_word
from core.views import View, fitting_word

#: Characters of the words on the button that searches with them.
_WORDS_SHOWN = 16


def how_to_use(words: Words) -> Card:
    """To a text that is neither a command nor a reply."""
    return _notice(
        words(
            "Send me a photo of a product, and I look for it in TikTok Shop. "
            "Words under it steer the search. More: /help"
        )
    )


def how_to_use_in_groups(words: Words) -> Card:
    """To a mention or a reply with nothing to search for, in a Telegram group."""
    return _notice(words("Reply /find to a photo, or write it under one, and I look for the product."))


def how_to_use_in_servers(words: Words) -> Card:
    """To a mention or a reply with nothing to search for, in a Discord server."""
    return _notice(
        words(
            "In a server: mention me in the message with the photo, or use /find. For someone else's photo: "
            "its menu, Apps, “{menu}”.",
            menu=words("Find this product"),
        )
    )


def no_picture(words: Words) -> Card:
    """To “Find this product” at a message that has no picture."""
    return _notice(words("There is no picture in that message. Nothing was charged."))


def photo_wanted(words: Words) -> Card:
    """To a sticker, a GIF, a video, a file."""
    return _notice(words("I search with photos only. Send it as a photo."))


def anonymous(words: Words) -> Card:
    """To an admin who writes as the group."""
    return _notice(words("You write as the group, so I cannot tell whose credits to use. Write as yourself, please."))


def out_of_order(words: Words) -> Card:
    """When nothing can be written down, to a message that comes again by itself."""
    return _notice(words("I cannot take photos just now. You were not charged. Your message is not lost."))


def try_later(words: Words) -> Card:
    """When nothing can be written down, to what does not come again."""
    return _notice(words("I cannot take photos just now. You were not charged. Please try again in a few minutes."))


def answered_here(words: Words) -> str:
    """Above an answer in private, to a photo in a channel where the bot may not write."""
    return words("I may not write in that channel, so your answer is here.")


def expired(words: Words) -> Card:
    """To words for an answer that is not kept any more."""
    return _notice(sentence(Expired(search=""), words))


def search_with(search: str, hint: str, words: Words, *, carried: str = "") -> Card:
    """The offer to search a photo again with words, or to see what of its answer has them in the name.

    The words stand in its last line, where a platform's button can find them; ``carried`` is what the button itself
    holds of them, where it can.
    """
    shown = words.outside(cut_at_word(hint, _WORDS_SHOWN))
    label = words("Search again with “{words}” · 1 credit", words=shown)
    again = Action(label, Press.WORDS, search=search, argument=carried)
    containing = Action(
        words("Containing “{words}” · free", words=shown),
        Press.PAGE,
        search=search,
        argument=str(View(word=fitting_word(hint))),
    )
    return Card(
        tone=Tone.NOTICE,
        lines=(Line(words("Shall I look for this photo again, with these words?")), Line(hint, name=True)),
        rows=((again,), (containing,)),
    )


def not_yours(words: Words) -> str:
    """To whoever turns the pages of somebody else's answer."""
    return words("This answer is somebody else's. Reply /find to the photo for your own.")


def too_few(balance: int, needed: int, words: Words) -> str:
    """To whoever has fewer credits than an album's other photos need."""
    need = words.plural(
        "The other photo needs {n} credit; you have {have}.",
        "The other {n} photos need {n} credits; you have {have}.",
        needed,
        have=words.number(balance),
    )
    return words.together(need, words("You were not charged."))


def _notice(said: str) -> Card:
    return Card(tone=Tone.NOTICE, lines=(Line(said),))
