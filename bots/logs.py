"""Logs: one line a record to stderr, for people or as JSON, and no secret in any of them.

Libraries print addresses with the bot's token in them: httpx at INFO, python-telegram-bot at DEBUG. So what
the handler writes is searched for secrets as the last step, when it is text, tracebacks included.
"""

import contextlib
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Literal, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr
from structlog.dev import ConsoleRenderer
from structlog.processors import TimeStamper
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from core.settings import Settings

#: Libraries that say at INFO or DEBUG what only their own authors need.
NOISY = ("alembic", "httpx", "httpcore", "aiohttp.access", "PIL", "asyncio")
#: At DEBUG python-telegram-bot and discord.py print every event and every message: what people write is in no log.
INDISCREET = ("telegram", "telegram.ext", "discord")
#: What is known to be a secret by its form, one alternative a line.
KNOWN_SHAPES = (
    # A bot's token (Bot API, "Authorizing your bot"), the colon percent-encoded or not.
    r"(?<![0-9])[0-9]{5,}(?::|%3[Aa])[A-Za-z0-9_-]{30,}"
    # A bot's token (Discord API, "Authentication"): its number in base64, a time, a signature.
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{18,}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"
    # An interaction's token (Discord API, "Interactions"), with which anybody may answer for 15 minutes.
    r"|(?<=/webhooks/)[0-9]+/[A-Za-z0-9_-]{20,}|(?<=/interactions/)[0-9]+/[A-Za-z0-9_-]{20,}"
    # A key of the endpoint.
    r"|sk_live_[A-Za-z0-9_-]+"
)
HIDDEN = "[secret]"
#: A shorter secret would blank out ordinary words.
SHORTEST_SECRET = 4
#: What steers a terminal or ends a line: C0, DEL, C1, line and paragraph separators, bidi controls.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

Redact = Callable[[str], str]

log = logging.getLogger(__name__)


def configure(
    level: str, fmt: Literal["console", "json"], secrets: Iterable[str], *, stream: TextIO | None = None
) -> None:
    """Set up logging for the process: structlog and the standard library into one stream (stderr).

    ``secrets`` are blanked out wherever they appear. May be called again; the last call counts.
    """
    output = stream or sys.stderr
    handler = _Handler(output)
    handler.setFormatter(_Formatter(redactor(secrets), _renderers(fmt, colours=_in_colour(output))))
    root = logging.getLogger()
    root.handlers[:] = [handler]  # no other: it would write what this one blanks out
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)
    for name in INDISCREET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    _catch_what_nobody_caught()
    structlog.configure(
        # What may fail comes later, in the formatter, where a failure costs a line and not a search.
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.StackInfoRenderer(additional_ignores=["logging"]),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def secrets_of(settings: Settings) -> list[str]:
    """The texts in the settings that no log may show."""
    found = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    password = urlsplit(settings.database_url.get_secret_value()).password
    return [*found, unquote(password)] if password else found


def redactor(secrets: Iterable[str]) -> Redact:
    """A function that blanks out the secrets, also encoded or escaped, and whatever looks like a token."""
    known = {part for secret in secrets for part in (secret, secret.partition(":")[2])}
    longest_first = sorted((part for part in known if len(part) >= SHORTEST_SECRET), key=len, reverse=True)
    patterns = ["".join(map(_ways_to_write, part)) for part in longest_first]
    pattern = re.compile("|".join([*patterns, KNOWN_SHAPES]))
    return lambda text: pattern.sub(HIDDEN, text)


def _ways_to_write(char: str) -> str:
    """A pattern for a character as it is, percent-encoded, or escaped, however deep reprs and JSON nest."""
    if char.isascii() and (char.isalnum() or char in "-._~"):  # RFC 3986, 2.3: these are never encoded
        return re.escape(char)
    octets = char.encode(errors="surrogatepass")
    units = char.encode("utf-16-be", errors="surrogatepass").hex(" ", 2).split()
    ways = [
        r"\\*" + re.escape(char),
        "".join(f"%{octet:02x}" for octet in octets),  # in an address
        "".join(rf"\\+x{octet:02x}" for octet in octets),  # in the repr of bytes
        "".join(rf"\\+u{unit}" for unit in units),  # in JSON
    ]
    return f"(?:{ways[0]}|(?i:{'|'.join(ways[1:])}))"


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Nothing: a log that cannot be written must not end a search, nor print its record unredacted."""


class _Formatter(ProcessorFormatter):
    def __init__(self, redact: Redact, renderers: list[Processor]) -> None:
        super().__init__(
            processors=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, *renderers],
            # What a library logs during a search names the search too.
            foreign_pre_chain=[structlog.contextvars.merge_contextvars],
        )
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The record as text without secrets; what cannot be made into text is said to be so."""
        try:
            text = super().format(record)
        except Exception as error:  # noqa: BLE001 - any object may be logged, with any mistake in its repr
            lost = f"a log line could not be written ({type(error).__name__})"
            text = json.dumps({"event": lost, "level": "error", "logger": record.name})
        return self._redact(text)


def _renderers(fmt: Literal["console", "json"], *, colours: bool) -> list[Processor]:
    common: list[Processor] = [
        structlog.stdlib.PositionalArgumentsFormatter(),
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
    ]
    if fmt == "json":
        # In ASCII, so that nothing in a name is a line's end to any reader.
        return [TimeStamper(fmt="iso"), *common, structlog.processors.JSONRenderer(ensure_ascii=True)]
    console = ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    return [TimeStamper(fmt="%H:%M:%S", utc=False), *common, _on_one_line, console]


def _on_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape what would break a line or steer a terminal; tracebacks keep their lines."""
    for name, value in event.items():
        text = value if isinstance(value, str) else repr(value)
        if name in {"exception", "stack"}:
            event[name] = "\n".join(CONTROLS.sub(_escape, line) for line in text.split("\n"))
        else:
            event[name] = CONTROLS.sub(_escape, text)
    return event


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _in_colour(stream: TextIO) -> bool:
    with contextlib.suppress(ValueError):  # a closed stream is no terminal
        return stream.isatty() and "NO_COLOR" not in os.environ
    return False


def _catch_what_nobody_caught() -> None:
    """Errors that would end as a traceback on stderr go through the log, where secrets are blanked out."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            log.critical("an error that nobody caught", exc_info=(kind, error, trace))

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            hook(args.exc_type, args.exc_value, args.exc_traceback)

    def late_hook(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            hook(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook
    sys.unraisablehook = late_hook
