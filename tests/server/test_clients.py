"""The real clients against the server, with a stand-in for the engine."""

from typing import Any

import pytest

from tests.server.running import Here

SAID = "Blue, because it scatters."
LOOK = {"name": "look", "description": "", "parameters": {"type": "object", "properties": {}}}


@pytest.fixture
def openai(shared: Here) -> Any:
    package = pytest.importorskip("openai")
    with package.OpenAI(base_url=f"{shared.url}/v1", api_key="x", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic(shared: Here) -> Any:
    package = pytest.importorskip("anthropic")
    with package.Anthropic(base_url=shared.url, api_key="x", max_retries=0) as client:
        yield client


@pytest.fixture
def ollama(shared: Here) -> Any:
    package = pytest.importorskip("ollama")
    client = package.Client(host=shared.url)
    yield client
    client._client.close()


TURNS: Any = [{"role": "user", "content": "Why?"}]


def test_openai_chats(openai: Any) -> None:
    found = openai.chat.completions.create(model="tiny", messages=TURNS, n=2)
    assert [choice.message.content for choice in found.choices] == [SAID, SAID]
    stream = openai.chat.completions.create(
        model="tiny", messages=TURNS, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == SAID
    assert chunks[-1].usage.completion_tokens == 26


def test_openai_uses_tools_and_reads_their_stream(openai: Any) -> None:
    wanted: Any = {
        "model": "tiny",
        "messages": TURNS,
        "tools": [{"type": "function", "function": LOOK}],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
    }
    (call,) = openai.chat.completions.create(**wanted).choices[0].message.tool_calls
    assert call.function.name == "look"
    with openai.chat.completions.stream(**wanted) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.name == "look"
    assert final.choices[0].finish_reason == "tool_calls"


def test_openai_gets_answers_in_a_schema(openai: Any) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    found = openai.chat.completions.create(model="tiny", messages=TURNS, response_format=form)
    assert found.choices[0].message.content == "{}"


def test_openai_continues_texts(openai: Any) -> None:
    found = openai.completions.create(model="tiny", prompt=["a", "b"], max_tokens=3, logprobs=1)
    assert [c.text for c in found.choices] == ["Blu", "Blu"]
    assert found.choices[0].logprobs.tokens == list("Blu")


def test_openai_makes_responses(openai: Any) -> None:
    found = openai.responses.create(model="tiny", input="Why?")
    assert found.output_text == SAID
    assert openai.responses.retrieve(found.id).output_text == SAID
    again = openai.responses.create(model="tiny", input="And?", previous_response_id=found.id)
    assert again.usage.input_tokens > found.usage.input_tokens
    openai.responses.delete(found.id)
    with openai.responses.stream(model="tiny", input="Why?") as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_response().output_text == SAID
    assert kinds[0] == "response.created"


def test_openai_embeds_through_base64_by_default(openai: Any) -> None:
    found = openai.embeddings.create(model="tiny", input=["a", "bc"])
    assert [len(row.embedding) for row in found.data] == [3, 3]
    assert isinstance(found.data[0].embedding[0], float)


def test_openai_lists_models(openai: Any) -> None:
    assert {model.id for model in openai.models.list()} == {"tiny", "gpt-4o"}
    assert openai.models.retrieve("tiny").id == "tiny"


def test_openai_reads_our_errors_and_ids(openai: Any) -> None:
    package = pytest.importorskip("openai")
    with pytest.raises(package.NotFoundError) as missing:
        openai.chat.completions.create(model="none", messages=TURNS)
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id.startswith("req_")
    with pytest.raises(package.BadRequestError) as wrong:
        openai.chat.completions.create(model="tiny", messages=TURNS, temperature=99)
    assert wrong.value.param == "temperature"


def test_anthropic_writes_messages(anthropic: Any) -> None:
    found = anthropic.messages.create(model="tiny", max_tokens=50, messages=TURNS, system="Short.")
    assert found.content[0].text == SAID
    assert found.stop_reason == "end_turn"
    with anthropic.messages.stream(model="tiny", max_tokens=50, messages=TURNS) as stream:
        assert "".join(stream.text_stream) == SAID
        assert stream.get_final_message().usage.output_tokens == 26
    counted = anthropic.messages.count_tokens(model="tiny", messages=TURNS)
    assert counted.input_tokens == 10


def test_anthropic_uses_tools(anthropic: Any) -> None:
    tools: Any = [{"name": "look", "input_schema": {"type": "object"}}]
    wanted: Any = {"model": "tiny", "max_tokens": 50, "messages": TURNS, "tools": tools,
                   "tool_choice": {"type": "tool", "name": "look"}}  # fmt: skip
    found = anthropic.messages.create(**wanted)
    assert [b.name for b in found.content if b.type == "tool_use"] == ["look"]
    with anthropic.messages.stream(**wanted) as stream:
        final = stream.get_final_message()
    assert [b.input for b in final.content if b.type == "tool_use"] == [{}]


def test_anthropic_reads_our_errors(anthropic: Any) -> None:
    package = pytest.importorskip("anthropic")
    with pytest.raises(package.NotFoundError):
        anthropic.messages.create(model="none", max_tokens=5, messages=TURNS)


def test_ollama_chats_and_generates(ollama: Any) -> None:
    assert ollama.chat(model="tiny", messages=TURNS).message.content == SAID
    parts = ollama.chat(model="tiny", messages=TURNS, stream=True)
    assert "".join(part.message.content for part in parts) == SAID
    assert ollama.generate(model="tiny", prompt="Why?").response == SAID
    called = ollama.chat(
        model="tiny", messages=TURNS, tools=[{"type": "function", "function": LOOK}]
    )
    assert called.done_reason == "stop"


def test_ollama_embeds_and_looks_around(ollama: Any) -> None:
    assert len(ollama.embed(model="tiny", input=["a", "b"]).embeddings) == 2
    assert {model.model for model in ollama.list().models} == {"tiny", "gpt-4o"}
    assert ollama.show("tiny").modelinfo["general.architecture"] == "llama"
    assert {model.model for model in ollama.ps().models} == {"tiny"}
    with pytest.raises(Exception, match="there is no model"):
        ollama.chat(model="none", messages=TURNS)
