"""What the operator sets: the environment and ``.env``, checked before anything starts.

Every variable is a field here, in lower case. Empty means the default; for a limit ``none`` is no limit and
``0`` allows none. All mistakes are told at once, one sentence each, and no sentence shows a secret.
"""

import difflib
import logging
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream
from pydantic import BeforeValidator as Read
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core import setting_values as values
from core.model import ANY_MARKET, Identity
from core.regions import PRODUCT_URL

#: Credits are stored as 32-bit numbers (PostgreSQL: integer).
MOST_CREDITS = 2_000_000_000
#: What a live key of the endpoint begins with (the endpoint's own samples).
LIVE_KEY = "sk_live_"
#: .env holds the secrets; group and others must not read it.
OTHERS_MODE = 0o077

Secret = Annotated[SecretStr, Read(values.matching(values.HEADER_WORD, "has blanks or odd characters: copy it again"))]
TelegramToken = Annotated[
    SecretStr,
    Read(values.matching(values.TELEGRAM_TOKEN, "is not a bot's token: copy the one that @BotFather gave you")),
]
WebhookSecret = Annotated[
    SecretStr,
    Read(values.matching(values.WEBHOOK_SECRET, "must be 32 to 256 letters, digits, _ or -: make a long random one")),
]
Credits = Annotated[int, Field(ge=0, le=MOST_CREDITS, description="a whole number of credits, 0 or more")]
CreditLimit = Annotated[
    int | None,
    Field(ge=0, le=MOST_CREDITS, description="a whole number of credits, 0 or more, or none for no limit"),
    Read(values.read_limit),
]
Root = Annotated[str, Read(values.read_root)]
Switch = Annotated[bool, Field(description="on or off")]
ProductUrl = Annotated[str, Read(values.template(needed={"id"}, allowed={"id", "region", "locale"}))]
PictureUrl = Annotated[
    str | None,
    Read(values.template(needed={"key", "product_id"}, allowed={"bucket", "key", "product_id"})),
    Read(values.read_optional),  # the last one reads first
]


class SettingsError(Exception):
    """The settings cannot be used."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        #: One sentence for each mistake: which variable, and what to write.
        self.problems = problems


class Settings(BaseSettings):
    """Everything that an operator can set. Read it with ``load_settings``."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    telegram_bot_token: TelegramToken | None = None
    #: A server's root: ``{url}/bot{token}/…`` and ``{url}/file/bot{token}/…``.
    telegram_api_url: Root = "https://api.telegram.org"
    #: Where Telegram sends updates to; None: they are polled.
    telegram_webhook_url: Root | None = None
    telegram_webhook_secret: WebhookSecret | None = None

    discord_bot_token: Secret | None = None
    #: The operator's own server, where commands for admins appear.
    discord_guild: Annotated[str, Read(values.matching(values.SNOWFLAKE, "must be a server's number"))] | None = None
    discord_user_install: Switch = False

    keyapi_key: Secret | None = None
    keyapi_url: Root = "https://api.keyapi.ai"
    #: Requests a second.
    keyapi_rate: float = Field(2.0, gt=0, le=1000, description="a number of requests a second, above 0")
    #: Requests in flight.
    keyapi_concurrency: int = Field(4, ge=1, le=64, description="a whole number from 1 to 64")
    #: Seconds for a whole call.
    keyapi_timeout: float = Field(30.0, gt=0, le=600, description="a number of seconds, above 0 and at most 600")

    #: For SQLAlchemy; a password may be in it. The default is a file in the current folder.
    database_url: Annotated[SecretStr, Read(values.read_database)] = SecretStr("sqlite:///snapshop.db")

    admins: Annotated[frozenset[Identity], NoDecode, Read(values.read_admins)] = frozenset()
    #: Only members of one of these places may search; empty: everybody.
    members_of: Annotated[tuple[Identity, ...], NoDecode, Read(values.read_places)] = ()

    #: Free credits for everybody each calendar month (UTC).
    monthly_allowance: Annotated[Credits, Read(values.read_allowance)] = 20
    #: Credits that everybody together may spend in a calendar month (UTC); None: no limit.
    monthly_budget: CreditLimit = 1000
    daily_budget: CreditLimit = None
    #: Credits a day in one group.
    chat_daily_limit: CreditLimit = None
    #: Credits of a person in the first 24 hours.
    new_account_limit: CreditLimit = 10

    #: Seconds that a photo may wait for its turn.
    queue_wait: float = Field(120.0, gt=0, le=86_400, description="a number of seconds, above 0 and at most 86400")
    #: How long an answer is given again for free.
    cache_hours: float = Field(168.0, gt=0, le=87_600, description="a number of hours, above 0 and at most 87600")
    retention_days: int = Field(90, ge=1, le=36_500, description="a whole number of days, at least 1")

    #: A market's code or ANY_MARKET.
    default_region: Annotated[str, Read(values.read_region)] = ANY_MARKET
    product_url: ProductUrl = PRODUCT_URL
    #: None: answers have no pictures.
    product_picture_url: PictureUrl = None
    link_preview: Switch = True

    #: Whether admins get the report's digest each Monday.
    weekly_digest: Switch = True
    report_timezone: Annotated[ZoneInfo, Read(values.read_timezone)] = ZoneInfo("UTC")

    http_host: Annotated[str, Read(values.matching(values.HOST, "must be a host, like 127.0.0.1 or 0.0.0.0"))] = (
        "127.0.0.1"
    )
    #: None: no server; 0: a port that is free.
    http_port: Annotated[int | None, Read(values.read_optional)] = Field(
        None, ge=0, le=65_535, description="a port from 1 to 65535, or off"
    )

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Read(values.upper)] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Annotated[Literal["console", "json"], Read(values.lower)] = Field(
        "console", description="console or json"
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_empty_ones_out(cls, raw: dict[str, Any]) -> dict[str, Any]:
        trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in raw.items()}
        return {name: value for name, value in trimmed.items() if value != ""}


def load_settings(env_file: Path | None = Path(".env"), **overrides: Any) -> Settings:
    """Read ``overrides``, then the environment, then ``env_file``, where the first that names a setting wins.

    Raises SettingsError with all mistakes at once.
    """
    if unknown := overrides.keys() - Settings.model_fields.keys():
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    problems, readable = _file_problems(env_file)
    source: dict[str, Any] = {"_env_file": readable, "_env_file_encoding": "utf-8-sig"}
    wrong: dict[str, str] = {}
    try:
        settings = Settings(**source, **overrides)
    except ValidationError as error:
        wrong = {str(detail["loc"][0]): _sentence(dict(detail)) for detail in error.errors()}
        # Read again without what is wrong, so that the rules between settings are checked in the same go.
        defaults = {name: Settings.model_fields[name].default for name in wrong}
        settings = Settings(**source, **{**overrides, **defaults})
    problems += wrong.values()
    problems += [sentence for names, sentence in _conflicts(settings) if not names & wrong.keys()]
    if problems:
        raise SettingsError(problems)
    return settings


def check_run(settings: Settings) -> list[str]:
    """What ``run`` is missing: a sentence each; empty when it can start."""
    problems = []
    if settings.telegram_bot_token is None and settings.discord_bot_token is None:
        problems.append(
            "TELEGRAM_BOT_TOKEN and DISCORD_BOT_TOKEN are missing: make a bot with @BotFather, "
            "or in Discord's developer portal, and write its token."
        )
    if settings.keyapi_key is None:
        problems.append(f"KEYAPI_KEY is missing: write the endpoint's key, which begins with {LIVE_KEY}.")
    return problems


def warnings(settings: Settings, env_file: Path | None = Path(".env")) -> list[str]:
    """What works, but is probably not meant: a sentence each; ``env_file`` is looked at where it is named."""
    found = []
    if settings.keyapi_key is not None and not settings.keyapi_key.get_secret_value().startswith(LIVE_KEY):
        found.append(f"KEYAPI_KEY does not begin with {LIVE_KEY}: the endpoint may refuse it.")
    if not settings.admins:
        found.append("ADMINS is empty: nobody can grant credits or is told of trouble. Write it like telegram:123.")
    if env_file is not None and env_file.is_file() and env_file.stat().st_mode & OTHERS_MODE:
        found.append(f"{env_file} can be read by others on this machine: chmod 600 {env_file} keeps it private.")
    return found


def worst_case(settings: Settings) -> str:
    """Who can spend how much at most, in one sentence for the start table."""
    who = "Anyone who finds this bot"
    if settings.members_of:
        who = f"Anyone in {' or '.join(map(str, settings.members_of))}"
    limits = []
    if settings.monthly_budget is not None:
        limits.append(f"{_credits(settings.monthly_budget)} this month")
    if settings.daily_budget is not None:
        limits.append(f"{_credits(settings.daily_budget)} a day")
    most = f"at most {' and '.join(limits)}" if limits else "no budget limits what that costs"
    return f"{who} can search; {most}."


def _credits(number: int) -> str:
    return "1 credit" if number == 1 else f"{number} credits"


def _sentence(detail: dict[str, Any]) -> str:
    """A mistake of one setting. What was written is left out: it may be a secret in the wrong place."""
    field, name = Settings.model_fields[str(detail["loc"][0])], str(detail["loc"][0]).upper()
    if detail["type"] == "value_error":
        return f"{name} {detail['ctx']['error']}."
    return f"{name} must be {field.description}."


def _conflicts(settings: Settings) -> list[tuple[set[str], str]]:
    """Mistakes between settings, with the names of those that are involved."""
    if settings.telegram_webhook_url is None:
        return []
    found = []
    if settings.telegram_webhook_secret is None:
        sentence = "TELEGRAM_WEBHOOK_SECRET is missing: with a webhook, write 32 or more letters, digits, _ or -."
        found.append(({"telegram_webhook_url", "telegram_webhook_secret"}, sentence))
    if settings.http_port is None:
        sentence = "HTTP_PORT is missing: with a webhook, write the port that this bot listens on."
        found.append(({"telegram_webhook_url", "http_port"}, sentence))
    return found


def _file_problems(env_file: Path | None) -> tuple[list[str], Path | None]:
    """Mistakes of the file itself, and the file when it can be read."""
    if env_file is None or not env_file.exists():
        return [], None
    try:
        with env_file.open(encoding="utf-8-sig") as lines:
            bindings = list(parse_stream(lines))
    except (OSError, UnicodeDecodeError):
        return [f"{env_file} cannot be read: it must be a text file (UTF-8) that this account may open."], None
    # Its own word on a broken line says less than ours.
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)
    known = [name.upper() for name in Settings.model_fields]
    problems = []
    for binding in bindings:
        name = (binding.key or "").upper()
        if binding.error or (name in known and binding.value is None):
            problems.append(f"{env_file} line {binding.original.line} is not understood: write it like NAME=value.")
        elif name not in known and (near := difflib.get_close_matches(name, known, n=1, cutoff=0.8)):
            problems.append(f"{env_file} has {name}, which is not a setting: {near[0]} is meant, probably.")
    return problems, env_file
