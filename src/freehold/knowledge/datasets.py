"""Finds what the knowledge base knows of a dataset: its license, and who says so.

A dataset has no file of its own: it is a component of the families that were made with it, and
its page is the source of that component.
"""

import re
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import Component, Family

KINDS = ("datasets", "post-training-datasets", "evaluation-data", "data-information", "data-card")
NEAR = ("license-text", "publisher")
_PAGE = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)")


class KnownDataset(Struct, frozen=True):
    """A dataset by its name on the Hub: its license, where that was seen, a remark."""

    name: str
    license: str
    url: str
    note: str | None


def known_dataset(base: KnowledgeBase, name: str) -> KnownDataset | None:
    """The dataset with exactly this name, case aside; a name that only looks like it is none."""
    return _datasets(base).get(name.casefold())


@cache
def _datasets(base: KnowledgeBase) -> Mapping[str, KnownDataset]:
    found: dict[str, KnownDataset] = {}
    for family in base.families():
        for part in family.components:
            made = _known(family, part)
            if made:
                found.setdefault(made.name.casefold(), made)
    return found


def _known(family: Family, part: Component) -> KnownDataset | None:
    """The dataset of a component whose license its own page shows."""
    source = family.sources[part.source]
    url = part.url or source.url or ""
    page = _PAGE.match(url)
    if not page or part.kind not in KINDS or not part.license or source.rank not in NEAR:
        return None
    return KnownDataset(page.group(1), part.license, url, part.note)
