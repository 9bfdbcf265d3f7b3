"""What every engine is asked when memory is predicted, and the form of its answer."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Precision = Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "fp8"]
"""How keys and values are kept."""

BITS_OF_STATE: dict[Precision, float] = {
    "f32": 32.0, "f16": 16.0, "bf16": 16.0, "q8_0": 8.5, "q5_1": 6.0, "q5_0": 5.5,
    "q4_1": 5.0, "q4_0": 4.5, "fp8": 8.0,
}  # fmt: skip
"""Bits per value, with the scale of each block of 32 values (ggml's block layouts)."""


class Setting(Struct, frozen=True, kw_only=True):
    """How a model is to run: `context` tokens for each of `parallel` sequences at once.

    `keys` and `values` are the precision of the state. `batch` is how many tokens are computed
    together while a prompt is read. `full_window` keeps the whole context also where a layer
    sees only a window (llama.cpp's `swa_full`). `flash` is fused attention.
    """

    context: int
    parallel: int = 1
    keys: Precision = "f16"
    values: Precision = "f16"
    batch: int = 512
    full_window: bool = False
    flash: bool = True


class Parts(Struct, frozen=True, kw_only=True):
    """The memory that one engine takes for one model in one setting, in bytes, by parts.

    `loading` is what is needed beside them for a moment while the model is loaded. `bound` says
    that the sum is an upper bound, not a prediction; `notes` say what the reader must know.
    """

    weights: int
    state: int
    compute: int
    overhead: int
    loading: int = 0
    bound: bool = False
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """What it takes while it runs."""
        return self.weights + self.state + self.compute + self.overhead

    @property
    def peak(self) -> int:
        """The most it takes at any time, loading included."""
        return max(self.total, self.weights + self.overhead + self.loading)


def divided(parts: Parts, devices: int) -> Parts:
    """All devices together, when weights and state are divided between them.

    The buffers of a batch and what a driver keeps are on each of them. A device takes whole
    layers only, so the fullest one holds up to one layer more than its share; that is said.
    """
    note = f"each of the {devices} has buffers of its own; shares are even up to one layer"
    return replace(
        parts,
        compute=parts.compute * devices,
        overhead=parts.overhead * devices,
        bound=True,
        notes=(*parts.notes, note),
    )


def beside(parts: Parts, other: Parts) -> Parts:
    """A model and another one in the same process, which is there once."""
    return replace(
        parts,
        weights=parts.weights + other.weights,
        state=parts.state + other.state,
        compute=parts.compute + other.compute,
        loading=max(parts.loading, other.loading),
        bound=parts.bound or other.bound,
        notes=tuple(dict.fromkeys((*parts.notes, *other.notes))),
    )
