"""Every command: help with examples, exit codes, and errors that say what to do next."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.cli.main import command
from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
CONTEXT = click.Context(command)
NAMES = command.list_commands(CONTEXT)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_sentence_examples_and_help_for_every_option(name: str) -> None:
    found = command.get_command(CONTEXT, name)
    assert found is not None
    assert found.short_help
    assert "Examples:" in (found.help or "")
    assert f"freehold {name}" in (found.help or "")
    options = [p for p in found.params if isinstance(p, click.Option)]
    assert [p.name for p in options if not p.help or len(p.help) > 70] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_prints_data_prints_json(name: str) -> None:
    found = command.get_command(CONTEXT, name)
    groups = found.commands.values() if isinstance(found, click.Group) else [found]
    for one in groups:
        assert one is not None
        assert "as_json" in [p.name for p in one.params]


def test_help_ends_well(capsys: Capsys) -> None:
    done = freehold(capsys, "--help")
    assert done.code == 0
    for name in NAMES:
        assert name in done.out


def test_a_mistyped_command_offers_the_nearest(capsys: Capsys) -> None:
    done = freehold(capsys, "chose")
    assert done.code == 2
    assert "did you mean 'choose'?" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "lama-3.2"], "llama-3.2"),
        (["licenses", "apachee-2.0"], "Apache-2.0"),
        (["choose", "--task", "chatt"], "chat"),
        (["choose", "--task", "chat", "--for", "comercial"], "commercial"),
        (["choose", "--task", "chat", "--language", "Frensh"], "French"),
        (["choose", "--like", "gpt-4oo"], "gpt-4o"),
        (["choose", "--task", "chat", "--not-from", "Metaa"], "Meta"),
        (["choose", "--task", "chat", "--openness", "fully-opn"], "fully open"),
        (["choose", "--task", "chat", "--license", "appache-2.0"], "apache"),
        (["models", "--kind", "modell"], "model"),
        (["facts", "words", "permission"], "permissions"),
        (["facts", "where", "olmo-22"], "olmo-2"),
    ],
)
def test_an_unknown_word_offers_the_nearest_and_ends_with_two(
    capsys: Capsys, words: list[str], said: str
) -> None:
    done = freehold(capsys, *words)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert said in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["choose"],
        ["choose", "--task", "chat", "--memory", "much"],
        ["choose", "--task", "chat", "--memory", "0"],
        ["choose", "--task", "chat", "--territory", "Europe"],
        ["choose", "--task", "chat", "--most", "0"],
        ["check"],
        ["check", "a", "b"],
    ],
)
def test_wrong_usage_ends_with_two(capsys: Capsys, words: list[str]) -> None:
    assert freehold(capsys, *words).code == 2


def test_needs_that_contradict_each_other_name_both(capsys: Capsys) -> None:
    done = freehold(
        capsys, "choose", "--task", "chat", "--license", "cc-by-nc-4.0", "--for", "commercial"
    )
    assert done.code == 2
    assert "--license CC-BY-NC-4.0 and --for commercial contradict each other" in done.err


def test_a_need_that_nothing_meets_ends_with_one_and_says_what_came_near(capsys: Capsys) -> None:
    done = freehold(capsys, "choose", "--task", "chat", "--memory", "100MB")
    assert done.code == 1
    assert "Nothing meets the need." in done.out
    assert "memory:" in done.out


def test_a_broken_fact_of_the_users_is_named_and_stops_nothing(capsys: Capsys, home: Path) -> None:
    folder = home / "data" / "families"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text("schema = 1\nname = 5\n")
    for words in (["check", "olmo-2"], ["licenses", "mit"], ["machine"], ["models", "olmo"]):
        done = freehold(capsys, *words)
        assert done.code == 0
        assert "mine.toml: name: should be a text" in done.err
        assert "(left out)" in done.err
    assert freehold(capsys, "facts", "validate").code == 3
    assert freehold(capsys, "doctor").code == 4


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("8GB", 8 * 10**9), ("8GiB", 8 * 2**30), ("512MB", 512 * 10**6), ("1_000_000_000", 10**9)],
)
def test_memory_is_read_as_people_write_it(capsys: Capsys, text: str, bytes_: int) -> None:
    done = freehold(capsys, "choose", "--task", "embed", "--memory", text, "--json")
    assert json.loads(done.out)["need"]["memory"] == bytes_


def test_context_counts_in_binary_thousands(capsys: Capsys) -> None:
    done = freehold(capsys, "choose", "--task", "chat", "--context", "32k", "--json")
    assert json.loads(done.out)["need"]["context"] == 32768


def test_output_into_a_closed_pipe_is_no_error() -> None:
    shell = f"{sys.executable} -m freehold models | head -1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30), max_size=4))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_words_whatever_end_in_a_traceback(capsys: Capsys, words: list[str]) -> None:
    for name in ("check", "choose", "licenses", "models"):
        assert freehold(capsys, name, *words).code in (0, 1, 2, 3)


@pytest.mark.parametrize("path", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all"])
def test_a_path_that_is_not_there_is_told_as_a_path(capsys: Capsys, path: str) -> None:
    done = freehold(capsys, "check", path)
    assert done.code == 3
    assert "does not exist" in done.err
    assert "check the path" in done.err


def test_terminal_and_page_tell_alike_that_a_text_is_no_known_license(
    capsys: Capsys, tmp_path: Path
) -> None:
    (tmp_path / "LICENSE").write_text("You may look at the model. You may not sell it.\n")
    (tmp_path / "model.safetensors").write_bytes(b"")
    for form in ((), ("--html",)):
        words = freehold(capsys, "check", str(tmp_path), *form).out.split()
        assert "what it forbids counts, what it grants does not" in " ".join(words)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux")
def test_a_full_disk_is_told_without_a_traceback() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "freehold", "facts", "words", "uses"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_output_that_nobody_reads_ends_in_silence() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "freehold", "models", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")
