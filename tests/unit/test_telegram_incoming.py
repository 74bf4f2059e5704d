"""What the bot reads out of a message: a photo, a command, a mention, words and a market."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Animation, Chat, Document, Message, MessageEntity, PhotoSize, User

from bots.telegram import incoming
from bots.telegram.incoming import Command, Question
from core.model import HINT_LIMIT

BOT = User(1, "Snapshop", is_bot=True, username="Snapshop_bot")
ANN = User(2, "Ann", is_bot=False)
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def message(text=None, *, entities=(), caption=None, **content):
    content |= {"caption_entities" if caption is not None else "entities": entities}
    chat = Chat(-5, "supergroup")
    return Message(9, NOW, chat, from_user=ANN, text=text, caption=caption, **content)


def size(width, height, name):
    return PhotoSize(name, f"unique {name}", width, height, file_size=width * height)


def commanding(text, length):
    return message(text, entities=[MessageEntity("bot_command", 0, length)])


@pytest.mark.parametrize(
    ("text", "length", "read"),
    [
        ("/find", 5, Command(name="find", arguments="", ours=True)),
        ("/Find  red\nbag ", 5, Command(name="find", arguments="red\nbag", ours=True)),
        ("/find@snapshop_BOT red", 18, Command(name="find", arguments="red", ours=True)),
        ("/find@other_bot red", 15, Command(name="find", arguments="red", ours=False)),
    ],
)
def test_a_command_stands_at_the_beginning_and_may_name_the_bot(text, length, read):
    assert incoming.command_of(commanding(text, length), BOT) == read
    caption = message(caption=text, entities=[MessageEntity("bot_command", 0, length)])
    assert incoming.command_of(caption, BOT) == read


def test_a_command_in_the_middle_is_a_word():
    assert incoming.command_of(message("try /find", entities=[MessageEntity("bot_command", 4, 5)]), BOT) is None
    assert incoming.command_of(message("/find"), BOT) is None


def test_the_smallest_size_that_is_enough_is_taken_else_the_largest():
    sizes = [size(90, 60, "s"), size(320, 213, "m"), size(800, 533, "x"), size(1280, 853, "y")]
    assert incoming.photo_of(message(photo=sizes)).file_id == "x"
    assert incoming.photo_of(message(photo=sizes[:2])).file_id == "m"
    upright = [size(320, 600, "m"), size(450, 800, "x"), size(1280, 2000, "y")]
    assert incoming.photo_of(message(photo=upright)).file == "unique x"


@pytest.mark.parametrize(
    ("name", "mime", "is_picture"),
    [
        ("a.jpg", "image/jpeg", True),
        (None, "image/heic", True),
        ("IMG_1.HEIC", "application/octet-stream", True),
        ("IMG_1.heif", None, True),
        ("notes.pdf", "application/pdf", False),
        ("jpg", None, False),
        (None, None, False),
    ],
)
def test_a_file_is_a_photo_when_it_says_that_it_is_a_picture(name, mime, is_picture):
    document = Document("id", "unique", file_name=name, mime_type=mime, file_size=5)
    assert (incoming.photo_of(message(document=document)) is not None) == is_picture


def test_a_gif_is_no_photo_although_it_comes_with_a_document():
    document = Document("id", "unique", file_name="a.gif", mime_type="image/gif")
    moving = message(document=document, animation=Animation("id", "unique", 1, 1, 1))
    assert incoming.photo_of(moving) is None
    assert incoming.is_other_media(moving)


@pytest.mark.parametrize(
    ("caption", "question"),
    [
        ("", Question(region=None, hint=None)),
        ("red bag", Question(region=None, hint="red bag")),
        ("#US", Question(region="US", hint=None)),
        ("@Snapshop_bot red #uk", Question(region="GB", hint="red")),
        ("@snapshop_botany red", Question(region=None, hint="@snapshop_botany red")),
    ],
)
def test_words_and_market_of_a_caption(caption, question):
    assert incoming.asked_in(caption, BOT) == question


@pytest.mark.threat(26)
@given(st.text(max_size=400))
def test_words_are_short_clean_and_on_one_line(caption):
    hint = incoming.asked_in(caption, BOT).hint
    assert hint is None or (0 < len(hint) <= HINT_LIMIT and "\n" not in hint and hint == hint.strip())


@given(
    st.text(max_size=60),
    st.lists(
        st.tuples(st.sampled_from(["mention", "bot_command", "text_mention", "bold"]), st.integers(0, 200)),
        max_size=5,
    ),
    st.integers(0, 200),
)
def test_whatever_entities_a_message_has_it_can_be_read(text, kinds, length):
    entities = [MessageEntity(kind, offset, length) for kind, offset in kinds]
    odd = message(text, entities=entities)
    incoming.command_of(odd, BOT)
    assert incoming.is_mentioned(odd, BOT) in (True, False)


def test_a_mention_behind_emoji_is_found_by_telegrams_count():
    text = "👜👜 @snapshop_bot"
    assert incoming.is_mentioned(message(text, entities=[MessageEntity("mention", 5, 13)]), BOT)
    assert not incoming.is_mentioned(message("@other_bot", entities=[MessageEntity("mention", 0, 10)]), BOT)
    by_id = MessageEntity("text_mention", 0, 2, user=BOT)
    assert incoming.is_mentioned(message("hi", entities=[by_id]), BOT)


def test_guest_and_business_messages_have_keys_of_their_own():
    plain = incoming.event_of(message("x"))
    assert plain == "telegram:-5:9"
    assert incoming.event_of(message("x", business_connection_id="b1")) == "telegram:-5:9:b1"


@pytest.mark.threat(14)
def test_who_writes_as_a_chat_or_is_one_of_telegrams_accounts_is_nobody():
    assert incoming.person_of(message("x")) == ANN
    assert incoming.person_of(message("x", sender_chat=Chat(-7, "channel"))) is None
    for account in (777000, 136817688, incoming.ANONYMOUS_ADMIN):
        robot = User(account, "Robot", is_bot=account != 777000)
        assert incoming.person_of(Message(1, NOW, Chat(-5, "group"), from_user=robot, text="x")) is None


def test_a_reply_thread_is_no_topic():
    assert incoming.thread_of(message("x", message_thread_id=4)) is None
    assert incoming.thread_of(message("x", message_thread_id=4, is_topic_message=True)) == "4"
