"""The parts of which language models are built, as records: what they keep per token, how wide.

Lengths are numbers of values, never bytes: an engine decides how many bytes a value takes.
"""

from typing import Literal

from msgspec import Struct


class Attention(Struct, frozen=True):
    """Attention that keeps a key and a value per KV head and token (MHA, GQA, MQA).

    `key` and `value` are the lengths for one head. `window` is how many tokens back it sees
    (None: all); `chunked` windows do not slide but start anew. `borrows` says that it reads
    the keys and values of an earlier layer and keeps none of its own. `index` is the length of
    the key of a sparse indexer beside them (0: none). `gated` queries come with a gate of their
    length; without `projected` values the values are made from the keys.
    """

    heads: int
    kv_heads: int
    key: int
    value: int
    window: int | None = None
    chunked: bool = False
    borrows: bool = False
    index: int = 0
    gated: bool = False
    projected: bool = True


class Latent(Struct, frozen=True):
    """Multi-head latent attention (MLA): one compressed vector and one rotated key per token.

    `rank` and `rope` are their lengths; `nope` and `value` those of one head once decompressed.
    `index` is the length of the key that a sparse indexer keeps beside it per token (0: none),
    `indexers` how many heads that has; `query` is the length of the compressed query (0: it is
    not compressed).
    """

    heads: int
    rank: int
    rope: int
    nope: int
    value: int
    index: int = 0
    query: int = 0
    indexers: int = 0
    gated: bool = False


class Compressed(Struct, frozen=True):
    """Attention over summaries: one entry for `ratio` tokens, and the last `window` tokens whole.

    `entry` is the length of one entry; `index` as in Latent, kept per entry. As in DeepSeek V4.
    A ratio of 0 keeps the window only. `parameters` are the weights of the layer's mixer.
    """

    heads: int
    entry: int
    ratio: int
    window: int
    index: int = 0
    parameters: int = 0


class Recurrent(Struct, frozen=True):
    """A layer whose state does not grow with the text: Mamba, gated delta net, RWKV, ....

    `convolution` and `memory` are how many values each of its two states holds per sequence;
    `kernel` is how many tokens the convolution sees (its state holds one fewer). `parameters`
    are the weights of the mixer.
    """

    kind: str
    convolution: int
    memory: int
    kernel: int = 0
    parameters: int = 0


class Cross(Struct, frozen=True):
    """Attention to what an encoder made: `tokens` keys and values, computed once per input."""

    heads: int
    kv_heads: int
    key: int
    value: int
    tokens: int


Mixer = Attention | Latent | Compressed | Recurrent | Cross


class Feed(Struct, frozen=True):
    """A feed-forward part: its width, or experts of that width of which `used` run per token.

    `shared` is the total width of what always runs beside them. `matrices` is 3 with a gate,
    else 2. `inner` is the length of the vector that experts work on, where it is not the
    model's own (0).
    """

    width: int
    experts: int = 0
    used: int = 0
    shared: int = 0
    matrices: int = 3
    inner: int = 0


class Layer(Struct, frozen=True):
    """One block: what mixes tokens (nothing, one or several parts) and the feed-forward part."""

    mixers: tuple[Mixer, ...] = ()
    feed: Feed | None = None


class Tower(Struct, frozen=True):
    """An encoder in front: of pictures, sound or text; `tokens` is what it takes in at most.

    `inner` is the width of all its heads together (0: that of the tower), `matrices` as in Feed,
    `extra` the weights outside its layers: patches, positions and what leads to the model.
    """

    kind: Literal["vision", "audio", "text"]
    width: int
    layers: int
    heads: int
    feed: int
    tokens: int | None = None
    inner: int = 0
    matrices: int = 2
    extra: int = 0


class Anatomy(Struct, frozen=True, kw_only=True):
    """A model, layer by layer. `width` is the length of the vector of one token.

    `drafts` are layers that guess further tokens ahead (MTP); not every engine loads them.
    `lookups` are weights that are looked up by token or place, never multiplied: positions,
    embeddings per layer; `extra` those outside all layers that are multiplied for every token.
    `embedding` is the width of the input table where it is not that of the model (0), `repeats`
    how many layers use the same weights. `headless` says that it gives vectors, not words.
    `sure` is False where the architecture is not known: what is then computed from it is an
    upper bound, and `notes` say so.
    """

    architecture: str
    kind: Literal["decoder", "encoder", "encoder-decoder"]
    width: int
    vocabulary: int
    layers: tuple[Layer, ...]
    context: int | None = None
    tied: bool = False
    towers: tuple[Tower, ...] = ()
    drafts: tuple[Layer, ...] = ()
    lookups: int = 0
    extra: int = 0
    embedding: int = 0
    repeats: int = 1
    headless: bool = False
    sure: bool = True
    notes: tuple[str, ...] = ()
