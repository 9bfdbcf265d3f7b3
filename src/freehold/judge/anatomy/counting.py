"""Counts the weights of a model, part by part, from its anatomy alone.

Norms and biases are counted where they follow from the widths; what is left out is below a
thousandth of any published model.
"""

from msgspec import Struct

from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Feed,
    Latent,
    Layer,
    Mixer,
    Recurrent,
    Tower,
)


class Counts(Struct, frozen=True, kw_only=True):
    """How many weights each part of a model has.

    `embedding` is the input table, `head` what turns vectors into words (0 when it is the same
    table or there is none), `mixing` attention and recurrent parts with all norms, `dense` the
    feed-forward parts that always run, `experts` those of which some run, `used` those of them
    that run for one token.
    """

    embedding: int
    head: int
    mixing: int
    dense: int
    experts: int
    used: int
    lookups: int = 0
    towers: int = 0
    drafts: int = 0
    repeats: int = 1
    shared_head: bool = False

    @property
    def total(self) -> int:
        """All weights but those that guess further tokens; shared ones once."""
        body = (self.mixing + self.dense + self.experts) // self.repeats
        return self.embedding + self.head + body + self.lookups + self.towers

    @property
    def active(self) -> int:
        """The weights that are multiplied for one token of text; tables are looked up only."""
        head = self.embedding if self.shared_head else self.head
        return head + self.mixing + self.dense + self.used


def count(anatomy: Anatomy) -> Counts:
    """The weights of this model, part by part."""
    width = anatomy.width
    table = anatomy.vocabulary * width
    feeds = [layer.feed for layer in anatomy.layers if layer.feed]
    own = anatomy.vocabulary * anatomy.embedding + 2 * anatomy.embedding * width
    head = 0 if anatomy.tied or anatomy.headless else table
    mixed = sum(mixing(layer, width) for layer in anatomy.layers)
    return Counts(
        embedding=own or table, head=head, repeats=anatomy.repeats,
        mixing=mixed + width + anatomy.extra,
        dense=sum(always(feed, width) for feed in feeds),
        experts=sum(feed.experts * expert(feed, width) for feed in feeds),
        used=sum(feed.used * expert(feed, width) for feed in feeds),
        lookups=anatomy.lookups, towers=sum(tower(part) for part in anatomy.towers),
        drafts=sum(whole(layer, width) + 2 * width * width for layer in anatomy.drafts),
        shared_head=anatomy.tied and not anatomy.headless,
    )  # fmt: skip


def whole(layer: Layer, width: int) -> int:
    """All weights of a layer, experts included."""
    feed = layer.feed
    own = always(feed, width) + feed.experts * expert(feed, width) if feed else 0
    return mixing(layer, width) + own


def mixing(layer: Layer, width: int) -> int:
    """What mixes tokens, and the norms before each part."""
    parts = len(layer.mixers) + (1 if layer.feed else 0)
    return sum(mixer(part, width) for part in layer.mixers) + parts * width


def always(feed: Feed, width: int) -> int:
    """The weights of a feed-forward part that run for every token, router included."""
    if not feed.experts:
        return feed.matrices * width * feed.width
    bridge = 2 * width * feed.inner
    return feed.matrices * width * feed.shared + width * feed.experts + bridge


def expert(feed: Feed, width: int) -> int:
    """The weights of one expert; 0 where there is none."""
    return feed.matrices * (feed.inner or width) * feed.width if feed.experts else 0


def mixer(part: Mixer, width: int) -> int:
    """The weights of one mixer."""
    if isinstance(part, Attention):
        return _attention(part, width)
    if isinstance(part, Latent):
        return _latent(part, width)
    if isinstance(part, Cross):
        return 2 * width * part.heads * part.key + width * part.kv_heads * (part.key + part.value)
    assert isinstance(part, Recurrent | Compressed)
    return part.parameters


def _attention(part: Attention, width: int) -> int:
    asking = width * part.heads * part.key * (2 if part.gated else 1)
    out = part.heads * part.value * width
    kept = 0 if part.borrows else width * part.kv_heads * part.key
    kept += width * part.kv_heads * part.value if part.projected and not part.borrows else 0
    return asking + out + kept + width * part.index * 5 if part.index else asking + out + kept


def _latent(part: Latent, width: int) -> int:
    length = part.heads * (part.nope + part.rope)
    asking = part.query * (width + length) if part.query else width * length
    kept = width * (part.rank + part.rope) + part.rank * part.heads * (part.nope + part.value)
    out = part.heads * part.value * width * (2 if part.gated else 1)
    index = part.index * (part.indexers * (part.query or width) + width) + width * part.indexers
    return asking + kept + out + (index if part.index else 0)


def tower(part: Tower) -> int:
    """The weights of an encoder."""
    attention = 4 * part.width * (part.inner or part.width)
    norms = 2 * part.width
    return part.layers * (attention + part.matrices * part.width * part.feed + norms) + part.extra
