"""Tells from the name of a tensor what it is for and in which layer it lies; pure."""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

KINDS = ("embedding", "attention", "mlp", "experts", "mixer", "convolution", "norm", "head",
         "other")  # fmt: skip
"""In the order in which they are shown."""
MOST_PARTS = 32
"""Parts of a name that are told apart; what follows stays together."""

_WORDS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("norm", r"norm|(?:^|[._])ln(?:_|\d|f?[._])"),
        ("experts", r"expert|_exps|_shexp|gate_inp|block_sparse_moe|\.router"),
        ("mixer", r"ssm|mamba|mixer|time_mix|a_log|dt_proj|x_proj|shortconv"),
        ("attention", r"attn|attention|[qkvo]_proj|qkv|to_[qkv]\b|\.(?:query|key|value)\b|rotary"),
        ("embedding", r"embed|embd|(?:^|\.)wt?[pt]e\.|codebook|position"),
        ("mlp", r"mlp|ffn|feed_?forward|(?:^|\.)ff\d?\.|fc_?\d|(?:gate|up|down)_proj|dense"
                r"|intermediate|channel_mix|\.w[123]\."),
        ("head", r"lm_head|^output\.|head|classifier|score"),
        ("convolution", r"conv"),
    )
)  # fmt: skip
"""The first that is found in a name decides."""

_NUMBER = re.compile(r"(?<![^.])(?:0|[1-9][0-9]{0,5})(?![^.])")
"""A whole part of a name that is a number."""
_LAYER = re.compile(r"(.+?)\.(0|[1-9][0-9]{0,5})\.(.+)", re.DOTALL)
"""Stack, layer and the rest: the first number in a name counts layers."""


class Place(Struct, frozen=True):
    """Where a tensor lies: `stack` holds layers, `layer` counts in it, `role` is the rest.

    Numbers in the rest (experts, blocks inside) are stars, so that equal roles can be summed up.
    Outside of all layers `layer` is None, and `role` the whole name.
    """

    stack: str
    layer: int | None
    role: str
    kind: str


def place(name: str) -> Place:
    """What the name says; `blk.3.attn_q.weight` is the role attn_q in layer 3 of blk."""
    found = _LAYER.match(name)
    if found is None:
        return Place("", None, *_role(_NUMBER.sub("*", name)))
    stack, layer, inside = found.groups()
    return Place(stack, int(layer), *_role(_NUMBER.sub("*", inside)))


@lru_cache(maxsize=2**12)
def _role(name: str) -> tuple[str, str]:
    """A name without the word that most tensors end with, and what it is for."""
    return name.removesuffix(".weight"), kind(name)


def kind(name: str) -> str:
    """What a tensor is for, by the words that libraries use; `other` where none is known."""
    low = name.lower()
    return next((word for word, pattern in _WORDS if pattern.search(low)), "other")


def is_number(part: str) -> bool:
    """Whether a part of a name counts something: a whole number as it is usually written."""
    return part[:1].isdecimal() and _NUMBER.fullmatch(part) is not None


def layer_name(at: Place) -> str:
    """What a layer is called: its stack and number, or the kind of what lies outside of all."""
    return at.kind if at.layer is None else f"{at.stack}.{at.layer}"


def ordered(names: Iterable[str]) -> list[str]:
    """Names of layers and kinds as a model is read: embeddings, layers by number, then the rest."""
    stacks: dict[str, int] = {}

    def key(name: str) -> tuple[int, int, int]:
        stack, dot, number = name.rpartition(".")
        if name in KINDS or not dot or not is_number(number):
            return (0 if name == KINDS[0] else 2), KINDS.index(name) if name in KINDS else 99, 0
        return 1, stacks.setdefault(stack, len(stacks)), int(number)

    return sorted(names, key=key)
