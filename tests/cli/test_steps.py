"""How far long work is: a part, and the time that is left at the pace so far."""

import pytest

from freehold.cli._steps import Steps, line


def test_the_time_left_follows_from_the_pace_so_far() -> None:
    assert line("compiling", 50, 200, 60.0) == "  compiling  25%  3 min 00 s left"
    assert line("compiling", 200, 200, 60.0) == "  compiling 100%"


def test_nothing_is_guessed_from_the_first_steps() -> None:
    assert line("compiling", 1, 200, 60.0) == "  compiling   0%"
    assert line("compiling", 0, 0, 1.0) == "  compiling   0%"


def test_without_a_terminal_only_some_steps_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(0, 1000))
    monkeypatch.setattr("freehold.cli._steps.time.monotonic", lambda: float(next(clock)))
    steps = Steps()
    for done in range(1, 101):
        steps("trying", done, 100)
    told = capsys.readouterr().err.splitlines()
    assert 5 <= len(told) <= 10
    steps.says("found")
    assert capsys.readouterr().err == "found\n"


def test_a_terminal_sees_one_line_that_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps()
    steps.loud = True
    steps("trying", 1, 2)
    steps("trying", 2, 2)
    shown = capsys.readouterr().err
    assert shown.startswith("\r\x1b[K  trying")
    assert shown.endswith("100%\n")
