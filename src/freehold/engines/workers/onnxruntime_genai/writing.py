"""Writes text with a decoder in the layout of onnxruntime-genai, one answer at a time."""

import json
import secrets
import time
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.onnxruntime_genai.search import chosen, rounds
from freehold.engines.workers.order import Order
from freehold.engines.workers.saying import Spelling, Step, answered, room
from freehold.engines.workers.words import Words
from freehold.formats.genai import Genai, read_genai
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Piece, Request, Result, Token

HONORED = {
    *("messages", "text", "max_tokens", "temperature", "top_p", "top_k", "seed", "stop"),
    *("thinking", "likely", "schema", "grammar", "ignore_end"),
}
ROUNDS = "the graph multiplies in 8 bits: what goes into narrow matrices is rounded, too"
SEEDS = 2**31
"""The library draws with seeds below this, and takes no others."""
LEAST_AT_ONCE, MOST_AT_ONCE = 32, 128
A_SECOND = 20 * 10**9
"""Bytes of weights times tokens of a prompt that two cores read in about a second (4 bits)."""


def load(order: Order) -> "Writer":
    """The model on the processor; what its own file asks for beside that is refused."""
    folder = Path(order.model)
    told = read_genai(folder)
    if order.precision:
        raise UsageError("an ONNX graph runs in the number types that it holds")
    if told.programs:
        raise UsageError(f"{folder.name}: wants machine code loaded ({told.programs[0]}); refused")
    if told.providers:
        raise UsageError(f"{folder.name}: is made for {told.providers[0]}, not for the processor")
    if not told.writes:
        raise UsageError(f"{folder.name}: is a {told.kind}, of which only text is written here")
    library = import_module("onnxruntime_genai")
    library.disable_telemetry_events()  # it could reach nobody from here
    threads = {"session_options": {"intra_op_num_threads": order.threads}}
    try:
        config = library.Config(str(folder))
        config.overlay(json.dumps({"model": {"decoder": threads}}))
        model = library.Model(config)
    except RuntimeError as error:
        raise BrokenInput(f"{folder.name}: cannot be loaded: {error}"[:500]) from error
    return Writer(library, model, order, told)


class Writer(Spelling):
    """Answers requests with one model."""

    def __init__(self, library: Any, model: Any, order: Order, told: Genai) -> None:
        self.library, self.model, self.told = library, model, told
        self.ends = frozenset(told.ends)
        self.notes = (ROUNDS,) if rounds(Path(order.model) / told.graph) else ()
        self.words = Words(Path(order.model))
        self.at_once = at_once(sum(file.stat().st_size for file in _graphs(Path(order.model))))
        wanted = order.context or 4096
        self.context = min(wanted, told.context or wanted)

    def answer(self, request: Request) -> Generator[Piece | Progress | Result, None, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request)
        seed = secrets.randbelow(SEEDS) if request.seed is None else request.seed
        tokens = self._prompt(request)
        place = room(len(tokens), self.context, request.max_tokens)
        how = self._how(request, seed, place.prompt + place.most)
        steps = self._steps(tokens, how, place.most, request.likely)
        yield from answered(self.words, request, steps, place, seed, self.notes)

    def _prompt(self, request: Request) -> list[int]:
        text, marked = self.asked(request)
        return self.words.ids(text, marked=marked)

    def _how(self, request: Request, seed: int, length: int) -> Any:
        """How to choose the tokens of one answer, up to this length with its prompt."""
        params = self.library.GeneratorParams(self.model)
        params.set_search_options(random_seed=seed, **chosen(request, self.told, length))
        if request.schema is not None:
            params.set_guidance("json_schema", json.dumps(request.schema))
        elif request.grammar is not None:
            params.set_guidance("lark_grammar", lark(request.grammar))
        return params

    def _steps(
        self, tokens: list[int], how: Any, most: int, likely: int | None
    ) -> Generator[Step, None, None]:
        """How far the prompt was read, then token after token; closing this ends the work."""
        try:
            generator = self.library.Generator(self.model, how)
        except RuntimeError as error:
            raise UsageError(f"this cannot be held to: {error}"[:400]) from error
        yield from _read(generator, tokens, self.at_once)
        for _ in range(most):
            scores = None if likely is None else generator.get_logits()[0, -1]
            generator.generate_next_token()
            token = int(generator.get_next_tokens()[0])
            if token in self.ends:
                return
            yield token, () if scores is None else (self._told(scores, token, likely or 0),)
            if generator.is_done():
                return

    def _told(self, scores: Any, token: int, many: int) -> Token:
        """How likely a token was by the scores (vocabulary,), and the likeliest at its place."""
        scores = scores.astype(np.float64)
        logs = scores - scores.max()
        logs -= np.log(np.exp(logs).sum())
        first = np.argsort(-logs, kind="stable")[:many]
        others = tuple((self.words.spelled([int(one)]), float(logs[one])) for one in first)
        return Token(self.words.spelled([token]), float(logs[token]), others)


def at_once(weights: int) -> int:
    """The tokens of a prompt that are read together, by the bytes of the weights.

    Nothing stops the library before they are read. The number follows from the model alone, so
    that the same question is computed in the same way.
    """
    fit = max(A_SECOND // max(weights, 1), 1)
    return max(LEAST_AT_ONCE, min(MOST_AT_ONCE, 1 << (fit.bit_length() - 1)))


def _graphs(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*.onnx*") if file.is_file()]


def _read(generator: Any, tokens: list[int], many: int) -> Generator[Progress, None, None]:
    """Let the prompt be read, so many tokens at once."""
    began = time.monotonic()
    for start in range(0, len(tokens), many):
        some = np.array(tokens[start : start + many], dtype=np.int32)
        generator.append_tokens(some)
        done = start + len(some)
        left = (time.monotonic() - began) / done * (len(tokens) - done)
        if done < len(tokens):
            yield Progress(done, len(tokens), "tokens", left)


def lark(grammar: str) -> str:
    """A grammar in GBNF as the library wants it; UsageError when it is none."""
    try:
        found = import_module("llguidance").grammar_from("gbnf", grammar)
    except ImportError as error:
        says, hint = (
            "grammars need llguidance",
            "freehold runtime install onnxruntime-genai --again",
        )
        raise EnvironmentProblem(says, hint=hint) from error
    except ValueError as error:
        raise UsageError(f"the grammar is not understood: {error}"[:400]) from error
    return str(found)


def refuse(request: Request) -> None:
    """Refuse by name what this engine does not do."""
    usual, name = Request(), "onnxruntime-genai"
    for field in request.__struct_fields__:
        if field not in HONORED and getattr(request, field) != getattr(usual, field):
            raise UsageError(f"{name} does not honor {field}, so it is refused, not dropped")
    if any(turn.files or turn.calls or turn.role == "tool" for turn in request.messages):
        raise UsageError(f"{name} takes chats of text alone")
    if request.schema is not None and request.grammar is not None:
        raise UsageError("an answer follows a JSON schema or a grammar, not both")
    if request.seed is not None and request.seed >= SEEDS:
        raise UsageError(f"{name} draws with seeds below {SEEDS:,}")
