"""The table of what runs claims nothing that no test shows."""

import ast
from pathlib import Path

import pytest
from scripts.runs_page import rows, state

from freehold.engines.base import ENGINES
from freehold.knowledge.base import open_base
from freehold.tasks.base import TASKS

ROOT = Path(__file__).parent.parent.parent
ROWS = rows()


@pytest.mark.parametrize("family", ROWS)
def test_a_row_names_a_family_an_engine_a_task_and_a_test_that_are_there(family: str) -> None:
    row = ROWS[family]
    assert open_base().find(family), "no such family"
    assert TASKS.get(row["task"]).id == row["task"]
    if not row["engine"]:
        assert row["part"]  # catalog only, and why
        return
    assert row["task"] in ENGINES.get(row["engine"]).tasks
    file, _, name = row["test"].partition("::")
    tests = {n.name for n in ast.walk(ast.parse((ROOT / file).read_text()))
             if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}  # fmt: skip
    assert name.split("[")[0] in tests


def test_only_a_test_that_passed_makes_a_row_run() -> None:
    row = {"engine": "e", "task": "t", "test": "f.py::a", "part": ""}
    assert state(row, {}).startswith("not shown")
    assert state(row, {"f.py::a": "failed"}).startswith("not shown")
    assert state(row, {"f.py::a": "skipped"}).startswith("not shown")
    assert state(row, {"f.py::a[x]": "passed", "f.py::a[y]": "failed"}).startswith("not shown")
    assert state(row, {"f.py::a": "passed"}) == "runs"
    assert state({**row, "part": "no wings"}, {"f.py::a": "passed"}) == "in part: no wings"
    assert state({**row, "engine": "", "part": "why"}, {}) == "catalog only: why"
