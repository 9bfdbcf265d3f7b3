"""The other routes of OpenAI, and reranking, over HTTP with a stand-in for the engine."""

import base64
import struct

import pytest

from tests.server.conftest import ask
from tests.server.running import Here

RESPONSES = "/v1/responses"


def completed(**more: object) -> dict[str, object]:
    return {"model": "tiny", "prompt": "Why", "max_tokens": 5, **more}


def test_a_text_goes_on(shared: Here) -> None:
    found = shared.post("/v1/completions", completed(echo=True)).json
    assert found["choices"][0]["text"] == "WhyBlue,"
    assert found["choices"][0]["finish_reason"] == "length"


def test_completions_streamed_and_at_once_agree(shared: Here) -> None:
    body = completed(seed=1, echo=True)
    whole = shared.post("/v1/completions", body).json
    events = shared.post("/v1/completions", {**body, "stream": True}).events
    assert "".join(e["choices"][0]["text"] for e in events) == whole["choices"][0]["text"]
    assert {e["id"] for e in events} == {whole["id"]}


def test_several_prompts_have_choices_in_their_order(shared: Here) -> None:
    found = shared.post("/v1/completions", completed(prompt=["one", "three"], echo=True)).json
    assert [c["text"] for c in found["choices"]] == ["oneBlue,", "threeBlue,"]
    assert found["usage"]["prompt_tokens"] == 8


def test_chances_of_tokens_come_in_both_forms(shared: Here) -> None:
    chances = shared.post("/v1/completions", completed(logprobs=2)).json["choices"][0]["logprobs"]
    assert chances["tokens"] == list("Blue,")
    assert chances["text_offset"] == [0, 1, 2, 3, 4]
    assert len(chances["top_logprobs"][0]) == 2
    body = ask("x", logprobs=True, top_logprobs=2, max_tokens=2)
    content = shared.post("/v1/chat/completions", body).json["choices"][0]["logprobs"]["content"]
    assert [token["token"] for token in content] == ["B", "l"]
    assert len(content[0]["top_logprobs"]) == 2


def test_chances_of_an_echoed_prompt_come_before_those_of_the_answer(shared: Here) -> None:
    body = completed(logprobs=1, echo=True, max_tokens=2, seed=1)
    whole = shared.post("/v1/completions", body).json["choices"][0]
    chances = whole["logprobs"]
    assert (whole["text"], "".join(chances["tokens"])) == ("WhyBl", "WhyBl")
    assert chances["token_logprobs"][0] is None
    assert chances["token_logprobs"][1:] == [-1.0] * 4
    assert chances["text_offset"] == [0, 1, 2, 3, 4]
    events = shared.post("/v1/completions", {**body, "stream": True}).events
    told = [e["choices"][0]["logprobs"] for e in events if e["choices"][0]["logprobs"]]
    for name in chances:
        assert [x for one in told for x in one[name]] == chances[name]
    scored = shared.post("/v1/completions", {**body, "max_tokens": 0}).json["choices"][0]
    assert scored["text"] == "Why"


def test_what_an_engine_does_not_honor_is_refused_by_name(shared: Here) -> None:
    reply = shared.post("/v1/completions", completed(suffix="x", echo=True, logprobs=1))
    assert reply.status == 400
    assert "around a gap" in reply.json["error"]["message"]


def test_a_response_is_made_kept_and_deleted(shared: Here) -> None:
    made = shared.post(RESPONSES, {"model": "tiny", "input": "Why?", "instructions": "Be short"})
    found = made.json
    assert found["status"] == "completed"
    assert found["output"][0]["content"][0]["text"] == "Blue, because it scatters."
    there = f"{RESPONSES}/{found['id']}"
    assert shared.get(there).json == found
    assert shared.get(f"{there}/input_items").json["data"][0]["content"][0]["text"] == "Why?"
    assert shared.ask("DELETE", there).json["deleted"] is True
    assert shared.get(there).status == 404


def test_a_response_follows_an_earlier_one(shared: Here) -> None:
    first = shared.post(RESPONSES, {"model": "tiny", "input": "Why?"}).json
    body = {"model": "tiny", "input": "And?", "previous_response_id": first["id"]}
    second = shared.post(RESPONSES, body).json
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"] + 26


def test_a_response_that_is_not_to_be_stored_is_not(shared: Here) -> None:
    found = shared.post(RESPONSES, {"model": "tiny", "input": "Why?", "store": False}).json
    assert shared.get(f"{RESPONSES}/{found['id']}").status == 404


def test_the_events_of_a_response_are_numbered_and_end_in_the_same_response(shared: Here) -> None:
    body = {"model": "tiny", "input": "Why?", "seed": 4}
    whole = shared.post(RESPONSES, body).json
    events = shared.post(RESPONSES, {**body, "stream": True}).events
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    text = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    assert text == "Blue, because it scatters."
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"] == whole["output"]
    assert events[-1]["response"]["id"] == whole["id"]


def test_a_response_in_the_background_can_be_waited_for(shared: Here) -> None:
    body = {"model": "tiny", "input": "Why?", "background": True}
    found = shared.post(RESPONSES, body).json
    assert found["status"] == "queued"
    while found["status"] in ("queued", "in_progress"):
        found = shared.get(f"{RESPONSES}/{found['id']}").json
    assert found["status"] == "completed"
    assert shared.post(f"{RESPONSES}/{found['id']}/cancel", {}).status == 409


def test_a_tool_is_called_alike_streamed_and_at_once(shared: Here) -> None:
    function = {"name": "look", "description": "", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    body = ask("x", tools=tools, tool_choice="required", seed=1)
    whole = shared.post("/v1/chat/completions", body).json["choices"][0]
    assert whole["finish_reason"] == "tool_calls"
    (call,) = whole["message"]["tool_calls"]
    events = shared.post("/v1/chat/completions", {**body, "stream": True}).events
    deltas = [c for e in events for x in e["choices"] for c in x["delta"].get("tool_calls", ())]
    assert deltas[0]["id"] == call["id"]
    assert deltas[0]["function"]["name"] == "look"
    assert "".join(d["function"]["arguments"] for d in deltas) == call["function"]["arguments"]
    of_response = {"model": "tiny", "input": "x", "seed": 1, "tool_choice": "required"}
    of_response["tools"] = [{"type": "function", **function}]
    made = shared.post(RESPONSES, of_response).json["output"]
    assert [item["name"] for item in made if item["type"] == "function_call"] == ["look"]


def test_vectors_as_numbers_and_as_base64_are_the_same(shared: Here) -> None:
    body = {"model": "tiny", "input": ["ab", "abc"]}
    numbers = shared.post("/v1/embeddings", body).json
    packed = shared.post("/v1/embeddings", {**body, "encoding_format": "base64"}).json
    for one, other in zip(numbers["data"], packed["data"], strict=True):
        size = len(one["embedding"])
        data = base64.b64decode(other["embedding"])
        assert list(struct.unpack(f"<{size}f", data)) == pytest.approx(one["embedding"])


def test_token_ids_are_read_as_the_models_own_and_that_is_said(shared: Here) -> None:
    ids = [[ord(sign) for sign in "ab"]]
    found = shared.post("/v1/embeddings", {"model": "tiny", "input": ids}).json
    same = shared.post("/v1/embeddings", {"model": "tiny", "input": "ab"}).json
    assert found["data"] == same["data"]
    assert "own tokenizer" in found["freehold"]["notes"][0]


def test_documents_are_ranked_for_cohere_and_jina(shared: Here) -> None:
    body = {"model": "tiny", "query": "sky blue", "documents": ["zzz", {"text": "blue sky"}]}
    for path in ("/v1/rerank", "/v2/rerank", "/rerank"):
        found = shared.post(path, {**body, "top_n": 1, "return_documents": True}).json
        assert [row["index"] for row in found["results"]] == [1]
        assert found["results"][0]["document"] == {"text": "blue sky"}


def test_models_say_what_they_are(shared: Here) -> None:
    found = {model["id"]: model for model in shared.get("/v1/models").json["data"]}
    assert set(found) == {"tiny", "gpt-4o"}
    told = shared.get("/v1/models/tiny").json
    assert told == found["tiny"]
    assert told["max_model_len"] == 2048
    assert len(told["freehold"]["digest"]) == 64
    assert "temperature" in told["freehold"]["honored"]
    assert told["openness"]


def test_images_that_are_not_seen_are_refused(shared: Here) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
    for url, says in ((picture, "projector"), ("https://x.org/y.png", "fetches nothing")):
        content = [{"type": "image_url", "image_url": {"url": url}}]
        body = {"model": "tiny", "messages": [{"role": "user", "content": content}]}
        reply = shared.post("/v1/chat/completions", body)
        assert reply.status == 400
        assert says in reply.json["error"]["message"]
