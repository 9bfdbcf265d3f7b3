"""The transformers of Jukebox: layers that look back at rows, columns, or the row before.

Child et al. 2019 (arXiv 1904.10509): what came so far is laid out in rows. Vectors come in the
order of time, as many at once as lie in one row; each layer keeps the keys and values it needs.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from freehold.core.errors import BrokenInput
from freehold.engines.workers.sound.jukebox_settings import CROSS, DENSE, PRIME, Prior
from freehold.engines.workers.sound.jukebox_sound import Part

NEVER = -1e9
BENDS: dict[str, Callable[[Any], Any]] = {
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
    "relu": functional.relu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "swish": functional.silu,
}


class Stack:
    """All layers of a transformer over `length` places."""

    def __init__(self, part: Part, told: Prior, length: int) -> None:
        self.row = length // told.blocks
        self.layers = [
            Layer(part.below(f"_attn_mods.{number}"), told, kind, length)
            for number, kind in enumerate(told.kinds)
        ]

    def begin(self, heard: Any = None) -> None:
        """Forget everything; `heard` are lyrics as their own transformer understands them."""
        for layer in self.layers:
            layer.look.begin(heard)

    def __call__(self, flow: Any, first: int) -> Any:
        """What vectors (place x width) become, the first of them at the place `first`."""
        for layer in self.layers:
            flow = layer(flow, first)
        return flow


class Layer:
    """One layer: it looks back, then bends each vector by itself."""

    def __init__(self, part: Part, told: Prior, kind: str, length: int) -> None:
        width, inner = told.hidden_size, int(told.mlp_multiplier * told.hidden_size)
        if told.act_fn not in BENDS:
            raise BrokenInput(f"config.json names the function {told.act_fn!r}, unknown here")
        self.bend = BENDS[told.act_fn]
        self.norms = [part.both(f"layer_norm_{n}", width) for n in (0, 1)]
        self.look = looking(part.below("attn"), told, kind, length)
        self.wide = part.both("mlp.c_fc", width, inner, out=inner)
        self.narrow = part.both("mlp.c_proj", inner, width, out=width)
        self.share = 1 / told.num_layers if told.attn_res_scale else 1.0
        self.width = width

    def __call__(self, flow: Any, first: int) -> Any:
        """The vectors after this layer."""
        seen = self.look(self._norm(flow, 0), first)
        bent = self.bend(through(self._norm(flow + seen, 1), self.wide))
        return flow + self.share * (seen + through(bent, self.narrow))

    def _norm(self, flow: Any, number: int) -> Any:
        return functional.layer_norm(flow, (self.width,), *self.norms[number])


def through(flow: Any, both: tuple[Any, Any]) -> Any:
    """A matrix (in x out) and what is added."""
    return torch.addmm(both[1], flow, both[0])


class Looking:
    """Attention that keeps what was so far: this one sees all of it.

    Where it is `whole`, all vectors come at once; only then it can be not `causal`, and sees what
    comes later as well.
    """

    def __init__(self, part: Part, told: Prior, length: int, parts: int = 3) -> None:
        self.heads, width = told.n_heads, told.hidden_size
        inner = int(told.attention_multiplier * width)
        self.into = part.both("c_attn", width, parts * inner, out=parts * inner)
        self.out = part.both("c_proj", inner, width, out=width)
        self.row, self.inner = length // told.blocks, inner
        self.full = -(-length // self.row) * self.row
        self.whole, self.causal = False, True
        self.keys = self.values = torch.zeros(0)

    @property
    def needs(self) -> int:
        """How many places must be kept; the next ones then take those of the oldest."""
        return self.full

    @property
    def places(self) -> int:
        """How many places are kept."""
        return self.full if self.whole else self.needs

    def begin(self, heard: Any) -> None:
        """Forget everything."""
        shape = (self.places, self.heads, self.inner // self.heads)
        self.keys = self.into[0].new_zeros(shape)
        self.values = self.into[0].new_zeros(shape)

    def __call__(self, flow: Any, first: int) -> Any:
        """What vectors see, from the place `first` on; row by row."""
        asked, keys, values = (
            x.reshape(len(flow), self.heads, -1) for x in through(flow, self.into).chunk(3, 1)
        )
        self.keep(first, keys, values)
        rows = [
            self.see(asked[at : at + self.row], first + at) for at in range(0, len(flow), self.row)
        ]
        return through(torch.cat(rows).reshape(len(flow), -1), self.out)

    def keep(self, first: int, keys: Any, values: Any) -> None:
        """Note keys and values for later."""
        at = first % self.places
        self.keys[at : at + len(keys)] = keys
        self.values[at : at + len(values)] = values

    def see(self, asked: Any, first: int) -> Any:
        """All places so far."""
        end = first + len(asked) if self.causal else self.full
        return self.between(asked, 0, end, first)

    def between(self, asked: Any, begin: int, end: int, first: int) -> Any:
        """What is seen of the places from `begin` to `end`, none of them later than who asks."""
        at, many = begin % self.places, end - begin
        keys, values = self.keys[at : at + many], self.values[at : at + many]
        scores = torch.einsum("mhd,nhd->hmn", asked, keys) * self.scale
        if self.causal and end > first + 1:
            places = torch.arange(begin, end, device=scores.device)
            asking = torch.arange(first, first + len(asked), device=scores.device)
            scores = scores.masked_fill(places[None] > asking[:, None], NEVER)
        shares = scores.float().softmax(2).to(values.dtype)
        return torch.einsum("hmn,nhd->mhd", shares, values)

    @property
    def scale(self) -> float:
        """Keeps products small, however wide a head is."""
        return float((self.inner // self.heads) ** -0.5)


class Row(Looking):
    """Sees its own row."""

    @property
    def needs(self) -> int:
        """One row."""
        return self.row

    def see(self, asked: Any, first: int) -> Any:
        """The places of the row."""
        begin = first - first % self.row
        return self.between(asked, begin, first + len(asked), first)


class Before(Looking):
    """Sees the row before; in the first row, nothing."""

    @property
    def needs(self) -> int:
        """Two rows."""
        return 2 * self.row

    def see(self, asked: Any, first: int) -> Any:
        """The whole row before."""
        begin = first - first % self.row
        if not begin:
            return torch.zeros_like(asked)
        return self.between(asked, begin - self.row, begin, first)


class Column(Looking):
    """Sees the same column of its row and of all rows before."""

    def see(self, asked: Any, first: int) -> Any:
        """One place in each row."""
        rows = first // self.row + 1 if self.causal else self.full // self.row
        column = slice(first % self.row, first % self.row + len(asked))
        shape = (-1, self.row, self.heads, self.inner // self.heads)
        keys, values = (x.view(shape)[:rows, column] for x in (self.keys, self.values))
        scores = torch.einsum("mhd,rmhd->hmr", asked, keys) * self.scale
        shares = scores.float().softmax(2).to(values.dtype)
        return torch.einsum("hmr,rmhd->mhd", shares, values)


class Beginning(Looking):
    """Sees the beginning only, where the lyrics are."""

    def __init__(self, part: Part, told: Prior, length: int) -> None:
        super().__init__(part, told, length)
        rows = told.nb_relevant_lyric_tokens // told.blocks + 1
        self.most = min(rows * told.blocks, length)

    @property
    def needs(self) -> int:
        """Those of the lyrics, and a few more."""
        return self.most

    def keep(self, first: int, keys: Any, values: Any) -> None:
        """Note what belongs to the beginning."""
        room = max(self.most - first, 0)
        if room:
            super().keep(first, keys[:room], values[:room])

    def see(self, asked: Any, first: int) -> Any:
        """The beginning so far."""
        return self.between(asked, 0, min(first + len(asked), self.most), first)


class Hearing(Looking):
    """Sees the lyrics as another transformer has understood them."""

    def __init__(self, part: Part, told: Prior, length: int) -> None:
        super().__init__(part, told, length, 1)
        self.heard = part.both("c_enc_kv", told.hidden_size, 2 * self.inner, out=2 * self.inner)
        self.causal = False

    def begin(self, heard: Any) -> None:
        """Take in the lyrics."""
        if heard is None:
            raise BrokenInput("a layer hears lyrics, but nothing reads any")
        kept = through(heard, self.heard).chunk(2, 1)
        self.keys, self.values = (x.reshape(len(heard), self.heads, -1) for x in kept)

    @property
    def needs(self) -> int:
        """As many as the lyrics have."""
        return len(self.keys)

    def __call__(self, flow: Any, first: int) -> Any:
        """What vectors see of all lyrics."""
        asked = through(flow, self.into).reshape(len(flow), self.heads, -1)
        seen = self.between(asked, 0, len(self.keys), first)
        return through(seen.reshape(len(flow), -1), self.out)


KINDS: dict[str, type[Looking]] = {
    "block_attn": Row,
    "transpose_block_attn": Column,
    "prev_block_attn": Before,
    DENSE: Looking,
    PRIME: Beginning,
    CROSS: Hearing,
}


def looking(part: Part, told: Prior, kind: str, length: int) -> Looking:
    """The attention of one layer."""
    return KINDS[kind](part, told, length)
