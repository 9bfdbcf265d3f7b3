"""A good body for every route that takes one, to begin mutations from."""

import base64
from typing import Any

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()
FUNCTION = {"name": "look", "description": "d", "parameters": {"type": "object"}}
TOOLS = [{"type": "function", "function": FUNCTION}]
CALL = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
TURNS: list[dict[str, Any]] = [
    {"role": "system", "content": "s"},
    {"role": "user", "content": [{"type": "text", "text": "t"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "x", "tool_call_id": "1"},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
SAMPLING = {"temperature": 0.5, "top_p": 0.9, "seed": 1, "stop": ["x"]}

BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {
        "model": "tiny", "messages": TURNS, "n": 1, "max_tokens": 3, **SAMPLING, "tools": TOOLS,
        "tool_choice": "auto", "response_format": SCHEMA, "logit_bias": {"5": 1},
        "logprobs": True, "top_logprobs": 1, "stream": False,
        "stream_options": {"include_usage": True},
        "chat_template_kwargs": {"enable_thinking": True},
    },
    "/v1/completions": {
        "model": "tiny", "prompt": ["a", "b"], "max_tokens": 2, "echo": True, "n": 1, **SAMPLING,
        "suffix": None, "logprobs": None,
    },
    "/v1/responses": {
        "model": "tiny", "instructions": "i", "max_output_tokens": 3, "tools": [
            {"type": "function", **FUNCTION}], "text": {"format": {"type": "text"}},
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "t"}]},
            {"type": "function_call", "call_id": "1", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "1", "output": "x"},
            {"type": "reasoning", "summary": []},
        ], "store": True, "metadata": {"a": "b"}, "include": [], "seed": 1,
    },
    "/v1/embeddings": {"model": "tiny", "input": ["a", "b"], "encoding_format": "base64"},
    "/v1/moderations": {"model": "tiny", "input": ["a", "b"], "threshold": 0.4},
    "/v1/images/generations": {"model": "tiny", "prompt": "p", "n": 1, "size": "64x64", "seed": 1},
    "/v1/images/edits": {"model": "tiny", "prompt": "p", "image": PNG, "mask": PNG},
    "/v1/audio/speech": {"model": "tiny", "input": "i", "voice": "v", "response_format": "wav"},
    "/v1/rerank": {"model": "tiny", "query": "q", "documents": ["a", {"text": "b"}], "top_n": 1},
    "/v1/messages": {
        "model": "tiny", "max_tokens": 3, "system": [{"type": "text", "text": "s"}],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "1", "name": "look", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [
                    {"type": "text", "text": "x"}]},
                {"type": "text", "text": "t"}]},
        ],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "auto"}, "stop_sequences": ["x"], "thinking": {"type": "disabled"},
    },
    "/api/chat": {
        "model": "tiny", "messages": [{"role": "user", "content": "hi"}], "stream": False,
        "options": {"num_predict": 2, "seed": 1, "temperature": 0.1}, "format": "json",
        "tools": TOOLS, "keep_alive": "5m", "think": False,
    },
    "/api/generate": {"model": "tiny", "prompt": "p", "system": "s", "stream": False, "raw": False},
    "/api/embed": {"model": "tiny", "input": ["a"], "truncate": True, "keep_alive": 5},
    "/completion": {"prompt": "p", "n_predict": 2, "seed": 1, "stream": False},
    "/infill": {"input_prefix": "a", "input_suffix": "b", "n_predict": 2},
    "/tokenize": {"content": "abc", "add_special": True},
    "/detokenize": {"tokens": [97, 98]},
}  # fmt: skip
