"""Reads what a `genai_config.json` says of a model in the layout of onnxruntime-genai.

The library would load programs that this file names, and would look for cards that it names; both
are found here, so that they can be refused by name.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.structured import read_json

CONFIG = "genai_config.json"
PROGRAMS = ("custom_ops_library", "library")
"""What keys end in that name a file of machine code."""
PARTS = ("decoder", "encoder", "vision", "speech", "embedding", "audio")


class Genai(Struct, frozen=True, kw_only=True):
    """A model as its file describes it.

    `parts` are those it consists of, `providers` what it wants to compute with beside the
    processor, `programs` the keys that name machine code, `ends` the tokens that end an answer,
    `graph` the file of the decoder, `search` how its publisher would choose tokens.
    """

    kind: str
    context: int | None
    parts: tuple[str, ...]
    providers: tuple[str, ...]
    programs: tuple[str, ...]
    ends: tuple[int, ...]
    graph: str
    vocabulary: int | None
    search: dict[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it is a decoder and nothing else: it reads a text and goes on with it."""
        return self.parts == ("decoder",)


def read_genai(folder: Path) -> Genai:
    """What the file in this folder says; BrokenInput when it is none."""
    told = read_json(folder / CONFIG, CONFIG)
    model = told.get("model")
    if not isinstance(model, Mapping) or not isinstance(model.get("type"), str):
        raise BrokenInput(f"{folder.name}: its {CONFIG} does not say what the model is")
    context, end = model.get("context_length"), model.get("eos_token_id")
    decoder, search, known = model.get("decoder"), told.get("search"), model.get("vocab_size")
    graph = decoder.get("filename") if isinstance(decoder, Mapping) else None
    ends = end if isinstance(end, list) else [end]
    return Genai(
        kind=model["type"],
        context=context if _whole(context) and context else None,
        parts=tuple(part for part in PARTS if part in model),
        providers=tuple(dict.fromkeys(_providers(told))),
        programs=tuple(dict.fromkeys(key for key, _ in _pairs(told) if key.endswith(PROGRAMS))),
        ends=tuple(number for number in ends if _whole(number)),
        graph=graph if isinstance(graph, str) and graph else "model.onnx",
        vocabulary=known if _whole(known) and known else None,
        search=dict(search) if isinstance(search, Mapping) else {},
    )


def _providers(told: Any) -> Iterator[str]:
    """The names of what computes, wherever options of it are told."""
    for key, value in _pairs(told):
        if key == "provider_options" and isinstance(value, list):
            names = [name for one in value if isinstance(one, Mapping) for name in one]
            yield from (name for name in names if name.lower() != "cpu")


def _pairs(told: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    waiting = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from value.items()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
