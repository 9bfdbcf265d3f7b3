"""Numbers with units in running text are found and amount to what people mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.quantities import quantities, read_quantity


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("8 GB", 8 * 10**9, "bytes"),
        ("8GiB", 8 * 2**30, "bytes"),
        ("16gigs", 16 * 10**9, "bytes"),
        ("24 Go", 24 * 10**9, "bytes"),
        ("512 Mo", 512 * 10**6, "bytes"),
        ("8-gb", 8 * 10**9, "bytes"),
        ("7B", 7 * 10**9, "b"),
        ("3 billion", 3 * 10**9, "b"),
        ("1,5 Milliarden", 1_500_000_000, "b"),
        ("7 mil millones", 7 * 10**9, "b"),
        ("32k", 32_000, "k"),
        ("2 Millionen", 2_000_000, "m"),
        ("50.000", 50_000, ""),
        ("50,000", 50_000, ""),
        ("50 000", 50_000, ""),
        ("1.5", 2, ""),
    ],
)
def test_a_number_amounts_to_what_its_unit_says(text: str, amount: int, unit: str) -> None:
    found = read_quantity(text)
    assert found is not None
    assert (found.amount, found.unit) == (amount, unit)


def test_numbers_inside_names_are_none() -> None:
    assert list(quantities("like gpt-4o or llama3 on an m2")) == []


def test_every_number_of_a_sentence_is_found_where_it_stands() -> None:
    text = "a laptop with 8 GB for 50.000 users, under 7B"
    assert [text[q.start :][: len(q.text)] for q in quantities(text)] == ["8 GB", "50.000", "7B"]


def test_what_is_out_of_all_bounds_is_left_out() -> None:
    assert list(quantities("0 GB and 99999999999999999999 people")) == []


@given(st.text(max_size=200))
def test_any_text_is_read_and_every_find_is_a_piece_of_it(text: str) -> None:
    for found in quantities(text):
        assert text[found.start :].startswith(found.text)
        assert found.amount >= 0
