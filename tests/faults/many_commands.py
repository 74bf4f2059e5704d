"""Runs many commands of the real command line, each in a process forked from one that has imported everything.

Reads JSON from stdin: a list of {arguments, settings, folder}; writes a list of {code, out, err} to stdout.
"""

import json
import os
import sys
import tempfile
import traceback
from typing import IO, Any

import bots.doctor
import bots.one_photo
import bots.runtime  # noqa: F401  # imported once for all of them
from bots.cli import app


def run(arguments: list[str], settings: dict[str, str], folder: str, out: IO[bytes], err: IO[bytes]) -> int:
    """In the child: what `snapshop …` does there, to its exit code."""
    os.chdir(folder)
    os.environ |= settings
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    try:
        app(arguments, prog_name="snapshop")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  # as the interpreter would end it
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    told: list[dict[str, Any]] = []
    for wish in json.load(sys.stdin):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                os._exit(run(wish["arguments"], wish["settings"], wish["folder"], out, err))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            out.seek(0)
            err.seek(0)
            told.append({"code": code, "out": out.read().decode(), "err": err.read().decode()})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
