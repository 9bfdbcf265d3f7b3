"""Names of models, makers, licenses and processors are found in a text as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.knowledge.mentions import compact, machine_named, mentions
from tests.invented import SHIPPED


def found(text: str) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for mention in mentions(SHIPPED, text):
        listed.setdefault(mention.kind, []).append(mention.means)
    return listed


@pytest.mark.parametrize("name", ["dall-e 3", "dalle 3", "DALL·E 3", "dall e 3"])
def test_a_model_is_found_however_its_name_is_written(name: str) -> None:
    assert found(f"something like {name}, please")["model"] == ["dall-e-3"]


def test_the_longest_name_counts() -> None:
    assert "gpt-4o-mini" in found("an alternative to gpt-4o mini")["model"][0]


def test_makers_are_found_by_their_short_names() -> None:
    assert found("nothing from mistral or meta")["maker"] == ["Mistral AI", "Meta"]


def test_a_maker_is_found_by_the_name_that_the_text_has_for_it() -> None:
    assert found("no alibaba, no qwen, no facebook")["maker"] == ["Alibaba", "Qwen", "Facebook"]


def test_the_word_mit_is_no_maker() -> None:
    assert "maker" not in found("nichts mit cloud, lizenz mit")


def test_licenses_are_found_by_what_people_call_them() -> None:
    assert found("under apache 2.0 or gplv3")["license"] == ["Apache-2.0", "GPL-3.0-only"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("on my rtx 4090", "rtx 4090"), ("with 2x rtx 3090", "2x rtx 3090"), ("an h100", "h100"),
     ("a raspberry pi 5", "raspberry pi 5"), ("macbook pro m2", "macbook pro m2"),
     ("my snapdragon x plus", "snapdragon x plus"), ("InstinctMI250X", "InstinctMI250X"),
     ("a quadro rtx 6000", "quadro rtx 6000"), ("an M3Ultra", "M3Ultra")],
)  # fmt: skip
def test_processors_are_found(text: str, name: str) -> None:
    assert [m.text for m in mentions(SHIPPED, text) if m.kind == "machine"] == [name]


def test_the_computer_around_a_processor_is_left_away() -> None:
    assert machine_named("MacBook Pro M2") == "M2"


def test_a_part_of_the_name_of_a_model_is_no_processor() -> None:
    assert "machine" not in found("instead of minimax-m2.5 or bge-reranker-v2-m3")


def test_a_processor_that_nobody_knows_is_not_one() -> None:
    assert "machine" not in found("on an rtx 9999999")


@given(st.text(max_size=120))
def test_any_text_is_read_and_every_mention_is_a_piece_of_it(text: str) -> None:
    for mention in mentions(SHIPPED, text):
        assert text[mention.start : mention.end] == mention.text


@given(st.text(max_size=60))
def test_compacting_twice_changes_nothing_more(text: str) -> None:
    assert compact(compact(text)) == compact(text)
