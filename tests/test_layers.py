"""Imports run one way, from the command line at the top down to the shared words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "freehold"
ROWS = [
    {"core"},
    {"knowledge"},
    {"tasks", "store", "judge", "formats"},
    {"engines", "tuners", "guards", "sources", "scanners"},
    {"actions"},
    {"server"},
    {"cli"},
]
RANK = {name: height for height, row in enumerate(ROWS) for name in row}
FILES = sorted(SOURCE.rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    """The folders of freehold that a file imports from, also inside functions."""
    package = ["freehold", *file.relative_to(SOURCE).parent.parts]
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            names = [".".join([*above, *filter(None, [node.module])])]
        for name in names:
            parts = name.split(".")
            if parts[0] == "freehold" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_nothing_imports_from_above_or_beside_its_row(file: Path) -> None:
    here = file.relative_to(SOURCE).parts[0]
    for there in imported(file):
        if here in RANK and there != here:
            assert RANK[there] < RANK[here], f"{here} must not import {there}"


def test_every_folder_has_its_place_in_the_rows() -> None:
    folders = {p.name for p in SOURCE.iterdir() if p.is_dir()} - {"data", "__pycache__"}
    assert folders <= RANK.keys()


def test_only_knowledge_reads_the_data_folder() -> None:
    readers = {
        file.relative_to(SOURCE).parts[0]
        for file in FILES
        if "paths.DATA" in file.read_text() or "rtoml" in file.read_text()
    }
    assert readers == {"knowledge"}


def test_judges_neither_read_nor_write_nor_ask_the_clock() -> None:
    for file in (SOURCE / "judge").rglob("*.py"):
        tree = ast.parse(file.read_text())
        calls = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        assert not calls & {"open", "print", "date.today", "datetime.now", "input"}, file.name
        names = {n.name for i in ast.walk(tree) if isinstance(i, ast.Import) for n in i.names}
        assert not names & {"os", "sys", "time", "pathlib", "subprocess", "random"}, file.name
