"""The Bot API's methods: functions (world, parameters) -> result; ApiError is how Telegram refuses."""

import asyncio
from collections.abc import Awaitable, Callable

from bots.sandbox.telegram_rules import Json, Upload, refusal, words
from bots.sandbox.telegram_world import CONTENT, TelegramWorld, replying

LONGEST_POLL = 50  # seconds
MAX_DOWNLOAD = 20 * 1024 * 1024  # Bot API: getFile, 20 MB
NOT_MODIFIED = "message is not modified: specified new message content and reply markup are exactly the same"
#: What an edit takes off a message before it puts something there; the buttons are always given anew.
REPLACED = {"text": CONTENT, "media": CONTENT, "caption": ("caption", "caption_entities"), "keyboard": ()}

#: Parameters have their types; an upload is bytes under the name of its part. Without a result it is true.
Method = Callable[[TelegramWorld, Json], object | Awaitable[object]]


async def get_updates(world: TelegramWorld, p: Json) -> list[Json]:
    """What waits, as soon as something does; an update is confirmed by an offset higher than its id."""
    world.pending = [update for update in world.pending if update["update_id"] >= p.get("offset", 0)]
    clock = asyncio.get_running_loop().time
    ends = clock() + min(p.get("timeout", 0), LONGEST_POLL)
    while not world.pending and clock() < ends and not world.closed:
        await world.next_change(ends - clock())
    return world.pending[: p.get("limit", 100)]


def text(p: Json) -> Json:
    """The content of a text message."""
    preview = {"link_preview_options": p["link_preview_options"]} if p.get("link_preview_options") else {}
    return words("text", p.get("text"), p.get("parse_mode")) | preview


def caption(p: Json) -> Json:
    """What is under a photo."""
    return words("caption", p.get("caption"), p.get("parse_mode"))


def photo(world: TelegramWorld, given: bytes | str) -> Json:
    """The content of a photo message: an upload, or the file_id of an earlier one."""
    if isinstance(given, bytes):
        return world.files.photo(given)
    if given not in world.files:
        raise refusal("wrong file identifier/HTTP URL specified")
    return world.files[given].content


def document(world: TelegramWorld, given: bytes | str) -> Json:
    """The content of a message with a file: an upload, or the file_id of an earlier one."""
    if isinstance(given, Upload):
        return world.files.document(given, name=given.name, mime=given.mime)
    if given not in world.files:
        raise refusal("wrong file identifier/HTTP URL specified")
    return world.files[str(given)].content


def markup(p: Json) -> Json:
    """The message's inline keyboard, if it gets one."""
    rows = [row for row in (p.get("reply_markup") or {}).get("inline_keyboard", ()) if row]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def send(world: TelegramWorld, p: Json, content: Json) -> Json:
    """A message of the bot."""
    chat = world.chats[p["chat_id"]]
    target = chat.messages.get((p.get("reply_parameters") or {}).get("message_id", 0))
    return world.put(chat, {"from": world.bot} | (replying(target) if target else {}), content | markup(p))


def edit(world: TelegramWorld, p: Json, kind: str, content: Json) -> Json:
    """A message of the bot with another text, caption, media or keyboard."""
    chat = world.chats[p["chat_id"]]
    old = chat.messages[p["message_id"]]
    if (kind == "text" and "text" not in old) or (kind == "caption" and "text" in old):
        raise refusal(f"there is no {kind} in the message to edit")
    gone = ("edit_date", "reply_markup", *REPLACED[kind])
    new = {key: old[key] for key in old if key not in gone} | content | markup(p)
    if new == {key: value for key, value in old.items() if key != "edit_date"}:
        raise refusal(NOT_MODIFIED)
    return world.replace(chat, new)


def _edit_media(world: TelegramWorld, p: Json) -> Json:
    reference: str = p["media"]["media"]
    given = p.get(reference.removeprefix("attach://"), reference)
    return edit(world, p, "media", photo(world, given) | caption(p["media"]))


def _react(world: TelegramWorld, p: Json) -> None:
    chat, number = world.chats[p["chat_id"]], p["message_id"]
    chat.reactions[number] = [{"emoji": reaction["emoji"]} for reaction in p.get("reaction") or ()]
    world.show(chat, "reaction", {"message_id": number, "reactions": chat.reactions[number]})


def _answer_callback(world: TelegramWorld, p: Json) -> None:
    query = p["callback_query_id"]
    if query not in world.unanswered:
        raise refusal("query is too old and response timeout expired or query ID is invalid")
    person, chat = world.unanswered.pop(query)
    answer = {"text": p.get("text", ""), "show_alert": bool(p.get("show_alert")), "url": p.get("url", "")}
    world.show(world.chats[chat], "callback", {"id": query, "person": person} | answer)


def _get_file(world: TelegramWorld, p: Json) -> Json:
    if p["file_id"] not in world.files:
        raise refusal("wrong file_id or the file is temporarily unavailable")
    about = world.files[p["file_id"]].about
    if about["file_size"] > MAX_DOWNLOAD:
        raise refusal("file is too big")
    ids = {key: about[key] for key in ("file_id", "file_unique_id", "file_size")}
    return ids | {"file_path": f"files/{p['file_id']}"}


def _get_member(world: TelegramWorld, p: Json) -> Json:
    chat, user = world.chats[p["chat_id"]], p["user_id"]
    if user in chat.admins:
        return {"status": "creator", "is_anonymous": False, "user": world.people[user].user}
    return {"status": "member" if user in chat.members else "left", "user": world.people[user].user}


def _set_commands(world: TelegramWorld, p: Json) -> None:
    about = p.get("scope") or {"type": "default"}
    scope = ":".join(str(about[key]) for key in ("type", "chat_id", "user_id") if key in about)
    world.commands[scope, p.get("language_code", "")] = p.get("commands", [])
    for chat in world.chats.values():
        world.show(chat, "commands", {})


def _set_texts(world: TelegramWorld, p: Json) -> None:
    world.texts |= {(field, p.get("language_code", "")): said for field, said in p.items() if field != "language_code"}


METHODS: dict[str, Method] = {
    "getMe": lambda world, _: world.bot | {"can_join_groups": True, "can_read_all_group_messages": False},
    "getUpdates": get_updates,
    "deleteWebhook": lambda _world, _p: True,
    "sendMessage": lambda world, p: send(world, p, text(p)),
    "sendPhoto": lambda world, p: send(world, p, photo(world, p["photo"]) | caption(p)),
    "sendDocument": lambda world, p: send(world, p, document(world, p["document"]) | caption(p)),
    "sendChatAction": lambda world, p: world.show(world.chats[p["chat_id"]], "action", {"action": p["action"]}),
    "editMessageText": lambda world, p: edit(world, p, "text", text(p)),
    "editMessageCaption": lambda world, p: edit(world, p, "caption", caption(p)),
    "editMessageMedia": _edit_media,
    "editMessageReplyMarkup": lambda world, p: edit(world, p, "keyboard", {}),
    "deleteMessage": lambda world, p: world.delete(p["chat_id"], p["message_id"]),
    "setMessageReaction": _react,
    "answerCallbackQuery": _answer_callback,
    "getFile": _get_file,
    "getChatMember": _get_member,
    "setMyCommands": _set_commands,
    "deleteMyCommands": _set_commands,
    "setMyDescription": _set_texts,
    "setMyShortDescription": _set_texts,
    "setChatMenuButton": lambda _world, _p: True,
}
