"""A model on this machine is found by its path, and what is none is told."""

import pytest

from freehold.actions.local_model import find
from freehold.core.errors import FreeholdError


@pytest.mark.parametrize("what", ["~nobody", "~nobody/x.gguf", "x" * 5_000, "x" * 5_000 + ".gguf"])
def test_a_path_that_cannot_be_is_answered(what: str) -> None:
    with pytest.raises(FreeholdError):
        find(what)
