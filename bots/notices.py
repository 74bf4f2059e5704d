"""Sentences that only Telegram needs, as cards."""

from bots.cards import Action, Card, Line, Press, Tone
from bots.sentences import sentence
from bots.wording import Words
from core.model import Expired
from core.texts import cut_at_word

#: Characters of the words on the button that searches with them.
_WORDS_SHOWN = 24


def how_to_use(words: Words) -> Card:
    """To a text that is neither a command nor a reply."""
    return _notice(
        words(
            "Send me a photo of a product, and I look for it in TikTok Shop. "
            "Words under it steer the search. More: /help"
        )
    )


def how_to_use_in_groups(words: Words) -> Card:
    """To a mention or a reply with nothing to search for."""
    return _notice(words("Reply /find to a photo, or write it under one, and I look for the product."))


def photo_wanted(words: Words) -> Card:
    """To a sticker, a GIF, a video, a file."""
    return _notice(words("I search with photos only. Send it as a photo."))


def anonymous(words: Words) -> Card:
    """To an admin who writes as the group."""
    return _notice(words("You write as the group, so I cannot tell whose credits to use. Write as yourself, please."))


def out_of_order(words: Words) -> Card:
    """When nothing can be written down."""
    return _notice(words("I cannot take photos just now. You were not charged. Your message is not lost."))


def expired(words: Words) -> Card:
    """To words for an answer that is not kept any more."""
    return _notice(sentence(Expired(search=""), words))


def search_with(search: str, hint: str, words: Words) -> Card:
    """The offer to search a photo again with words. They stand in its last line, where the button finds them."""
    label = words("Search again with “{words}” · 1 credit", words=words.outside(cut_at_word(hint, _WORDS_SHOWN)))
    return Card(
        tone=Tone.NOTICE,
        lines=(Line(words("Shall I look for this photo again, with these words?")), Line(hint, name=True)),
        rows=((Action(label, Press.WORDS, search=search),),),
    )


def not_yours(words: Words) -> str:
    """To whoever turns the pages of somebody else's answer."""
    return words("This answer is somebody else's. Reply /find to the photo for your own.")


def too_few(balance: int, needed: int, words: Words) -> str:
    """To whoever has fewer credits than an album's other photos need."""
    have = words.plural("You have {n} credit", "You have {n} credits", balance)
    need = words.plural("the other photo needs {n}.", "the other photos need {n}.", needed)
    return have + ", " + need + " " + words("You were not charged.")


def _notice(said: str) -> Card:
    return Card(tone=Tone.NOTICE, lines=(Line(said),))
