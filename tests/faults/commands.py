"""Commands as an operator types them: run to their ends, many at little cost."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.settings import Settings

MANY_COMMANDS = Path(__file__).with_name("many_commands.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`snapshop …` with settings in a folder."""

    arguments: tuple[str, ...]
    settings: Mapping[str, str]
    folder: Path


async def run_all(*commands: Command) -> list[Ended]:
    """Run commands to their ends, one after the other: each a process of its own, the imports are made once."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(MANY_COMMANDS)),
        env=inherited(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    wishes = [{"arguments": c.arguments, "settings": dict(c.settings), "folder": str(c.folder)} for c in commands]
    async with asyncio.timeout(50):
        told, _ = await process.communicate(json.dumps(wishes).encode())
    return [Ended(**ended) for ended in json.loads(told)]


def inherited() -> dict[str, str]:
    """The environment without the developer's own settings."""
    return {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}


def as_json(ended: Ended) -> Any:
    """What a command with --json printed."""
    assert ended.code == 0, ended.err
    return json.loads(ended.out)
