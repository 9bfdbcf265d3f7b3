"""Pictures, sounds and forecasts in a terminal; nothing of them in a pipe."""

import math
import re
import struct
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from freehold.cli._pictures import colors, drawn, forecast, shown
from freehold.cli._spectrum import ROWS, spectrum
from freehold.core.errors import BrokenInput
from freehold.formats.png import Picture
from tests.formats.test_png import png

RED, BLUE = (255, 0, 0), (0, 0, 255)


def terminal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    for name in ("NO_COLOR", "COLORTERM", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def picture(width: int, height: int) -> Picture:
    """Red above, blue below."""
    half = height // 2
    return Picture(
        width, height, 3, (bytes(RED) * width,) * half + (bytes(BLUE) * width,) * (height - half)
    )


def test_a_cell_shows_two_pixels() -> None:
    (line,) = drawn(picture(1, 2), 24)
    assert line == "\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[0m"
    (line,) = drawn(picture(1, 2), 8)
    assert line == "\x1b[38;5;196m\x1b[48;5;21m▀\x1b[0m"
    *_, last = drawn(picture(2, 3), 24)
    assert last.count("▀") == 2
    assert "48;" not in last


def test_a_large_picture_becomes_small_and_keeps_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = list(drawn(picture(400, 200), 24))
    assert {line.count("▀") for line in lines} == {80}
    assert len(lines) == 20
    assert lines[0].startswith("\x1b[38;2;255;0;0m")
    assert "38;2;0;0;255" in lines[-1]
    assert len(list(drawn(picture(10, 4000), 24))) == 30


def test_colors_follow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for variables, bits in (
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 24),
        ({"TERM": "xterm-256color"}, 8),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({}, 0),
    ):
        terminal(monkeypatch, **variables)
        assert colors() == bits


def answer(*files: Path, **result: Any) -> Any:
    return SimpleNamespace(files=files, result=SimpleNamespace(**result))


def test_files_that_were_made_are_shown_in_a_terminal_and_not_in_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, broken = tmp_path / "good.png", tmp_path / "broken.png"
    good.write_bytes(png([b"\0\xff\x00\x00"], 1, kind=2))
    broken.write_bytes(b"nothing")
    made = answer(broken, good, tmp_path / "none.wav", tmp_path / "vectors.npy")
    assert list(shown(made)) == []
    terminal(monkeypatch, TERM="xterm-256color", COLORTERM="truecolor")
    assert list(shown(made)) == ["\x1b[38;2;255;0;0m▀\x1b[0m\x1b[0m"]


def test_a_forecast_is_a_line_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert forecast("load", (0, 1, 2, 3), (4, 7)) == "load ▁▂▃▄│▅█"
    assert forecast("flat", (), (5.0, 5.0)) == "flat │▁▁"
    terminal(monkeypatch, TERM="xterm-256color")
    series = SimpleNamespace(name="load", values=(1.0, 2.0))
    lines = list(shown(answer(series=(series,), past={"load": (0.0,)})))
    assert [re.sub(r"\s+", " ", line) for line in lines] == ["load ▁│▅█"]


def sound(path: Path, pitch: float, seconds: float = 0.5, rate: int = 16_000) -> Path:
    values = [
        round(20_000 * math.sin(2 * math.pi * pitch * n / rate)) for n in range(int(seconds * rate))
    ]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(values)}h", *values))
    return path


def test_a_tone_is_bright_at_its_pitch(tmp_path: Path) -> None:
    seen = spectrum(sound(tmp_path / "a.wav", 440.0), 6)
    assert (seen.width, seen.height) == (6, ROWS)
    rows = [row[2] for row in seen.rows]
    pitches = [80 * (7200 / 80) ** (n / (ROWS - 1)) for n in reversed(range(ROWS))]
    assert max(rows) > 240
    assert abs(math.log2(pitches[rows.index(max(rows))] / 440)) < 0.2
    assert min(rows) < 100


def test_what_is_no_sound_is_an_error(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.wav"
    for data in (b"", b"RIFF", b"RIFF\0\0\0\0WAVEfmt "):
        wrong.write_bytes(data)
        with pytest.raises(BrokenInput):
            spectrum(wrong, 5)
    with pytest.raises(BrokenInput, match="holds no sound"):
        spectrum(sound(tmp_path / "empty.wav", 440, seconds=0), 5)
