"""The memory of forecasters: patches through an encoder, or tokens through an encoder-decoder."""

from collections.abc import Mapping, Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.keys import Keys
from freehold.judge.fitting import encoder_decoder, encoders
from freehold.judge.fitting.live import Device, Dtype
from freehold.judge.fitting.parts import Parts

USUAL = 512


def memory(
    config: Mapping[str, object], tensors: Sequence[Tensor], *, batch: int,
    samples: int = 20, new: int = 64, dtype: Dtype = "f32", device: Device = "cpu",
) -> Parts:  # fmt: skip
    """Parts for so many series at once, each as long as the model takes in.

    A model that samples futures token by token (Chronos on T5) holds `samples` of each series.
    """
    keys = Keys(config)
    if keys.number("d_kv"):
        own = config.get("chronos_config")
        length = Keys(own if isinstance(own, Mapping) else config).number("context_length")
        return encoder_decoder.memory(
            anatomy(config), tensors, batch=batch, source=(length or USUAL) + 1, new=new,
            copies=samples, dtype=dtype, device=device)  # fmt: skip
    width = keys.number("d_model", "hidden_size") or 512
    return encoders.plain(
        tensors, width=width, feed=keys.number("ffn_dim", "intermediate_size", "d_ff") or 4 * width,
        batch=batch * (keys.number("num_input_channels") or 1), tokens=patches(keys), inner=2,
        dtype=dtype, device=device)  # fmt: skip


def patches(keys: Keys) -> int:
    """How many patches one series is cut into."""
    length = keys.number("context_length", "seq_len") or USUAL
    patch = keys.number("patch_length", "patch_len", "patch_size", "input_patch_len") or 16
    stride = keys.number("patch_stride", "stride") or patch
    return max(1, (length - patch) // stride + 1)
