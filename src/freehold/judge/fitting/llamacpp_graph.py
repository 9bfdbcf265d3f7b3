"""What llama.cpp computes for one batch, as sizes: the graph that its compute buffer must hold.

The tensors of a layer say which matrices are multiplied; the anatomy says what is kept. The order
of the steps is that of `llama_model_*::graph` (llama.cpp b11549, 2026-10). A vector of `n` values
per token takes `4 * n * batch` bytes: intermediate results are 32-bit floats.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import Anatomy, Attention, Latent, Layer, Mixer, Recurrent
from freehold.judge.fitting.allocating import Graph

Block = Mapping[str, Tensor]
"""The tensors of one layer, by what follows `blk.N.` in their names."""

STILL = frozenset((
    "bert", "bloom", "gpt2", "granitehybrid", "jais", "jamba", "jina-bert-v2", "mpt",
    "nemotron_h", "nemotron_h_moe", "plamo2", "starcoder",
))  # fmt: skip
"""Architectures that do not rotate queries and keys."""
WEIGHED_FIRST = frozenset({"llama4"})
"""Architectures that weigh the input of the experts instead of their output."""


DEEP = {"qwen3vl": 4, "qwen3vlmoe": 4}
"""How many vectors per token a tower hands over, where the first layers take some of their own."""
FEED_NORMS: tuple[str, ...] = ("ffn_norm", "post_attention_norm", "attn_post_norm")
"""What the norm before the feed-forward part is called."""


class Batch(Struct, frozen=True, kw_only=True):
    """What is computed at once: `tokens` of `sequences`, of which `outputs` get logits.

    `cells` is how many tokens the cache holds per sequence, `near` the same for layers with a
    window; `flash` says that attention is fused; `rotated` that keys and values are mixed by a
    Hadamard matrix before they are quantized.
    """

    tokens: int
    sequences: int
    outputs: int
    cells: int
    near: int
    flash: bool
    rotated: tuple[bool, bool] = (False, False)


def rows(block: Block, name: str) -> int:
    """How many values the matrix of this name gives per token; 0 without it."""
    found = block.get(f"{name}.weight")
    return found.shape[-2] if found and len(found.shape) > 1 else 0


class Builder:
    """Puts the results of one batch into a graph, layer after layer."""

    def __init__(self, anatomy: Anatomy, batch: Batch, alignment: int) -> None:
        self.anatomy, self.batch, self.width = anatomy, batch, anatomy.width
        self.graph = Graph(alignment)
        self.tokens = batch.tokens
        self.masks: dict[bool, int] = {}
        self.slots: dict[bool, tuple[int, int]] = {}
        self.copies = self.first_value = -1

    def vectors(self, length: int, *reads: int, within: bool = False, extra: int = 0) -> int:
        """A result of `length` values per token and `extra` values beside them."""
        return self.graph.node(4 * (length * self.tokens + extra), *reads, within=within)

    def passing(self, length: int, *reads: int) -> None:
        """A result of which only a number or two is used: it goes at once."""
        self.store(self.vectors(length, *reads))

    def store(self, *reads: int) -> None:
        """Write results into the state: takes no room, but keeps what it reads alive till now."""
        self.graph.node(0, *reads)

    def start(self) -> int:
        """The inputs, and the vector of each token; room for given vectors is held as well."""
        tokens = self.batch.tokens
        given = 4 * tokens * self.width * DEEP.get(self.anatomy.architecture, 1)
        self.graph.leaf(given, kept=True)
        ids, mixed_ids = self.graph.leaf(4 * tokens), self.graph.leaf(4 * tokens)
        mixed, slots = self.graph.leaf(given), self.graph.leaf(8 * tokens)
        self.positions = self.graph.leaf(4 * tokens)
        self._masks()
        self.chosen = self.graph.leaf(4 * self.batch.outputs)
        made = self.vectors(self.width, ids)
        other = self.graph.node(given, mixed_ids)
        whole = self.graph.node(given, mixed, kept=True)
        self.store(other, slots, whole)
        return made

    def _masks(self) -> None:
        """Who may see whom: 16 bits per pair with fused attention, else 32."""
        parts = [mixer for layer in self.anatomy.layers for mixer in layer.mixers]
        tokens, bytes_ = self.batch.tokens, 2 if self.batch.flash else 4
        if any(isinstance(part, Recurrent) for part in parts):
            self.copies = self.graph.leaf(4 * self.batch.sequences)
        if self.anatomy.kind == "encoder":
            self.masks[False] = self.graph.leaf(bytes_ * tokens**2)
            return
        seen = [part for part in parts if isinstance(part, Attention)]
        values = 1 if self.batch.flash else max((p.kv_heads * p.value for p in seen), default=1)
        for near in sorted({is_near(p) for p in parts if isinstance(p, Attention | Latent)}):
            cells = self.batch.near if near else self.batch.cells
            self.slots[near] = self.graph.leaf(8 * tokens), self.graph.leaf(8 * tokens * values)
            self.masks[near] = self.graph.leaf(bytes_ * cells * tokens)
            self._matrices(max((part.key for part in seen), default=0))

    def _matrices(self, key: int) -> None:
        """The Hadamard matrices: as wide as heads allow for keys, 64 wide for values."""
        if self.batch.rotated[0]:
            self.graph.leaf(4 * (key & -key) ** 2, kept=True)
        if self.batch.rotated[1]:
            self.graph.leaf(4 * 64**2, kept=True)

    def layer(self, layer: Layer, block: Block, start: int, *, last: bool) -> int:
        """One layer from its input to its output; of the last only the wanted rows go on."""
        from freehold.judge.fitting.llamacpp_recurrent import recurrent

        normed = self._normed(block, ("attn_norm",), start)
        if is_parallel(block) and layer.feed is not None:
            return self._beside(layer, block, start, normed, last=last)
        mixed: list[int] = []
        for mixer in layer.mixers:
            if isinstance(mixer, Attention):
                mixed.append(self._projected(self._attention(mixer, block, normed)))
            elif isinstance(mixer, Latent):
                mixed.append(self._latent(mixer, block, normed))
            elif isinstance(mixer, Recurrent):
                mixed.append(recurrent(self, mixer, block, normed))
        if last and self.batch.outputs:
            mixed = [self._rows(result) for result in mixed]
            start = self._rows(start)
            self.tokens = self.batch.outputs
        passed = self._sum(start, *mixed) if mixed else start
        if layer.feed is None:
            return passed
        names: tuple[str, ...] = FEED_NORMS if mixed else FEED_NORMS[:1]
        names = () if "post_ffw_norm.weight" in block and "ffn_norm.weight" not in block else names
        normed = normed if not mixed else self._normed(block, names, passed)
        return self._sum(passed, self._feed(layer, block, normed))

    def _beside(self, layer: Layer, block: Block, start: int, normed: int, *, last: bool) -> int:
        """Attention and feed-forward part on the same input: attention is projected at the end."""
        parts = [part for part in layer.mixers if isinstance(part, Attention)]
        found = [self._asked(part, block, normed)[0] for part in parts]
        cut = last and self.batch.outputs
        normed = self._rows(normed) if cut else normed
        whole, self.tokens = self.tokens, self.batch.outputs if cut else self.tokens
        made = self._sum(self._rows(start) if cut else start, self._feed(layer, block, normed))
        for part, one in zip(parts, found, strict=True):
            self.tokens, few = whole, self.tokens
            projected = self._projected(self._unmixed(part, one))
            self.tokens = few
            made = self._sum(self._rows(projected) if cut else projected, made)
        return made

    def _rows(self, result: int) -> int:
        return self.graph.node(4 * self.width * self.batch.outputs, result, self.chosen)

    def _normed(self, block: Block, names: Iterable[str], start: int) -> int:
        if any(f"{name}.weight" in block for name in names):
            return self.vectors(self.width, start, within=True)
        return start

    def _sum(self, *parts: int) -> int:
        made, *rest = reversed(parts)
        for part in rest:
            made = self.vectors(self.width, made, part, within=True)
        return made

    def _turned(self, length: int, result: int) -> int:
        """Rotated by position: a result of its own."""
        if self.anatomy.architecture in STILL:
            return result
        return self.vectors(length, result, self.positions)

    def _projected(self, found: int) -> int:
        return self.vectors(self.width, found)

    def _attention(self, part: Attention, block: Block, normed: int) -> int:
        found, raw = self._asked(part, block, normed)
        found = self._unmixed(part, found)
        if rows(block, "attn_q") > part.heads * part.key:
            gate = self.vectors(part.heads * part.key, raw)
            found = self.vectors(part.heads * part.key, found, gate, within=True)
        return found

    def _unmixed(self, part: Attention, found: int) -> int:
        length = part.heads * part.value
        mixed = self.batch.rotated[1] and self.anatomy.kind != "encoder"
        return self.vectors(length, found) if mixed else found

    def _asked(self, part: Attention, block: Block, normed: int) -> tuple[int, int]:
        """What attention finds, and the queries with what stands beside them."""
        asked, kept = part.heads * part.key, part.kv_heads * part.key
        given = part.kv_heads * part.value
        fused = rows(block, "attn_qkv")
        source = self.vectors(fused, normed) if fused else -1
        wide = rows(block, "attn_q") or asked
        raw = source if fused else self.vectors(wide, normed)
        queries = self._turned(asked, raw)
        if self.anatomy.kind == "encoder":
            return self._encoded(part, queries, source, normed), raw
        if not part.borrows:
            values = source if fused else self.vectors(given, normed)
            keys = self._turned(kept, source if fused else self.vectors(kept, normed))
            queries, keys, values = self._mixed(part, queries, keys, values)
            places = self.slots[is_near(part)]
            self.store(keys, places[0])
            self.store(values, places[1])
        found = self._attend(part.heads, part.heads * part.value, queries, is_near(part))
        return found, raw

    def _encoded(self, part: Attention, queries: int, source: int, normed: int) -> int:
        """Attention within the batch: nothing is kept, but fused attention wants 16 bits."""
        kept, given = part.kv_heads * part.key, part.kv_heads * part.value
        keys = self._turned(kept, source if source >= 0 else self.vectors(kept, normed))
        values = source if source >= 0 else self.vectors(given, normed)
        length, mask = part.heads * part.value, self.masks[False]
        if self.batch.flash:
            short = self.graph.node(2 * kept * self.tokens, keys)
            return self.vectors(
                length, queries, short, self.graph.node(2 * given * self.tokens, values), mask
            )
        turned = self.vectors(given, values)
        scores = self.vectors(self.tokens * part.heads, queries, keys)
        scores = self.vectors(self.tokens * part.heads, scores, mask, within=True)
        return self.vectors(length, self.vectors(length, scores, turned))

    def _mixed(self, part: Attention, queries: int, keys: int, values: int) -> tuple[int, int, int]:
        """Multiplied by a Hadamard matrix, where keys or values are quantized."""
        if self.batch.rotated[0]:
            queries = self.vectors(part.heads * part.key, queries)
            keys = self.vectors(part.kv_heads * part.key, keys)
        if self.batch.rotated[1]:
            values = self.vectors(part.kv_heads * part.value, values)
        return queries, keys, values

    def _attend(self, heads: int, length: int, queries: int, near: bool) -> int:
        """Attention itself; unless it is fused, a number per pair of tokens and head is kept."""
        mask = self.masks[near]
        if self.batch.flash:
            return self.vectors(length, queries, mask)
        cells = self.batch.near if near else self.batch.cells
        scores = self.vectors(cells * heads, queries)
        scores = self.vectors(cells * heads, scores, mask, within=True)
        return self.vectors(length, self.vectors(length, scores))

    def _latent(self, part: Latent, block: Block, normed: int) -> int:
        asked = part.heads * (part.nope + part.rope)
        low = rows(block, "attn_q_a")
        source = self.vectors(low, normed) if low else normed
        queries = self.vectors(asked, source)
        absorbed = self.vectors(part.heads * part.rank, queries)
        turned = self.vectors(part.heads * part.rope, queries, self.positions)
        queries = self.vectors(part.heads * (part.rank + part.rope), absorbed, turned)
        pair = self.vectors(part.rank + part.rope, normed)
        keys = self.vectors(part.rank, pair)
        turned = self.vectors(part.rope, pair, self.positions)
        self.store(self.vectors(part.rank + part.rope, keys, turned), self.slots[False][0])
        found = self._attend_latent(part, queries)
        found = self.vectors(part.heads * part.value, found)
        return self.vectors(self.width, self.vectors(part.heads * part.value, found))

    def _attend_latent(self, part: Latent, queries: int) -> int:
        """Values are a part of the keys, which must be turned unless attention is fused."""
        length, cells = part.heads * part.rank, self.batch.cells
        if self.batch.flash:
            return self.vectors(length, queries, self.masks[False])
        turned = self.graph.node(2 * cells * part.rank * self.batch.sequences)
        scores = self.vectors(cells * part.heads, queries)
        scores = self.vectors(cells * part.heads, scores, self.masks[False], within=True)
        return self.vectors(length, scores, turned)

    def _feed(self, layer: Layer, block: Block, normed: int) -> int:
        feed = layer.feed
        if feed is not None and feed.experts and "ffn_gate_inp.weight" in block:
            return self._experts(layer, block, normed)
        return self._dense(block, normed, "")

    def _dense(self, block: Block, normed: int, suffix: str) -> int:
        up, gate = rows(block, f"ffn_up{suffix}"), rows(block, f"ffn_gate{suffix}")
        down = block.get(f"ffn_down{suffix}.weight")
        inner = down.shape[-1] if down else up
        if gate:
            first = self.vectors(gate, normed)
            inside = self.vectors(inner, first, self.vectors(up, normed))
        elif up > inner:
            inside = self.vectors(inner, self.vectors(up, normed))
        else:
            inside = self.vectors(up, normed)
        return self.vectors(self.width, inside)

    def _experts(self, layer: Layer, block: Block, normed: int) -> int:
        feed = layer.feed
        if feed is None:
            return normed
        routed = self.vectors(feed.experts, normed)
        sorted_ = self.vectors(feed.experts, self.vectors(feed.experts, routed), routed)
        weights = self.vectors(feed.used, routed, sorted_)
        source = normed
        if self.anatomy.architecture in WEIGHED_FIRST:
            source = self.vectors(self.width * feed.used, normed)
        first = self.vectors(feed.width * feed.used, source, sorted_)
        if "ffn_gate_exps.weight" in block or "ffn_gate_up_exps.weight" in block:
            second = self.vectors(feed.width * feed.used, source, sorted_)
            first = self.vectors(feed.width * feed.used, first, second)
        every = self.vectors(self.width * feed.used, first, sorted_, weights)
        made = self.vectors(self.width, *[every] * min(feed.used, 2))
        for _ in range(feed.used - 2):
            made = self.vectors(self.width, made, every, within=True)
        for suffix in ("_shexp", "_chexp"):
            if f"ffn_up{suffix}.weight" in block:
                made = self._sum(made, self._dense(block, normed, suffix))
        return made

    def end(self, result: int) -> None:
        """The last norm and the logits; both are read by the caller, so neither is given back."""
        size = 4 * self.width * self.tokens
        if self.batch.outputs and not self.anatomy.headless:
            last = self.graph.node(size, result, within=True, kept=True)
            self.graph.node(4 * self.anatomy.vocabulary * self.tokens, last, kept=True)
        else:
            self.graph.node(size, result, within=True, kept=True)


def is_near(part: Mixer) -> bool:
    """Whether a layer keeps only what is in its window."""
    return isinstance(part, Attention) and part.window is not None


def is_parallel(block: Block) -> bool:
    """Whether the feed-forward part works beside attention, on the same input."""
    names = ("ffn_norm", "post_attention_norm", "attn_post_norm", "attn_output_norm")
    has_both = "ffn_up.weight" in block and "attn_output.weight" in block
    return has_both and not any(f"{name}.weight" in block for name in names)
