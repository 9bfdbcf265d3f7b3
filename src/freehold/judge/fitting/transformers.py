"""The memory that Transformers takes for a language model, also one with a tower in front."""

from collections.abc import Sequence

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Feed,
    Latent,
    Layer,
    Mixer,
    Recurrent,
    Tower,
)
from freehold.judge.fitting import live, state
from freehold.judge.fitting.live import BYTES, Block, Device, Dtype
from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.fitting.residency import resident

KNOWN_RECURRENT = frozenset({"mamba"})
UNSURE = "the activations of {} layers are an upper bound"


def memory(
    anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting, *, dtype: Dtype = "bf16",
    device: Device = "cpu", prompt: int | None = None, all_logits: bool = False, images: int = 0,
) -> Parts:  # fmt: skip
    """Parts for a prompt of so many tokens (None: the whole context) and what is then written.

    `setting.flash` stands for `sdpa`, else `eager`. `images` counts the inputs of the tower.
    Keys and values are kept in `dtype`, whatever the setting says.
    """
    kept = _in(setting, dtype)
    tokens = min(prompt or setting.context, setting.context)
    held = resident(tensors, dtype, device)
    notes = (*anatomy.notes, *_doubts(anatomy))
    return Parts(
        weights=held.weights,
        state=state.transformers(anatomy, kept),
        compute=_compute(anatomy, kept, tokens, dtype, all_logits, images, device),
        overhead=live.overhead("transformers", device),
        loading=held.loading,
        bound=not anatomy.sure or bool(_doubts(anatomy)),
        notes=notes,
    )


def _in(setting: Setting, dtype: Dtype) -> Setting:
    """The same setting with the state as Transformers keeps it."""
    return Setting(
        context=setting.context, parallel=setting.parallel, keys=dtype, values=dtype,
        batch=setting.batch, flash=setting.flash,
    )  # fmt: skip


def _doubts(anatomy: Anatomy) -> tuple[str, ...]:
    kinds = {p.kind for layer in anatomy.layers for p in layer.mixers if isinstance(p, Recurrent)}
    return tuple(UNSURE.format(kind) for kind in sorted(kinds - KNOWN_RECURRENT))


def _compute(
    anatomy: Anatomy, setting: Setting, prompt: int, dtype: Dtype,
    all_logits: bool, images: int, device: Device,
) -> int:  # fmt: skip
    """The larger of reading the prompt and writing."""
    value, rows = BYTES[dtype], prompt * setting.parallel
    layers = max((moment(layer, anatomy.width, rows, setting, value) for layer in anatomy.layers),
                 default=0)  # fmt: skip
    reading = layers + _uncut(anatomy, setting, prompt)
    reading += max(0, images and max((tower(t, images, value) for t in anatomy.towers), default=0)
                   - layers)  # fmt: skip
    answered = rows if all_logits else setting.parallel
    logits = answered * anatomy.vocabulary * (value if all_logits else 2 * value + 8)
    told = logits + rows * value * 4 * anatomy.width if all_logits else logits
    writing = _growing(anatomy, setting)
    return _kernels(anatomy, value, device) + max(reading, told, writing)


def _kernels(anatomy: Anatomy, value: int, device: Device) -> int:
    """oneDNN writes a kernel per number of tokens that an expert gets, and keeps 1024 of them."""
    if device == "cuda" or value != 2:
        return 0
    routed = sum(2 * layer.feed.experts for layer in anatomy.layers if layer.feed)
    return min(routed, 1024) * live.KERNEL


def moment(layer: Layer, width: int, rows: int, setting: Setting, value: int) -> int:
    """The most that one layer holds while a prompt is read."""
    sequences = setting.parallel
    found = [_feeding(layer.feed, width, rows, value)] if layer.feed else []
    found += [_mixing(part, layer, width, rows, sequences, setting, value) for part in layer.mixers]
    return max(found, default=0)


def _feeding(feed: Feed, width: int, rows: int, value: int) -> int:
    return live.feeding(
        Block(width=width, asked=0, kept=0, feed=max(feed.width, feed.shared),
              matrices=feed.matrices, used=feed.used),
        rows, value)  # fmt: skip


def _mixing(
    part: Mixer, layer: Layer, width: int, rows: int, sequences: int, setting: Setting, value: int
) -> int:
    if isinstance(part, Recurrent):
        return scanning(part, width, rows, value)
    if not isinstance(part, Attention | Latent):
        return rows * value * 12 * width
    block = block_of(part, width)
    tokens = rows // max(sequences, 1)
    if not setting.flash:
        return live.scoring(block, rows, sequences, value)
    masked = isinstance(part, Attention) and part.window is not None and part.window < tokens
    mask = tokens * tokens * (1 + value) if masked else 0
    return mask + live.attending(block, rows, value, masked=masked)


def block_of(part: Attention | Latent, width: int) -> Block:
    """The widths of attention; latent attention is decompressed to every head."""
    if isinstance(part, Latent):
        key = part.nope + part.rope
        return Block(width=width, asked=part.heads * key, feed=0, heads=part.heads,
                     kept=part.heads * (key + part.value))  # fmt: skip
    return Block(width=width, asked=part.heads * part.key, feed=0, heads=part.heads,
                 kept=part.kv_heads * (part.key + part.value))  # fmt: skip


def scanning(part: Recurrent, width: int, rows: int, value: int) -> int:
    """Mamba without its CUDA kernels: three f32 values per token and value of state, and inputs.

    Other recurrent layers are computed in chunks and take less: for them this is a bound.
    """
    channels = part.convolution // max(part.kernel - 1, 1)
    return rows * (part.memory * 12 + channels * 4 * 8 + width * 3 * value)


def _uncut(anatomy: Anatomy, setting: Setting, prompt: int) -> int:
    """While a prompt is read, layers with a window still hold all of it."""
    total = 0
    for part in state.keeping(anatomy):
        if isinstance(part, Attention) and part.window and part.window < prompt:
            whole = state.pairs(part, prompt, setting)
            total += whole - state.pairs(part, min(part.window, setting.context), setting)
    return total * setting.parallel


def _growing(anatomy: Anatomy, setting: Setting) -> int:
    """While it writes: the keys of one layer are copied into a tensor that is one token longer."""
    sizes = [state.pairs(p, setting.context, setting) for p in state.keeping(anatomy)
             if isinstance(p, Attention)]  # fmt: skip
    return max(sizes, default=0) // 2 * setting.parallel


def tower(part: Tower, inputs: int, value: int) -> int:
    """An encoder in front: its layers run over all inputs together."""
    tokens = (part.tokens or 1024) + 1
    return inputs * tokens * value * (5 * part.width + 3 * part.feed)
