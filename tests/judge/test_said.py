"""The small closed form of a need, its grammar, and the parser that fills it by cues."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.need import hear, quotable
from freehold.core.errors import BrokenInput
from freehold.judge.need_grammar import Quotable, grammar
from freehold.judge.need_parsing import parse
from freehold.judge.said import (
    ABILITIES,
    FITTING,
    TASKS,
    USES,
    Said,
    read_said,
    sensible,
    strangers,
)
from tests.invented import SHIPPED


def said(text: str) -> dict[str, object]:
    return parse(hear(text, SHIPPED)).form()


def test_every_word_stands_for_one_of_the_knowledge_base() -> None:
    for task, ability in TASKS.values():
        assert task in SHIPPED.words["tasks"]
        assert not ability or ability in SHIPPED.words["abilities"]
    assert set(ABILITIES) <= set(SHIPPED.words["abilities"])
    assert set(ABILITIES) == {ability for listed in FITTING.values() for ability in listed}
    assert set(USES) <= set(SHIPPED.words["uses"])


def test_every_task_but_none_twice_can_be_said() -> None:
    assert {task for task, _ in TASKS.values()} == set(SHIPPED.words["tasks"])
    assert len(set(TASKS.values())) == len(TASKS)


def test_a_need_is_read_as_it_was_written() -> None:
    need = Said(task="chat", languages=("fr",), not_from=("cn",), territory="de")
    text = json.dumps(need.form())
    assert text == '{"task": "chat", "languages": ["fr"], "not": ["cn"], "where": "de"}'
    assert read_said(text) == need


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"task": 3}', '{"price": "1"}', '{"task": "cook"}', '{"uses": ["x"]}'],
)
def test_any_other_form_or_word_is_refused(text: str) -> None:
    with pytest.raises(BrokenInput, match="no need"):
        read_said(text)


def test_the_grammar_offers_what_was_said_and_nothing_else() -> None:
    heard = hear("something like DALL-E 3 in 8 GB, not from Meta", SHIPPED)
    rules = grammar(quotable(heard, SHIPPED))
    for quoted in ("dall-e 3", "8 gb", "meta"):
        assert f'"\\"{quoted}\\""' in rules
    for key in ("context", "users", "revenue", "size"):
        assert f'\\"{key}\\"' not in rules


def test_a_text_without_names_and_numbers_leaves_only_closed_words() -> None:
    rules = grammar(Quotable())
    assert "like" not in rules
    assert "memory" not in rules
    assert '"\\"transcribe\\""' in rules


def test_a_grammar_may_ask_for_a_task() -> None:
    first = grammar(Quotable(), task=True).split("\n")
    assert first[0] == 'root ::= "{" body0 "}"'
    assert "body1" not in first[1]


def test_abilities_that_make_no_sense_with_a_task_are_dropped() -> None:
    need = Said(task="transcribe", abilities=("multivector", "timestamps"))
    assert sensible(need).abilities == ("timestamps",)


def test_what_is_quoted_cannot_break_out_of_the_grammar() -> None:
    rules = grammar(Quotable(models=('a" | "b\\',)))
    assert '"\\"a\\\\\\" | \\\\\\"b\\\\\\\\\\""' in rules


@pytest.mark.parametrize(
    ("text", "need"),
    [
        (
            "I need to transcribe French calls on my 8 GB laptop, commercially",
            {"task": "transcribe", "languages": ["fr"], "memory": "8 gb", "uses": ["commercial"]},
        ),
        ("an alternative to dall-e 3", {"like": "dall-e 3"}),
        (
            "ein Übersetzer von Deutsch nach Polnisch, nicht aus China",
            {"task": "translate", "languages": ["de", "pl"], "not": ["cn"]},
        ),
        (
            "un générateur d'images sous licence Apache 2.0, moins de 7 milliards de paramètres",
            {"task": "draw", "licenses": ["apache 2.0"], "size": "7 milliards"},
        ),
        (
            "un chatbot para mi tienda, 50.000 usuarios, con 32k de contexto",
            {"task": "chat", "uses": ["commercial"], "users": "50.000", "context": "32k"},
        ),
        ("not for commercial use: a music generator", {"task": "music"}),
        ("hello, how are you?", {}),
        ("", {}),
    ],
)
def test_the_parser_understands_plain_needs(text: str, need: dict[str, object]) -> None:
    assert said(text) == need


@given(st.text(max_size=300))
def test_any_text_gives_a_valid_need_in_closed_words(text: str) -> None:
    heard = hear(text, SHIPPED)
    need = parse(heard)
    assert strangers(need) == []
    assert read_said(json.dumps(need.form())) == need
    quoted = (need.like, need.memory, need.machine, need.context, need.size, need.users)
    assert all(piece in heard.text for piece in quoted if piece)


@given(st.text(max_size=300))
def test_any_text_gives_a_grammar(text: str) -> None:
    rules = grammar(quotable(hear(text, SHIPPED), SHIPPED))
    assert rules.startswith("root ::=")
    assert all(" ::= " in line for line in rules.split("\n"))


@pytest.mark.parametrize(
    ("text", "licenses"),
    [
        ("ein chatbot mit 8 gb", None),
        ("ein chatbot, das programm bringt ein modell mit.", None),
        ("ein chatbot, MIT, unter 8 GB", ["mit"]),
        ("a chatbot, 7B at most, MIT or Apache 2.0", ["mit", "apache 2.0"]),
        ("a chatbot for our trade fair", None),
        ("a chatbot as good as llama 3", None),
    ],
)
def test_a_license_is_told_from_a_german_word_and_from_a_model(
    text: str, licenses: list[str] | None
) -> None:
    assert said(text).get("licenses") == licenses
