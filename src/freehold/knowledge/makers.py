"""The names of those who make models: in full, in short, of each of several, as people say."""

import re
from functools import cache

from freehold.knowledge.spoken import maker_names

_JOINT = re.compile(r" \(|\)|, (?:a lab of )?| and (?!Technology\b|Design\b)")
"""Between names of one maker: "Tencent and HIT Shenzhen", "Alibaba (Qwen)"; within none."""
_NOBODY = ("", "others")


@cache
def names_of(maker: str) -> tuple[str, ...]:
    """Every name under which a maker is refused, as the facts spell it first.

    Who refuses ByteDance refuses "HKU and ByteDance"; who refuses Facebook refuses Meta.
    """
    parts = [part for part in _JOINT.split(maker) if part not in _NOBODY]
    names = [maker, maker.partition(" (")[0], *parts]
    more = (other for name in names for other in maker_names().get(name, ()))
    return tuple(dict.fromkeys([*names, *more]))
