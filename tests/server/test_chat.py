"""Chat completions over HTTP, with a stand-in for the engine."""

from typing import Any

from tests.server.conftest import ask
from tests.server.running import Here

CHAT = "/v1/chat/completions"


def joined(events: list[Any]) -> str:
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_an_answer_at_once(shared: Here) -> None:
    reply = shared.post(CHAT, ask("Why?", seed=3))
    assert reply.status == 200
    (choice,) = reply.json["choices"]
    assert choice["message"]["content"] == "Blue, because it scatters."
    assert choice["finish_reason"] == "stop"
    assert reply.json["usage"]["completion_tokens"] == 26


def test_streamed_and_at_once_agree_in_all_that_counts(shared: Here) -> None:
    body = ask("Why?", seed=3, max_tokens=9)
    whole = shared.post(CHAT, body).json
    options = {"stream": True, "stream_options": {"include_usage": True}}
    events = shared.post(CHAT, {**body, **options}).events
    choice = whole["choices"][0]
    assert joined(events) == choice["message"]["content"] == "Blue, bec"
    assert events[-2]["choices"][0]["finish_reason"] == choice["finish_reason"] == "length"
    assert events[-1]["usage"] == whole["usage"]
    assert {event["id"] for event in events} == {whole["id"]}


def test_answers_without_a_seed_have_ids_of_their_own(shared: Here) -> None:
    assert shared.post(CHAT, ask("x")).json["id"] != shared.post(CHAT, ask("x")).json["id"]


def test_several_choices_come_numbered(shared: Here) -> None:
    found = shared.post(CHAT, ask("x", n=3, seed=1)).json["choices"]
    assert [choice["index"] for choice in found] == [0, 1, 2]
    events = shared.post(CHAT, ask("x", n=2, seed=1, stream=True)).events
    ends = [c["index"] for e in events for c in e["choices"] if c["finish_reason"]]
    assert sorted(ends) == [0, 1]


def test_an_alias_answers_under_its_name(shared: Here) -> None:
    assert shared.post(CHAT, {**ask("x"), "model": "gpt-4o"}).json["model"] == "gpt-4o"


def test_a_model_that_is_not_there_is_missing(shared: Here) -> None:
    reply = shared.post(CHAT, {**ask("x"), "model": "tinyy"})
    assert reply.status == 404
    assert reply.json["error"]["code"] == "model_not_found"
    assert "tiny" in reply.json["error"]["message"]


def test_what_is_not_honored_is_said(shared: Here) -> None:
    reply = shared.post(CHAT, ask("x", verbosity="low", user="me"))
    assert reply.headers["x-freehold-not-honored"] == "verbosity"


def test_a_wrong_type_names_its_field(shared: Here) -> None:
    reply = shared.post(CHAT, ask("x", temperature="hot"))
    assert reply.status == 400
    assert reply.json["error"]["param"] == "temperature"


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(shared: Here) -> None:
    for more in ({}, {"stream": True}):
        reply = shared.post(CHAT, ask("x" * 3000, **more))
        assert reply.status == 400
        assert reply.json["error"]["code"] == "context_length_exceeded"
        assert "2,048" in reply.json["error"]["message"]


def test_the_same_id_comes_back_that_was_sent(shared: Here) -> None:
    reply = shared.post(CHAT, ask("x"), {"X-Request-Id": "mine-1"})
    assert reply.headers["x-request-id"] == "mine-1"
