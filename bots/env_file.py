""".env as a text: settings are written into it, and every other line stays as it is."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

#: What needs no quotes in such a file.
_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@%+=~*{}?&-]*")


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text with these settings: each in the place where it stands, else at the end.

    A line like ``#NAME=`` shows a default; the setting goes below it. Raises ValueError for what is not one line.
    """
    lines = text.splitlines()
    for name, value in values.items():
        line = f"{name}={_quoted(value)}"
        own = [
            number for number, old in enumerate(lines) if re.match(rf"\s*(export\s+)?{name}\s*=", old, re.IGNORECASE)
        ]
        shown = [number for number, old in enumerate(lines) if re.match(rf"#\s?{name}=", old)]
        if own:
            lines[own[-1]] = line  # of several the last one counts
        elif shown:
            lines.insert(shown[-1] + 1, line)
        else:
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def write_private(file: Path, text: str) -> None:
    """Write the file whole or not at all, with mode 0600 from the beginning. Raises OSError."""
    file = file.resolve()  # a link stays one
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _quoted(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a setting is one line")
    if _PLAIN.fullmatch(value):
        return value
    if "'" in value:
        raise ValueError("a setting has no ' in it")
    return f"'{value}'"
