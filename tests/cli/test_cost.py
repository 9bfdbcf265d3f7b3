"""`freehold cost`: options become machines, the table and the picture fit 80 columns."""

import json
from pathlib import Path

import pytest

from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
MONTH = ["cost", "--tokens-in", "50M", "--tokens-out", "10M"]
MACHINE = [
    *("--purchase", "2500", "--resale", "800", "--watts", "250", "--idle-watts", "60"),
    *("--kwh", "0.30", "--decode-speed", "35-45", "--prefill-speed", "500-700"),
]


def test_the_answer_is_a_table_a_picture_and_its_grounds(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = freehold(capsys, *MONTH, *MACHINE, "--compare", "gpt-4o", "--model", "qwen3-32b")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b[31m" not in done.out
    for words in ("A month of 50M tokens in", "$65.64", "$65.01 to $66.47", "▲ your volume"):
        assert words in done.out
    assert "0.275 times your volume (between 0.274 and 0.276)" in " ".join(done.out.split())


def test_the_picture_shows_the_second_machine_as_a_step(capsys: Capsys) -> None:
    done = freehold(capsys, *MONTH, *MACHINE, "--compare", "gpt-4o")
    lines = [line for line in done.out.splitlines() if "█" in line and ("│" in line or "┤" in line)]
    starts = [line.index("█") for line in lines]
    assert starts[0] > starts[-1] + 20


def test_speeds_go_to_the_rented_machine_when_there_is_no_other(capsys: Capsys) -> None:
    words = ["cost", "--tokens-out", "1B", "--rent", "h100", "--rent-price", "2.5", "--json"]
    form = json.loads(freehold(capsys, *words, "--decode-speed", "9,806").out)
    (rented,) = form["options"]
    assert rented["kind"] == "rented"
    assert rented["month"]["value"] == 1825
    both = json.loads(freehold(capsys, *words, "--purchase", "9", "--decode-speed", "40").out)
    own, rented = both["options"]
    assert own["month"]
    assert rented["month"] is None
    assert "--rent-decode-speed" in rented["notes"][0]


def test_images_are_counted_per_minute(capsys: Capsys) -> None:
    words = ["cost", "--images", "20k", "--purchase", "3600", "--image-speed", "2", "--json"]
    form = json.loads(freehold(capsys, *words).out)
    assert form["options"][0]["busy"] == pytest.approx(10_000 / 60 / 730 / 2)
    assert form["options"][0]["machines"]["value"] == 2


def test_the_picture_and_the_page_are_written(capsys: Capsys, tmp_path: Path) -> None:
    svg, html = tmp_path / "cost.svg", tmp_path / "cost.html"
    files = ["--svg", str(svg), "--html", str(html)]
    assert freehold(capsys, *MONTH, *MACHINE, *files).code == 0
    assert svg.read_text().startswith("<?xml")
    assert "<svg" in html.read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--tokens-in", "-5M", "--compare", "gpt-4o"], 2, "not a size"),
        (["--tokens-in", "0", "--compare", "gpt-4o"], 2, "nothing to compare"),
        (["--tokens-in", "9999999T"], 2, "out of range"),
        (["--tokens-in", "5M", "--compare", "gpt-4oo"], 2, "gpt-4o"),
        (["--tokens-in", "5M", "--model", "lama-3.2"], 2, "llama-3.2"),
        (["--tokens-in", "5M", "--rent", "h100"], 2, "--rent-price"),
        (["--tokens-in", "5M", "--rent-price", "2"], 2, "--rent NAME"),
        (["--tokens-in", "5M", "--decode-speed", "0"], 2, "above 0"),
        (["--tokens-in", "5M", "--decode-speed", "45-35"], 2, "rise"),
        (["--tokens-in", "5M", "--decode-speed", "fast"], 2, "35-45"),
        (["--tokens-in", "5M", "--purchase", "nan"], 2, "purchase should be"),
        (["--tokens-in", "5M", "--compare", "gpt-4o", "--cached", "2"], 2, "cached part"),
        (["--tokens-in", "5M", "--compare", "gpt-4o", "--svg", "no/folder/x"], 4, "be written"),
    ],
)
def test_bad_words_are_explained(capsys: Capsys, words: list[str], code: int, said: str) -> None:
    done = freehold(capsys, "cost", *words)
    assert done.code == code
    assert said in done.err
