"""The ways of `tune-engine` that need the model in the format of another engine, made in a jail."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace

from freehold.actions.asking import TEXT
from freehold.actions.convert_model import TARGETS, convert_model
from freehold.actions.run import Ready
from freehold.actions.tune_trying import Way
from freehold.core.errors import FreeholdError
from freehold.core.registry import plain
from freehold.engines.base import ENGINES, Contract

NARROW = ("int8", "int4")
"""The precisions that are tried: wider ones are slower than what is there already."""


def kinds(ready: Ready, only: Contract | None = None) -> list[tuple[Contract, str]]:
    """The engines that are installed and could have the model converted, with each precision."""
    if ready.model.format != "safetensors":
        return []
    known = ENGINES.names()
    engines: list[Contract] = [ENGINES.get(name) for name in TARGETS if plain(name) in known]
    return [
        (engine, precision)
        for engine in engines
        if TEXT in engine.tasks and engine.find() and (only is None or engine.name == only.name)
        for precision in NARROW
        if precision in TARGETS[engine.name]
    ]


def converted_ways(
    ready: Ready, made: Path, say: Callable[[str], object], only: Contract | None = None
) -> Iterator[Way]:
    """One way for each; what cannot be converted is said and left out."""
    for engine, precision in kinds(ready, only):
        target = made / f"{ready.model.file.name}-{engine.name}-{precision}"
        try:
            convert_model(ready.model.file, target, to=engine.name, precision=precision, task=TEXT)
        except FreeholdError as error:
            say(f"{engine.name} in {precision} is left out: {error}")
            continue
        for place in engine.places():
            job = replace(ready.job, model=target)
            yield Way(engine=engine, found=place, job=job, precision=precision, same=False)
