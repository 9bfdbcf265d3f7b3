"""A header that lies is refused with the field named; whatever is changed, nothing breaks."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput
from tests.formats.lies import LIES, after_many
from tests.formats.mutations import SEEDS, mutated, reads


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_refused_with_the_field_named(lie: str) -> None:
    with pytest.raises(BrokenInput, match=LIES[lie].why):
        LIES[lie].read()


def test_lies_are_found_after_much_that_is_true() -> None:
    for lie in after_many(2_000).values():
        with pytest.raises(BrokenInput, match=lie.why):
            lie.read()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_mutated_is_read_before_it_is_mutated(seed: str) -> None:
    reads(seed, SEEDS[seed])


@pytest.mark.parametrize("seed", SEEDS)
@given(dice=st.integers(0, 2**64))
@settings(max_examples=60, deadline=None)
def test_mutated_headers_are_read_or_refused(seed: str, dice: int) -> None:
    with contextlib.suppress(BrokenInput):
        reads(seed, mutated(SEEDS[seed], random.Random(dice)))
