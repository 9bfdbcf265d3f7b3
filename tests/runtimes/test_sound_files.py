"""Reading, changing and writing sound, checked inside the runtime."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.engines.base import Contract, Found
from tests.runtimes.sound_engine import Engine

pytestmark = pytest.mark.runtime
SCRIPT = Path(__file__).with_name("sound_files.py")
SOURCES = Path(__file__).parents[2] / "src"


def test_sound_is_read_changed_and_written_as_it_should(
    installed: Callable[[Contract], Found], tmp_path: Path
) -> None:
    python = installed(Engine()).at
    done = subprocess.run(
        [str(python), "-B", str(SCRIPT), str(tmp_path), str(SOURCES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) == 7
