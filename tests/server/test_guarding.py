"""Guards see what goes in and comes out; where one refuses or fails, nothing passes."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from freehold.server import logs
from freehold.server.config import Config, Guards
from freehold.server.guarding import Blocked, Context
from tests.server.conftest import ask
from tests.server.running import Reply, config, serving

CHAT = "/v1/chat/completions"
HERE = "tests.server.test_guarding"


def no_secrets(request: Any, seen: Context) -> None:
    if any("secret" in turn.content for turn in request.messages):
        raise Blocked("secrets stay here")


async def shorter(request: Any, seen: Context) -> Any:
    return replace(request, max_tokens=4)


def no_scattering(text: str, seen: Context) -> None:
    if "scatter" in text:
        raise Blocked("not that")


def calm(result: Any, seen: Context) -> None:
    assert seen.model == "tiny"
    if "Blue" in result.text:
        raise Blocked("not blue")


def broken(what: Any, seen: Context) -> None:
    raise RuntimeError("the guard fell asleep")


def guarded(model: Path, **names: tuple[str, ...]) -> Config:
    told: dict[str, Any] = {kind: tuple(f"{HERE}:{n}" for n in of) for kind, of in names.items()}
    return replace(config(model), guards=Guards(lag=5, **told))


def both(model: Path, text: str, **names: tuple[str, ...]) -> tuple[Reply, Reply]:
    """The answer at once, and streamed."""
    with serving(guarded(model, **names)) as here:
        return here.post(CHAT, ask(text)), here.post(CHAT, ask(text, stream=True))


def test_a_guard_before_refuses_before_anything_is_asked(model: Path) -> None:
    for reply in both(model, "a secret", before=("no_secrets",)):
        assert reply.status == 400
        assert reply.json["error"]["code"] == "content_filter"
        assert reply.json["error"]["message"] == "secrets stay here"


def test_a_guard_before_may_change_what_is_asked(model: Path) -> None:
    whole, streamed = both(model, "x", before=("no_secrets", "shorter"))
    assert whole.json["choices"][0]["message"]["content"] == "Blue"
    assert streamed.events[-1]["choices"][0]["finish_reason"] == "length"


def test_what_a_guard_during_refuses_never_reaches_the_client(model: Path) -> None:
    whole, streamed = both(model, "x", during=("no_scattering",))
    assert whole.status == 400
    assert b"scatters" not in streamed.body
    assert streamed.events[-1]["error"]["message"] == "not that"
    said = [e["choices"][0]["delta"].get("content", "") for e in streamed.events if "choices" in e]
    assert "".join(said) == "Blue, because it sca"


def test_a_guard_after_sees_the_whole_before_any_of_it_is_sent(model: Path) -> None:
    for reply in both(model, "x", after=("calm",)):
        assert reply.status == 400
        assert b"because" not in reply.body


@pytest.mark.parametrize("place", ["before", "during", "after"])
def test_a_guard_that_fails_lets_nothing_pass(model: Path, place: str) -> None:
    for reply in both(model, "x", **{place: ("broken",)}):
        assert reply.status == 502 or "error" in reply.events[-1]
        assert b"asleep" not in reply.body
        assert b"scatters" not in reply.body


def test_logs_are_lines_of_json_without_what_was_said(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger("freehold")
    before = root.handlers[:]
    logs.begin("json")
    try:
        with serving(config(model)) as here:
            here.post(CHAT, ask("a secret"))
    finally:
        root.handlers[:] = before
        root.setLevel(logging.NOTSET)
    told = capsys.readouterr().err
    (line,) = [json.loads(x) for x in told.splitlines() if "answered" in x]
    assert line["tokens"] == 40
    assert "secret" not in told
    assert "scatters" not in told
