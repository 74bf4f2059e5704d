"""The tables, the same on SQLite and PostgreSQL. Changed only together with a migration."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    type_coerce,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, stored as milliseconds since 1970: sorts, compares and divides alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MILLISECOND


def milliseconds(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """A stored moment as the number that it is, to calculate with."""
    return type_coerce(moment, BigInteger)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows by itself only in an INTEGER column.
_Id = BigInteger().with_variant(Integer(), "sqlite")

people = Table(
    "people",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    #: Chosen with /language and /region; null: the chat's, the client's, the default.
    Column("language", String(16)),
    Column("region", String(4)),
    #: What the person's app was last seen to speak: Discord says it with buttons and commands, not with messages.
    Column("client_language", String(16)),
    #: Whom a linked identity's credits and history went to; null: nobody.
    Column("merged_into", ForeignKey("people.id"), index=True),
    Column("blocked_at", Instant),
    Column("created_at", Instant, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("user", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
)

chats = Table(
    "chats",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("chat", String(64), primary_key=True),
    Column("language", String(16)),
    Column("region", String(4)),
    #: Credits a day that everybody here may spend together; null: as CHAT_DAILY_LIMIT says.
    Column("daily_limit", Integer),
    Column("blocked_at", Instant),
    #: The bot was blocked or removed there; null again when it is back.
    Column("gone_at", Instant),
)

searches = Table(
    "searches",
    metadata,
    #: 16 url-safe characters, 96 random bits: buttons carry it, so it cannot be guessed.
    Column("id", String(16), primary_key=True),
    Column("event", String(200), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("platform", String(16), nullable=False),
    Column("chat", String(64), nullable=False),
    Column("thread", String(64)),
    Column("message", String(64)),
    Column("private", Boolean, nullable=False),
    Column("photo", Text, nullable=False),
    Column("file", String(200)),
    Column("album", String(200)),
    #: The message that shows the answer (or that the search is under way).
    Column("answer", String(64)),
    Column("language", String(16), nullable=False),
    Column("hint", Text),
    #: The market searched in; null: any.
    Column("region", String(4)),
    Column("fresh", Boolean, nullable=False, server_default=false()),
    Column("state", String(8), nullable=False),
    #: Which outcome it ended with, and what the outcome needs to be told again.
    Column("outcome", String(16)),
    Column("detail", Text),
    Column("charge", String(8)),
    Column("digest", String(64)),
    #: Key of the stored answer.
    Column("answer_key", String(64)),
    #: How often its photo was taken up for decoding: after three a crash is blamed on it.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("settled_at", Instant),
    UniqueConstraint("event"),
    CheckConstraint("state in ('received', 'offered', 'asked', 'settled', 'replied')", name="state"),
)
Index("ix_searches_received_at", searches.c.received_at)
Index("ix_searches_person_id_received_at", searches.c.person_id, searches.c.received_at)
Index("ix_searches_file", searches.c.file, searches.c.received_at, sqlite_where=searches.c.file.is_not(None))
Index("ix_searches_album", searches.c.album, sqlite_where=searches.c.album.is_not(None))
_unfinished = searches.c.state.in_(("received", "asked", "settled"))
Index("ix_searches_unfinished", searches.c.state, sqlite_where=_unfinished, postgresql_where=_unfinished)

answers = Table(
    "answers",
    metadata,
    #: A hash of digest, market and hint: an answer holds no person and no words of one.
    Column("key", String(64), primary_key=True),
    Column("matches", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("stored_at", Instant, nullable=False, index=True),
    #: Until when it answers the same question for free.
    Column("fresh_until", Instant, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("amount", Integer, nullable=False),
    #: The pot it belongs to ends here; null: never.
    Column("ends_on", Instant),
    Column("event", String(200)),
    #: Of a capture or release: the hold it resolves. Unique: a hold resolves once.
    Column("hold_id", ForeignKey("entries.id")),
    #: Of a hold: the search it asks for.
    Column("search", String(16)),
    #: Of a release: the endpoint may have charged all the same.
    Column("uncertain", Boolean, nullable=False, server_default=false()),
    Column("reason", Text),
    Column("by", String(96)),
    Column("at", Instant, nullable=False),
    UniqueConstraint("event"),
    UniqueConstraint("hold_id"),
    CheckConstraint("kind in ('grant', 'hold', 'capture', 'release', 'adjust')", name="kind"),
    CheckConstraint("(kind in ('capture', 'release')) = (hold_id is not null)", name="resolution"),
)
Index("ix_entries_person_id_ends_on", entries.c.person_id, entries.c.ends_on)
Index("ix_entries_search", entries.c.search, sqlite_where=entries.c.search.is_not(None))
Index("ix_entries_kind_at", entries.c.kind, entries.c.at)

#: What counts against the operator's limits: captured + uncertain + open holds, by the UTC day and month of the hold.
#: Derivable from the entries (`check` does), kept so that a hold costs the same however much was spent before.
spending = Table(
    "spending",
    metadata,
    #: ``2026-11`` or ``2026-11-24``.
    Column("period", String(10), primary_key=True),
    #: ``all``, or ``telegram:-100123`` for one group.
    Column("scope", String(96), primary_key=True),
    Column("spent", Integer, nullable=False),
)

admin_actions = Table(
    "admin_actions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("event", String(200)),
    Column("by", String(96), nullable=False),
    Column("action", String(16), nullable=False),
    Column("target", String(96)),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text),
    Column("at", Instant, nullable=False),
    UniqueConstraint("event"),
)

#: Whether a person called an answer useful: one row a search and person, the last vote counts.
votes = Table(
    "votes",
    metadata,
    Column("search", ForeignKey("searches.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("useful", Boolean, nullable=False),
)

#: Codes that give credits: each can be redeemed once, and a person redeems one of a batch.
gifts = Table(
    "gifts",
    metadata,
    #: A hash: who reads the database or a backup cannot redeem.
    Column("code", String(64), primary_key=True),
    #: The codes that were made together.
    Column("batch", String(16), nullable=False),
    Column("amount", Integer, nullable=False),
    #: Until when it can be redeemed, and its credits be used; null: for ever.
    Column("ends_on", Instant),
    Column("made_at", Instant, nullable=False),
    #: Who redeemed it, and when; null: nobody yet.
    Column("person_id", ForeignKey("people.id")),
    Column("redeemed_at", Instant),
    UniqueConstraint("batch", "person_id"),
)

#: One-time codes that join two identities into one person.
link_codes = Table(
    "link_codes",
    metadata,
    #: A hash.
    Column("code", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

#: What outlives /forget: a keyed hash of the identity, so that there is no second allowance and no unblocking.
forgotten = Table(
    "forgotten",
    metadata,
    Column("identity", String(64), primary_key=True),
    #: The month whose allowance was already given.
    Column("month", String(7)),
    Column("blocked", Boolean, nullable=False, server_default=false()),
)

#: Small facts of the running bot that outlive it: that an admin paused searching (the value is when), hashes of what
#: was set up on a platform.
PAUSED = "paused"
#: What admins set in place of the settings' limits: a JSON object of the fields of `core.budgets.Limits`.
LIMITS = "limits"
facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
