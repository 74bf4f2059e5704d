"""Every row of docs/promises.md has a test that names it, and no test names a row that is not there."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PROMISES = (TESTS.parent / "docs" / "promises.md").read_text()


def promised(kind: str) -> list[int]:
    """The numbers in the first column of the table whose head begins with ``kind``."""
    _, _, table = PROMISES.partition(f"| {kind} |")
    rows, _, _ = table.partition("\n\n")
    return [int(number) for number in re.findall(r"^\| ([0-9]+) \|", rows, re.MULTILINE)]


def marked(kind: str) -> dict[int, list[str]]:
    """Row -> the places in test files where ``pytest.mark.<kind>(row)`` stands."""
    rows = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{kind}":
                for argument in node.args:
                    rows[ast.literal_eval(argument)].append(f"{path.name}:{node.lineno}")
    return rows


@pytest.mark.parametrize(("kind", "at_least"), [("fault", 30), ("threat", 20)])
def test_every_promise_has_a_test_and_every_marker_names_a_promise(kind: str, at_least: int) -> None:
    rows = promised(kind)
    assert len(rows) > at_least
    assert len(set(rows)) == len(rows)
    assert sorted(marked(kind)) == rows
