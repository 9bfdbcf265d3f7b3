"""Writes text with a model for CTranslate2: a decoder alone, or an encoder and a decoder."""

import json
import time
from collections.abc import Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.ctranslate2.words import Letters, Words, table
from freehold.engines.workers.order import Order
from freehold.formats.ctranslate2 import kind
from freehold.tasks.base import Spent, Times
from freehold.tasks.text_generation import Finish, Piece, Request, Result, Token

HONORED = {
    *("messages", "text", "max_tokens", "temperature", "top_p", "top_k", "seed", "stop"),
    *("thinking", "likely"),
}
NO_SEED = "it draws without a seed: the same question may be answered in another way"
TYPES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "int8": "int8_float32"}
KINDS = {"TransformerDecoderSpec": "Generator", "TransformerSpec": "Translator"}


def load(order: Order) -> "Writer":
    """The model on this device, computing in what was asked for and in nothing else."""
    library, folder = import_module("ctranslate2"), Path(order.model)
    form = kind(folder / "model.bin", folder.name)
    if form not in KINDS:
        raise UsageError(f"{folder.name}: is a {form}, which writes no text")
    wanted = TYPES[order.precision] if order.precision else "default"
    there = library.get_supported_compute_types(order.device)
    if wanted not in ("default", *there):
        raise UsageError(f"CTranslate2 does not compute in {order.precision} on this device")
    model = getattr(library, KINDS[form])(
        str(folder), device=order.device, compute_type=wanted, intra_threads=order.threads
    )
    return Writer(model, folder, order)


class Writer:
    """Answers requests with one model."""

    def __init__(self, model: Any, folder: Path, order: Order) -> None:
        self.model, self.words = model, Words(folder)
        self.context = order.context or 4096
        self.pair = type(model).__name__ == "Translator"
        self.usual = table(folder / "generation_config.json")
        self.notes = _changed(order, str(model.compute_type))

    def answer(self, request: Request) -> Generator[Piece | Result, None, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request, self.pair)
        how = self._sampling(request)
        draws = "sampling_temperature" in how
        if draws and request.seed is not None:
            raise UsageError("ctranslate2 draws without a seed of one answer: leave the seed out")
        tokens = self._prompt(request)
        if len(tokens) >= self.context:
            raise UsageError(
                f"the prompt has {len(tokens):,} tokens and the context holds {self.context:,}",
                hint=f"--context {len(tokens) + 512} makes room",
            )
        room = self.context - (0 if self.pair else len(tokens))
        most = min(request.max_tokens or room, room)
        said = Said(self.words, request)
        began, first = time.monotonic(), 0.0
        steps = self._steps(tokens, how, most)
        try:
            for step in steps:
                first = first or time.monotonic()
                yield from said.take(step)
                if said.stopped:
                    break
        finally:
            steps.close()
        yield from said.rest()
        ended = time.monotonic()
        first = (first or ended) - began
        times = Times(first, first, ended - began - first, max(0, said.made - 1))
        yield Result(
            text=said.text,
            thinking="",
            finish=said.finish(most, room),
            seed=request.seed or 0,
            spent=Spent(len(tokens), said.made),
            times=times,
            tokens=tuple(said.tokens),
            notes=(*self.notes, *((NO_SEED,) if draws else ())),
        )

    def count(self, request: Request) -> int:
        """How many tokens a request is."""
        return len(self._prompt(request))

    def split(self, text: str, special: bool) -> list[int]:
        """The tokens of a text."""
        return self.words.ids(text, marked=special)

    def spell(self, tokens: list[int]) -> str:
        """The text of tokens, with their marks."""
        return self.words.spelled(tokens)

    def _prompt(self, request: Request) -> list[str]:
        if request.text is not None:
            return self.words.tokens(request.text, marked=True)
        return self.words.tokens(self.words.chat(request.messages, request.thinking), marked=False)

    def _steps(
        self, tokens: list[str], how: dict[str, Any], most: int
    ) -> Generator[Any, None, None]:
        """Token after token; closing this ends the work."""
        told = {"max_decoding_length": most, "max_input_length": 0} if self.pair else {}
        told = told or {"max_length": most}
        steps: Generator[Any, None, None]
        steps = self.model.generate_tokens(tokens, return_log_prob=True, **told, **how)
        return steps

    def _sampling(self, request: Request) -> dict[str, Any]:
        """How to choose a token: what was asked for, over what the model's own file says."""
        own = self.usual if self.usual.get("do_sample") else {}
        asked = (request.temperature, request.top_p, request.top_k)
        if request.temperature == 0 or (not own and asked == (None, None, None)):
            return {"sampling_topk": 1}
        temperature = request.temperature or own.get("temperature") or 1.0
        top_p = request.top_p if request.top_p is not None else own.get("top_p", 1.0)
        top_k = request.top_k if request.top_k is not None else own.get("top_k", 0)
        return {
            "sampling_temperature": float(temperature),
            "sampling_topp": float(top_p),
            "sampling_topk": int(top_k),
        }


class Said:
    """What has been said so far, up to where a word of the request ends it."""

    def __init__(self, words: Words, request: Request) -> None:
        self.letters, self.stops, self.likely = Letters(words), request.stop, request.likely
        self.text, self.made, self.stopped = "", 0, False
        self.tokens: list[Token] = []
        self._held = ""

    def take(self, step: Any) -> Iterator[Piece]:
        """The pieces that one step gives."""
        self.made += 1
        mine: tuple[Token, ...] = ()
        if self.likely is not None:
            mine = (Token(str(step.token), float(step.log_prob)),)
            self.tokens += mine
        found = "".join(self.letters.take(int(step.token_id)))
        yield from self._piece(found, mine)

    def rest(self) -> Iterator[Piece]:
        """What was held back until the end."""
        if not self.stopped:
            yield from self._piece("".join(self.letters.rest()), ())
        if self._held and not self.stopped:
            yield Piece(self._held)
            self.text, self._held = self.text + self._held, ""

    def finish(self, most: int, room: int) -> Finish:
        """Why it ended."""
        if self.stopped or self.made < most:
            return "stop"
        return "context" if most >= room else "length"

    def _piece(self, letters: str, tokens: tuple[Token, ...]) -> Iterator[Piece]:
        """The letters but for those that may begin a word that ends the answer."""
        self._held += letters
        places = [place for word in self.stops if (place := self._held.find(word)) >= 0]
        if places:
            self._held, self.stopped = self._held[: min(places)], True
        kept = 0 if self.stopped else self._beginning()
        said = self._held[: len(self._held) - kept]
        self._held = self._held[len(self._held) - kept :]
        self.text += said
        if said or tokens:
            yield Piece(said, tokens=tokens)

    def _beginning(self) -> int:
        """How many of the last letters are how such a word begins."""
        most = max((len(word) - 1 for word in self.stops), default=0)
        for length in range(min(most, len(self._held)), 0, -1):
            if any(word.startswith(self._held[-length:]) for word in self.stops):
                return length
        return 0


def refuse(request: Request, pair: bool) -> None:
    """Refuse by name what this engine does not do."""
    usual = Request()
    for field in request.__struct_fields__:
        if field not in HONORED and getattr(request, field) != getattr(usual, field):
            raise UsageError(f"ctranslate2 does not honor {field}, so it is refused, not dropped")
    if request.likely:
        raise UsageError("ctranslate2 gives the likelihood of what it writes, not of others")
    if any(turn.files or turn.calls or turn.role == "tool" for turn in request.messages):
        raise UsageError("ctranslate2 takes chats of text alone")
    if pair and request.text is None:
        raise UsageError("a model with an encoder answers a text, not a chat")


def _changed(order: Order, computes: str) -> tuple[str, ...]:
    """That it computes in another precision than its weights have, where nobody asked for one."""
    config = Path(order.model) / "freehold-lineage.json"
    stored = json.loads(config.read_text()).get("precision") if config.is_file() else None
    if order.precision or stored is None or TYPES.get(stored) == computes:
        return ()
    return (f"its weights are in {stored}, and this device computes in {computes}",)
