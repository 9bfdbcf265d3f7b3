"""`freehold accept`."""

import json
from pathlib import Path

import pytest

from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]


def test_what_needs_agreement_is_listed_and_then_accepted_by_digest(capsys: Capsys) -> None:
    (one,) = json.loads(freehold(capsys, "accept", "llama-3.2-1b", "--list", "--json").out)
    assert one["accepted"] is None
    refused = freehold(capsys, "accept", "llama-3.2-1b")
    assert refused.code == 1
    assert one["digest"] in refused.err
    done = freehold(capsys, "accept", "llama-3.2-1b", "--digest", one["digest"])
    assert done.code == 0
    assert "accepted 2" in done.out
    assert one["digest"] in freehold(capsys, "accept").out
    (row,) = json.loads(freehold(capsys, "accept", "--json").out)
    assert row["by"] == "digest"


def test_a_person_sees_the_obligations_before_the_text(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from freehold.cli import accept

    monkeypatch.setattr(accept, "asking", lambda: accept.ask)
    monkeypatch.setattr("click.prompt", lambda *a, **k: "yes")
    done = freehold(capsys, "accept", "llama-3.2-1b")
    assert done.code == 0
    places = [
        done.out.index(said)
        for said in ("needs agreement because", "What you must do", "The text (")
    ]
    assert places == sorted(places)


def test_a_text_cannot_steer_the_terminal(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from freehold.cli import accept

    (tmp_path / "LICENSE").write_text("For non-commercial use only.\x1b[2J\n")
    monkeypatch.setattr(accept, "asking", lambda: accept.ask)
    monkeypatch.setattr("click.prompt", lambda *a, **k: "no")
    done = freehold(capsys, "accept", str(tmp_path))
    assert done.code == 1
    assert "For non-commercial use only.[2J" in done.out


def test_nothing_agreed_to_yet(capsys: Capsys) -> None:
    assert "Nothing was agreed to yet" in freehold(capsys, "accept").out
    assert "nothing needs agreement" in freehold(capsys, "accept", "olmo-2-1124-7b").out
