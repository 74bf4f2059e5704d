"""The real python-telegram-bot against the local Bot API over a real socket, judged by aiogram's models."""

import asyncio
import io
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from aiohttp import web
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bots.sandbox.telegram_world import TelegramWorld
from tests.telegram_judge import judge
from tests.telegram_lab import Fault, TelegramLab
from tests.telegram_server import photo, serving

GROUP, CHANNEL = -100_500, -100_600
KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("More", callback_data="more")]])


@pytest.fixture(autouse=True)
def _timedeltas(monkeypatch):
    """python-telegram-bot warns at every retry_after that is read as an int."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
def world():
    world = TelegramLab()
    world.person(1, "Ann", username="ann")
    world.person(2, "Bob", language_code="de")
    world.group(GROUP, "Friends", [1, 2], admins=[2])
    return world


@asynccontextmanager
async def bot_of(world, url, token=None, read_timeout=5.0):
    # verify: reading the certificates of the world takes longer than most tests.
    request, polls = (HTTPXRequest(read_timeout=read_timeout, httpx_kwargs={"verify": False}) for _ in "ab")
    roots = {"base_url": f"{url}/bot", "base_file_url": f"{url}/file/bot"}
    bot = Bot(token or world.token, **roots, request=request, get_updates_request=polls)
    try:
        async with bot:
            yield bot
    finally:
        await request.shutdown()
        await polls.shutdown()


@pytest.fixture
async def bot(world):
    async with serving(world) as url, bot_of(world, url) as bot:
        yield bot
    assert judge(world) == []


# --- updates
async def test_a_long_poll_returns_as_soon_as_someone_writes(world, bot):
    began = time.monotonic()
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await world.wait_until(lambda: world.counts["getUpdates"])
    world.send_text(1, 1, "hello")
    (update,) = await poll
    assert (update.update_id, update.message.text, update.message.from_user.username) == (100, "hello", "ann")
    assert time.monotonic() - began < 2


async def test_an_update_comes_again_until_a_higher_offset_confirms_it(world, bot):
    for text in "abc":
        world.send_text(1, 1, text)
    assert [u.message.text for u in await bot.get_updates(limit=2)] == ["a", "b"]
    assert [u.message.text for u in await bot.get_updates()] == ["a", "b", "c"]
    assert [u.message.text for u in await bot.get_updates(offset=102)] == ["c"]
    assert await bot.get_updates(offset=103) == ()


@pytest.mark.fault(14)
async def test_the_older_of_two_polls_is_ended_with_a_conflict(world, bot):
    older = asyncio.create_task(bot.get_updates(timeout=5))
    await world.wait_until(lambda: world.counts["getUpdates"])
    async with bot_of(world, bot.base_url.partition("/bot")[0]) as other:
        newer = asyncio.create_task(other.get_updates(timeout=5))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await older
        world.send_text(1, 1, "for the newer")
        assert len(await newer) == 1


async def test_updates_of_a_type_that_was_not_asked_for_are_dropped(world, bot):
    await bot.get_updates(allowed_updates=["callback_query"])
    world.send_text(1, 1, "not asked for")
    await bot.get_updates(allowed_updates=["message"])
    world.send_text(1, 1, "asked for")
    assert [u.message.text for u in await bot.get_updates()] == ["asked for"]


@pytest.mark.fault(11)
async def test_a_confirmed_update_can_be_delivered_again(world, bot):
    world.send_text(1, 1, "once")
    await bot.get_updates()
    await bot.get_updates(offset=101)
    world.redeliver(100, times=2)
    assert [u.update_id for u in await bot.get_updates(offset=101)] == [100, 100]
    world.redeliver()
    assert [u.update_id for u in await bot.get_updates(offset=101)] == [100]
    assert await bot.get_updates(offset=101) == ()


@pytest.mark.fault(1)
async def test_what_is_delivered_again_waits_for_a_bot_that_is_there(world, bot):
    world.send_text(1, 1, "before the crash")
    await bot.get_updates()
    await bot.get_updates(offset=101)
    address = httpx.URL(bot.base_url)
    _, dying = await asyncio.open_connection(address.host, address.port)
    dying.write(f"GET /bot{world.token}/getUpdates?timeout=50 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await world.wait_until(lambda: world.counts["getUpdates"] == 3)
    dying.close()
    await dying.wait_closed()
    await asyncio.sleep(0.05)
    world.redeliver()
    assert [u.message.text for u in await bot.get_updates(timeout=2)] == ["before the crash"]


@pytest.mark.fault(12)
async def test_update_ids_can_start_again(world, bot):
    world.next_update_id = 900_000
    world.send_text(1, 1, "before")
    await bot.get_updates()
    await bot.get_updates(offset=900_001)
    world.next_update_id = 7
    world.send_text(1, 1, "after")
    assert [(u.update_id, u.message.text) for u in await bot.get_updates(offset=900_001)] == [(7, "after")]


async def test_a_malformed_update_reaches_the_bot_as_it_is(world):
    async with serving(world) as url, httpx.AsyncClient(verify=False) as client:
        broken = world.inject({"message": {"message_id": "not a number"}})
        answer = await client.post(f"{url}/bot{world.token}/getUpdates", json={"timeout": 1})
    assert answer.json()["result"] == [{"update_id": broken, "message": {"message_id": "not a number"}}]
    assert judge(world) != []
    assert judge(world, malformed=[broken]) == []


@asynccontextmanager
async def webhook_of_a_bot(answers):
    """A bot's own server: what it got, and the statuses it answers, the last one for ever."""
    got = []

    async def take(request):
        got.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
        return web.Response(status=answers.pop(0) if len(answers) > 1 else answers[0])

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", got
    await runner.cleanup()


async def test_a_webhook_gets_its_secret_and_every_update_until_it_takes_it(world, bot):
    async with webhook_of_a_bot([500, 200]) as (address, got):
        await bot.set_webhook(address, secret_token="s" * 40)
        with pytest.raises(Conflict, match="webhook is active"):
            await bot.get_updates()
        world.send_text(1, 1, "first")
        world.send_text(1, 1, "second")
        await world.wait_until(lambda: not world.pending or None)
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count) == (address, 0)
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
        assert {secret for secret, _ in got} == {"s" * 40}
        assert [update["message"]["text"] for _, update in got] == ["first", "first", "second"]
        await bot.delete_webhook()
        assert (await bot.get_webhook_info()).url == ""
        assert await bot.get_updates() == ()
    with pytest.raises(BadRequest, match="Bad webhook: an https url must be provided"):
        await bot.set_webhook("http://bot.example/hook")


async def test_setting_a_webhook_ends_a_poll_that_waits(world, bot):
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await world.wait_until(lambda: world.counts["getUpdates"])
    async with webhook_of_a_bot([200]) as (address, _):
        await bot.set_webhook(address)
        with pytest.raises(Conflict):
            await poll


# --- who the bot is
async def test_a_wrong_token_and_an_unknown_method_are_refused_as_on_telegram(world):
    async with serving(world) as url, httpx.AsyncClient(verify=False) as client:
        with pytest.raises(InvalidToken):
            async with bot_of(world, url, token="1:wrong"):
                pass
        wrong = await client.get(f"{url}/bot1:wrong/getMe")
        assert wrong.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}
        unknown = await client.get(f"{url}/bot{world.token}/makeTea")
        expected = {"ok": False, "error_code": 404, "description": "Not Found: method not found"}
        assert (unknown.status_code, unknown.json()) == (404, expected)


async def test_names_descriptions_and_commands_are_kept_by_language_and_scope(world, bot):
    await bot.set_my_description("Finds products")
    await bot.set_my_description("Findet Produkte", language_code="de")
    await bot.set_my_short_description("Products")
    assert (await bot.get_my_description("de")).description == "Findet Produkte"
    assert (await bot.get_my_description("fr")).description == "Finds products"
    assert (await bot.get_my_short_description()).short_description == "Products"
    assert (await bot.get_my_name()).name == "Snapshop"
    await bot.set_my_commands([BotCommand("find", "Find it")])
    await bot.set_my_commands([BotCommand("grant", "Give credits")], scope=BotCommandScopeChat(1))
    assert [c.command for c in await bot.get_my_commands()] == ["find"]
    assert [c.command for c in await bot.get_my_commands(scope=BotCommandScopeChat(1))] == ["grant"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_chat_menu_button()
    with pytest.raises(BadRequest, match="Short_description is too long"):
        await bot.set_my_short_description("x" * 121)
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([("Find", "upper case")])


async def test_commands_for_someone_who_never_started_the_bot_are_refused(world, bot):
    world.person(3, "Cas", opened=False)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands([("usage", "Report")], scope=BotCommandScopeChat(3))
    world.send_text(3, 3, "/start")
    assert await bot.set_my_commands([("usage", "Report")], scope=BotCommandScopeChat(3))


# --- photos
async def test_a_photo_comes_in_telegrams_sizes_and_can_be_downloaded(world, bot):
    world.send_photos(1, 1, [photo(2000, 1000)], "red bag #US")
    (update,) = await bot.get_updates()
    sizes = [(size.width, size.height) for size in update.message.photo]
    assert sizes == [(90, 45), (320, 160), (800, 400), (1280, 640)]
    assert update.message.caption == "red bag #US"
    file = await update.message.photo[2].get_file()
    data = bytes(await file.download_as_bytearray())
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size, len(data)) == (
            "JPEG",
            (800, 400),
            update.message.photo[2].file_size,
        )


async def test_small_photos_are_never_enlarged(world, bot):
    world.send_photos(1, 1, [photo(200, 300)])
    world.send_photos(1, 1, [photo(60, 60)])
    updates = await bot.get_updates()
    assert [[(s.width, s.height) for s in u.message.photo] for u in updates] == [
        [(60, 90), (200, 300)],
        [(60, 60)],
    ]


async def test_the_same_bytes_sent_anew_have_new_ids_and_a_forward_keeps_them(world, bot):
    (first,) = world.send_photos(1, 1, [photo()], "bag")
    world.send_photos(1, 1, [photo()])
    world.forward(2, 2, 1, first["message_id"])
    one, two, forwarded = await bot.get_updates()
    assert {s.file_unique_id for s in one.message.photo}.isdisjoint(s.file_unique_id for s in two.message.photo)
    assert one.message.photo == forwarded.message.photo
    assert forwarded.message.caption == "bag"
    assert forwarded.message.forward_origin.sender_user.id == 1


async def test_an_album_is_several_messages_with_one_group_and_one_caption(world, bot):
    world.send_photos(1, 1, [photo(), photo(color="red"), photo(color="blue")], "these")
    messages = [u.message for u in await bot.get_updates()]
    assert len({m.media_group_id for m in messages}) == 1
    assert [m.caption for m in messages] == ["these", None, None]


async def test_a_document_keeps_its_bytes_and_what_is_no_picture_becomes_one(world, bot):
    original = photo(kind="PNG")
    world.send_document(1, 1, original, "as a file", name="bag.png", mime="image/png")
    world.send_photos(1, 1, [b"not a picture"])
    picture, other = await bot.get_updates()
    file = await picture.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == original
    assert (picture.message.document.mime_type, picture.message.caption) == ("image/png", "as a file")
    assert other.message.document.mime_type == "application/octet-stream"


@pytest.mark.fault(38)
async def test_files_that_are_too_big_or_gone_are_refused(world, bot):
    big = world.send_document(1, 1, b"x", size=20 * 1024 * 1024 + 1)["document"]["file_id"]
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(big)
    gone = world.send_photos(1, 1, [photo()])[0]["photo"][-1]["file_id"]
    world.files.expire(gone)
    with pytest.raises(BadRequest, match="Wrong file_id or the file is temporarily unavailable"):
        await bot.get_file(gone)


@pytest.mark.fault(38)
async def test_a_download_can_stall_and_break_in_the_middle(world):
    async with serving(world) as url, bot_of(world, url, read_timeout=0.3) as bot:
        file = await bot.get_file(world.send_photos(1, 1, [photo()])[0]["photo"][-1]["file_id"])
        world.faults.add(Fault(method="download", delay=30))
        with pytest.raises(TimedOut):
            await file.download_as_bytearray()
        world.faults.add(Fault(method="download", drop=True))
        with pytest.raises(NetworkError):
            await file.download_as_bytearray()
        assert await file.download_as_bytearray()


async def test_the_bot_sends_a_photo_and_sends_it_again_by_its_id(world, bot):
    asked = world.send_text(1, 1, "show me")["message_id"]
    sent = await bot.send_photo(
        1,
        photo(1080, 536),
        caption="<b>Closest</b>",
        parse_mode="HTML",
        reply_parameters=ReplyParameters(asked),
        reply_markup=KEYS,
    )
    assert (sent.caption, sent.reply_to_message.text, sent.reply_markup) == ("Closest", "show me", KEYS)
    again = await bot.send_photo(1, sent.photo[-1].file_id)
    assert again.photo == sent.photo
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(1, "AgACAgIAAxkBnowhere")
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(1, b"no picture")
    with pytest.raises(BadRequest, match="too big for a photo"):
        await bot.send_photo(1, bytes(10 * 1024 * 1024 + 1))


async def test_a_report_is_sent_as_a_document(world, bot):
    sent = await bot.send_document(1, b"day,person\n", filename="usage.csv", caption="November")
    file = await sent.document.get_file()
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(1, bytes(50 * 1024 * 1024 + 1))
    assert (sent.document.file_name, bytes(await file.download_as_bytearray())) == (
        "usage.csv",
        b"day,person\n",
    )


# --- answers and edits
async def test_an_answer_in_text_is_shown_with_its_links_and_preview(world, bot):
    preview = LinkPreviewOptions(url="https://a.example/1", prefer_large_media=True, show_above_text=True)
    source = '1. <a href="https://a.example/1">Bag &amp; more</a>'
    await bot.send_message(1, source, parse_mode="HTML", link_preview_options=preview)
    shown = await world.wait_for(lambda m: "Bag" in m["text"], chat=1)
    assert shown["entities"] == [{"type": "text_link", "offset": 3, "length": 10, "url": "https://a.example/1"}]
    assert shown["link_preview_options"]["show_above_text"] is True


async def test_a_waiting_message_is_edited_into_an_answer_with_a_picture(world, bot):
    sent = await bot.send_message(1, "searching…")
    edited = await sent.edit_media(InputMediaPhoto(photo(), caption="<i>1 credit</i>", parse_mode="HTML"), KEYS)
    assert (edited.message_id, edited.text, edited.caption) == (sent.message_id, None, "1 credit")
    assert edited.edit_date - edited.date < timedelta(seconds=5)
    again = await edited.edit_media(InputMediaPhoto(edited.photo[-1].file_id, caption="page 2"), KEYS)
    assert again.photo == edited.photo
    assert (await again.edit_caption("page 3", reply_markup=KEYS)).caption == "page 3"
    assert (await again.edit_reply_markup(None)).reply_markup is None
    assert [m["caption"] for m in world.messages(1)] == ["page 3"]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await again.edit_text("text")


@pytest.mark.fault(37)
async def test_edits_that_change_nothing_or_find_nothing_are_refused(world, bot):
    theirs = world.send_text(1, 1, "mine")["message_id"]
    sent = await bot.send_message(1, "<b>a</b>", parse_mode="HTML", reply_markup=KEYS)
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content"):
        await sent.edit_text("<b>a</b>", parse_mode="HTML", reply_markup=KEYS)
    assert await sent.edit_text("a", reply_markup=KEYS)
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await sent.edit_caption("a")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("b", 1, theirs)
    assert await sent.delete()
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await sent.edit_text("b")
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await sent.delete()


@pytest.mark.fault(37)
async def test_a_reply_to_a_deleted_photo_is_refused_unless_allowed(world, bot):
    number = world.send_photos(1, 1, [photo()])[0]["message_id"]
    world.delete(1, number)
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(1, "a", reply_parameters=ReplyParameters(number))
    allowed = ReplyParameters(number, allow_sending_without_reply=True)
    assert (await bot.send_message(1, "a", reply_parameters=allowed)).reply_to_message is None


async def test_an_answer_in_a_topic_stays_in_the_topic(world, bot):
    asked = world.send_text(1, GROUP, "/find", thread=77)["message_id"]
    sent = await bot.send_message(GROUP, "a", message_thread_id=77)
    assert (sent.message_thread_id, sent.is_topic_message) == (77, True)
    assert (await bot.send_message(GROUP, "b", reply_parameters=ReplyParameters(asked))).message_thread_id == 77
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(GROUP, "c", message_thread_id=78)


async def test_limits_and_broken_html_are_refused(world, bot):
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(1, "x" * 4097)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(1, photo(), caption="x" * 1025)
    with pytest.raises(BadRequest, match="Can't parse entities: unsupported start tag"):
        await bot.send_message(1, "<u><3></u>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Button_data_invalid"):
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("1", callback_data="é" * 33)]])
        await bot.send_message(1, "x", reply_markup=keys)
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(404, "x")
    assert world.messages(1) == []


# --- buttons, actions, reactions
async def test_a_press_arrives_and_is_answered_once_within_fifteen_seconds(world, bot):
    now = [1_800_000_000.0]
    world.clock = lambda: now[0]
    sent = await bot.send_message(1, "a", reply_markup=KEYS)
    query = world.press(1, 1, sent.message_id, "more")
    (update,) = await bot.get_updates()
    pressed = update.callback_query
    assert (pressed.id, pressed.data, pressed.from_user.id, pressed.message.text) == (query, "more", 1, "a")
    assert await pressed.answer("here", show_alert=True)
    assert world.presses[query].answer == {"text": "here", "show_alert": True, "url": ""}
    too_old = "Query is too old and response timeout expired or query id is invalid"
    with pytest.raises(BadRequest, match=too_old):
        await pressed.answer()
    late = world.press(1, 1, sent.message_id, "more")
    now[0] += 16
    with pytest.raises(BadRequest, match=too_old):
        await bot.answer_callback_query(late)


async def test_actions_and_reactions_are_seen_by_the_people_in_the_chat(world, bot):
    number = world.send_text(1, 1, "hi")["message_id"]
    await bot.send_chat_action(1, "typing")
    await bot.set_message_reaction(1, number, "👀")
    seen = world.chats[1].events[1:]
    reaction = {"message_id": number, "reactions": [{"emoji": "👀"}]}
    assert seen == [("action", {"action": "typing"}), ("reaction", reaction)]
    await bot.set_message_reaction(1, number)
    assert world.chats[1].reactions[number] == []


# --- chats and their people
async def test_privacy_mode_lets_commands_and_replies_through(world, bot):
    answer = await bot.send_message(GROUP, "an answer")
    picture = world.send_photos(1, GROUP, [photo()], "look")[0]["message_id"]
    world.send_text(1, GROUP, "hey @snapshop_bot")
    world.send_text(1, GROUP, "/find@other_bot")
    world.send_text(1, GROUP, "/find red", reply_to=picture)
    world.send_photos(1, GROUP, [photo()], "/find@snapshop_bot")
    world.send_text(1, GROUP, "thanks", reply_to=answer.message_id)
    command, caption, reply = [u.message for u in await bot.get_updates()]
    assert (command.text, len(command.reply_to_message.photo)) == ("/find red", 3)
    assert (caption.caption, caption.caption_entities[0].type) == ("/find@snapshop_bot", "bot_command")
    assert (reply.text, reply.reply_to_message.from_user.id) == ("thanks", world.bot["id"])


async def test_as_an_admin_the_bot_sees_everything(world, bot):
    world.set_bot(GROUP, 2, "administrator")
    world.send_text(1, GROUP, "anything")
    promoted, message = await bot.get_updates()
    assert promoted.my_chat_member.new_chat_member.status == "administrator"
    assert message.message.text == "anything"


@pytest.mark.threat(14)
async def test_an_anonymous_admin_speaks_as_the_group(world, bot):
    world.send_text(2, GROUP, "/grant telegram:2 100", anonymous=True)
    (update,) = await bot.get_updates()
    assert (update.message.from_user.id, update.message.sender_chat.id) == (1087968824, GROUP)


@pytest.mark.threat(14)
async def test_a_channel_post_is_forwarded_to_its_discussion_group(world, bot):
    channel = world.group(CHANNEL, "News", [2], admins=[2], kind="channel")
    channel.discussion = GROUP
    world.set_bot(GROUP, 2, "administrator")
    world.send_photos(2, CHANNEL, [photo()], "new bag")
    _, post, forward = await bot.get_updates()
    assert (post.channel_post.from_user, post.channel_post.sender_chat.id) == (None, CHANNEL)
    assert (forward.message.from_user.id, forward.message.is_automatic_forward) == (777000, True)
    assert forward.message.photo == post.channel_post.photo


async def test_a_quote_from_another_chat_brings_its_photo_along(world, bot):
    channel = world.group(CHANNEL, "News", [2], admins=[2], kind="channel")
    number = world.send_photos(2, channel.id, [photo()])[0]["message_id"]
    world.send_text(2, 2, "/find", quote=(channel.id, number))
    update = (await bot.get_updates())[-1]
    assert update.message.external_reply.message_id == number
    assert len(update.message.external_reply.photo) == 3


@pytest.mark.fault(13)
async def test_an_edited_caption_arrives_as_an_edit(world, bot):
    number = world.send_photos(1, 1, [photo()], "bag")[0]["message_id"]
    world.edit(1, number, "red bag #US")
    sent, edited = await bot.get_updates()
    assert edited.message is None
    assert (edited.edited_message.caption, edited.edited_message.photo) == ("red bag #US", sent.message.photo)


@pytest.mark.parametrize("kind", ["sticker", "animation", "video"])
async def test_other_media_arrive_as_what_they_are(world, bot, kind):
    world.send_media(1, 1, kind)
    (update,) = await bot.get_updates()
    assert getattr(update.message, kind).width == 512
    assert bool(update.message.document) == (kind == "animation")


@pytest.mark.fault(35)
async def test_a_bot_that_was_blocked_or_kicked_may_not_write(world, bot):
    world.block(1)
    world.set_bot(GROUP, 2, "kicked")
    blocked, kicked = await bot.get_updates()
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert kicked.my_chat_member.chat.id == GROUP
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(1, "x")
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(GROUP, "x")
    world.unblock(1)
    assert await bot.send_message(1, "x")


@pytest.mark.fault(36)
async def test_a_group_that_became_a_supergroup_says_where_it_went(world, bot):
    world.group(-77, "Small", [1, 2], admins=[1], kind="group")
    new = world.migrate(-77, by=1)
    left, came = await bot.get_updates()
    assert (left.message.migrate_to_chat_id, came.message.migrate_from_chat_id) == (new, -77)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(-77, "x")
    assert moved.value.new_chat_id == new
    assert (await bot.send_message(new, "x")).chat.type == "supergroup"


async def test_membership_and_admins_can_be_asked(world, bot):
    world.person(3, "Cas")
    assert [(await bot.get_chat_member(GROUP, who)).status for who in (1, 2, 3, world.bot["id"])] == [
        "member",
        "administrator",
        "left",
        "member",
    ]
    assert [admin.user.id for admin in await bot.get_chat_administrators(GROUP)] == [2]
    assert await bot.get_chat_member_count(GROUP) == 3
    assert (await bot.get_chat(GROUP)).title == "Friends"
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await bot.get_chat_member(GROUP, 404)


# --- faults
@pytest.mark.fault(34)
async def test_a_flooded_chat_is_refused_and_the_others_are_not(world, bot):
    world.faults.flood(1, retry_after=3, times=2)
    for _ in range(2):
        with pytest.raises(RetryAfter) as flooded:
            await bot.send_message(1, "x")
        assert flooded.value.retry_after == timedelta(seconds=3)
    assert await bot.send_message(2, "x")
    assert await bot.send_message(1, "x")


@pytest.mark.fault(34)
async def test_a_flood_can_last_until_its_time_is_over(world, bot):
    world.faults.flood(1, retry_after=1)
    with pytest.raises(RetryAfter):
        await bot.send_message(1, "x")
    world.faults.waiting[0].until = time.monotonic()
    assert await bot.send_message(1, "x")


async def test_the_pace_of_chats_and_groups_is_enforced_on_request(world, bot):
    now = [1_800_000_000.0]
    world.clock, world.enforce_pace = (lambda: now[0]), True
    sent = await bot.send_message(1, "a")
    with pytest.raises(RetryAfter):
        await sent.edit_text("b")
    for _ in range(20):
        await bot.send_message(GROUP, "x")
        now[0] += 1.5
    with pytest.raises(RetryAfter) as flooded:
        await bot.send_message(GROUP, "the 21st")
    assert flooded.value.retry_after == timedelta(seconds=30)
    assert await sent.edit_text("b")


async def test_a_chosen_call_fails_once_without_being_performed(world, bot):
    world.faults.fail("sendMessage", 502, "Bad Gateway")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(1, "x")
    assert world.messages(1) == []
    assert await bot.send_message(1, "x")
    assert world.counts["sendMessage"] == 2


async def test_an_answer_can_be_lost_after_the_message_was_sent(world, bot):
    world.faults.add(Fault(method="sendMessage", drop=True))
    with pytest.raises(NetworkError):
        await bot.send_message(1, "sent all the same")
    assert [m["text"] for m in world.messages(1)] == ["sent all the same"]


async def test_a_call_can_be_delayed(world):
    async with serving(world) as url, bot_of(world, url, read_timeout=0.2) as bot:
        world.faults.add(Fault(method="sendMessage", delay=0.4))
        with pytest.raises(TimedOut):
            await bot.send_message(1, "late")
        assert (await world.wait_for(lambda m: m["text"] == "late", chat=1))["message_id"] == 1


async def test_waiting_for_a_message_ends_with_its_time(world):
    with pytest.raises(TimeoutError):
        await world.wait_for(lambda m: True, chat=1, timeout=0.01)


async def test_half_an_emoji_is_refused(world):
    async with serving(world) as url, httpx.AsyncClient(verify=False) as client:
        half = b'{"chat_id": 1, "text": "\\ud83d"}'
        headers = {"Content-Type": "application/json"}
        refused = await client.post(f"{url}/bot{world.token}/sendMessage", content=half, headers=headers)
    assert refused.json()["description"] == "Bad Request: strings must be encoded in UTF-8"


# --- the demo's Telegram, without the lab
@pytest.fixture
async def demo_bot():
    """A bot in a world as the demo has it: one person, one group."""
    world = TelegramWorld()
    world.person(1, "Ann", username="ann")
    world.group(GROUP, "Friends", [1], admins=[1])
    async with serving(world) as url, bot_of(world, url) as bot:
        yield world, bot


async def test_the_demos_bot_gets_a_photo_and_answers_with_pages(demo_bot):
    world, bot = demo_bot
    poll = asyncio.create_task(bot.get_updates(timeout=5, allowed_updates=["message", "callback_query"]))
    await bot.send_chat_action(1, "typing")
    world.send_photos(1, 1, [photo(2000, 1000)], "red bag #US")
    (update,) = await poll
    file = await update.message.photo[-1].get_file()
    assert len(await file.download_as_bytearray()) == update.message.photo[-1].file_size
    reply = ReplyParameters(update.message.message_id, allow_sending_without_reply=True)
    waiting = await bot.send_message(1, "<i>searching</i>", parse_mode="HTML", reply_parameters=reply)
    media = InputMediaPhoto(photo(1080, 536), caption="<b>Closest</b>", parse_mode="HTML")
    answer = await waiting.edit_media(media, KEYS)
    assert (answer.caption, answer.reply_to_message.caption, answer.text) == ("Closest", "red bag #US", None)
    query = world.press(1, 1, answer.message_id, "more")
    (pressed,) = await bot.get_updates(offset=update.update_id + 1)
    assert (pressed.callback_query.id, pressed.callback_query.data) == (query, "more")
    assert await pressed.callback_query.answer("here")
    with pytest.raises(BadRequest, match="Query is too old"):
        await pressed.callback_query.answer("twice")
    again = await answer.edit_media(InputMediaPhoto(answer.photo[-1].file_id, caption="page 2"), KEYS)
    assert again.photo == answer.photo
    with pytest.raises(BadRequest, match="Message is not modified"):
        await again.edit_caption("page 2", reply_markup=KEYS)
    bare = await again.edit_reply_markup(None)
    assert (bare.caption, bare.photo, bare.reply_markup) == ("page 2", answer.photo, None)
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await again.edit_text("text")
    assert await again.delete()
    sent = await bot.send_photo(1, photo())
    assert (await bot.send_photo(1, sent.photo[-1].file_id)).photo == sent.photo


async def test_the_demos_telegram_knows_its_limits(demo_bot):
    world, bot = demo_bot
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(1, "x" * 4097)
    with pytest.raises(BadRequest, match="Can't parse entities: unsupported start tag"):
        await bot.send_message(1, "<3>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="File is too big"):
        big = world.send_document(1, 1, bytes(20 * 1024 * 1024 + 1), name="a.png", mime="image/png")
        await bot.get_file(big["document"]["file_id"])
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await bot.get_file("nothing")
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(1, "AgACAgIAAxkBnowhere")
    with pytest.raises(BadRequest, match="Can't parse the parameters"):
        await bot.send_message(404, "x")
    with pytest.raises(InvalidToken):
        async with bot_of(world, bot.base_url.partition("/bot")[0], token="1:wrong"):
            pass


async def test_in_the_demos_group_the_bot_hears_commands_and_replies_only(demo_bot):
    world, bot = demo_bot
    answer = await bot.send_message(GROUP, "an answer")
    world.send_text(1, GROUP, "hello everybody")
    world.send_photos(1, GROUP, [photo()], "/find@snapshop_bot")
    world.send_text(1, GROUP, "thanks", reply_to=answer.message_id)
    said = [update.message.caption or update.message.text for update in await bot.get_updates()]
    assert said == ["/find@snapshop_bot", "thanks"]
    assert await bot.set_message_reaction(GROUP, answer.message_id, "👀")
    assert (await bot.get_chat_member(GROUP, 1)).status == "creator"


# --- the judge can say no
async def test_the_judge_finds_unknown_parameters_missing_files_and_wrong_types(world):
    async with serving(world) as url, httpx.AsyncClient(verify=False) as client:
        root = f"{url}/bot{world.token}"
        await client.post(f"{root}/sendMessage", json={"chat_id": 1, "text": "x", "disable_preview": True})
        await client.post(f"{root}/sendMessage", json={"chat_id": 1})
        media = {"type": "photo", "media": "attach://nothing", "has_spoilers": True}
        await client.post(f"{root}/editMessageMedia", json={"chat_id": 1, "message_id": 1, "media": media})
    world.inject({"message": {"message_id": 1}})
    assert [complaint.split(":")[0] for complaint in judge(world)].count("update 100") >= 2
    found = "\n".join(judge(world))
    for complaint in (
        "sendMessage: parameter disable_preview: unknown to the Bot API",
        "sendMessage: parameter text: Field required",
        "editMessageMedia: parameter attach://nothing has no file",
        "has_spoilers: unknown to the Bot API",
    ):
        assert complaint in found


async def test_a_file_id_from_nowhere_is_refused(bot):
    with pytest.raises(BadRequest, match="Wrong file_id or the file is temporarily unavailable"):
        await bot.get_file("nothing")
