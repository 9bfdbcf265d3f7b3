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


class Place(Struct, frozen=True):
    """Where a tensor lies: `stack` holds layers, `layer` counts in it, `role` is the rest.

    Numbers in the rest (experts, blocks inside) are stars, so that equal roles can be summed up.
    Outside of all layers `layer` is None, and `role` the whole name.
    """

    stack: str
    layer: int | None
    role: str
    kind: str


@lru_cache(maxsize=2**16)
def place(name: str) -> Place:
    """What the name says; `blk.3.attn_q.weight` is the role attn_q in layer 3 of blk."""
    parts = name.split(".")
    at = next((n for n, part in enumerate(parts) if n and is_number(part)), None)
    if at is None or at == len(parts) - 1:
        return Place("", None, _role(parts), kind(name))
    stack, inside = ".".join(parts[:at]), parts[at + 1 :]
    return Place(stack, int(parts[at]), _role(inside), kind(".".join(inside)))


def kind(name: str) -> str:
    """What a tensor is for, by the words that libraries use; `other` where none is known."""
    low = name.lower()
    return next((word for word, pattern in _WORDS if pattern.search(low)), "other")


def _role(parts: list[str]) -> str:
    named = parts[:-1] if len(parts) > 1 and parts[-1] == "weight" else parts
    return ".".join("*" if is_number(part) else part for part in named)


def is_number(part: str) -> bool:
    """Whether a part of a name counts something: a whole number as it is usually written."""
    return part.isascii() and part.isdigit() and len(part) <= 6 and part == str(int(part))


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
