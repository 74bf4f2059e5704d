"""What an operator may write, what it means, and what is said about a mistake."""

import re
import stat
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ANY_MARKET
from core.settings import Settings, SettingsError, check_run, load_settings, warnings, worst_case

SECRET = "canary-7f3a9-do-not-print-me"
LIMITS = ["monthly_budget", "daily_budget", "chat_daily_limit", "new_account_limit"]


def problems(env_file: Path | None = None, **written: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file, **written)
    return caught.value.problems


def told(env_file: Path) -> str:
    """Everything that a person can see of a start with these settings."""
    try:
        return repr(load_settings(env_file))
    except SettingsError as error:
        return "".join(traceback.format_exception(error))


def test_nothing_has_to_be_written_to_read_reports() -> None:
    settings = load_settings(None)
    assert settings.telegram_bot_token is None
    assert settings.monthly_allowance == 20
    assert settings.monthly_budget == 1000
    assert settings.daily_budget is None
    assert settings.chat_daily_limit is None
    assert settings.new_account_limit == 10
    assert settings.default_region == ANY_MARKET
    assert settings.database_url.get_secret_value() == "sqlite:///snapshop.db"
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", None)
    assert (settings.queue_wait, settings.cache_hours, settings.retention_days) == (120, 168, 90)
    assert (settings.keyapi_rate, settings.keyapi_concurrency, settings.keyapi_timeout) == (2, 4, 30)
    assert (settings.log_level, settings.log_format, settings.link_preview) == ("INFO", "console", True)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MONTHLY_ALLOWANCE=5\nKEYAPI_KEY=sk_live_file\nDEFAULT_REGION=US\n")
    monkeypatch.setenv("MONTHLY_ALLOWANCE", "7")
    settings = load_settings(env_file, default_region="GB")
    assert settings.monthly_allowance == 7
    assert settings.keyapi_key is not None
    assert settings.keyapi_key.get_secret_value() == "sk_live_file"
    assert settings.default_region == "GB"


def test_the_file_of_the_current_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_bytes(
        b"\xef\xbb\xbfMONTHLY_ALLOWANCE = 6 # with a byte order mark, as Notepad writes it\n"
    )
    monkeypatch.chdir(tmp_path)
    assert load_settings().monthly_allowance == 6


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize(("written", "meant"), [("none", None), ("None", None), ("0", 0), (" 12 ", 12)])
def test_none_is_no_limit_and_zero_allows_none(limit: str, written: str, meant: int | None) -> None:
    assert getattr(load_settings(None, **{limit: written}), limit) == meant


@pytest.mark.parametrize("name", Settings.model_fields)
@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_value_is_the_default(name: str, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name.upper(), empty)
    assert getattr(load_settings(None), name) == Settings.model_fields[name].default


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("written", ["-1", "lots", "1.5", "2000000001", "nan", "unlimited"])
def test_a_limit_that_is_no_number_is_refused_and_never_means_zero(limit: str, written: str) -> None:
    assert problems(**{limit: written}) == [
        f"{limit.upper()} must be a whole number of credits, 0 or more, or none for no limit."
    ]


def test_the_allowance_cannot_be_none() -> None:
    [sentence] = problems(monthly_allowance="none")
    assert sentence.startswith("MONTHLY_ALLOWANCE cannot be none")
    assert load_settings(None, monthly_allowance="0").monthly_allowance == 0


def test_all_mistakes_are_told_at_once_and_in_plain_words(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "TELEGRAM_BOT_TOKEN=not a token\nMONTHLY_BUDGET=lots\nADMINS=telegram:@joe\nKEYAPI_RATE=0\n"
        "LOG_LEVEL=loud\nTELEGRAM_WEBHOOK_URL=https://bot.example.com/x\nREPORT_TIMEZONE=Mars\nwhat is this\n"
    )
    found = problems(env_file)
    names = [
        "line 8",
        "TELEGRAM_BOT_TOKEN",
        "KEYAPI_RATE",
        "ADMINS",
        "MONTHLY_BUDGET",
        "REPORT_TIMEZONE",
        "LOG_LEVEL",
    ]
    names += ["TELEGRAM_WEBHOOK_SECRET", "HTTP_PORT"]
    assert len(found) == len(names)
    for name, sentence in zip(names, found, strict=True):
        assert name in sentence
        assert sentence.endswith(".")
        assert not re.search("pydantic|error|value_|Input|str_|None", sentence)


@pytest.mark.threat(6)
@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_sentence_and_no_print_shows_what_was_written(name: str, tmp_path: Path) -> None:
    # Even in the wrong place: people paste a token into the line above.
    for text in (
        f"{SECRET} with blanks",
        f"telegram:{SECRET}",
        f"https://{SECRET}@example.com",
        f"{SECRET}://x{{y",
    ):
        env_file = tmp_path / ".env"
        env_file.write_text(f"{name.upper()}={text}\n")
        assert SECRET not in told(env_file).lower()


@pytest.mark.threat(6)
def test_settings_can_be_printed_without_a_secret() -> None:
    settings = load_settings(
        None,
        telegram_bot_token=f"1:{SECRET}",
        keyapi_key=f"sk_live_{SECRET}",
        discord_bot_token=SECRET,
        telegram_webhook_secret=SECRET + SECRET,
        database_url=f"postgresql://me:{SECRET}@db.example.com/snapshop",
    )
    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()}"


def test_a_misspelt_name_in_the_file_is_noticed(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("MONTHLY_BUDGETS=5\nPOSTGRES_PASSWORD=for-the-database\nCOMPOSE_PROJECT_NAME=shop\n")
    assert problems(env_file) == [
        f"{env_file} has MONTHLY_BUDGETS, which is not a setting: MONTHLY_BUDGET is meant, probably."
    ]


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"KEYAPI_KEY=\xff\xfe\x00")
    [sentence] = problems(env_file)
    assert "cannot be read" in sentence


def test_a_webhook_needs_a_long_secret_and_a_port() -> None:
    url = "https://bot.example.com/telegram"
    settings = load_settings(None, telegram_webhook_url=url, telegram_webhook_secret="a-Z_9" * 7, http_port="8080")
    assert settings.telegram_webhook_url == url
    assert [sentence.split()[0] for sentence in problems(telegram_webhook_url=url)] == [
        "TELEGRAM_WEBHOOK_SECRET",
        "HTTP_PORT",
    ]


def test_to_run_it_takes_one_bot_and_the_key() -> None:
    assert [sentence.split()[0] for sentence in check_run(load_settings(None))] == [
        "TELEGRAM_BOT_TOKEN",
        "KEYAPI_KEY",
    ]
    assert check_run(load_settings(None, telegram_bot_token="1:abc", keyapi_key="sk_live_x")) == []
    assert check_run(load_settings(None, discord_bot_token="abc", keyapi_key="sk_live_x")) == []


def test_what_is_probably_not_meant_is_a_warning(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("KEYAPI_KEY=test_key\n")
    env_file.chmod(0o644)
    found = warnings(load_settings(env_file), env_file)
    assert [sentence.split()[0] for sentence in found] == ["KEYAPI_KEY", "ADMINS", str(env_file)]
    assert "test_key" not in "".join(found)


@pytest.mark.threat(18)
def test_a_file_of_secrets_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.touch()
    settings = load_settings(env_file, admins="telegram:1")
    for mode in (0o644, 0o640, 0o604, 0o620):
        env_file.chmod(mode)
        assert len(warnings(settings, env_file)) == 1
    env_file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert warnings(settings, env_file) == []


def test_the_start_says_who_can_spend_how_much() -> None:
    assert worst_case(load_settings(None)) == ("Anyone who finds this bot can search; at most 1000 credits this month.")
    assert worst_case(load_settings(None, daily_budget="1", members_of="telegram:-5,discord:6")) == (
        "Anyone in telegram:-5 or discord:6 can search; at most 1000 credits this month and 1 credit a day."
    )
    assert worst_case(load_settings(None, monthly_budget="none")) == (
        "Anyone who finds this bot can search; no budget limits what that costs."
    )


def test_a_setting_that_does_not_exist_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="monthly_bugdet"):
        load_settings(None, monthly_bugdet="1")


@given(name=st.sampled_from(sorted(Settings.model_fields)), text=st.text(max_size=60))
def test_whatever_is_written_is_taken_or_refused_in_one_sentence(name: str, text: str) -> None:
    try:
        load_settings(None, **{name: text})
    except SettingsError as error:
        [sentence, *_] = error.problems
        assert sentence.startswith(name.upper()) or name == "telegram_webhook_url"
