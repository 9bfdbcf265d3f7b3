"""Every command shown runs, what the README shows is what comes, every link leads somewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

import freehold as package
from freehold.actions import choose as choosing
from freehold.actions import doctor
from freehold.actions.signing import sign
from freehold.cli.main import command
from freehold.formats.invented_llama import write_llama
from freehold.knowledge.base import FOLDERS
from tests.actions.test_signing import made
from tests.cli.running import freehold
from tests.engines.stubs import TINY, stub, tiny
from tests.scanners.good import GOOD

QUESTION = '{"custom_id": "1", "url": "/v1/chat/completions", "body": {"model": "model", "messages": [{"role": "user", "content": "Why?"}]}}'  # noqa: E501
ROOT = Path(__file__).parent.parent.parent
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
WRITTEN = [page for page in PAGES if page.name not in ("models.md", "licenses.md", "commands.md")]


def blocks(page: Path, kind: str) -> Iterator[str]:
    """The fenced blocks of one kind."""
    yield from re.findall(rf"```{kind}\n(.*?)```", page.read_text(), flags=re.DOTALL)


def shown() -> list[tuple[str, str]]:
    """(page, command) for every command of ours in a console block."""
    return [
        (page.name, line.removeprefix("$ "))
        for page in PAGES
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def every_command() -> dict[str, str]:
    """Each command that is shown or is an example, once, with all the places that show it."""
    places: dict[str, list[str]] = {}
    for place, line in (*shown(), *in_help()):
        places.setdefault(line, []).append(place)
    return {line: "+".join(dict.fromkeys(where)) for line, where in places.items()}


def in_help() -> list[tuple[str, str]]:
    """(command, example) for every example in the help of a command."""
    context = click.Context(command)
    found = [command, *(command.get_command(context, n) for n in command.list_commands(context))]
    return [
        (str(one.name), line.strip())
        for one in found
        if one is not None
        for line in (one.help or "").splitlines()
        if line.strip().startswith("freehold ")
    ]


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the commands shown run: a model, a license, a schema, a stand-in engine."""
    tiny(tmp_path).rename(tmp_path / "model.gguf")
    write_llama(tmp_path / "tuned.gguf", TINY, seed=2)
    (tmp_path / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    (tmp_path / "questions.jsonl").write_text(QUESTION)
    (tmp_path / "notes.txt").write_text("The sky scatters blue light.")
    (tmp_path / "form.json").write_text('{"type": "object"}')
    (tmp_path / "weights.pt").write_bytes(GOOD["model.pt"])
    if find_spec("cryptography"):
        private, public = made(tmp_path, "SECP256R1")
        (tmp_path / "signed.gguf").write_bytes((tmp_path / "model.gguf").read_bytes())
        sign(tmp_path / "signed.gguf", private)
        private.rename(tmp_path / "key.pem")
        public.rename(tmp_path / "public.pem")
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    monkeypatch.setattr(doctor, "SMALL_DISK", 0)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{where}-{line}") for line, where in every_command().items()]
)
def test_every_command_shown_runs(capsys: pytest.CaptureFixture[str], line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "freehold"
    if words[1] in ("sign", "verify"):
        pytest.importorskip("cryptography")
    if {"--stats", "--against"} & {*words}:
        pytest.importorskip("numpy")
    done = freehold(capsys, *words[1:])
    assert done.code == 0, done.err
    assert done.out.strip()


def test_the_session_of_the_readme_is_what_comes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Then(date):
        @classmethod
        def today(cls) -> "Then":
            return cls(2026, 11, 21)

    monkeypatch.setattr(choosing, "date", Then)
    monkeypatch.setenv("COLUMNS", "110")
    (session,) = blocks(ROOT / "README.md", "console")
    printed: list[str] = []
    for line in session.splitlines():
        if line.startswith("$ "):
            printed = freehold(capsys, *shlex.split(line)[2:]).out.splitlines()
        elif line.strip() not in ("", "..."):
            wanted = line.removesuffix("...").rstrip()
            assert any(row.startswith(wanted) for row in printed), line


def test_the_readme_shows_the_answer_in_its_first_forty_lines() -> None:
    first = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "$ freehold choose" in first
    assert "pipx install freehold" in first


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_python_block_runs() -> None:
    for page in PAGES:
        for block in blocks(page, "python"):
            done = subprocess.run(
                [sys.executable, "-c", block], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.strip()


def test_the_generated_pages_are_current() -> None:
    script = ROOT / "scripts" / "generate_docs.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_folder_is_on_the_map() -> None:
    text = (ROOT / "docs" / "structure.md").read_text()
    source = ROOT / "src" / "freehold"
    for folder in source.iterdir():
        if folder.is_dir() and not folder.name.startswith("_"):
            assert f"`{folder.name}/`" in text
    for name in re.findall(r"`((?:cli|actions|judge|knowledge|core|tests)/\w+\.py)`", text):
        assert (source / name).exists() or (ROOT / name).exists(), name


def test_every_folder_of_facts_is_in_its_readme() -> None:
    text = (ROOT / "src" / "freehold" / "data" / "README.md").read_text()
    for folder in FOLDERS:
        assert f"`{folder}/`" in text


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "docs" / "dependencies.md").read_text()
    for requirement in project["dependencies"]:
        assert f"| {re.split('[>=<]', requirement)[0]} |" in text


def test_every_public_name_that_is_an_action_has_a_guide_or_a_command() -> None:
    context = click.Context(command)
    for name in ("choose", "check", "models", "licenses", "machine", "doctor"):
        assert name in package.__all__
        assert command.get_command(context, name) is not None


def test_no_page_names_a_package_registry_or_this_machine() -> None:
    words = ("pypi" + ".org", "files.python" + "hosted", "/work" + "/main", "/root" + "/")
    for path in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split():
        text = (ROOT / path).read_text(errors="ignore") if (ROOT / path).is_file() else ""
        assert not [word for word in words if word in text], path
