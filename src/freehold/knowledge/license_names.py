"""License names as people write them: Apache 2.0, apache license v2, llama 3.1 community."""

import re
from collections.abc import Mapping
from functools import cache

from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.fingerprints import fingerprints
from freehold.knowledge.search import known_license

_WORD = re.compile(r"[^\W_]+(?:\.\d+)*")
_SILENT = frozenset(
    [
        *("the", "a", "an", "of", "and", "or", "for", "by", "its", "this", "under", "model"),
        *("license", "licence", "licenses", "licenced", "licensed", "licensing", "agreement"),
        *("version", "v", "ver", "public", "terms", "software"),
    ]
)
_SAME = {
    **dict.fromkeys(("gnu", "clause", "commons", "international", "generic", "unported"), ""),
    "attribution": "by",
    "creative": "cc",
    "noncommercial": "nc",
    "sharealike": "sa",
    "noderivatives": "nd",
    "noderivs": "nd",
    "simplified": "2",
    "revised": "3",
    "new": "3",
    "agplv3": "agpl 3",
    "gplv3": "gpl 3",
    "gplv2": "gpl 2",
    "lgplv3": "lgpl 3",
    "mplv2": "mpl 2",
}


def name_to_id(base: KnowledgeBase, text: str) -> str | None:
    """The license that a name means; None when it means none, or could mean several."""
    known = known_license(base, text)
    if known is not None:
        return known.id
    ids = _names(base).get(_key(text), frozenset()) if _key(text) else frozenset()
    return next(iter(ids)) if len(ids) == 1 else None


def _key(text: str) -> str:
    """The words that tell licenses apart, sorted; versions without a final .0."""
    spaced = text.casefold().replace("non-commercial", "nc").replace("share-alike", "sa")
    words: set[str] = set()
    for word in _WORD.findall(re.sub(r"\bv(?=\d)", "", spaced)):
        words.update(_SAME.get(word, word).split())
    telling = {re.sub(r"(?:\.0)+$", "", word) for word in words - _SILENT}
    return " ".join(sorted(telling))


@cache
def _names(base: KnowledgeBase) -> Mapping[str, frozenset[str]]:
    """Key -> ids; the names of our own files first, ids of other known texts after them."""
    found: dict[str, frozenset[str]] = {}
    for li in base.licenses():
        for name in (li.id, li.name, li.short, *li.aliases):
            key = _key(name)
            if key:
                found[key] = found.get(key, frozenset()) | {li.id}
    for entry in fingerprints().entries:
        for name in (entry["id"], entry["key"]):
            found.setdefault(_key(name), frozenset({entry["id"]}))
    return found
