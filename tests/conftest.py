"""What every test may use, and what the end of a run says."""

import functools
import gc
import os
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from core.settings import Settings
from tests import postgres

#: On CI nothing may be passed over because a part is missing.
ON_CI = os.environ.get("CI") == "true"

# Two busy cores make single examples slow; on CI the same examples are tried each time.
hypothesis.settings.register_profile("snapshop", deadline=None, derandomize=ON_CI, max_examples=50)
hypothesis.settings.load_profile("snapshop")

# What is imported stays: looking through it for garbage again and again is a tenth of a run's time.
gc.disable()
gc.set_threshold(20_000, 10, 10)

# Each client reads the machine's certificates, 20 ms: here they read them once.
ssl.create_default_context = functools.cache(ssl.create_default_context)

# What the developer's own shell sets is not what a test is about.
for _name in [name for name in os.environ if name.lower() in Settings.model_fields]:
    del os.environ[_name]


#: Tests that wait for processes or a browser begin first: a long one that begins last makes everybody wait for it.
WAITING = ("tests/faults/test_stopping", "tests/faults/", "tests/flows/test_run", "tests/browser/", "tests/flows/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests so that several processes end at about the same time.

    With `--dist loadgroup` one of them starts the browser, and one the server: each costs as much as many tests.
    """
    names = {item: item.path.as_posix() for item in items}
    items.sort(
        key=lambda item: next((place for place, name in enumerate(WAITING) if name in names[item]), len(WAITING))
    )
    for item in items:
        if "tests/browser/" in names[item]:
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif "postgres_database" in getattr(item, "fixturenames", ()) or "postgresql" in item.name:
            item.add_marker(pytest.mark.xdist_group("postgresql"))


def pytest_collection_finish() -> None:
    """Collect the garbage of tests, not what was there before them."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server, one for each test process, started when first asked for."""
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoServer as reason:
        if ON_CI:
            pytest.fail(f"PostgreSQL is needed on CI: {reason}")
        pytest.skip(f"nothing was tried on PostgreSQL: {reason}")


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    with postgres.database(postgres_url) as url:
        yield url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """The address of a SQLite file of this test's own, not there yet."""
    return f"sqlite:///{tmp_path / 'snapshop.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of this test's own: the test runs once on SQLite and once on PostgreSQL."""
    fixture = "sqlite_database" if request.param == "sqlite" else "postgres_database"
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested, as the last thing before the counts."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if not reasons:
        return
    terminalreporter.section("NOT TESTED HERE", red=True, bold=True)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} skipped: {reason}", red=True, bold=True)


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return "no reason given"
