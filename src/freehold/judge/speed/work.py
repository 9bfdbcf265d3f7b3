"""What one token costs a model: bytes read, operations done, layers run through.

A token reads every weight that takes part in it once, and the state of the text so far. Not
read are an input embedding that is not the output too, embeddings per layer, and parts for
pictures and sound. Of experts only those are read that the router picks; several sequences at
once pick different ones, so B of them touch E * (1 - (1 - k/E)^B) of E experts.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import (
    Anatomy,
    Compressed,
    Cross,
    Latent,
    Layer,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting.parts import BITS_OF_STATE, Precision
from freehold.judge.speed.rates import Grade, Measurement

Trait = Literal["delta", "mamba", "convolution", "experts", "latent", "sandwich"]
EXTRA: dict[Trait, float] = {
    "delta": 1.31, "mamba": 0.63, "convolution": -0.29, "experts": 0.39, "latent": 1.03,
    "sandwich": 0.57,
}  # fmt: skip
"""What a layer costs more than one of Llama, in such layers: it starts more small programs.

Fitted by `benchmarks/speed.py` on measured decode speeds. A sandwich has norms before and after
each part; experts and sandwiches add to what mixes the tokens.
"""
KINDS: dict[str, Trait] = {
    "delta": "delta", "kda": "delta", "mamba": "mamba", "mamba2": "mamba", "rwkv": "mamba",
    "lightning": "mamba", "convolution": "convolution", "unit": "convolution",
}  # fmt: skip
"""To which trait a kind of recurrent layer belongs; others count as mamba."""
FLOAT = 4
INPUT = ("token_embd.weight", "embed_tokens.weight", "wte.weight", "tok_embeddings.weight")
PER_LAYER = ("per_layer_token_embd", "embed_tokens_per_layer")
TOWERS = ("v.", "mm.", "a.", "vision", "visual", "audio_tower", "model.vision", "model.visual")
ROUTED = ("_exps.", ".experts.")
AFTER = ("post_ffw_norm", "post_feedforward_layernorm", "post_mlp_layernorm")
PACKED = {"I32": 8.0, "U32": 8.0, "U8": 2.0}
"""How many 4-bit numbers one stored number holds, where safetensors packs them."""


class Kept(Struct, frozen=True):
    """The state of one layer: bytes read for each token of the text, for the last `most` tokens.

    `fixed` bytes are read whatever the length. `sums` are operations per token and earlier token.
    """

    each: float
    most: int | None = None
    fixed: float = 0.0
    sums: float = 0.0

    def seen(self, length: float) -> float:
        """How many tokens are looked at when the text has this length."""
        return min(length, self.most) if self.most else length


class Work(Struct, frozen=True, kw_only=True):
    """What a model does for one token.

    `weights` is bytes that every token reads, `routed` those of all experts of which `used` of
    `experts` run. `active` is the weights that are multiplied for one token, `head` those of
    them that make the output, which a prompt needs only once. `layers` are weighted by EXTRA.
    `doubt` is added to the interval (standard deviation of the logarithm) where sizes are guessed.
    """

    weights: float
    active: float
    layers: float
    routed: float = 0.0
    experts: int = 0
    used: int = 0
    head: float = 0.0
    state: tuple[Kept, ...] = ()
    grade: Grade = "8-bit"
    doubt: float = 0.0

    def read(self, length: float, tokens: int = 1, texts: int = 1) -> float:
        """Bytes read in one pass over so many tokens, which go on with `texts` of this length."""
        kept = sum(part.each * part.seen(length) + part.fixed for part in self.state)
        return self.weights + self.routed * touched(self.experts, self.used, tokens) + texts * kept

    def sums(self, tokens: float, heads: float | None = None) -> float:
        """Operations with weights for so many tokens; the output is for `heads` of them (all)."""
        outputs = tokens if heads is None else heads
        return 2 * max(self.active - self.head, 0.0) * tokens + 2 * self.head * outputs

    def looks(self, tokens: float, before: float = 0.0) -> float:
        """Operations of attention for so many tokens that follow `before` others."""
        middle = before + tokens / 2
        return tokens * sum(part.sums * part.seen(middle) for part in self.state)


def touched(experts: int, used: int, batch: int) -> float:
    """The share of the experts that at least one of `batch` tokens needs."""
    if not experts or used >= experts:
        return 1.0
    return float(1 - (1 - used / experts) ** batch)


def decoding(work: Work, per_second: float, length: float, batch: int = 1) -> Measurement:
    """The measurement that so many tokens per second of each of `batch` texts is."""
    return Measurement(
        bytes_read=work.read(length, batch, batch),
        operations=(work.sums(1) + work.looks(1, length)) * batch,
        layers=work.layers,
        seconds=1 / per_second if per_second > 0 else 0.0,
        tokens=batch,
        grade=work.grade,
    )


def reading(work: Work, prompt: int, seconds: float, batch: int = 512) -> Measurement:
    """The measurement that reading a prompt in so many seconds is, `batch` tokens a pass."""
    passes = -(-prompt // batch)
    return Measurement(
        bytes_read=work.read(prompt / 2, min(prompt, batch)) * passes,
        operations=work.sums(prompt, heads=1),
        looking=work.looks(prompt),
        layers=work.layers * passes,
        seconds=seconds,
        tokens=prompt,
        grade=work.grade,
    )


def of_file(
    anatomy: Anatomy,
    tensors: Iterable[Tensor],
    keys: Precision = "f16",
    values: Precision = "f16",
) -> Work:
    """The work of the language model whose weights these tensors are."""
    own = [t for t in tensors if not t.name.startswith(TOWERS) and not _among(t, PER_LAYER)]
    table = next((t for t in own if t.name.endswith(INPUT)), None)
    output = [t for t in own if t.name in ("output.weight", "lm_head.weight")]
    read = [t for t in own if t is not table or not output]
    routed = [t for t in read if _among(t, ROUTED)]
    experts, used = _experts(anatomy)
    always = [t for t in read if not _among(t, ROUTED)]
    head = sum(map(_numbers, output or ([table] if table else [])))
    share = used / experts if experts else 1.0
    return Work(
        weights=sum(t.size for t in always),
        routed=sum(t.size for t in routed),
        experts=experts,
        used=used,
        active=sum(map(_numbers, always)) + share * sum(map(_numbers, routed)),
        head=head,
        layers=weighted(anatomy, sandwich=any(_among(t, AFTER) for t in own)),
        state=kept(anatomy, keys, values),
        grade="16-bit" if _plain(read) else "8-bit",
    )


def of_size(
    parameters: float,
    active: float | None,
    bits: float,
    state_per_token: float | None = None,
    layers: float | None = None,
) -> Work:
    """The work of a model of which little more than its size is known; the interval is wider.

    Depth goes with the cube root of the size (about 20 layers for 1 billion weights and 80 for
    70 billion); of experts, a tenth of the active weights are taken to run always.
    """
    running = active or parameters
    depth = layers or 20 * (parameters * running / 1e18) ** 0.165
    sparse = running < parameters
    common = 0.1 * running if sparse else running
    share = (running - common) / (parameters - common) if sparse else 1.0
    return Work(
        weights=common * bits / 8,
        routed=(parameters - common) * bits / 8 if sparse else 0.0,
        experts=round(8 / share) if sparse else 0,
        used=8 if sparse else 0,
        active=running,
        layers=depth * (1 + EXTRA["experts"] * sparse),
        state=(Kept(state_per_token or 0.0),),
        grade="16-bit" if bits >= 16 else "8-bit",
        doubt=0.12,
    )


def weighted(anatomy: Anatomy, *, sandwich: bool = False) -> float:
    """The layers, each as many as it costs in layers of Llama."""
    plain = sum(map(_weight, anatomy.layers))
    return plain + EXTRA["sandwich"] * len(anatomy.layers) * sandwich


def _weight(layer: Layer) -> float:
    """Parts that stand alone (Nemotron-H: mixer or experts) share what one layer costs."""
    mixing = max((1 + EXTRA[t] if (t := _trait(m)) else 1.0 for m in layer.mixers), default=0.0)
    sparse = EXTRA["experts"] if layer.feed and layer.feed.experts else 0.0
    return max(mixing, 1.0) + sparse


def _trait(mixer: Mixer) -> Trait | None:
    if isinstance(mixer, Recurrent):
        return KINDS.get(mixer.kind, "mamba")
    return "latent" if isinstance(mixer, Latent | Compressed) else None


def kept(anatomy: Anatomy, keys: Precision, values: Precision) -> tuple[Kept, ...]:
    """What each layer reads of its state; a layer that borrows another's reads it all the same."""
    key, value = BITS_OF_STATE[keys] / 8, BITS_OF_STATE[values] / 8
    mixers = (mixer for layer in anatomy.layers for mixer in layer.mixers)
    return tuple(_kept(mixer, key, value) for mixer in mixers)


def _kept(mixer: Mixer, key: float, value: float) -> Kept:
    if isinstance(mixer, Recurrent):  # read and written
        return Kept(0.0, fixed=2 * FLOAT * (mixer.convolution + mixer.memory))
    if isinstance(mixer, Latent):
        entry = mixer.rank + mixer.rope
        return Kept((entry + mixer.index) * key, sums=2 * mixer.heads * (entry + mixer.rank))
    if isinstance(mixer, Compressed):
        ratio = max(mixer.ratio, 1)
        each = (mixer.entry + mixer.index) / ratio * key
        sums = 4 * mixer.heads * mixer.entry / ratio
        return Kept(each, fixed=mixer.window * mixer.entry * key, sums=sums)
    each = mixer.kv_heads * (mixer.key * key + mixer.value * value)
    if isinstance(mixer, Cross):
        return Kept(0.0, fixed=each * mixer.tokens)
    return Kept(each, mixer.window, sums=2 * mixer.heads * (mixer.key + mixer.value))


def _experts(anatomy: Anatomy) -> tuple[int, int]:
    """How many experts a layer has and uses: those of the first layer that has any."""
    feeds = (layer.feed for layer in anatomy.layers if layer.feed and layer.feed.experts)
    first = next(feeds, None)
    return (first.experts, first.used) if first else (0, 0)


def _among(tensor: Tensor, words: tuple[str, ...]) -> bool:
    return any(word in tensor.name for word in words)


def _numbers(tensor: Tensor) -> float:
    """How many weights it holds, those unpacked that are packed four bits each."""
    return tensor.count * PACKED.get(tensor.dtype, 1.0)


def _plain(tensors: Iterable[Tensor]) -> bool:
    """Whether most bytes are floats of 16 or 32 bits."""
    sizes = [(t.size, t.dtype in {"F32", "F16", "BF16"}) for t in tensors]
    return sum(size for size, plain in sizes if plain) > sum(size for size, _ in sizes) / 2
