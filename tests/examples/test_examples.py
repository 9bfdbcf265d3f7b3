"""Every example runs: those that need no model here, the others with the runtimes of engines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ALONE = ("inspect_model.py",)
"""Those that invent the model that they need."""


@pytest.mark.parametrize("name", ALONE)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    where = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)], capture_output=True, text=True,
        check=False, cwd=tmp_path, env=where,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_how_it_is_run_and_a_test_runs_it(example: Path) -> None:
    assert f"python examples/{example.name}" in example.read_text()
    tests = (ROOT / "tests" / "runtimes").glob("test_*.py")
    run = any(example.stem in test.read_text() for test in tests)
    assert run or example.name in ALONE
