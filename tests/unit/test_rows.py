"""Every row of the tables of faults and threats that this release answers for has a test that names it."""

import ast
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parents[1]
#: What can go wrong (faults), and what somebody may try (threats).
FAULTS = {*range(1, 7), 9, 11, *range(13, 19), *range(20, 27), 30, 34, 35, 37, 38}
THREATS = {1, 2, 3, 5, 6, *range(8, 17), 18, 20, 22, 25, 26}


def marked(kind: str) -> dict[int, list[str]]:
    """Row -> the places in test files where ``pytest.mark.<kind>(row)`` stands."""
    rows = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{kind}":
                for argument in node.args:
                    rows[ast.literal_eval(argument)].append(f"{path.name}:{node.lineno}")
    return rows


def test_every_fault_has_a_test() -> None:
    assert sorted(FAULTS - marked("fault").keys()) == []


def test_every_threat_has_a_test() -> None:
    assert sorted(THREATS - marked("threat").keys()) == []


def test_a_marker_names_one_row_that_exists() -> None:
    assert all(row in range(1, 43) for row in marked("fault"))
    assert all(row in range(1, 27) for row in marked("threat"))
