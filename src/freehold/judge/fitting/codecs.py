"""The memory of audio codecs: long rows of samples through convolutions (EnCodec, DAC)."""

from collections.abc import Mapping, Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.keys import Keys
from freehold.judge.fitting import live
from freehold.judge.fitting.live import BYTES, Device, Dtype
from freehold.judge.fitting.parts import Parts
from freehold.judge.fitting.residency import resident

USUAL_RATE = 24_000
REORDERED = 1
"""oneDNN lays the input of a convolution out anew, beside the original."""


def memory(
    config: Mapping[str, object], tensors: Sequence[Tensor], *, batch: int, seconds: float,
    dtype: Dtype = "f32", device: Device = "cpu",
) -> Parts:  # fmt: skip
    """Parts to encode and decode so many recordings of so many seconds in one batch."""
    keys = Keys(config)
    samples = int((keys.number("sampling_rate") or USUAL_RATE) * seconds) * batch
    held = resident(tensors, dtype, device)
    tensors_alive = _alive(keys) + (REORDERED if device == "cpu" else 0)
    known = keys.has("num_filters", "decoder_hidden_size")
    note = () if known else ("the widths of this codec are not known: an upper bound",)
    return Parts(
        weights=held.weights,
        state=0,
        compute=samples * BYTES[dtype] * tensors_alive * width(keys),
        overhead=live.overhead("transformers", device),
        loading=held.loading,
        bound=not known,
        notes=note,
    )


def _alive(keys: Keys) -> int:
    """Tensors as wide as the widest that live at once: five with DAC's snake, else four."""
    return 5 if keys.has("decoder_hidden_size") else 4


def width(keys: Keys) -> int:
    """The channels at the full rate of samples; deeper levels hold as much in fewer, wider rows."""
    filters = keys.number("num_filters")
    if filters:
        return filters
    hidden, levels = keys.number("decoder_hidden_size"), len(keys.numbers("upsampling_ratios"))
    return hidden >> levels if hidden and levels else 128
