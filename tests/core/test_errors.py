"""Errors say what happened, offer the nearest, and carry the right codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core import errors
from freehold.core.errors import FreeholdError, NotFound, nearest

TREE = [
    (errors.FreeholdError, 1, 400),
    (errors.UsageError, 2, 400),
    (errors.NotFound, 2, 404),
    (errors.Contradiction, 2, 400),
    (errors.NotAllowed, 1, 403),
    (errors.BrokenInput, 3, 422),
    (errors.EnvironmentProblem, 4, 500),
    (errors.Interrupted, 4, 500),
]


@pytest.mark.parametrize(("kind", "exit_code", "http_status"), TREE)
def test_every_error_has_its_codes_and_stands_in_the_drawn_tree(
    kind: type[FreeholdError], exit_code: int, http_status: int
) -> None:
    assert (kind.exit_code, kind.http_status) == (exit_code, http_status)
    line = next(x for x in (errors.__doc__ or "").splitlines() if kind.__name__ in x)
    assert line.split()[line.split().index(kind.__name__) + 1 :][:2] == [
        str(exit_code),
        str(http_status),
    ]


def test_the_nearest_names_are_offered() -> None:
    error = NotFound("model", "lama", ["llama-3", "gemma", "olmo"])
    assert str(error) == "there is no model 'lama'; the nearest: llama-3"


def test_names_that_contain_the_word_lead() -> None:
    assert nearest("gpt", ["gpt-4o", "get", "opt"])[0] == "gpt-4o"


@given(st.text(), st.lists(st.text(max_size=20), max_size=20))
def test_nearest_takes_any_text(name: str, known: list[str]) -> None:
    found = nearest(name, known)
    assert len(found) <= 5
    assert set(found) <= set(known)
