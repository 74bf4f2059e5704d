"""How the text of a setting becomes a value. A ``ValueError`` ends a sentence that begins with its name."""

import importlib.util
import re
import string
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.model import ANY_MARKET, Identity
from core.regions import find_market, is_this_machine

#: An HTTP header takes printable ASCII without blanks (RFC 9110, 5.5); httpx refuses anything else unsent.
HEADER_WORD = re.compile(r"[!-~]+")
#: Bot API, "Authorizing your bot": a number, a colon, letters and digits.
TELEGRAM_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
#: Bot API, setWebhook: secret_token has 1-256 characters of A-Z, a-z, 0-9, _ and -.
#: Under 32 is refused here: it could be guessed.
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{32,256}")
#: A Discord id (a "snowflake"): a 64-bit number.
SNOWFLAKE = re.compile(r"[0-9]{1,20}")
#: What a server can listen on: a name, an IPv4 or an IPv6 address, without a scheme, a port or a path.
HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
#: Accounts that many people share: GroupAnonymousBot, Channel Bot, Telegram itself (Bot API: Message.from).
SHARED_ACCOUNTS = frozenset({"1087968824", "136817688", "777000"})

Reader = Callable[[object], object]


def read_limit(value: object) -> object:
    """``none`` spelled out is no limit."""
    return None if isinstance(value, str) and value.lower() == "none" else value


def read_allowance(value: object) -> object:
    """A number; everybody's allowance cannot be without end."""
    if isinstance(value, str) and value.lower() == "none":
        raise ValueError("cannot be none: write the whole number of credits that everybody gets each month")
    return value


def read_optional(value: object) -> object:
    """``off`` spelled out is the same as empty where that means off."""
    return None if isinstance(value, str) and value.lower() == "off" else value


def upper(value: object) -> object:
    """For words that may be written in any case."""
    return value.upper() if isinstance(value, str) else value


def lower(value: object) -> object:
    """For words that may be written in any case."""
    return value.lower() if isinstance(value, str) else value


def matching(pattern: re.Pattern[str], reason: str) -> Reader:
    """Take only what ``pattern`` matches whole."""

    def read(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(reason)
        return value

    return read


def read_root(value: object) -> object:
    """An address that paths are added to: https, or http on this machine; without a slash at its end."""
    if not isinstance(value, str):
        return value
    _check_address(value)
    if "?" in value or "#" in value:
        raise ValueError("must end before any ? or #: write it like https://example.com")
    return value.rstrip("/")


def template(*, needed: Iterable[str], allowed: Iterable[str]) -> Reader:
    """An address with ``{names}`` to fill in behind its host, at least one of ``needed`` among them."""
    wanted, places = set(needed), set(allowed)

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            fields = [field for _, *field in string.Formatter().parse(value) if field[0] is not None]
        except ValueError:
            raise ValueError(f"has a brace without its partner: the only places to fill are {_names(places)}") from None
        if any(name not in places or spec or conversion for name, spec, conversion in fields):
            raise ValueError(f"has a place that nothing fills: the only ones are {_names(places)}")
        if not wanted & {name for name, _, _ in fields}:
            raise ValueError(f"is the same for every product: write {_names(wanted)} where the product goes")
        _check_address(value)
        if "{" in urlsplit(value).netloc:
            raise ValueError("must name its host in full: places to fill belong behind the host")
        return value

    return read


def read_admins(value: object) -> object:
    """``telegram:1,discord:2``: numbers of persons, never names, which change hands."""
    return frozenset(_entries(value, _check_person)) if isinstance(value, str) else value


def read_places(value: object) -> object:
    """``telegram:-100123,discord:456``: groups, channels and servers, in the operator's order."""
    return tuple(_entries(value, _check_place)) if isinstance(value, str) else value


def read_region(value: object) -> object:
    """``any`` or a market."""
    market = value if value == ANY_MARKET else find_market(value) if isinstance(value, str) else None
    if market is None:
        raise ValueError("is not a market that is known: write any, or a code such as US or GB")
    return market


def read_timezone(value: object) -> object:
    """A name of the IANA time zone database."""
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone: write one like UTC or Europe/Berlin") from None


def read_database(value: object) -> object:
    """A SQLite file or a PostgreSQL database, as an address that SQLAlchemy takes."""
    if not isinstance(value, str):
        return value
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is not understood: write sqlite:///snapshop.db or postgresql://user:password@host/name"
        ) from None
    if url.drivername == "sqlite":
        if not url.database or url.database == ":memory:" or url.query:
            raise ValueError("must name a file and nothing else: write it like sqlite:///snapshop.db")
        return value
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError("names a kind of database that is not supported: write sqlite:///… or postgresql://…")
    if importlib.util.find_spec("psycopg") is None:
        raise ValueError("names PostgreSQL, whose driver is missing: pip install '.[postgres]' brings it")
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _check_address(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not an address: write it like https://example.com") from None
    if not host or not HEADER_WORD.fullmatch(text) or parts.scheme not in {"https", "http"}:
        raise ValueError("is not an address: write it like https://example.com")
    if parts.username is not None:
        raise ValueError("holds a user name or a password: write the address without it")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("must begin with https:// (http:// is only for this machine, like http://127.0.0.1:8081)")


def _names(places: set[str]) -> str:
    return ", ".join("{" + place + "}" for place in sorted(places))


def _entries(text: str, check: Callable[[Identity], None]) -> Iterable[Identity]:
    found = dict.fromkeys(_identity(entry.strip()) for entry in text.split(",") if entry.strip())
    for identity in found:
        check(identity)
    return found


def _identity(entry: str) -> Identity:
    platform, _, number = entry.partition(":")
    if platform.lower() not in {"telegram", "discord"}:
        raise ValueError(f"has {_quoted(entry)}: write telegram:123 or discord:456, with commas between several")
    if not re.fullmatch(r"-?[0-9]{1,20}", number):
        raise ValueError(f"has {_quoted(entry)}, but names change hands: write the number, like telegram:123")
    return Identity(platform=platform.lower(), user=number)


def _quoted(entry: str) -> str:
    """The entry, unless it might be a secret in the wrong place: tokens and keys are longer than any id."""
    return f"“{entry}”" if re.fullmatch(r"[\w@:.-]{1,32}", entry) and "sk_" not in entry else "an unreadable entry"


def _check_person(identity: Identity) -> None:
    if identity.platform == "telegram" and identity.user in SHARED_ACCOUNTS:
        raise ValueError(f"has {identity}, an account that many people share: write the number of one person")
    if identity.user.startswith("-"):
        raise ValueError(f"has {identity}, which is a chat: write the number of one person")


def _check_place(identity: Identity) -> None:
    if (identity.platform == "telegram") != identity.user.startswith("-"):
        raise ValueError(f"has {identity}, which is not a place: write it like telegram:-1001234567890 or discord:456")
