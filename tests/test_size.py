"""Files and functions stay short enough to read at once."""

import ast
from pathlib import Path
from statistics import median

SOURCE = Path(__file__).parent.parent / "src" / "freehold"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
LARGEST_PACKAGE = 4_000_000


def functions() -> list[tuple[str, int]]:
    """Every function with its length in lines."""
    return [
        (f"{file.relative_to(SOURCE)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_file_is_longer_than_the_hard_line() -> None:
    long = [f.name for f in FILES if len(f.read_text().splitlines()) > LONGEST_FILE]
    assert long == []


def test_no_function_is_longer_than_the_hard_line() -> None:
    assert [name for name, size in functions() if size > LONGEST_FUNCTION] == []


def test_most_functions_are_short() -> None:
    sizes = sorted(size for _, size in functions())
    assert median(sizes) <= 10
    assert sizes[int(len(sizes) * 0.9)] <= 30


def test_every_module_opens_with_a_sentence() -> None:
    silent = [str(f) for f in FILES if not ast.get_docstring(ast.parse(f.read_text()))]
    assert silent == []


def test_the_package_without_data_stays_small() -> None:
    code = [f for f in SOURCE.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    size = sum(f.stat().st_size for f in code if "data" not in f.relative_to(SOURCE).parts)
    assert size < LARGEST_PACKAGE
