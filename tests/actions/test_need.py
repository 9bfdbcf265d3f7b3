"""A need in words becomes the options of `choose`, can be corrected, and names who read it."""

from pathlib import Path

import pytest

from freehold.actions import need as needs
from freehold.actions import seed
from freehold.actions.need import LONGEST, ask_for, hear, read_need, understand
from freehold.actions.need_options import corrected, in_words, option_named, options
from freehold.core.errors import EnvironmentProblem, NotFound, UsageError
from freehold.judge.said import Said
from tests.invented import SHIPPED


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel, whether or not this environment has it."""
    monkeypatch.setattr(seed, "PACKAGE", "freehold_seed_that_is_not_there")


def test_every_slot_becomes_an_option_of_choose() -> None:
    need = Said(
        task="ocr", like="gpt 4o", uses=("commercial",), licenses=("apache 2.0", "osi"),
        openness="fully open", languages=("fr",), abilities=("tools",), memory="8 GB",
        machine="macbook m2", context="32k", size="7B", not_from=("cn", "mistral"),
        users="50.000", revenue="2 Millionen", territory="us",
    )  # fmt: skip
    assert options(need, SHIPPED) == {
        "task": "image-text-to-text", "like": "gpt-4o", "uses": ("commercial",),
        "licenses": ("Apache-2.0", "osi"), "openness": "fully open", "languages": ("fr",),
        "abilities": ("ocr", "tools"), "memory": 8 * 10**9, "on": "m2", "context": 32_000,
        "max_parameters": 7 * 10**9, "not_from": ("cn", "Mistral AI"), "users": 50_000,
        "revenue": 2_000_000, "territory": "US",
    }  # fmt: skip


def test_who_is_in_the_union_needs_a_model_that_may_be_used_there() -> None:
    assert options(Said(territory="de"), SHIPPED)["uses"] == ("eu",)
    assert "uses" not in options(Said(territory="us"), SHIPPED)


def test_nothing_said_is_no_option() -> None:
    assert options(Said(), SHIPPED) == {}


def test_an_option_takes_the_place_of_what_was_understood() -> None:
    found = corrected({"task": "a", "memory": 8}, {"task": None, "memory": 16, "uses": ()})
    assert found == {"task": "a", "memory": 16, "uses": ()}


def test_what_was_understood_can_be_left_out() -> None:
    asked = ask_for("transcribe calls in 8 GB", {}, ignore=("--memory",), base=SHIPPED)
    assert asked.options == {"task": "automatic-speech-recognition"}


def test_leaving_out_an_unknown_option_names_those_there_are() -> None:
    assert option_named("--Max-Params") == "max_parameters"
    with pytest.raises(NotFound, match="memory"):
        option_named("memmory")


def test_what_was_understood_is_told_in_words() -> None:
    rows = in_words({"task": "translation", "languages": ("de",), "memory": 8 * 10**9}, SHIPPED)
    assert rows == [
        ("--task", "translation (Text in, text in another language out)"),
        ("--language", "de (German)"),
        ("--memory", "8GB"),
    ]


def test_a_text_without_a_need_is_refused_unless_an_option_says_the_task() -> None:
    with pytest.raises(UsageError, match="no need for a model"):
        ask_for("good morning", {"task": None}, base=SHIPPED)
    assert ask_for("good morning", {"task": "chat"}, base=SHIPPED).options == {"task": "chat"}


def test_a_need_that_is_too_long_is_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match=rf"{LONGEST + 1:,} .* {LONGEST} "):
        understand("x" * (LONGEST + 1), base=SHIPPED)


def test_without_the_wheel_the_parser_reads_and_says_so() -> None:
    understood = understand("a chatbot", base=SHIPPED)
    assert understood.reader == "parser"
    assert not understood.failed
    assert understood.by == "the plain parser, because the package freehold-seed is not installed"


def test_the_model_that_is_asked_for_and_not_there_is_an_error() -> None:
    with pytest.raises(EnvironmentProblem, match="not installed"):
        understand("a chatbot", reader="model", base=SHIPPED)


def test_an_engine_that_fails_leaves_the_parser_which_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise EnvironmentProblem("llama.cpp stopped")

    monkeypatch.setattr(needs, "_absent", lambda: None)
    monkeypatch.setattr(needs, "reading", broken)
    understood = understand("a chatbot", base=SHIPPED)
    assert understood.said.task == "chat"
    assert understood.because == "freehold-seed failed: llama.cpp stopped"
    assert understood.failed
    with pytest.raises(EnvironmentProblem):
        understand("a chatbot", reader="model", base=SHIPPED)


def test_the_text_is_folded_as_the_model_knows_texts() -> None:
    assert needs.fold("  L’Été\x00 <|need|>\n") == "l'été < |need|>"


def test_the_model_is_found_where_its_package_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seed, "PACKAGE", "some_seed")
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_seed").mkdir()
    (tmp_path / "some_seed" / "__init__.py").write_text("")
    assert seed.seed_model() is None
    (tmp_path / "some_seed" / seed.FILE).write_bytes(b"GGUF")
    assert seed.seed_model() == tmp_path / "some_seed" / seed.FILE


def test_a_text_that_names_work_is_read_again_where_the_model_understood_nothing() -> None:
    asked: list[bool] = []

    def read(_: str, rules: str) -> Said:
        must = 'root ::= "{" body0 "}"' in rules
        asked.append(must)
        return Said(task="speak") if must else Said()

    assert read_need(read, hear("clone my voice", SHIPPED), SHIPPED) == Said(
        task="speak", abilities=("voice-cloning",)
    )
    assert asked == [False, True]
    assert read_need(read, hear("good morning!", SHIPPED), SHIPPED) == Said()
    assert asked == [False, True, False]
