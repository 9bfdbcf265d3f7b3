"""Speeds of models that do not write text: seconds for a step of a picture, seconds of sound."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.counting import count
from freehold.judge.anatomy.keys import Keys
from freehold.judge.anatomy.pipeline import Dit, Pipeline
from freehold.judge.anatomy.shapes import Anatomy
from freehold.judge.speed.audio import encoder, realtime_factor
from freehold.judge.speed.images import image_step, transformer_step
from freehold.judge.speed.rates import Rates, Speed
from freehold.judge.speed.work import of_size

LAYERS = ("num_layers", "num_single_layers", "depth", "n_layers")
SHARED = 0.5
"""The share of the weights that one token passes where picture and text have their own."""


class Figure(Struct, frozen=True):
    """One speed with its name in JSON and what it counts."""

    name: str
    speed: Speed
    says: str


Figures = Callable[[Rates], tuple[Figure, ...]]


def of_pictures(
    found: Pipeline, config: Mapping[str, Any], tensors: tuple[Tensor, ...], pixels: int, many: int
) -> Figures | None:
    """Seconds for one step of a diffusion transformer; None for other denoisers."""
    denoiser = found.denoiser
    layers = sum(Keys(config).number(name) or 0 for name in LAYERS)
    if not isinstance(denoiser, Dit) or not layers or not tensors:
        return None
    step = transformer_step(
        seen=sum(t.count for t in tensors) * (SHARED if denoiser.joint else 1.0),
        width=denoiser.width,
        layers=layers,
        pixels=pixels * many,
        text=sum(text.tokens for text in found.texts),
        bytes_read=sum(t.size for t in tensors),
        guided=found.prompts > 1,
    )
    says = "seconds for one step of the picture"
    return lambda rates: (Figure("step", image_step(step, rates), says),)


def of_sound(built: Anatomy, bits: float, batch: int) -> Figures | None:
    """Seconds of sound per second for a model that writes down what it hears; else None."""
    heard = [tower for tower in built.towers if tower.kind == "audio"]
    if built.kind != "encoder-decoder" or not heard:
        return None
    counts, tower = count(built), heard[0]
    listening = encoder(counts.towers, tower.width, tower.layers, tower.tokens or 1500, bits)
    writing = of_size(counts.total - counts.towers, None, bits, layers=len(built.layers))
    whole = replace(listening, decoder=writing)
    says = "seconds of sound in a second"
    return lambda rates: (Figure("realtime", realtime_factor(whole, rates, batch), says),)
