"""Finds the processor that a person means: "RTX 4090", "h100", "M4 Max 64GB"."""

import re
from collections.abc import Iterator

from freehold.core.errors import NotFound
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Accelerator

BRANDS = frozenset(
    {"nvidia", "geforce", "amd", "radeon", "intel", "arc", "apple", "instinct", "qualcomm",
     "tesla", "quadro", "gpu", "graphics", "the"}
)  # fmt: skip
"""Words that people leave out."""


def find_processors(base: KnowledgeBase, name: str) -> tuple[Accelerator, ...]:
    """The processors that a name means, the weakest first; one where the name is whole.

    Raises NotFound with the nearest names.
    """
    wanted = _words(name)
    everything = list(_all(base))
    found = [a for a in everything if "".join(wanted) in map("".join, _names(a))]
    if not found and wanted:
        found = [a for a in everything if any(set(wanted) <= set(words) for words in _names(a))]
    if not found:
        raise NotFound("processor", name, (bare(a.name) for a in everything))
    return tuple(sorted(found, key=lambda a: (a.bandwidth, a.memory or 0, a.id)))


def _all(base: KnowledgeBase) -> Iterator[Accelerator]:
    return (accelerator for maker in base.accelerators() for accelerator in maker.accelerators)


def _names(accelerator: Accelerator) -> list[list[str]]:
    return [_words(text) for text in (accelerator.name, accelerator.id, *accelerator.match)]


def _words(name: str) -> list[str]:
    """The words that tell processors apart, in lower case."""
    return [w for w in re.findall(r"[a-z0-9.]+", name.casefold()) if w not in BRANDS]


def bare(name: str) -> str:
    """The name as people say it, without the brand."""
    return " ".join(w for w in name.split() if w.casefold() not in BRANDS)
