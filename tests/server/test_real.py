"""One walk from end to end with the real llama.cpp and a tiny model, which may end at any word."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.engines.stubs import tiny
from tests.server.conftest import ask
from tests.server.running import config, serving

CHAT = "/v1/chat/completions"


@pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None, reason="the wheel xllamacpp is not here"
)
def test_the_real_engine_answers_in_every_protocol(tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    model = tiny(tmp_path)
    with serving(config(model, threads=1)) as here:
        body = ask("Why?", seed=7, max_tokens=12, temperature=0.8)
        whole = here.post(CHAT, body)
        assert whole.status == 200, whole.body
        text = whole.json["choices"][0]["message"]["content"]
        events = here.post(CHAT, {**body, "stream": True}).events
        deltas = [e["choices"][0]["delta"].get("content") or "" for e in events if e["choices"]]
        assert "".join(deltas) == text
        assert {event["id"] for event in events} == {whole.json["id"]}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "boolean"}}}
        shaped = here.post(CHAT, ask("Yes?", response_format=form, max_tokens=60)).json
        assert json.loads(shaped["choices"][0]["message"]["content"]) in (True, False)
        vectors = here.post("/v1/embeddings", {"model": "tiny", "input": ["a", "b"]})
        assert "pooling" in vectors.json["error"]["message"].lower()
        ranks = here.post("/rerank", {"model": "tiny", "query": "a", "documents": ["b"]})
        assert "not text-ranking" in ranks.json["message"]
        message = {"model": "tiny", "max_tokens": 5, "messages": body["messages"]}
        said = here.post("/v1/messages", message).json
        assert (said["usage"]["output_tokens"] == 5) == (said["stop_reason"] == "max_tokens")
        lines = here.post("/api/generate", {"model": "tiny", "prompt": "x",
                                            "options": {"num_predict": 3}}).lines  # fmt: skip
        assert (lines[-1]["eval_count"] == 3) == (lines[-1]["done_reason"] == "length")
        too_long = here.post(CHAT, ask("x " * 3000))
        assert too_long.json["error"]["code"] == "context_length_exceeded"
