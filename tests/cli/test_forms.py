"""The JSON forms that scripts rely on; a change here is a change of version."""

import json
from typing import Any

import pytest

from tests.cli.running import freehold

Capsys = pytest.CaptureFixture[str]
LEVELS = {"fully open", "open weights", "restricted weights", "open API", "proprietary", "unknown"}
VERDICTS = {"yes", "no", "conditional", "unknown"}
USES = {
    "use",
    "commercial",
    "modify",
    "redistribute",
    "host",
    "train-on-outputs",
    "large-scale",
    "eu",
}


def printed(capsys: Capsys, *words: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(freehold(capsys, *words, "--json").out)


def assert_permits(permits: dict[str, dict[str, str]]) -> None:
    """Permits hold a verdict and a reason for every use."""
    assert permits.keys() == USES
    for permit in permits.values():
        assert permit["verdict"] in VERDICTS
        assert permit["because"]


def test_the_form_of_choose(capsys: Capsys) -> None:
    form = printed(
        capsys, "choose", "--task", "transcribe", "--for", "commercial", "--memory", "8GB"
    )
    assert {"need", "ranked", "refused"} <= form.keys()
    assert form["need"]["task"] == "automatic-speech-recognition"
    assert 1 <= len(form["ranked"]) <= 5
    for row in form["ranked"]:
        assert {"id", "family", "reasons", "license", "openness", "fit"} <= row.keys()
        assert row["reasons"]
        assert row["openness"]["level"] in LEVELS
        assert row["fit"]["fits"] == "yes"
        assert_permits(row["license"]["permits"])
        assert row["license"]["permits"]["commercial"]["verdict"] in ("yes", "conditional")
        for duty in row["license"]["obligations"]:
            assert {"do", "when", "license", "text", "clause"} == duty.keys()
    for row in form["refused"]:
        assert {"id", "because"} <= row.keys()
        assert row["because"]


@pytest.mark.parametrize("model", ["olmo-2", "llama-3.2-1b", "flux.1-dev", "gpt-4o", "pytorch"])
def test_the_form_of_check(capsys: Capsys, model: str) -> None:
    form = printed(capsys, "check", model)
    assert form["id"] == model
    assert form["level"] in LEVELS
    assert form["osaid"]["verdict"] in {"meets", "fails", "not verifiable"}
    assert {"id", "name", "answer", "because", "source"} == form["osaid"]["criteria"][0].keys()
    assert form["mof"]["class"] in {"I", "II", "III", "none"}
    assert 0 <= form["osai"]["score"] <= 1
    assert len(form["osai"]["dimensions"]) == 12
    assert_permits(form["license"]["permits"])
    for key in ("lineage", "conflicts", "statements"):
        assert isinstance(form[key], list)
    for step in form["lineage"]:
        assert {"base", "relation", "license", "inherits", "because"} <= step.keys()
    for conflict in form["conflicts"]:
        assert {"about", "says", "by", "holds", "because"} <= conflict.keys()


def test_the_form_of_the_other_commands(capsys: Capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freehold.actions.doctor.SMALL_DISK", 0)
    assert {"id", "level", "licenses", "members"} <= printed(capsys, "models", "olmo")[0].keys()
    assert {"id", "permits", "obligations"} <= printed(capsys, "licenses", "apache-2.0").keys()
    assert {"id", "kind", "osi"} <= printed(capsys, "licenses", "gnu")[0].keys()
    assert {"memory", "bandwidth", "gpus", "disk", "cores"} <= printed(capsys, "machine").keys()
    assert printed(capsys, "doctor")["ok"] is True
    assert {"shipped", "own"} <= printed(capsys, "facts", "list").keys()
    assert printed(capsys, "facts", "validate") == []
    assert "use" in printed(capsys, "facts", "words", "permissions")["permissions"]
