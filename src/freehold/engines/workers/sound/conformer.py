"""Speech recognition with NVIDIA's Conformer: Parakeet as the library has it, but shortened anew.

Gulati et al. 2020 (arXiv 2005.08100). FastConformer, which the library calls Parakeet, came from
it by shortening sound eight times with a kernel for each channel; a Conformer shortens it four
times with kernels over all channels. Everything behind that is computed alike.
"""

from collections.abc import Callable, Generator
from typing import Any

from torch import nn
from transformers import ParakeetForCTC, ParakeetForRNNT

from freehold.engines.workers.order import Order
from freehold.engines.workers.sound.ctc import Listener
from freehold.engines.workers.sound.loading import architecture
from freehold.engines.workers.sound.sequence import Writer
from freehold.tasks.automatic_speech_recognition import Request


def load(order: Order) -> Callable[[Request], Generator[Any, None, None]]:
    """The model and how it answers."""
    if architecture(order) == "ConformerForRNNT":
        return Writer(order, ConformerForRNNT).answer
    return Listener(order, ConformerForCTC).answer


class ConformerForCTC(ParakeetForCTC):  # type: ignore[misc]
    """A Conformer that names a piece, or none, for each step."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        shorten(self.encoder.subsampling)


class ConformerForRNNT(ParakeetForRNNT):  # type: ignore[misc]
    """A Conformer whose head also hears what was said so far."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        shorten(self.encoder.subsampling)


def shorten(part: Any) -> None:
    """Let the part of an encoder that shortens sound do it with kernels over all channels."""
    layers: list[Any] = []
    for before in [1, *[part.channels] * (part.num_layers - 1)]:
        kernel = nn.Conv2d(before, part.channels, part.kernel_size, part.stride, part.padding)
        layers += [kernel, nn.ReLU()]
    part.layers = nn.ModuleList(layers)
