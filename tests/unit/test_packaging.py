"""What the image, Compose, systemd and the operator's pages promise, held against the code that they are about."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bots.cli import app
from bots.cli_support import CONFIG
from bots.context import Command
from core import service
from core.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = ["docs/operate.md", "docs/privacy.md", "SECURITY.md", "CONTRIBUTING.md"]
DEPLOYED = ["Dockerfile", "compose.yml", "docs/snapshop.service"]
#: Names in capitals that are no settings of the bot: of Compose's database, of Python, pip, matplotlib and systemd.
OF_OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PYTHONDONTWRITEBYTECODE", "MPLCONFIGDIR", "BASE"}
OF_OTHERS |= {"AF_INET", "AF_UNIX", "PATH", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR", "PIP_NO_INPUT"}
#: Seconds within which a stopped bot has ended (docs/promises.md, fault 9).
ENDED_WITHIN = 30
#: Paths that a page names with an extension of ours, or that are linked to.
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def text(file: str) -> str:
    return (ROOT / file).read_text()


def commands_of_the_line() -> dict[str, Any]:
    group = typer.main.get_command(app)
    return dict(group.commands)  # type: ignore[attr-defined]  # it is a group: it has several commands


def commands_of_the_chat() -> dict[str, Command]:
    from bots.commands import Commands

    return {command.name: command for command in Commands(context=None).all}  # type: ignore[arg-type]  # only listed


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text("Dockerfile"), flags=re.MULTILINE))
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines.splitlines() if line.strip()]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(number for number, (name, _) in enumerate(found) if name == "FROM") :]


def arguments_of(instruction: str) -> str:
    found = [arguments for name, arguments in last_stage() if name == instruction]
    assert len(found) == 1, f"{instruction} stands {len(found)} times in the last stage"
    return found[0]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("compose.yml"))
    return found


def unit() -> dict[str, list[str]]:
    """The unit's settings; one may stand several times."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^([A-Za-z]+)=(.*)$", text("docs/snapshop.service"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    for target in LINK.findall(text(page)):
        assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("file", [*PAGES, *DEPLOYED])
def test_every_setting_that_is_named_exists(file: str) -> None:
    known = {name.upper() for name in Settings.model_fields} | OF_OTHERS
    assert not set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text(file))) - known


def test_the_operators_page_explains_what_an_operator_must_decide() -> None:
    page = text("docs/operate.md")
    for name in ("ADMINS", "MEMBERS_OF", "DISCORD_GUILD", "MONTHLY_BUDGET", "TELEGRAM_WEBHOOK_SECRET", "HTTP_PORT"):
        assert name in page


@pytest.mark.parametrize("file", [*PAGES, *DEPLOYED])
def test_every_command_line_that_is_shown_can_be_typed(file: str) -> None:
    known = commands_of_the_line()
    shown = re.findall(r"(?:`|bin/|^|(?<!-u)\s)snapshop ([a-z]+)((?: --[a-z-]+)*)", text(file), re.MULTILINE)
    assert shown or file in {"docs/privacy.md", "CONTRIBUTING.md", "Dockerfile"}
    for name, options in shown:
        if name == "snapshop":  # docker compose exec SERVICE COMMAND, both of this name
            continue
        assert name in known, f"snapshop {name}"
        has = {option for parameter in known[name].params for option in parameter.opts}
        assert set(options.split()) <= has, f"snapshop {name}{options}"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_chat_that_is_named_exists(page: str) -> None:
    of_botfather = {"newbot", "setjoingroups", "setprivacy", "revoke"}
    paths = {"healthz", "readyz", "metrics", "telegram", "data", "tmp"}
    named = set(re.findall(r"`/([a-z]+)(?=[ `])", text(page)))
    assert named - of_botfather - paths <= commands_of_the_chat().keys()


def test_the_operators_page_has_every_command_for_admins() -> None:
    page = text("docs/operate.md")
    assert {
        name for name, command in commands_of_the_chat().items() if command.admin and f"`/{name}" not in page
    } == set()


def test_every_figure_to_watch_is_measured() -> None:
    measured = text("bots/metrics.py")
    named = set(re.findall(r"snapshop_[a-z_]+", text("docs/operate.md")))
    assert len(named) >= 5
    for name in named:
        assert f'"{re.sub("_(total|bucket)$", "", name)}"' in measured, name
    watching = text("docs/operate.md").partition("## Watching it")[2].partition("\n## ")[0]
    addresses = re.findall(r"^\| `(/[a-z]+)` \|", watching, re.MULTILINE)
    assert len(addresses) >= 3
    assert all(f'"{address}"' in text("bots/server.py") for address in addresses)


def test_privacy_says_how_long_by_the_real_setting() -> None:
    page = text("docs/privacy.md")
    assert f"`RETENTION_DAYS` ({Settings.model_fields['retention_days'].default})" in page


def test_the_image_runs_as_nobody_special_and_keeps_its_data_in_a_volume() -> None:
    user = arguments_of("USER")
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user), "a number, so that Kubernetes can tell it is not root"
    assert json.loads(arguments_of("VOLUME")) == [arguments_of("WORKDIR")]
    names = [name for name, _ in last_stage()]
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in {"RUN", "COPY"})
    assert arguments_of("STOPSIGNAL") == "SIGTERM"
    assert json.loads(arguments_of("ENTRYPOINT")) == ["snapshop"]
    assert json.loads(arguments_of("CMD")) == ["run"]


@pytest.mark.threat(24)
def test_nothing_unpinned_gets_into_the_image() -> None:
    installs = [part for _, arguments in instructions() for part in arguments.split("&&") if "pip install" in part]
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-deps --no-build-isolation ." in install


def test_the_image_has_the_driver_of_postgresql_pinned_as_in_the_lock() -> None:
    pattern = next(
        re.findall(r"awk '/(.+?)/ \{ wanted = /(.+?)/ \}", arguments)
        for _, arguments in instructions()
        if "awk" in arguments
    )[0]
    taken, wanted = [], False
    for line in text("requirements-dev.lock").splitlines():
        if re.search(pattern[0], line):
            wanted = bool(re.search(pattern[1], line))
        if wanted:
            taken.append(line)
    assert {line.partition("==")[0] for line in taken if not line.startswith(" ")} == {"psycopg", "psycopg-binary"}
    assert sum("--hash=" in line for line in taken) > 2


def test_no_secret_and_no_data_can_slip_into_the_image() -> None:
    rules = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    packages = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert let_in == {*packages, "pyproject.toml", "README.md", "LICENSE", "requirements.lock", "requirements-dev.lock"}
    copied = [arguments for name, arguments in instructions() if name == "COPY" and "--from" not in arguments]
    assert {source for arguments in copied for source in arguments.split()[:-1]} == let_in


def test_the_health_check_asks_what_the_bot_serves_and_is_the_same_in_compose() -> None:
    test = json.loads(arguments_of("HEALTHCHECK").partition("CMD ")[2])
    check = compose()["services"]["snapshop"]["healthcheck"]
    assert check["test"] == ["CMD", *test]
    asked = re.findall(r"'(/[a-z]+)'", test[-1])
    assert asked
    assert all(f'"{path}"' in text("bots/server.py") for path in asked)
    compile(test[-1], "health check", "exec")


def test_a_stop_has_the_time_that_it_may_take() -> None:
    drain = service.GRACE + service._FAREWELL + service._LAST
    assert drain < ENDED_WITHIN
    stop = compose()["services"]["snapshop"]["stop_grace_period"]
    assert int(stop.removesuffix("s")) > ENDED_WITHIN
    assert int(unit()["TimeoutStopSec"][0]) > ENDED_WITHIN
    assert int(re.findall(r"--stop-timeout (\d+)", text("docs/operate.md"))[0]) > ENDED_WITHIN


def test_compose_runs_it_with_no_more_rights_than_it_needs() -> None:
    snapshop = compose()["services"]["snapshop"]
    assert snapshop["read_only"] is True
    assert snapshop["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in snapshop["security_opt"]
    assert any(folder.startswith("/tmp:") for folder in snapshop["tmpfs"])
    assert snapshop["volumes"] == [f"data:{arguments_of('WORKDIR')}"]
    assert snapshop["restart"] == "unless-stopped"
    assert "ports" not in snapshop, "nothing listens to the world unless the operator says so"
    assert "max-size" in snapshop["logging"]["options"]
    assert {"data", "postgres"} == compose()["volumes"].keys()


def test_whoever_does_not_want_postgresql_does_not_get_it() -> None:
    services = compose()["services"]
    assert services["postgres"]["profiles"] == ["postgres"]
    assert services["snapshop"]["depends_on"]["postgres"]["required"] is False
    assert "ports" not in services["postgres"]


def test_systemd_does_not_start_again_what_has_to_be_set_first() -> None:
    assert unit()["RestartPreventExitStatus"] == [str(CONFIG)]
    assert unit()["ExecStart"][0].endswith("/bin/snapshop run")
    state = f"/var/lib/{unit()['StateDirectory'][0]}"
    assert unit()["WorkingDirectory"] == [state]
    assert unit()["ProtectSystem"] == ["strict"], "it can write in its own folders only"
    assert unit()["User"] != ["root"]
    page = text("docs/operate.md")
    assert unit()["ExecStart"][0].removesuffix(" run") in page
    assert f"{state}/.env" in page


@pytest.mark.parametrize("form", ["bug.yml", "idea.yml"])
def test_the_forms_for_issues_can_be_read(form: str) -> None:
    found = yaml.safe_load(text(f".github/ISSUE_TEMPLATE/{form}"))
    assert {"name", "description", "body"} <= found.keys()
    ids = [field["id"] for field in found["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 0
    for field in found["body"]:
        assert field["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert "value" in field["attributes"] or field["attributes"]["label"]
