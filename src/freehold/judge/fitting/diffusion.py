"""The memory of a diffusion pipeline: text encoders, denoiser and decoder, one after the other.

All parts resident: the sum of the weights and the largest activation. Offloaded by model: on the
device only the part at work. Offloaded sequentially: only one layer of it. Read off diffusers
0.42 with a trace of the tensors alive (2026-11-27).
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.pipeline import Dit, Pipeline, Text, Unet, Vae
from freehold.judge.fitting import live
from freehold.judge.fitting.live import BYTES, Device, Dtype
from freehold.judge.fitting.parts import Parts
from freehold.judge.fitting.residency import in_place, resident

Offload = Literal["none", "model", "sequential"]
Weights = Mapping[str, Sequence[Tensor]]


class Picture(Struct, frozen=True, kw_only=True):
    """What is to be made. `frames` are latent frames of a video, 1 for a picture."""

    width: int
    height: int
    batch: int = 1
    frames: int = 1
    tiled: bool = False
    fused: bool = True


class Stage(Struct, frozen=True):
    """One part at work: its weights and what its activations take on top, in bytes."""

    name: str
    weights: int
    compute: int
    largest: int
    """Its largest tensor: what sequential offloading brings in at once."""


def memory(
    pipeline: Pipeline, tensors: Weights, picture: Picture, *, dtype: Dtype = "bf16",
    device: Device = "cpu", offload: Offload = "none",
) -> Parts:  # fmt: skip
    """Parts on the device for one call; `tensors` are those of each part by its name.

    The number of steps does not matter. With `offload` the weights wait in main memory.
    """
    every = stages(pipeline, tensors, picture, dtype=dtype, device=device)
    weights, compute = _held(every, offload)
    stored = [sum(t.size for t in part) for part in tensors.values() if not in_place(part, dtype)]
    return Parts(
        weights=weights,
        state=0,
        compute=compute,
        overhead=live.overhead("diffusers", device),
        loading=0 if device == "cuda" else max(stored, default=0),
        bound=not pipeline.sure,
        notes=pipeline.notes,
    )


def _held(every: Sequence[Stage], offload: Offload) -> tuple[int, int]:
    """Weights and activations at the peak."""
    if not every:
        return 0, 0
    if offload == "none":
        return sum(s.weights for s in every), max(s.compute for s in every)
    if offload == "model":
        worst = max(every, key=lambda s: s.weights + s.compute)
        return worst.weights, worst.compute
    worst = max(every, key=lambda s: s.largest + s.compute)
    return worst.largest, worst.compute


def stages(
    pipeline: Pipeline, tensors: Weights, picture: Picture, *, dtype: Dtype, device: Device
) -> tuple[Stage, ...]:
    """Every part with what it takes while it is at work; a part of no known kind only weighs."""
    value = BYTES[dtype]
    wider = 4 if pipeline.vae and pipeline.vae.upcast and dtype == "f16" else value
    needs = {text.name: _text(text, pipeline, picture, value) for text in pipeline.texts}
    if pipeline.denoiser:
        needs[pipeline.denoiser.name] = denoise(pipeline, picture, value)
    if pipeline.vae:
        needs[pipeline.vae.name] = decode(pipeline.vae, picture, wider, device)
    return tuple(
        _stage(name, part, needs.get(name, 0), dtype, device) for name, part in tensors.items()
    )


def _stage(name: str, part: Sequence[Tensor], need: int, dtype: Dtype, device: Device) -> Stage:
    held = resident(part, dtype, device)
    return Stage(name, held.weights, need, max((t.size for t in part), default=0))


def _text(text: Text, pipeline: Pipeline, picture: Picture, value: int) -> int:
    rows = picture.batch * pipeline.prompts * text.tokens
    return rows * value * (5 * text.width + 4 * text.feed)


def denoise(pipeline: Pipeline, picture: Picture, value: int) -> int:
    """The peak of one step, for all prompts of the batch at once."""
    part, vae = pipeline.denoiser, pipeline.vae
    scale = vae.scale if vae else 8
    places = (picture.width // scale) * (picture.height // scale) * picture.frames
    many = picture.batch * pipeline.prompts
    if isinstance(part, Unet):
        return many * _unet(part, places, value, picture.fused)
    assert part is not None
    words = max((text.tokens for text in pipeline.texts), default=0)
    return many * _dit(part, places // part.patch**2, words, value, picture.fused)


def _unet(unet: Unet, places: int, value: int, fused: bool) -> int:
    """The skips of all levels, and at each level a gated block or a joined pair of tensors."""
    levels = range(len(unet.channels))
    skips = sum((unet.blocks + 1) * unet.channels[i] * (places >> 2 * i) for i in levels)
    worst = max(_level(unet, i, places >> 2 * i, value, fused) for i in levels)
    return skips * value + worst


def _level(unet: Unet, level: int, places: int, value: int, fused: bool) -> int:
    """GEGLU: both halves, the gate and the product; a skip joined to its input: three such."""
    own = unet.channels[level]
    below = unet.channels[min(level + 1, len(unet.channels) - 1)]
    joined = 3 * (own + below) + own
    if not (level < len(unet.attends) and unet.attends[level]):
        return places * value * joined
    scores = 0 if fused else unet.heads[level] * places * places * live.SCORE[value]
    return max(places * value * max(joined, 22 * own), scores)


def _dit(dit: Dit, places: int, words: int, value: int, fused: bool) -> int:
    """A feed of two wide tensors, or attention; single blocks rotate in f32 beside their feed."""
    rows = places + (words if dit.joint else 0)
    most = value * max(5 * dit.width + 2 * dit.feed, 10 * dit.width)
    if dit.single:
        most = max(most, value * (7 * dit.width + dit.feed) + 12 * dit.width)
    scores = 0 if fused else dit.heads * rows * rows * live.SCORE[value]
    return rows * most + scores


def decode(vae: Vae, picture: Picture, value: int, device: Device) -> int:
    """The last levels of the decoder at full size: a tensor, its norm and its activation.

    On the CPU oneDNN lays the input of a convolution in f32 out anew.
    """
    across, down = picture.width, picture.height
    if picture.tiled:
        across, down = min(across, vae.tile), min(down, vae.tile)
    batch = 1 if picture.tiled else picture.batch
    wide = vae.channels[min(1, len(vae.channels) - 1)]
    alive = wide * (4 if device == "cpu" and value == 4 else 3)
    whole = picture.batch * picture.width * picture.height * 3 * 4 * 3
    return batch * across * down * picture.frames * value * alive + whole
