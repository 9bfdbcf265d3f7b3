"""Folders that were converted for one library: OpenVINO, CTranslate2 or onnxruntime-genai."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from freehold.actions.artifacts import Artifact, Target, size_words
from freehold.actions.headers import Headers
from freehold.core.errors import BrokenInput, UsageError
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.fitting import converted
from freehold.judge.fitting.converted import Made
from freehold.judge.fitting.parts import Setting
from freehold.judge.speed.work import Work, kept, of_size, weighted


def from_converted(headers: Headers, target: Target) -> Artifact:
    """A model that was made for one engine, on that engine, in the precision that it has."""
    if target.engine not in (None, headers.format):
        raise UsageError(
            f"{headers.name} was made for {headers.format}, so {target.engine} does not run it",
            hint="leave --engine out, or name the model that it was made from",
        )
    config = headers.config or {}
    built = _anatomy(config)
    shape = _written(headers) if headers.metadata or built is None else _shape(built)
    made = replace(shape, size=headers.size)
    writes = built is not None and built.kind == "decoder"
    return Artifact(
        name=headers.name,
        says=_says(headers, built),
        engine=headers.format,
        architecture=built.architecture if built else headers.format,
        memory=partial(converted.memory, headers.format, made),
        work=partial(_work, headers.size, built) if built and writes else None,
        trained=built.context if built else _context(config),
        lengthy=made.kept is not None,
        notes=headers.notes,
    )


def _anatomy(config: Mapping[str, Any]) -> Anatomy | None:
    """The layers of the model that it was made from, where its configuration is still there."""
    try:
        return anatomy(dict(config))
    except BrokenInput:
        return None


def _shape(built: Anatomy) -> Made:
    """What it keeps of each token: the numbers that each layer keeps, two bytes each."""
    numbers = sum(each.each for each in kept(built, "f16", "f16")) / 2
    return Made(size=0, kept=numbers, width=built.width)


def _written(headers: Headers) -> Made:
    """The same as a genai_config.json or a model.bin says it; unknown where nothing does."""
    if sizes := headers.metadata:
        numbers = float(sizes["kept"]) or None
        return Made(size=0, kept=numbers, width=sizes["width"], heads=sizes["heads"])
    said = Keys(headers.config or {}).inner("model").inner("decoder")
    layers, heads = said.number("num_hidden_layers"), said.number("num_key_value_heads")
    each, width = said.number("head_size"), said.number("hidden_size")
    if not (layers and heads and each):
        return Made(size=0)
    return Made(size=0, kept=2.0 * layers * heads * each, width=width or 0)


def _context(config: Mapping[str, Any]) -> int | None:
    return Keys(config).inner("model").number("context_length")


def _work(size: int, built: Anatomy, setting: Setting) -> Work:
    """What a token takes: the bytes of the weights, and the state as it is kept."""
    counted = count(built)
    active = counted.active if counted.active < counted.total else None
    rough = of_size(counted.total, active, 8 * size / max(counted.total, 1))
    return replace(rough, layers=weighted(built), state=kept(built, "f32", "f32"))


def _says(headers: Headers, built: Anatomy | None) -> str:
    if built is None:
        return f"made for {headers.format}, {headers.size / 2**30:.1f} GiB of weights"
    counted = count(built)
    active = counted.active if counted.active < counted.total else None
    return f"{built.architecture} made for {headers.format}, {size_words(counted.total, active)}"
