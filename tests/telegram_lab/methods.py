"""The Bot API's methods in the lab: those of the sandbox, checked, and those that its bot has no need of."""

import inspect

from bots.sandbox.telegram_methods import METHODS, Method, caption, document, photo, send, text
from bots.sandbox.telegram_rules import ApiError, Json, refusal
from tests.telegram_lab.checks import EDITS, SENDS, check
from tests.telegram_lab.connection import Dropped
from tests.telegram_lab.updates import UPDATE_METHODS
from tests.telegram_lab.world import Call, TelegramLab

ABILITIES = (
    "supports_inline_queries can_connect_to_business has_main_web_app has_topics_enabled allows_users_to_create_topics"
)
GIFTS = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
UNREADABLE = "can't parse the parameters of the request"


def recorded(name: str, method: Method) -> Method:
    """The method with the fault that waits for it, after Telegram's checks, and written down."""

    async def call(lab: TelegramLab, p: Json) -> object:
        lab.counts[name] += 1
        files = {part: len(data) for part, data in p.items() if isinstance(data, bytes)}
        params = {key: value for key, value in p.items() if key not in files}
        status, result = 200, None
        fault = lab.faults.next(name, p.get("chat_id"))
        try:
            if fault:
                await fault.strike()
            check(lab, name, p)
            found = method(lab, p)
            found = await found if inspect.isawaitable(found) else found
            result = True if found is None else found
            if name in (*SENDS, *EDITS):
                lab.chats[p["chat_id"]].sends.append(lab.clock())
        except ApiError as error:
            status, result = error.status, error.description
            raise
        except (ValueError, KeyError, TypeError, AttributeError):  # parameters of a wrong shape
            status, result = 400, f"Bad Request: {UNREADABLE}"
            raise refusal(UNREADABLE) from None
        finally:
            lab.calls.append(Call(method=name, params=params, files=files, status=status, result=result))
            lab.changed()
        if fault and fault.drop:
            raise Dropped
        return result

    return call


# --- topics and files
def _topic(lab: TelegramLab, p: Json) -> Json:
    """Where in a forum a message of the bot goes: the topic that was named, or that of what it replies to."""
    chat = lab.chats[p["chat_id"]]
    target = chat.messages.get((p.get("reply_parameters") or {}).get("message_id"), {})
    thread = p.get("message_thread_id") or target.get("message_thread_id")
    if thread and thread not in chat.threads:
        raise refusal("message thread not found")
    return {"message_thread_id": thread, "is_topic_message": True} if thread else {}


def _answer_callback(lab: TelegramLab, p: Json) -> None:
    METHODS["answerCallbackQuery"](lab, p)
    seen = {"text": p.get("text", ""), "show_alert": bool(p.get("show_alert")), "url": p.get("url", "")}
    lab.presses[p["callback_query_id"]].answer = seen


# --- chats and what the bot says of itself
def _get_me(lab: TelegramLab, _: Json) -> Json:
    groups = {"can_join_groups": True, "can_read_all_group_messages": not lab.privacy_mode}
    return lab.bot | groups | dict.fromkeys(ABILITIES.split(), False)


def _get_chat(lab: TelegramLab, p: Json) -> Json:
    gifts = {"accepted_gift_types": dict.fromkeys(GIFTS.split(), True)}
    return lab.chats[p["chat_id"]].json() | {"accent_color_id": 0, "max_reaction_count": 11} | gifts


def _get_admins(lab: TelegramLab, p: Json) -> list[Json]:
    chat = lab.chats[p["chat_id"]]
    if chat.type == "private":
        raise refusal("there are no administrators in the private chat")
    members = [lab.member(chat, user) for user in (*sorted(chat.admins), lab.bot["id"])]
    return [member for member in members if member["status"] == "administrator"]


def _get_commands(lab: TelegramLab, p: Json) -> list[Json]:
    about = p.get("scope") or {"type": "default"}
    scope = ":".join(str(about[key]) for key in ("type", "chat_id", "user_id") if key in about)
    return lab.commands.get((scope, p.get("language_code", "")), [])


def _getter(field: str) -> Method:
    def get(lab: TelegramLab, p: Json) -> Json:
        own, common = lab.texts.get((field, p.get("language_code", ""))), lab.texts.get((field, ""))
        return {field: own or common or (lab.bot["first_name"] if field == "name" else "")}

    return get


ALL: dict[str, Method] = {
    **METHODS,
    **UPDATE_METHODS,
    "getMe": _get_me,
    "logOut": lambda _lab, _p: True,
    "close": lambda _lab, _p: True,
    "sendMessage": lambda lab, p: send(lab, p, _topic(lab, p) | text(p)),
    "sendPhoto": lambda lab, p: send(lab, p, _topic(lab, p) | photo(lab, p["photo"]) | caption(p)),
    "sendDocument": lambda lab, p: send(lab, p, _topic(lab, p) | document(lab, p["document"]) | caption(p)),
    "answerCallbackQuery": _answer_callback,
    "getChat": _get_chat,
    "getChatMember": lambda lab, p: lab.member(lab.chats[p["chat_id"]], p["user_id"]),
    "getChatMemberCount": lambda lab, p: len(lab.chats[p["chat_id"]].members) + 1,
    "getChatAdministrators": _get_admins,
    "getMyCommands": _get_commands,
    "setMyName": METHODS["setMyDescription"],
    "getMyName": _getter("name"),
    "getMyDescription": _getter("description"),
    "getMyShortDescription": _getter("short_description"),
}
LAB_METHODS = {name: recorded(name, method) for name, method in ALL.items()}
