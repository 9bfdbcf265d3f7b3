"""Writes text with a pipeline of OpenVINO GenAI, many answers at once."""

import json
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.engines.workers.openvino.devices import device, genai, of_state, properties
from freehold.engines.workers.openvino.letters import Letters
from freehold.engines.workers.openvino.likely import Likely
from freehold.engines.workers.openvino.together import Answer, Together, scheduler
from freehold.engines.workers.order import Order
from freehold.engines.workers.thoughts import Sections
from freehold.tasks.base import Spent, Times
from freehold.tasks.text_generation import Finish, Message, Piece, Request, Result, Token

SPELLING = {"INFERENCE_NUM_THREADS": "1"}
"""For the tokenizer: a few letters at a time are not worth waking another thread."""
SEES = "openvino_language_model.xml"
"""The part that writes, in a model that also sees."""
REFUSED = ("suffix", "bias", "tools", "choice", "truncate")
NAMES = {
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}


def load(order: Order) -> "Writer":
    """The pipeline of this model on this device."""
    library, context = genai(), order.context or 4096
    told = {**properties(order), **of_state(order)}
    room = scheduler(library, context, order.parallel)
    sees = (Path(order.model) / SEES).is_file()
    seen = (properties(order),) if sees else ()
    pipeline = library.ContinuousBatchingPipeline(
        order.model, room, device(order), told, SPELLING, *seen
    )
    if not sees:
        return Writer(library, pipeline, context, order)
    from freehold.engines.workers.openvino.seeing import Seer

    return Seer(library, pipeline, context, order)


class Prompt(Struct, frozen=True):
    """What goes into the pipeline, the tokens of its text, and what must be said of it."""

    given: tuple[Any, ...]
    tokens: list[int]
    notes: tuple[str, ...] = ()


class Writer:
    """Answers requests with one pipeline."""

    together = True

    def __init__(self, library: Any, pipeline: Any, context: int, order: Order) -> None:
        self.library, self.pipeline, self.context = library, pipeline, context
        self.words, self.steps = pipeline.get_tokenizer(), Together(pipeline)
        self.likely, self.folder = Likely(order, self.words), Path(order.model)
        self.split("a", True)  # it loads numpy when it first shows numbers: two threads would lock

    def answer(self, request: Request) -> Generator[Piece | Result, None, None]:
        """The pieces of the answer as they come, then the result."""
        self.refuse(request)
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        asked = self.asked(request)
        length = len(asked.tokens)
        if length >= self.context:
            raise too_long(length, self.context)
        room = self.context - length
        config = self.config(request, seed, room)
        began, first, made = time.monotonic(), None, list[int]()
        parts, letters = Sections(request.text is None), Letters(self.library, self.words)
        answer = self.ask(asked, config)
        with closing(answer.tokens()) as steps:
            for ids in steps:
                first = first or time.monotonic()
                made += ids
                yield from parts.take(letters.take(ids))
        yield from parts.take(letters.rest())
        yield from parts.rest()
        ended = time.monotonic()
        length, notes = self.length(answer.handle, length, len(made))
        ended_by = self.finish(answer.handle, len(made), config.max_new_tokens, room)
        before, after = self.known(request, asked.tokens, made)
        if after:
            yield Piece("", tokens=after)
        full = f"the context of {self.context:,} tokens is full"
        yield Result(
            text=parts.text,
            thinking=parts.thinking,
            finish=ended_by,
            seed=seed,
            spent=Spent(length, len(made)),
            times=Times((first or ended) - began, (first or ended) - began,
                        ended - (first or ended), max(0, len(made) - 1)),
            tokens=after,
            prompt_tokens=before,
            notes=(*asked.notes, *notes, *((full,) if ended_by == "context" else ())),
        )  # fmt: skip

    def asked(self, request: Request) -> Prompt:
        """The prompt as tokens."""
        tokens = self.tokens(self.prompt(request), request.text is not None)
        return Prompt((tokens.input_ids,), [int(token) for token in tokens.input_ids.data[0]])

    def ask(self, prompt: Prompt, config: Any) -> Answer:
        """Take a request in; what comes of it."""
        return self.steps.ask(*prompt.given, config)

    def length(self, handle: Any, length: int, made: int) -> tuple[int, tuple[str, ...]]:
        """The tokens of the prompt, and what must be said about them."""
        return length, ()

    def finish(self, handle: Any, made: int, wanted: int, room: int) -> Finish:
        """Why an answer ended."""
        return finish(made, wanted, room)

    def refuse(self, request: Request) -> None:
        """Refuse by name what this pipeline does not do."""
        refuse(request)

    def known(
        self, request: Request, asked: list[int], made: list[int]
    ) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
        """How likely the tokens of prompt and answer are, where that is wanted."""
        if request.likely is None and not request.of_prompt:
            return (), ()
        start, many = 0 if request.of_prompt else len(asked), request.likely or 0
        found = self.likely.tokens(asked + made, start, many)
        place = len(asked) - start
        return found[:place], found[place:] if request.likely is not None else ()

    def tokens(self, text: str, special: bool) -> Any:
        """A text as the pipeline takes it; with `special` also its marks."""
        return self.words.encode(text, add_special_tokens=special)

    def count(self, request: Request) -> int:
        """How many tokens a request is."""
        return len(self.split(self.prompt(request), request.text is not None))

    def split(self, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        return [int(token) for token in self.tokens(text, special).input_ids.data[0]]

    def spell(self, tokens: list[int]) -> str:
        """The text of tokens."""
        return str(self.words.decode(tokens, skip_special_tokens=False))

    def prompt(self, request: Request) -> str:
        """The text to continue, or the chat as its template writes it."""
        if request.text is not None:
            return request.text
        return self.applied(request, lambda turn: turn.content)

    def applied(self, request: Request, content: Callable[[Message], Any]) -> str:
        """The chat by the template, with the content of each turn as this tells it."""
        if not self.words.chat_template:
            raise UsageError("the model has no chat template, so it only continues texts")
        turns = [{"role": turn.role, "content": content(turn)} for turn in request.messages]
        history = self.library.ChatHistory(turns)
        if request.thinking is not None:
            history.set_extra_context({"enable_thinking": request.thinking})
        return str(self.words.apply_chat_template(history, add_generation_prompt=True))

    def config(self, request: Request, seed: int, room: int) -> Any:
        """What was asked for, over what the model's own file says."""
        found = self.pipeline.get_config()
        found.apply_chat_template = False
        found.max_new_tokens = min(request.max_tokens or room, room)
        found.rng_seed = seed
        if request.temperature is not None:
            found.do_sample = request.temperature > 0
            found.temperature = request.temperature or 1.0
        for field, name in NAMES.items():
            value = getattr(request, field)
            if value is not None:
                setattr(found, name, value)
                found.do_sample = found.do_sample or field in ("top_p", "top_k", "min_p")
        if request.temperature == 0:
            found.do_sample = False
        if request.stop:
            found.stop_strings = set(request.stop)
        found.ignore_eos = request.ignore_end
        self._formed(found, request)
        return found

    def _formed(self, config: Any, request: Request) -> None:
        """Hold the answer to a schema or a grammar."""
        if request.schema is not None:
            told = {"json_schema": json.dumps(request.schema)}
        elif request.grammar is not None:
            told = {"grammar": request.grammar}
        else:
            return
        config.structured_output_config = self.library.StructuredOutputConfig(**told)


def too_long(length: int, context: int) -> UsageError:
    """The refusal of a prompt that does not fit."""
    return UsageError(
        f"the prompt has {length:,} tokens and the context holds {context:,}",
        hint=f"--context {length + 512} makes room",
    )


def refuse(request: Request, sees: bool = False) -> None:
    """Refuse by name what this pipeline does not do."""
    usual = Request()
    for field in REFUSED:
        if getattr(request, field) != getattr(usual, field):
            raise UsageError(f"openvino does not honor {field}, so it is refused, not dropped")
    if not sees and any(turn.files for turn in request.messages):
        raise UsageError("this model takes no images or sounds")
    if any(turn.calls or turn.role == "tool" for turn in request.messages):
        raise UsageError("openvino does not honor tools, so their turns are refused")
    if request.schema is not None and request.grammar is not None:
        raise UsageError("an answer follows a JSON schema or a grammar, not both")


def finish(made: int, wanted: int, room: int) -> Finish:
    """Why it ended, by how long it is."""
    if made >= room:
        return "context"
    return "length" if made >= wanted else "stop"
