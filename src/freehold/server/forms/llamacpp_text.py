"""llama.cpp's own completion and infill, without a model's name where there is only one."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from freehold.server.asked import Asked, Heard, Served, identity
from freehold.server.forms.openai_chat import Penalty, Share, Temperature, said_beside
from freehold.server.forms.openai_completions import prompts
from freehold.server.forms.openai_parts import HARMLESS, bias
from freehold.server.forms.reading import dropped, seed_of, several, sse, typed
from freehold.server.problems import Refused
from freehold.tasks.text_generation import Piece, Request, Result


class Body(Struct, kw_only=True):
    """What is honored of a body of both."""

    model: str = ""
    prompt: str | list[Any] | None = None
    input_prefix: str | None = None
    input_suffix: str | None = None
    n_predict: int | None = None
    stream: bool | None = None
    temperature: Temperature | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    top_p: Share | None = None
    min_p: Share | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    seed: int | None = None
    stop: list[str] | None = None
    grammar: str | None = None
    ignore_eos: bool | None = None


class Native:
    """`POST /completion` and, with `fills`, `POST /infill`."""

    task = "text-generation"
    media_type = "text/event-stream"
    body = Body

    def __init__(self, fills: bool = False) -> None:
        self._fills = fills

    def read(self, body: dict[str, Any], heard: Heard) -> Asked:
        """One request."""
        said = typed(body, Body)
        length = said.n_predict if said.n_predict and said.n_predict > 0 else None
        seed = seed_of(said.seed)
        request = Request(
            text=self._text(said),
            suffix=(said.input_suffix or "") if self._fills else None,
            max_tokens=length,
            temperature=said.temperature,
            top_k=said.top_k,
            top_p=said.top_p,
            min_p=said.min_p,
            frequency_penalty=said.frequency_penalty or None,
            presence_penalty=said.presence_penalty or None,
            bias=bias(said.logit_bias),
            seed=seed,
            stop=several(said.stop),
            grammar=said.grammar or None,
            ignore_end=bool(said.ignore_eos),
        )
        return Asked(
            model=said.model,
            task=self.task,
            requests=(request,),
            id=identity("cmpl-", body, seed),
            body=said,
            stream=bool(said.stream),
            created=heard.now,
            dropped=tuple(dropped(body, Body, HARMLESS)),
        )

    def whole(self, asked: Asked, results: Sequence[Result], served: Served) -> dict[str, Any]:
        """The text and how it ended."""
        (found,) = results
        return {**_end(found, served), "content": found.text, **said_beside(results, served)}

    def writer(self, asked: Asked, served: Served) -> "NativeWriter":
        """The text piece by piece."""
        return NativeWriter(served)

    def _text(self, said: Body) -> str:
        if self._fills:
            return f"{said.input_prefix or ''}{said.prompt if isinstance(said.prompt, str) else ''}"
        found = prompts(said.prompt)
        if len(found) > 1:
            raise Refused("invalid", "one prompt at a time", param="prompt")
        return found[0]


class NativeWriter:
    """The events of a completion."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def open(self) -> Iterator[bytes]:
        """Nothing comes before the first piece."""
        return iter(())

    def part(self, index: int, part: Any) -> Iterator[bytes]:
        """One piece, or the end."""
        if isinstance(part, Piece) and part.text:
            yield sse({"index": 0, "content": part.text, "stop": False})
        elif isinstance(part, Result):
            beside = said_beside((part,), self._served)
            yield sse({**_end(part, self._served), "content": "", **beside})

    def close(self) -> Iterator[bytes]:
        """Nothing comes after the end."""
        return iter(())


def _end(found: Result, served: Served) -> dict[str, Any]:
    return {
        "index": 0,
        "model": served.name,
        "stop": True,
        "stop_type": "limit" if found.finish in ("length", "context") else "eos",
        "stopping_word": "",
        "tokens_predicted": found.spent.generated,
        "tokens_evaluated": found.spent.prompt,
        "tokens_cached": found.spent.cached,
        "truncated": found.cut is not None,
        "generation_settings": {"seed": found.seed},
        "timings": {
            "prompt_ms": found.times.prompt * 1000,
            "predicted_ms": found.times.decode * 1000,
            "predicted_n": found.spent.generated,
            "predicted_per_second": found.times.decode_speed,
        },
    }
