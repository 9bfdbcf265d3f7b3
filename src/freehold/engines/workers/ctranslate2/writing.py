"""Writes text with a model for CTranslate2: a decoder alone, or an encoder and a decoder."""

import json
from collections.abc import Generator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.saying import Spelling, Step, answered, room
from freehold.engines.workers.words import Words, table
from freehold.formats.ctranslate2 import kind
from freehold.tasks.base import Progress
from freehold.tasks.text_generation import Piece, Request, Result, Token

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


class Writer(Spelling):
    """Answers requests with one model."""

    def __init__(self, model: Any, folder: Path, order: Order) -> None:
        self.model, self.words = model, Words(folder)
        self.context = order.context or 4096
        self.pair = type(model).__name__ == "Translator"
        self.usual = table(folder / "generation_config.json")
        self.notes = _changed(order, str(model.compute_type))

    def answer(self, request: Request) -> Generator[Piece | Progress | Result, None, None]:
        """The pieces of the answer as they come, then the result."""
        refuse(request, self.pair)
        how = self._sampling(request)
        draws = "sampling_temperature" in how
        if draws and request.seed is not None:
            raise UsageError("ctranslate2 draws without a seed of one answer: leave the seed out")
        tokens = self._prompt(request)
        place = room(len(tokens), self.context, request.max_tokens, apart=self.pair)
        steps = self._steps(tokens, how, place.most, told=request.likely is not None)
        notes = (*self.notes, *((NO_SEED,) if draws else ()))
        yield from answered(self.words, request, steps, place, request.seed or 0, notes)

    def _prompt(self, request: Request) -> list[str]:
        text, marked = self.asked(request)
        return self.words.tokens(text, marked=marked)

    def _steps(
        self, tokens: list[str], how: dict[str, Any], most: int, *, told: bool
    ) -> Generator[Step, None, None]:
        """Token after token; closing this ends the work."""
        limits = {"max_decoding_length": most, "max_input_length": 0} if self.pair else {}
        limits = limits or {"max_length": most}
        with closing(
            self.model.generate_tokens(tokens, return_log_prob=True, **limits, **how)
        ) as steps:
            for step in steps:
                known = (Token(str(step.token), float(step.log_prob)),) if told else ()
                yield int(step.token_id), known

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
