"""Frameworks that speak OpenAI's protocol against the server; each where it is installed."""

from typing import Any

import pytest

from tests.server.running import Here

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]
SAID = "Blue, because it scatters."


def test_langchain_chats_streams_and_calls_tools(shared: Here) -> None:
    package = pytest.importorskip("langchain_openai")
    of: Any = {"model": "tiny", "base_url": f"{shared.url}/v1", "api_key": "x", "max_retries": 0}
    chat = package.ChatOpenAI(**of)
    assert chat.invoke("Why?").content == SAID
    assert "".join(str(chunk.content) for chunk in chat.stream("Why?")) == SAID
    form = {"title": "Name", "type": "object", "properties": {}}
    assert chat.with_structured_output(form, method="json_schema").invoke("Why?") == {}
    chat.with_structured_output(form, method="function_calling").invoke("Why?")
    answers = package.ChatOpenAI(**of, use_responses_api=True).invoke("Why?")
    assert answers.text == SAID if isinstance(answers.text, str) else answers.text() == SAID
    assert package.OpenAI(**of, max_tokens=4).invoke("Why?") == "Blue"


def test_langchain_embeds(shared: Here) -> None:
    package = pytest.importorskip("langchain_openai")
    vectors = package.OpenAIEmbeddings(
        model="tiny", base_url=f"{shared.url}/v1", api_key="x", check_embedding_ctx_length=False
    )
    assert [len(v) for v in vectors.embed_documents(["a", "b"])] == [3, 3]


def test_llama_index_chats_and_embeds(shared: Here) -> None:
    like = pytest.importorskip("llama_index.llms.openai_like")
    of: Any = {"model": "tiny", "api_base": f"{shared.url}/v1", "api_key": "x",
               "is_chat_model": True, "is_function_calling_model": True,
               "context_window": 2048}  # fmt: skip
    model = like.OpenAILike(**of)
    assert model.complete("Why?").text == SAID
    assert "".join(str(part.delta) for part in model.stream_complete("Why?")) == SAID
    embedding = pytest.importorskip("llama_index.embeddings.openai_like")
    vectors = embedding.OpenAILikeEmbedding(
        model_name="tiny", api_base=f"{shared.url}/v1", api_key="x"
    )
    assert len(vectors.get_text_embedding("a")) == 3


def test_haystack_chats_and_embeds(shared: Here) -> None:
    chat = pytest.importorskip("haystack.components.generators.chat")
    embedders = pytest.importorskip("haystack.components.embedders")
    from haystack.dataclasses import ChatMessage  # type: ignore[import-not-found]
    from haystack.utils import Secret  # type: ignore[import-not-found]

    of: Any = {"api_base_url": f"{shared.url}/v1", "api_key": Secret.from_token("x")}
    model = chat.OpenAIChatGenerator(model="tiny", **of)
    assert model.run([ChatMessage.from_user("Why?")])["replies"][0].text == SAID
    vectors = embedders.OpenAITextEmbedder(model="tiny", **of)
    assert len(vectors.run("a")["embedding"]) == 3


def test_litellm_chats_and_embeds(shared: Here) -> None:
    package = pytest.importorskip("litellm")
    of: Any = {"model": "openai/tiny", "api_base": f"{shared.url}/v1", "api_key": "x"}
    turns = [{"role": "user", "content": "Why?"}]
    assert package.completion(messages=turns, **of).choices[0].message.content == SAID
    parts = package.completion(messages=turns, stream=True, **of)
    assert "".join(part.choices[0].delta.content or "" for part in parts) == SAID
    assert len(package.embedding(input=["a"], **of).data[0]["embedding"]) == 3
