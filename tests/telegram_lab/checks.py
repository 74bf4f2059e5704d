"""What Telegram refuses before it does anything: limits and states, with its own error texts.

Limits: https://core.telegram.org/bots/api, buttons https://limits.tginfo.me; texts: as its open server gives them.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain

from bots.sandbox.telegram_files import NotAPhoto, photo_sizes
from bots.sandbox.telegram_rules import ApiError, Json, refusal, utf16_length
from tests.telegram_lab.world import TelegramLab

MAX_PHOTO = 10 * 1024 * 1024  # Bot API: sending files, photos of at most 10 MB
MAX_UPLOAD = 50 * 1024 * 1024  # Bot API: sending files, 50 MB
MAX_SIDES, MAX_RATIO = 10_000, 20  # Bot API: sendPhoto, width + height, and their ratio
MAX_CALLBACK_DATA = 64  # Bot API: InlineKeyboardButton.callback_data, 1-64 bytes
MAX_BUTTONS, MAX_BUTTONS_IN_ROW = 100, 8  # limits.tginfo.me: buttons of one message, of one row
BUTTON_ACTIONS = (
    "url callback_data web_app login_url copy_text callback_game pay switch_inline_query "
    "switch_inline_query_current_chat switch_inline_query_chosen_chat"
)
CALLBACK_SECONDS = 15  # Telegram forgets a callback query after about as long
MAX_CALLBACK_ANSWER = 200  # Bot API: answerCallbackQuery, 0-200 characters
MAX_COMMANDS, MAX_COMMAND_TEXT = 100, 256  # Bot API: setMyCommands, BotCommand
MAX_TEXTS = {"name": 64, "description": 512, "short_description": 120}  # Bot API: setMyName …
CHAT_ACTIONS = ("typing", "upload_photo", "upload_document", "choose_sticker", "find_location", "record_video")
SENDS = ("sendMessage", "sendPhoto", "sendDocument")
EDITS = ("editMessageText", "editMessageCaption", "editMessageMedia", "editMessageReplyMarkup")
PURPOSES = dict.fromkeys(EDITS, "edit") | {"deleteMessage": "delete", "setMessageReaction": "react"}

Check = Callable[[TelegramLab, Json], None]


def check(lab: TelegramLab, method: str, p: Json) -> None:
    """Raise the ApiError with which Telegram refuses this call, if it does."""
    for said in _strings(p):
        try:
            said.encode()
        except UnicodeEncodeError:
            raise refusal("strings must be encoded in UTF-8") from None
    if str(p.get("parse_mode") or "HTML").upper() != "HTML":
        raise refusal("unsupported parse_mode")
    if method in (*SENDS, *PURPOSES) or "chat_id" in p:
        lab.reachable(p.get("chat_id"))
    if method in PURPOSES:
        _message(lab, p, PURPOSES[method])
    if method in SENDS:
        _reply(lab, p)
    if "reply_markup" in p:
        keyboard(p["reply_markup"])
    CHECKS.get(method, lambda _lab, _p: None)(lab, p)
    if method in (*SENDS, *EDITS):
        _pace(lab, p["chat_id"])


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _message(lab: TelegramLab, p: Json, purpose: str) -> None:
    chat = lab.chats[p["chat_id"]]
    if p.get("message_id") not in chat.messages:
        raise refusal(f"message to {purpose} not found")
    mine = chat.messages[p["message_id"]].get("from") == lab.bot
    if purpose == "edit" and not mine:
        raise refusal("message can't be edited")
    if purpose == "delete" and not (mine or chat.type == "private" or chat.bot == "administrator"):
        raise refusal("message can't be deleted")


def _reply(lab: TelegramLab, p: Json) -> None:
    reply = p.get("reply_parameters") or {}
    there = reply.get("message_id") in lab.chats[p["chat_id"]].messages
    if reply and not there and not reply.get("allow_sending_without_reply"):
        raise refusal("message to be replied not found")


def keyboard(markup: Json | None) -> None:
    """Refuse an inline keyboard beyond the limits."""
    rows: list[list[Json]] = [row for row in (markup or {}).get("inline_keyboard", ()) if row]
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_BUTTONS_IN_ROW for row in rows):
        raise refusal("reply markup is too long")
    for button in chain(*rows):
        actions = [action for action in BUTTON_ACTIONS.split() if button.get(action) is not None]
        if not button.get("text"):
            raise refusal("can't parse inline keyboard button: Can't find field \"text\"")
        if len(actions) != 1:
            reason = "Too many actions" if actions else "Text buttons are unallowed in the inline keyboard"
            raise refusal(f"can't parse inline keyboard button: {reason}")
        if not 1 <= len(str(button.get("callback_data", "-")).encode()) <= MAX_CALLBACK_DATA:
            raise refusal("BUTTON_DATA_INVALID")
        if not re.match(r"(https?|tg)://[^\s/]", url := button.get("url", "tg://x")):
            raise refusal(f"inline keyboard button URL '{url}' is invalid: Unsupported URL protocol")


def _pace(lab: TelegramLab, chat_id: int) -> None:
    """Bot API FAQ: at most a message a second in a chat, 20 a minute in a group."""
    chat = lab.chats[chat_id]
    sends = chat.sends
    if not lab.enforce_pace or not sends:
        return
    wait = sends[-1] + 1 - lab.clock()
    if chat.type != "private" and len(sends) == sends.maxlen:
        wait = max(wait, sends[0] + 60 - lab.clock())
    if wait > 0:
        seconds = max(1, round(wait))
        raise ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def _upload(kind: str, p: Json, about: Json) -> None:
    reference = about.get("media") or about.get(kind) or ""
    attached = isinstance(reference, str) and reference.startswith("attach://")
    data = p.get(reference.removeprefix("attach://")) if attached else reference
    if not data:
        raise refusal(f"there is no {kind} in the request")
    if isinstance(data, bytes) and len(data) > MAX_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    if kind == "photo" and isinstance(data, bytes):
        _picture(data)


def _picture(data: bytes) -> None:
    if len(data) > MAX_PHOTO:
        size = f"file of size {len(data)} bytes is too big for a photo"
        raise refusal(f"{size}; the maximum size is {MAX_PHOTO} bytes")
    try:
        width, height, _ = photo_sizes(data)[-1]
    except NotAPhoto:
        raise refusal("IMAGE_PROCESS_FAILED") from None
    if max(width, height) > MAX_RATIO * min(width, height):
        raise refusal("PHOTO_INVALID_DIMENSIONS")


def _media(_: TelegramLab, p: Json) -> None:
    if p["media"].get("type") != "photo":
        raise refusal("can't parse InputMedia: unsupported type")
    _upload("photo", p, p["media"])


def _callback_answer(lab: TelegramLab, p: Json) -> None:
    press = lab.presses.get(p["callback_query_id"])
    if press is None or lab.clock() - press.at > CALLBACK_SECONDS:
        raise refusal("query is too old and response timeout expired or query ID is invalid")
    if utf16_length(p.get("text", "")) > MAX_CALLBACK_ANSWER:
        raise refusal("MESSAGE_TOO_LONG")


def _chat_action(_: TelegramLab, p: Json) -> None:
    if p.get("action") not in CHAT_ACTIONS:
        raise refusal("wrong parameter action in request")


def _commands(lab: TelegramLab, p: Json) -> None:
    if "chat_id" in (p.get("scope") or {}):
        lab.reachable(p["scope"]["chat_id"])
    commands: list[Json] = p.get("commands") or []
    if len(commands) > MAX_COMMANDS:
        raise refusal("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise refusal("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(command["description"]) <= MAX_COMMAND_TEXT:
            raise refusal("BOT_COMMAND_DESCRIPTION_INVALID")


def _texts(_: TelegramLab, p: Json) -> None:
    for field, limit in MAX_TEXTS.items():
        if utf16_length(p.get(field, "")) > limit:
            raise refusal(f"{field} is too long")


CHECKS: dict[str, Check] = {
    "sendPhoto": lambda _, p: _upload("photo", p, p),
    "sendDocument": lambda _, p: _upload("document", p, p),
    "editMessageMedia": _media,
    "answerCallbackQuery": _callback_answer,
    "sendChatAction": _chat_action,
    "setMyCommands": _commands,
    "deleteMyCommands": _commands,
    "setMyName": _texts,
    "setMyDescription": _texts,
    "setMyShortDescription": _texts,
}
