"""The page of what runs: each family that a test runs, on which engine, and what is missing.

Rows stand in `tests/runtimes/rows_*.py`; whether their tests passed stands in
`tests/runtimes/outcomes.json`, which `make runtimes` writes. A row without a test that passed is
not called running.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.knowledge.base import KnowledgeBase

FOLDER = Path(__file__).parent.parent / "tests" / "runtimes"
OUTCOMES = FOLDER / "outcomes.json"
HEAD = """# What runs

{note}
Each row is a family of the knowledge base that a test runs end to end: a tiny checkpoint with
random weights in the publisher's own layout goes through the engine, and what comes out is
compared with the reference library called directly. It proves the architecture and the layout; no
published checkpoint was downloaded for it. `make runtimes` runs the tests and writes this anew.

{sums}

| family | task | engine | state |
|---|---|---|---|
"""


def rows() -> dict[str, dict[str, str]]:
    """Every row by its family."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(FOLDER.glob("rows_*.py")):
        found |= import_module(f"tests.runtimes.{path.stem}").ROWS
    return found


def outcomes() -> dict[str, Any]:
    """How each test ended when the runtimes were last tested."""
    return json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {}


def state(row: dict[str, str], ended: dict[str, str]) -> str:
    """`runs`, `in part` with what is missing, `catalog only` with the reason, or `not shown`."""
    if not row["engine"]:
        return f"catalog only: {row['part']}"
    found = [how for name, how in ended.items() if name.split("[")[0] == row["test"].split("[")[0]]
    exact = ended.get(row["test"])
    passed = exact == "passed" or (exact is None and found and set(found) == {"passed"})
    if not passed:
        return "not shown: its test did not pass here"
    return f"in part: {row['part']}" if row["part"] else "runs"


def page(note: str) -> str:
    """The whole page."""
    base = KnowledgeBase()
    told = outcomes()
    ended = told.get("tests", {})
    lines, counts = [], dict.fromkeys(("runs", "in part", "catalog only", "not shown"), 0)
    for family, row in sorted(rows().items()):
        says = state(row, ended)
        counts[says.split(":")[0]] += 1
        found = base.find(family)
        name = found[0].name if found else family
        lines.append(f"| {name} (`{family}`) | {row['task']} | {row['engine'] or '-'} | {says} |")
    sums = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    when = f"Tested {told['date']} with {told['with']}: " if told else "Not tested yet: "
    return HEAD.format(note=note, sums=f"{when}{sums}.") + "\n".join(lines) + "\n"
