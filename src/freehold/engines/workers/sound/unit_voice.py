"""Units as speech: the HiFi-GAN for units of Spirit LM (base), on the layers of SeamlessM4T's.

The published config.json, speakers.txt and, after `freehold convert --under generator`,
generator.safetensors. Weights that were kept as a length and a direction are multiplied out.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import SeamlessM4TConfig
from transformers.models.seamless_m4t.modeling_seamless_m4t import (
    SeamlessM4THifiGan,
    SeamlessM4TVariancePredictor,
)

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.units import filled, one_file, stored
from freehold.formats.structured import read_json

USUAL_VOICE, USUAL_STYLE = 2, 8
"""The voice and the style ("conversation") that the publisher's code takes."""
LONGEST = 1_000
"""Steps that one unit can be spoken at most: 40 seconds."""
RENAMED = {"ups.": "upsampler.", "conv1.0.": "conv1.", "conv2.0.": "conv2."}
HELD = ("upsample_rates", "upsample_kernel_sizes", "resblock_kernel_sizes",
        "resblock_dilation_sizes", "upsample_initial_channel")  # fmt: skip


class Voice:
    """Speaks units."""

    def __init__(self, order: Order, folder: Path) -> None:
        told = read_json(folder / "config.json", f"{folder.name}/config.json")
        weights = multiplied(stored(one_file(folder, "generator")))
        if "f0_dict.weight" in weights or told.get("f0"):
            raise UsageError("a voice with pitch (the expressive one) is not known here")
        try:
            self.rate, size = int(told["sampling_rate"]), int(told["model_in_dim"])
            self.words, self.voices = weights.pop("dict.weight"), weights.pop("spkr.weight")
            self.styles = weights.pop("style.weight", None)
            held = {name: told[name] for name in HELD}
        except (KeyError, TypeError, ValueError) as error:
            raise BrokenInput(f"{folder.name}: no voice for units: {error} is missing") from error
        lengths = {n: w for n, w in weights.items() if n.startswith("dur_predictor.")}
        sounds = {n: w for n, w in weights.items() if n not in lengths}
        self.lengths, self.sounds = self._parts(lengths, sounds, size, held)
        self.lengths, self.sounds = self.lengths.to(order.device), self.sounds.to(order.device)
        self.device, self.names = order.device, _names(folder / "speakers.txt")

    def _parts(
        self, lengths: dict[str, Tensor], sounds: dict[str, Tensor], size: int, held: dict[str, Any]
    ) -> tuple[Any, Any]:
        """What says how long each unit is, and what makes the sound."""
        kernel = lengths.get("dur_predictor.conv1.weight")
        if kernel is None or kernel.shape[0] != self.words.shape[1]:
            raise BrokenInput("the voice does not say how long units are in a way known here")
        plain = SeamlessM4TConfig(
            unit_embed_dim=kernel.shape[1], variance_predictor_kernel_size=kernel.shape[2]
        )
        whole = SeamlessM4TConfig(
            unit_embed_dim=size, lang_embed_dim=0, spkr_embed_dim=0, leaky_relu_slope=0.1, **held
        )
        with torch.device("meta"):
            length, sound = SeamlessM4TVariancePredictor(plain), SeamlessM4THifiGan(whole)
        inner = {name.removeprefix("dur_predictor."): value for name, value in lengths.items()}
        return filled(length, inner).eval(), filled(sound, sounds).eval()

    def number(self, voice: str | None) -> int:
        """The number of a voice by its name or number; UsageError for one that is not there."""
        if voice is None:
            return min(USUAL_VOICE, len(self.voices) - 1)
        if voice in self.names[: len(self.voices)]:
            return self.names.index(voice)
        if not voice.isdecimal() or int(voice) >= len(self.voices):
            known = f", or {' '.join(self.names[:8])}" if self.names else ""
            raise UsageError(f"the voices are 0 to {len(self.voices) - 1}{known}")
        return int(voice)

    def spoken(self, units: list[int], voice: int) -> Any:
        """The samples of units."""
        with torch.inference_mode():
            words = self.words[units]
            steps = torch.expm1(self.lengths(words[None].to(self.device)))[0].cpu()
            if not bool((steps < LONGEST).all()):
                raise BrokenInput("the voice says lengths of units that cannot be")
            values = words.repeat_interleave(steps.round().long().clamp(min=1), 0)
            parts = [values, self.voices[voice].expand(len(values), -1)]
            if self.styles is not None:
                style = min(USUAL_STYLE, len(self.styles) - 1)
                parts.append(self.styles[style].expand(len(values), -1))
            sound = self.sounds(torch.cat(parts, 1).T[None].to(self.device))
        return sound[0].cpu().numpy()


def multiplied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights in the library's names; lengths times directions, where they are kept apart."""
    found = {}
    for name, value in weights.items():
        if name.endswith(".weight_v"):
            plain = name.removesuffix("_v")
            found[_renamed(plain)] = value.float() * _stretch(value, weights.get(f"{plain}_g"))
        elif not name.endswith(".weight_g"):
            found[_renamed(name)] = value.float()
    return found


def _stretch(directions: Tensor, lengths: Tensor | None) -> Tensor:
    """By how much each direction must be longer to have its length."""
    if lengths is None:
        raise BrokenInput("the weights of the voice tell directions without lengths")
    now = directions.float().flatten(1).norm(dim=1)
    return lengths.float() / now.view(-1, *[1] * (directions.ndim - 1))


def _renamed(name: str) -> str:
    for theirs, ours in RENAMED.items():
        name = name.replace(theirs, ours)
    return name


def _names(path: Path) -> list[str]:
    """The names of voices, one a line; none where they are not told."""
    if not path.is_file():
        return []
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
