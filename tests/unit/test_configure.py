"""`snapshop configure`: what an operator types, what is tried, and what .env is afterwards."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bots.cli import app
from bots.env_file import with_values
from core.settings import Settings
from tests.discord_lab import DiscordWorld, discord_lab
from tests.telegram_lab import TelegramLab, telegram_app

TOKEN = "7654321098:AAcanary-Token_of-these-tests-000000000"
WRONG = "7654321098:AAwrong-Token_of-these-tests-0000000000"
KEY = "sk_live_canaryKeyOfTheseTests0000"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The operator's folder, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


@pytest.fixture
async def telegram(folder, monkeypatch) -> AsyncIterator[None]:
    runner = web.AppRunner(telegram_app(TelegramLab(token=TOKEN, username="shop_bot")), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("TELEGRAM_API_URL", f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield
    await runner.cleanup()


@asynccontextmanager
async def discord():
    async with discord_lab(DiscordWorld()) as lab:
        yield lab.world


async def configure(*typed: str, options: tuple[str, ...] = ()):
    """Run it with what is typed, a line each; what it said must not show a secret."""
    result = await asyncio.to_thread(CliRunner().invoke, app, ["configure", *options], "".join(f"{t}\n" for t in typed))
    assert not isinstance(result.exception, Exception), result.exception
    for secret in (TOKEN, WRONG, KEY):
        assert secret not in result.output
    return result


async def test_answers_are_tried_and_written_and_it_says_what_follows(folder, telegram):
    done = await configure(TOKEN, "", KEY, "telegram:42")
    assert done.exit_code == 0
    assert "ok: The bot is @shop_bot: https://t.me/shop_bot" in done.output
    assert "/setprivacy" in done.output
    assert "Privileged Gateway Intents" not in done.output, "there is no Discord bot"
    assert "Next: snapshop doctor, then snapshop run." in done.output
    assert dotenv_values(".env") == {"TELEGRAM_BOT_TOKEN": TOKEN, "KEYAPI_KEY": KEY, "ADMINS": "telegram:42"}
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


async def test_discord_too_is_tried_and_one_invites_it_by_the_address_that_is_told(folder):
    async with discord() as world:
        done = await configure("", world.token, KEY, "discord:7", "900")
        assert world.token not in done.output
    assert "Invite it: https://discord.com/oauth2/authorize?" in done.output
    assert "leave all three Privileged Gateway Intents off" in done.output
    assert dotenv_values(".env")["DISCORD_GUILD"] == "900"


async def test_a_token_that_is_refused_can_be_typed_again_or_kept(folder, telegram):
    done = await configure(WRONG, "n", TOKEN, "", KEY, "telegram:42")
    assert "broken: Telegram refuses TELEGRAM_BOT_TOKEN: copy it again" in done.output
    assert dotenv_values(".env")["TELEGRAM_BOT_TOKEN"] == TOKEN
    kept = await configure(WRONG, "y", "", "", "")
    assert kept.exit_code == 0
    assert dotenv_values(".env")["TELEGRAM_BOT_TOKEN"] == WRONG


async def test_what_cannot_be_right_is_asked_again_with_the_reason(folder):
    done = await configure("my token", "", "", "two words", KEY, "ann", "telegram:42")
    assert "TELEGRAM_BOT_TOKEN is not a bot's token" in done.output
    assert "KEYAPI_KEY has blanks or odd characters" in done.output
    assert "ADMINS has “ann”" in done.output
    assert "TELEGRAM_BOT_TOKEN and DISCORD_BOT_TOKEN are missing" in done.output
    assert dotenv_values(".env") == {"KEYAPI_KEY": KEY, "ADMINS": "telegram:42"}


async def test_an_env_that_is_there_keeps_its_lines_and_what_enter_is_pressed_at(folder):
    (folder / ".env").write_text(f"# mine\nMONTHLY_BUDGET=50\n\nKEYAPI_KEY={KEY}\n#ADMINS=\nOTHER='a b'\n")
    done = await configure("", "", "", "telegram:42")
    assert (folder / ".env").read_text() == (
        f"# mine\nMONTHLY_BUDGET=50\n\nKEYAPI_KEY={KEY}\n#ADMINS=\nADMINS=telegram:42\nOTHER='a b'\n"
    )
    assert done.exit_code == 0


async def test_a_mistake_elsewhere_in_env_is_told_before_anything_is_asked(folder):
    (folder / ".env").write_text("MONTHLY_BUDGET=lots\n")
    done = await configure(TOKEN)
    assert done.exit_code == 78
    assert "MONTHLY_BUDGET must be" in done.output
    assert (folder / ".env").read_text() == "MONTHLY_BUDGET=lots\n"


async def test_without_questions_the_environment_answers_and_a_refused_token_fails(folder, telegram, monkeypatch):
    for name, value in {"TELEGRAM_BOT_TOKEN": TOKEN, "KEYAPI_KEY": KEY, "ADMINS": "telegram:42"}.items():
        monkeypatch.setenv(name, value)
    assert (await configure(options=("--no-ask",))).exit_code == 0
    assert dotenv_values(".env") == {"TELEGRAM_BOT_TOKEN": TOKEN, "KEYAPI_KEY": KEY, "ADMINS": "telegram:42"}
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", WRONG)
    assert (await configure(options=("--no-ask",))).exit_code == 1


async def test_a_new_env_begins_with_the_example_that_explains_every_setting(folder):
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    (folder / ".env.example").write_text(example)
    await configure("", "", KEY, "telegram:42")
    written = (folder / ".env").read_text()
    assert written.replace(f"KEYAPI_KEY={KEY}", "KEYAPI_KEY=").replace("ADMINS=telegram:42", "ADMINS=") == example


VALUES = st.dictionaries(
    st.from_regex("[A-Z][A-Z0-9_]{0,20}", fullmatch=True),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'$\\"), max_size=60),
    max_size=4,
)


@given(VALUES, VALUES)
def test_what_is_written_is_what_is_read(there, values):
    """Names that stand there already are replaced, others stay."""
    from io import StringIO

    before = with_values("# a comment\n", there)
    after = with_values(before, values)
    assert dotenv_values(stream=StringIO(after)) == there | values
    assert after.startswith("# a comment\n")
    assert with_values(after, values) == after


def test_what_is_not_one_line_is_refused():
    for value in ("a\nADMINS=telegram:1", "a'b c"):
        with pytest.raises(ValueError, match="a setting"):
            with_values("", {"NAME": value})
