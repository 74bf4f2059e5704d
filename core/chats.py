"""Where people ask: a chat's own language and market, blocks, and chats the bot was removed from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from core import people
from core.database import insert
from core.model import Identity
from core.tables import chats, searches


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What is set for a chat."""

    language: str | None = None
    region: str | None = None
    #: Credits a day for everybody there together; None: as the operator set.
    daily_limit: int | None = None
    blocked: bool = False


def find(connection: Connection, platform: str, chat: str) -> Chat:
    """The chat's settings; all empty where nothing was set. Served by the primary key."""
    row = connection.execute(select(chats).where(chats.c.platform == platform, chats.c.chat == chat)).one_or_none()
    if row is None:
        return Chat()
    return Chat(
        language=row.language, region=row.region, daily_limit=row.daily_limit, blocked=row.blocked_at is not None
    )


def language_for(connection: Connection, identity: Identity, chat: str, client: str) -> str:
    """The language to speak: the person's choice, the chat's, the ``client``'s, what that was last seen to speak.

    Empty where none of them is known.
    """
    person = people.find(connection, identity)
    chosen = (person.language if person else None) or find(connection, identity.platform, chat).language
    return chosen or client or (person.client_language if person else None) or ""


def known(connection: Connection, platform: str, since: datetime) -> list[str]:
    """The chats where somebody searched since then, and that were not left; those asked in last come first.

    Reads the searches since then, by their index on the time.
    """
    last = func.max(searches.c.received_at)
    query = (
        select(searches.c.chat)
        .outerjoin(chats, (chats.c.platform == searches.c.platform) & (chats.c.chat == searches.c.chat))
        .where(searches.c.received_at >= since, searches.c.platform == platform, chats.c.gone_at.is_(None))
        .where(searches.c.chat != "")
        .group_by(searches.c.chat)
        .order_by(last.desc())
    )
    return list(connection.scalars(query))


def set_region(connection: Connection, platform: str, chat: str, region: str | None) -> None:
    """Choose a market for everyone in a chat who has none of their own."""
    _put(connection, platform, chat, region=region)


def set_language(connection: Connection, platform: str, chat: str, language: str | None) -> None:
    """Choose the bot's language in a chat."""
    _put(connection, platform, chat, language=language)


def set_daily_limit(connection: Connection, platform: str, chat: str, limit: int | None) -> None:
    """Choose how many credits a day everybody in a chat may spend together; it only lowers the operator's limit."""
    _put(connection, platform, chat, daily_limit=limit)


def set_blocked(connection: Connection, platform: str, chat: str, blocked_at: datetime | None) -> None:
    """Block a chat from a moment on, or unblock it."""
    _put(connection, platform, chat, blocked_at=blocked_at)


def set_gone(connection: Connection, platform: str, chat: str, gone_at: datetime | None) -> None:
    """Remember that the bot was removed from a chat; None when it is back."""
    _put(connection, platform, chat, gone_at=gone_at)


def move(connection: Connection, platform: str, old: str, new: str) -> None:
    """A chat got another id (a Telegram group became a supergroup): its settings and searches move along.

    Told more than once, it moves once: what was set under the new id since then stays.
    """
    known = select(chats.c.chat).where(chats.c.platform == platform, chats.c.chat == old)
    if connection.scalars(known).one_or_none() is not None:
        connection.execute(delete(chats).where(chats.c.platform == platform, chats.c.chat == new))
    for table in (chats, searches):
        connection.execute(update(table).where(table.c.platform == platform, table.c.chat == old).values(chat=new))


def _put(connection: Connection, platform: str, chat: str, **values: Any) -> None:
    row = insert(connection, chats).values(platform=platform, chat=chat, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["platform", "chat"], set_=values))
