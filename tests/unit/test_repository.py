"""What the files of the project promise each other."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from dotenv import dotenv_values

from core.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
#: A line of .env.example that sets something, or shows a default behind a #.
EXAMPLE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def example() -> list[tuple[str, str, str]]:
    return EXAMPLE.findall((ROOT / ".env.example").read_text())


def canonical(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, str]:
    """Name -> version, of every requirement of a lock."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_the_example_has_every_setting_once_and_no_other() -> None:
    names = [name for _, name, _ in example()]
    assert sorted(names) == sorted(name.upper() for name in Settings.model_fields)


def test_the_example_as_it_is_changes_nothing() -> None:
    assert load_settings(ROOT / ".env.example") == load_settings(None)


def test_the_example_shows_the_real_defaults(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("".join(f"{name}={value}\n" for _, name, value in example()))
    assert load_settings(env_file) == load_settings(None)
    for _, name, value in example():
        default = Settings.model_fields[name.lower()].default
        assert value or default in {None, ()} or default == frozenset(), f"{name} has a default that is not shown"


def test_no_secret_stands_in_the_example() -> None:
    values = dotenv_values(ROOT / ".env.example")
    assert {name for name, value in values.items() if value} == set()
    assert not re.search(r"sk_live_[A-Za-z0-9]|[0-9]{5,}:[A-Za-z0-9_-]{20}", (ROOT / ".env.example").read_text())


@pytest.mark.threat(24)
@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes_and_says_nothing_of_where_to_get_it(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 20
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ ", requirement), requirement.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", requirement), requirement.splitlines()[0]
    assert not re.search(r"://|^\s*(-i\b|-f\b|--(?!hash=))", text, re.MULTILINE)


def test_who_installs_for_tests_has_what_the_bot_runs_on() -> None:
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.threat(24)
def test_a_package_that_is_not_what_it_was_is_not_installed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    archive = tmp_path / "thing-1.0-py3-none-any.whl"
    archive.write_bytes(b"not what it was")
    lock.write_text(f"thing==1.0 --hash=sha256:{'0' * 64}\n")
    pip = [
        "pip",
        "--isolated",
        "--disable-pip-version-check",
        "install",
        "--no-index",
        "--find-links",
        tmp_path,
    ]
    done = subprocess.run(
        [sys.executable, "-m", *pip, "--require-hashes", "--dry-run", "-r", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


def test_the_locks_answer_to_every_requirement_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime, dev = ({canonical(name) for name in pins(lock)} for lock in LOCKS)

    def names(requirements: list[str]) -> set[str]:
        return {canonical(re.split(r"[\[<>=~ ;]", text)[0]) for text in requirements}

    assert names(project["project"]["dependencies"]) | names(project["dependency-groups"]["build"]) <= runtime
    assert names(project["dependency-groups"]["dev"]) <= dev
