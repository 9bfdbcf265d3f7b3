"""Languages and countries are found in four languages, in their bent forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.knowledge.spoken import (
    country_codes,
    language_codes,
    nearly_spoken,
    spoken,
    unaccented,
)
from tests.invented import SHIPPED


def codes(text: str, kind: str) -> list[str]:
    return [word.code for word in spoken(text) if word.kind == kind]


@pytest.mark.parametrize(
    "text", ["French calls", "französische Anrufe", "auf Französisch", "une voix française",
             "en francés", "voz francesa", "FRANZOSISCH"]
)  # fmt: skip
def test_a_language_is_found_in_every_form(text: str) -> None:
    assert codes(text, "language") == ["fr"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("in Germany", "de"), ("in der Schweiz", "ch"), ("aux États-Unis", "us"),
     ("en México", "mx"), ("in the UK", "gb"), ("in Europa", "eu")],
)  # fmt: skip
def test_a_country_is_found_by_its_name(text: str, code: str) -> None:
    assert codes(text, "country") == [code]


def test_an_adjective_may_be_a_language_and_an_origin() -> None:
    assert codes("no chinese models", "language") == ["zh"]
    assert codes("no chinese models", "origin") == ["cn"]


def test_every_language_that_can_be_named_is_a_word_of_the_vocabulary() -> None:
    assert set(language_codes()) == set(SHIPPED.words["languages"]) - {"mul"}


def test_every_country_is_two_letters() -> None:
    assert all(len(code) == 2 for code in country_codes())


@pytest.mark.parametrize("text", ["frnech calls", "Frensh", "französishe", "franch"])
def test_a_language_with_one_wrong_letter_is_nearly_spoken(text: str) -> None:
    assert "fr" in nearly_spoken(text)["language"]


def test_what_is_not_said_is_not_nearly_spoken() -> None:
    assert not any(nearly_spoken("a chatbot for my shop on a laptop").values())


@given(st.text(max_size=120))
def test_any_text_is_read(text: str) -> None:
    for word in spoken(text):
        assert 0 <= word.start < word.end <= len(text.casefold())


@given(st.text(max_size=60))
def test_letters_stay_in_their_places_without_accents(text: str) -> None:
    assert len(unaccented(text)) == len(text)
