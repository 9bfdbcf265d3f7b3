"""`choose` in plain words: shows what it understood, takes corrections, says who read it."""

import json

import pytest

from freehold.actions import seed
from tests.cli.running import freehold


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wheel, whether or not this environment has it."""
    monkeypatch.setattr(seed, "PACKAGE", "freehold_seed_that_is_not_there")


NEED = "I need to transcribe French calls on my 8 GB laptop, commercially"


def test_a_need_in_words_is_shown_and_answered(capsys: pytest.CaptureFixture[str]) -> None:
    done = freehold(capsys, "choose", NEED, "--most", "1")
    assert done.code == 0
    for line in ("--task", "--language  fr (French)", "--memory    8GB", "--for       commercial"):
        assert line in done.out
    assert "1. " in done.out


def test_an_option_corrects_what_was_understood(capsys: pytest.CaptureFixture[str]) -> None:
    done = freehold(capsys, "choose", NEED, "--language", "German", "--ignore", "for", "--json")
    need = json.loads(done.out)["need"]
    assert need["languages"] == ["de"]
    assert "uses" not in need


def test_explain_says_who_read_the_need(capsys: pytest.CaptureFixture[str]) -> None:
    done = freehold(capsys, "choose", "--explain", "a", "chatbot")
    assert "read by  the plain parser, because the package freehold-seed" in done.out


def test_words_without_a_need_are_refused_with_a_way_on(capsys: pytest.CaptureFixture[str]) -> None:
    done = freehold(capsys, "choose", "hello there")
    assert done.code == 2
    assert "hint:  say what it is for" in done.err


def test_explain_without_words_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert freehold(capsys, "choose", "--task", "chat", "--explain").code == 2
