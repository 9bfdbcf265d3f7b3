"""Anthropic's and Ollama's protocols over HTTP, with a stand-in for the engine."""

from typing import Any

from tests.server.running import Here

MESSAGES = "/v1/messages"


def message(**more: object) -> dict[str, Any]:
    body = {"model": "tiny", "max_tokens": 9, "messages": [{"role": "user", "content": "Why?"}]}
    return {**body, **more}


def test_a_message_at_once_and_as_events_agree(shared: Here) -> None:
    whole = shared.post(MESSAGES, message(seed=2)).json
    assert whole["content"] == [{"type": "text", "text": "Blue, bec"}]
    assert whole["stop_reason"] == "max_tokens"
    events = shared.post(MESSAGES, message(seed=2, stream=True)).events
    assert [e["type"] for e in events][:2] == ["message_start", "content_block_start"]
    assert [e["type"] for e in events][-3:] == [
        "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip
    text = "".join(e["delta"]["text"] for e in events if e["type"] == "content_block_delta")
    assert text == "Blue, bec"
    assert events[0]["message"]["id"] == whole["id"]
    assert events[-2]["usage"] == whole["usage"]
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"


def test_a_tool_of_anthropic_is_used_and_answered(shared: Here) -> None:
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    body = message(tools=tools, tool_choice={"type": "any"}, seed=1)
    whole = shared.post(MESSAGES, body).json
    (block,) = [b for b in whole["content"] if b["type"] == "tool_use"]
    assert (block["name"], block["input"], whole["stop_reason"]) == ("look", {}, "tool_use")
    events = shared.post(MESSAGES, {**body, "stream": True}).events
    (begun,) = [e["content_block"] for e in events if e["type"] == "content_block_start"
                and e["content_block"]["type"] == "tool_use"]  # fmt: skip
    assert begun["id"] == block["id"]
    result = {"type": "tool_result", "tool_use_id": block["id"], "content": "a cat"}
    turns = [*body["messages"], {"role": "assistant", "content": whole["content"]},
             {"role": "user", "content": [result]}]  # fmt: skip
    again = message(messages=turns, tools=tools, tool_choice={"type": "none"})
    assert shared.post(MESSAGES, again).status == 200


def test_the_tokens_of_a_message_are_counted(shared: Here) -> None:
    found = shared.post(f"{MESSAGES}/count_tokens", message())
    assert found.json == {"input_tokens": len("user:Why?\n")}


def test_an_error_of_anthropic_has_its_form(shared: Here) -> None:
    reply = shared.post(MESSAGES, message(model="none"))
    assert reply.status == 404
    assert reply.json["error"]["type"] == "not_found_error"
    assert reply.json["request_id"] == reply.headers["x-request-id"]


def test_ollama_chats_in_lines_unless_told_otherwise(shared: Here) -> None:
    body = {"model": "tiny:latest", "messages": [{"role": "user", "content": "Why?"}]}
    lines = shared.post("/api/chat", body).lines
    assert "".join(x["message"]["content"] for x in lines) == "Blue, because it scatters."
    assert [x["done"] for x in lines][-2:] == [False, True]
    whole = shared.post("/api/chat", {**body, "stream": False}).json
    assert whole["message"]["content"] == "Blue, because it scatters."
    assert (whole["done_reason"], whole["eval_count"]) == ("stop", 26)


def test_ollama_generates_with_its_options(shared: Here) -> None:
    options = {"num_predict": 4, "mirostat": 2}
    body = {"model": "tiny", "prompt": "Why?", "stream": False, "options": options}
    reply = shared.post("/api/generate", body)
    assert reply.json["response"] == "Blue"
    assert reply.headers["x-freehold-not-honored"] == "options.mirostat"


def test_ollama_loads_and_unloads_without_a_prompt(shared: Here) -> None:
    assert shared.post("/api/generate", {"model": "tiny"}).json["done_reason"] == "load"
    assert [m["name"] for m in shared.get("/api/ps").json["models"]] == ["tiny"]


def test_ollama_embeds_and_says_what_it_cut(shared: Here) -> None:
    found = shared.post("/api/embed", {"model": "tiny", "input": ["a", "b" * 3000]}).json
    assert len(found["embeddings"]) == 2
    assert found["freehold"]["cut"][1] > 900
    assert len(shared.post("/api/embeddings", {"model": "tiny", "prompt": "a"}).json["embedding"])


def test_ollama_lists_and_shows(shared: Here) -> None:
    assert {m["name"] for m in shared.get("/api/tags").json["models"]} == {"tiny", "gpt-4o"}
    shown = shared.post("/api/show", {"model": "tiny"}).json
    assert shown["model_info"]["llama.context_length"] == 2048
    assert "completion" in shown["capabilities"]
    assert shared.get("/api/version").json["version"]


def test_models_are_not_got_or_deleted_over_http_unless_that_is_allowed(shared: Here) -> None:
    assert shared.post("/api/pull", {"model": "x/y"}).status == 403
    assert shared.ask("DELETE", "/api/delete", {"model": "tiny"}).status == 403


def test_a_path_that_is_not_there_is_said_in_the_form_of_its_dialect(shared: Here) -> None:
    assert shared.get("/api/nothing").json["error"].startswith("there is no GET")
    assert shared.get("/v1/nothing").json["error"]["code"] == "unknown_url"


def test_llama_cpp_completes_fills_and_tells_tokens(shared: Here) -> None:
    found = shared.post("/completion", {"prompt": "Why", "n_predict": 4}).json
    assert (found["content"], found["stop_type"], found["model"]) == ("Blue", "limit", "tiny")
    events = shared.post("/completion", {"prompt": "Why", "n_predict": 4, "stream": True}).events
    assert "".join(event["content"] for event in events) == "Blue"
    assert events[-1]["stop"] is True
    filled = shared.post("/infill", {"input_prefix": "a", "input_suffix": "b"}).json
    assert filled["content"] == "BLUE, BECAUSE IT SCATTERS."
    assert shared.post("/tokenize", {"content": "ab"}).json == {"tokens": [97, 98]}
    assert shared.post("/detokenize", {"tokens": [97, 98]}).json == {"content": "ab"}
    assert shared.get("/props").json["default_generation_settings"] == {"n_ctx": 2048}


def test_the_server_describes_itself(shared: Here) -> None:
    told = shared.get("/openapi.json").json
    body = told["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]
    name = body["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "top_logprobs" in told["components"]["schemas"][name]["properties"]
    assert {"/v1/messages", "/api/chat", "/v2/rerank", "/v1/files/{id}"} <= set(told["paths"])
