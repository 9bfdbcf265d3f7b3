"""Which layers see a window, as llama.cpp decides: by a key, else fixed for the architecture.

Read in llama.cpp's `src/models/*.cpp` on 2026-11-27.
"""

from msgspec import Struct

from freehold.judge.anatomy.keys import Keys


class Rule(Struct, frozen=True):
    """Every `period`-th layer sees all: the last of each period, or the first if `first`.

    `window` is the length that llama.cpp fixes itself; `chunked` as in Attention.
    """

    period: int
    first: bool = False
    window: int | None = None
    chunked: bool = False


RULES = {
    "gemma2": Rule(2), "gemma3": Rule(6), "gemma3n": Rule(5), "gpt-oss": Rule(2),
    "cohere2": Rule(4), "llama4": Rule(4, window=8192, chunked=True), "exaone4": Rule(4),
    "exaone-moe": Rule(4), "olmo2": Rule(4), "plamo3": Rule(8), "afmoe": Rule(4),
    "smallthinker": Rule(4, first=True, window=4096), "deepseek4": Rule(0),
}  # fmt: skip
LISTED = frozenset((
    "gemma4", "mimo2", "step35", "cohere2moe", "granite-swa", "dots3note", "laguna", "muse-glimmer",
    "gemma4-assistant", "plamo3",
))  # fmt: skip
"""Architectures whose files list which layers see a window."""
IGNORING = frozenset((
    "llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "phi3", "phimoe", "starcoder2", "mistral3",
    "qwen2vl", "qwen3vl", "qwen3vlmoe", "dream", "seed_oss", "granite", "granitemoe", "mistral4",
))  # fmt: skip
"""Architectures that llama.cpp runs with full attention although their files state a window."""


def windows(keys: Keys, arch: str, count: int) -> tuple[tuple[int | None, bool], ...]:
    """For each layer the length of its window (None: it sees all) and whether it is a chunk."""
    whole: tuple[tuple[int | None, bool], ...] = ((None, False),) * count
    rule = RULES.get(arch)
    length = keys.number(f"{arch}.attention.sliding_window")
    if arch in IGNORING or not _windowed(keys, arch, rule, length, count):
        return whole
    seen = rule.window if rule and rule.window else length
    chunked = bool(rule and rule.chunked)
    row = _row(keys, arch, rule, count)
    if row is None:
        keys.doubt("a window is stated but not in which layers; the bound is full attention")
        return whole
    return tuple((seen, chunked) if sliding else (None, False) for sliding in row)


def _windowed(keys: Keys, arch: str, rule: Rule | None, length: int | None, count: int) -> bool:
    if arch == "exaone4":  # only the large one slides
        return count == 64 and bool(length)
    if arch == "llama4":  # a stated window of 0 turns the chunks off
        return keys.whole(f"{arch}.attention.sliding_window") != 0
    return bool(length)


def _row(keys: Keys, arch: str, rule: Rule | None, count: int) -> tuple[bool, ...] | None:
    """Which layers slide: the list of the file, a period in it, or that of the architecture."""
    name = f"{arch}.attention.sliding_window_pattern"
    listed = keys.numbers(name)
    if listed:
        if len(listed) < count and arch in LISTED:
            keys.doubt("fewer layers are listed as sliding than there are")
        return tuple(bool(listed[n]) if n < len(listed) else False for n in range(count))
    period = keys.whole(name)
    if period is None and rule is None:
        return None
    period = rule.period if period is None and rule else period or 0
    first = bool(rule and rule.first)
    if period == 0:
        return (True,) * count
    return tuple(n % period != (0 if first else period - 1) for n in range(count))
