"""Forks `snapshop …` from a process that has imported everything: a process of its own each time, a second sooner.

Whoever has the other end of its stdin, a socket, hands over one end of a socket pair for each process it wants, and
writes there one line of JSON: arguments, environment, folder, crash (a crash point, or nothing). With it come the files
that are to be stdout and stderr. The answers are lines too: the process's number, and once it has ended its exit code,
as `subprocess` has it. When stdin ends, so do this process and all that it has started.
"""

import gc
import json
import multiprocessing
import os
import socket
import sys
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

import bots.doctor
import bots.one_photo
import bots.runtime  # noqa: F401  # imported once for all of them
from bots.cli import app
from tests.faults import crash_point

FORK = multiprocessing.get_context("fork")


def serve(control: socket.socket) -> None:
    """Fork a process for everyone who asks, and tell its exit code; until ``control`` ends."""
    running: dict[int, tuple[BaseProcess, socket.socket]] = {}
    while True:
        for ready in wait([control, *running]):
            if isinstance(ready, int):
                process, connection = running.pop(ready)
                process.join()
                answer(connection, process.exitcode)
                connection.close()
                process.close()
                continue
            _, files, _, _ = socket.recv_fds(control, 1, 3)
            if not files:
                for process, _ in running.values():
                    process.kill()
                return
            asking, out, err = files
            connection = socket.socket(fileno=asking)
            with connection.makefile() as lines:
                wish = json.loads(lines.readline())
            process = FORK.Process(target=become, args=(wish, out, err))
            process.start()
            os.close(out)
            os.close(err)
            running[process.sentinel] = process, connection
            answer(connection, process.pid)


def answer(connection: socket.socket, number: int | None) -> None:
    """Write a line; nothing happens when nobody listens any more."""
    try:
        connection.sendall(f"{number}\n".encode())
    except OSError:
        return


def become(wish: dict[str, Any], out: int, err: int) -> None:
    """In the child: from here on it is as if a shell had started it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, out, err)):
        os.dup2(file, number)
    os.chdir(wish["folder"])
    os.environ.clear()
    os.environ.update(wish["environment"])
    if wish["crash"]:
        crash_point.arm(*wish["crash"].split())
    app(wish["arguments"], prog_name="snapshop")


if __name__ == "__main__":
    gc.collect()
    gc.freeze()  # else the first collection of each child copies every page
    serve(socket.socket(fileno=sys.stdin.fileno()))
