"""`freehold bundle`, from the words on the command line to the model on another machine."""

import json
from pathlib import Path

import pytest

from tests.cli.running import freehold
from tests.engines.stubs import tiny

Capsys = pytest.CaptureFixture[str]


def test_create_show_and_install(
    capsys: Capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models.tar"
    assert freehold(capsys, "get", str(tiny(tmp_path)), "--name", "mine").code == 0
    made = freehold(capsys, "bundle", "create", "mine", "-o", str(file))
    assert made.code == 0, made.err
    shown = json.loads(freehold(capsys, "bundle", "show", str(file), "--verify", "--json").out)
    assert shown["verified"]
    assert shown["digest"] in made.out
    assert [m["name"] for m in shown["models"]] == ["mine"]
    assert {p["kind"] for p in shown["papers"]} == {"notice", "bom"}
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("FREEHOLD_OFFLINE", "")
    done = freehold(capsys, "bundle", "install", str(file), "--digest", shown["digest"], "--json")
    assert done.code == 0, done.err
    (model,) = json.loads(done.out)["models"]
    assert (Path(model["folder"]) / "tiny.gguf").is_file()
    assert "mine" in freehold(capsys, "store", "list").out


def test_a_bundle_that_is_none_ends_with_three(capsys: Capsys, tmp_path: Path) -> None:
    file = tmp_path / "models.tar"
    file.write_bytes(bytes(2_048))
    for words in (["show", str(file)], ["install", str(file)]):
        done = freehold(capsys, "bundle", *words)
        assert done.code == 3
        assert "models.tar: it is no bundle" in done.err
