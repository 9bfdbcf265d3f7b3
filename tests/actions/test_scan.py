"""`scan` and `check` say of every file whether loading it runs code, and stay small doing so."""

import json
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from freehold.actions.folder import check_folder
from freehold.actions.scan import refusal, scan
from freehold.core.errors import BrokenInput
from freehold.formats.templates import lengths, tricks
from freehold.scanners.base import CODE, SAFE, SCANNERS, UNCHECKED
from freehold.scanners.names import tricks as tricks_of_a_name
from tests.cli.running import freehold
from tests.scanners.assembling import COMMAND
from tests.scanners.bad import PICKLES, RUNS
from tests.scanners.good import GOOD, TEMPLATE

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "model"
    home.mkdir()
    (home / "model.safetensors").write_bytes(GOOD["model.safetensors"])
    (home / "README.md").write_text("# A model\n")
    return home


def test_every_scanner_is_found_by_its_name() -> None:
    assert SCANNERS.names() == [
        "archives", "format_gate", "headers", "names", "pickles", "remote_code",
        "second_opinion", "templates",
    ]  # fmt: skip


def test_a_safe_folder_is_safe(folder: Path) -> None:
    found = scan(folder)
    assert (found.verdict, found.safe) == (SAFE, True)
    assert refusal(folder) is None


def test_one_bad_file_makes_the_folder_unsafe(folder: Path) -> None:
    (folder / "notes.md").write_bytes(RUNS)
    found = scan(folder)
    assert (found.verdict, found.safe) == (CODE, False)
    assert refusal(folder) == f"notes.md contains code: would call os.system('{COMMAND}')"


def test_hidden_files_are_looked_at_and_links_out_are_not_followed(folder: Path) -> None:
    (folder / ".hidden").write_bytes(RUNS)
    (folder / "link.md").symlink_to("/etc/passwd")
    (folder / "etc").symlink_to("/etc")
    verdicts = {file.path: file.verdict for file in scan(folder).files}
    assert verdicts[".hidden"] == CODE
    assert verdicts["link.md"] == verdicts["etc"] == UNCHECKED
    assert not any(path.startswith("etc/") for path in verdicts)


def test_a_snapshot_of_the_hub_is_links_to_blobs_and_safe(tmp_path: Path) -> None:
    home = tmp_path / "models--a--b"
    (home / "blobs").mkdir(parents=True)
    (home / "blobs" / "abc").write_bytes(GOOD["model.safetensors"])
    (home / "snapshots" / "1").mkdir(parents=True)
    link = home / "snapshots" / "1" / "model.safetensors"
    link.symlink_to("../../blobs/abc")
    assert scan(home / "snapshots" / "1").safe


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="does not exist"):
        scan(tmp_path / "nowhere")


def test_a_name_that_lies_is_told(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(GOOD["plain-4.pkl"])
    (found,) = (f for f in scan(folder).files if f.path == "weights.safetensors")
    assert [r.kind for r in found.remarks if r.verdict is None] == ["name-mismatch"]


def test_check_shows_the_safety_of_each_file(folder: Path, capsys: Capsys) -> None:
    (folder / "training_args.bin").write_bytes(PICKLES["resolve-name.pkl"])
    done = freehold(capsys, "check", str(folder))
    assert "Safety: contains code" in done.out
    assert "pkgutil.resolve_name" in done.out
    assert "2 of 3 files load no code" in done.out
    form = json.loads(freehold(capsys, "check", str(folder), "--json").out)
    rows = {row["path"]: row["verdict"] for row in form["safety"]}
    assert rows == {"README.md": SAFE, "model.safetensors": SAFE, "training_args.bin": CODE}


def test_the_command_ends_with_one_when_something_is_unsafe(folder: Path, capsys: Capsys) -> None:
    assert freehold(capsys, "scan", str(folder)).code == 0
    (folder / "x.pkl").write_bytes(RUNS)
    done = freehold(capsys, "scan", str(folder), "--json")
    assert done.code == 1
    form = json.loads(done.out)
    assert form["verdict"] == CODE
    (row,) = (row for row in form["safety"] if row["path"] == "x.pkl")
    assert sorted(row) == ["because", "kind", "path", "remarks", "verdict"]


def test_checking_a_folder_takes_little_memory(folder: Path) -> None:
    for n in range(50):
        (folder / f"{n}.pt").write_bytes(GOOD["model.pt"])
    (folder / "large.bin").write_bytes(b"\x80\x02" + b"]" * 200_000 + b".")
    tracemalloc.start()
    scan(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2**20


def test_the_policy_hears_whether_files_are_signed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    rules = 'schema = 1\nmode = "enforce"\n[files]\nsignature = true\n'
    (tmp_path / "own" / "policy.toml").write_text(rules)
    decision = check_folder(folder).report.policy
    assert decision is not None
    assert "files.signature" in [o.rule for o in decision.objections]


@pytest.mark.skipif(find_spec("picklescan") is None, reason="picklescan is not installed")
def test_other_scanners_are_asked_on_request(folder: Path) -> None:
    (folder / "x.pkl").write_bytes(RUNS)
    (found,) = scan(folder / "x.pkl", second_opinion=True).files
    assert "picklescan warns: os.system" in [remark.text for remark in found.remarks]


@pytest.mark.parametrize(
    "template",
    [
        TEMPLATE,
        "{{ '[' ~ x ~ ']' }}",
        "{% set ns = namespace(found=false) %}{{ messages[0]['content'] | trim }}",
        "{%- if messages[0].role == 'system' -%}{{ messages[0].content | replace('_', ' ') }}"
        "{%- endif -%}",
        "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }}",
        "{{ raise_exception('Roles must alternate user/assistant/...') }}",
        "{{ strftime_now('%d %b %Y') }}{{ tools | tojson(indent=4) }}",
        "text with __class__ outside of code",
    ],
)
def test_honest_templates_have_no_tricks(template: str) -> None:
    assert tricks(template) == []
    assert lengths(template) == []


@pytest.mark.skipif(find_spec("jinja2") is None, reason="Jinja is not installed")
def test_a_template_that_went_well_is_rendered_once_and_one_that_did_not_each_time(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jinja2")
    from freehold.scanners import templates

    ran, run = list[str](), templates._run

    def counted(template: str) -> str:
        ran.append(template)
        return run(template)

    monkeypatch.setattr(templates, "_run", counted)
    for _ in range(2):
        templates._rendered.cache_clear()
        assert templates._rendered("{{ messages[0].role }}") == ()
        assert templates._rendered("{{ messages[0].role }} ") == ()
        assert templates._rendered("{% broken")[0].verdict == UNCHECKED
    assert len(ran) == 4
    assert len(list((home / "state" / "templates").iterdir())) == 2


def test_templates_are_rendered_in_a_sandbox_with_limits(folder: Path) -> None:
    from freehold.scanners.templates import _rendered

    assert _rendered(TEMPLATE) == ()
    assert [r.verdict for r in _rendered("{{ messages.append(1) }}")] == [CODE]
    assert [r.verdict for r in _rendered("{{ ('_' * 2).__class__.__mro__ }}")] == [CODE]
    assert [r.verdict for r in _rendered("{% for")] == [UNCHECKED]
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    assert [r.verdict for r in _rendered(endless)] == [UNCHECKED]
    assert [r.verdict for r in _rendered("{{ 'a' * 999999999 }}")] == [UNCHECKED]


@pytest.mark.parametrize(
    "name", ["model.safetensors", "a/b-c_d.1.json", "模型.bin", "modèle.txt", "Ωμέγα"]
)
def test_honest_names_have_no_tricks(name: str) -> None:
    assert list(tricks_of_a_name(name)) == []
