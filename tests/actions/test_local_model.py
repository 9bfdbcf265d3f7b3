"""A model on this machine is found by its path, and what is none is told."""

from pathlib import Path

import pytest

from freehold.actions.local_model import find
from freehold.core.errors import EnvironmentProblem, FreeholdError


@pytest.mark.parametrize("what", ["~nobody", "~nobody/x.gguf", "x" * 5_000, "x" * 5_000 + ".gguf"])
def test_a_path_that_cannot_be_is_answered(what: str) -> None:
    with pytest.raises(FreeholdError):
        find(what)


def test_weights_that_must_be_converted_say_with_which_command(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["JukeboxModel"]}')
    for part in ("2-of-2", "1-of-2"):
        (tmp_path / f"pytorch_model-{part}.bin").write_bytes(b"")
    with pytest.raises(EnvironmentProblem) as told:
        find(tmp_path)
    first = tmp_path / "pytorch_model-1-of-2"
    assert told.value.hint == (
        f"freehold convert {first}.bin -o {first}.safetensors, and so for each of 2"
    )
    for file in tmp_path.glob("*.bin"):
        file.unlink()
    with pytest.raises(EnvironmentProblem) as told:
        find(tmp_path)
    assert told.value.hint is None
