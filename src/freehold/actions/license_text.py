"""`license`: which license is this text, and which does this name mean?"""

import re
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.text import shown
from freehold.judge.clauses import Clause, clauses
from freehold.judge.cues import cue
from freehold.judge.licensing import RESTRICTIVE
from freehold.judge.recognizing import Recognition, Relation, Small, recognize
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.fingerprints import fingerprints
from freehold.knowledge.license_names import name_to_id
from freehold.knowledge.license_text import Words, numbering_prints, read_words, title_prints
from freehold.knowledge.search import known_names

LARGEST = 500_000
"""Bytes of one license file that are read: ten times the longest text that is known."""
POINTER = 150
"""Words that a text may have which only names or links a license."""
PERMISSIVE_KINDS = ("permissive", "public-domain", "open-content", "open-model")
SHOWN, SHOWN_EACH = 20, 400
_MENTION = re.compile(
    r"(?:licen[cs]ed?\s+(?:is\s+)?(?:under|:)|spdx-license-identifier:|licen[cs]e\s*:|"
    r"under\s+(?:the\s+)?(?:terms\s+of\s+)?(?:the\s+)?)\s*\W*([^\n;,(]{2,80})",
    re.IGNORECASE,
)
_CATALOG = re.compile(r"---\nkey: .*?\n---\n", re.DOTALL)
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


class Difference(Struct, frozen=True):
    """Words that no license explains, or how many words of the license are not there."""

    kind: str
    words: int
    text: str | None = None


class Identification(Struct, frozen=True):
    """What a text was recognized as; `similarity` is 0 to 1, `ms` milliseconds."""

    path: str
    relation: Relation
    id: str | None
    ids: tuple[str, ...]
    permissive: bool
    nearest: dict[str, Any] | None
    differences: tuple[Difference, ...]
    terms: tuple[Clause, ...]
    beginning: float | None
    ms: float


def identify(text: str, *, path: str = "-", base: KnowledgeBase | None = None) -> Identification:
    """Recognize a license text.

    `permissive` is true only where the text is exactly one permissive license, or several
    that all are; a text with any word that no license explains never is.
    """
    start = time.perf_counter()
    base = base or open_base()
    words = read_words(_without_catalog_header(text))
    small = Small(title_prints(), numbering_prints())
    found = recognize(words.prints, fingerprints(), small)
    relation, ids = found.relation, found.ids
    if relation in ("changed", "unknown") and found.beginning is None:
        pointed = _points_to(base, text, words, found)
        if pointed is not None:
            relation, ids = "reference", pointed
    best = found.best
    nearest = {"id": best.reference.id, "similarity": round(best.similarity, 4)} if best else None
    sure = relation == "exact" or (relation == "several" and not found.gaps)
    permissive = sure and all(is_permissive(base, id) for id in ids)
    return Identification(
        path=path,
        relation=relation,
        id=ids[0] if ids else None,
        ids=ids,
        permissive=permissive,
        nearest=nearest,
        differences=tuple(_differences(text, words, found)) if relation != "exact" else (),
        terms=() if permissive else clauses(_unexplained(text, words, found)),
        beginning=None if found.beginning is None else round(found.beginning, 3),
        ms=round(1000 * (time.perf_counter() - start), 2),
    )


def identify_file(path: Path, *, base: KnowledgeBase | None = None) -> Identification:
    """Recognize the text of one file; raises BrokenInput when it cannot be read as a text."""
    return identify(read_license(path), path=shown(path), base=base)


def read_license(path: Path) -> str:
    """The text of a license file; raises BrokenInput when it is none, or too long for one."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise BrokenInput(f"{shown(path)} cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise BrokenInput(
            f"{shown(path)} is larger than {LARGEST:,} bytes, which no license text is"
        )
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if b"\x00" in raw[:1024]:
        raise BrokenInput(f"{shown(path)} is not a text")
    return raw.decode("utf-8-sig", errors="replace")


def is_permissive(base: KnowledgeBase, id: str) -> bool:
    """Whether a license is permissive: by our own file and by the category of the ScanCode
    LicenseDB (CC-BY-4.0, 2026-02), where there are both; where they differ it is not.
    """
    categories = fingerprints().categories.get(id, frozenset())
    by_category = categories <= {"Permissive", "Public Domain"}
    known = base.license(id)
    if known is not None:
        unlimited = not RESTRICTIVE.intersection(known.limits)
        return by_category and unlimited and known.kind in PERMISSIVE_KINDS
    return (
        bool(categories) and by_category and not id.startswith("LicenseRef-") and "-No-" not in id
    )


def name(text: str, *, base: KnowledgeBase | None = None) -> dict[str, Any]:
    """Which license a name means: its id, whether it is permissive, else the nearest names."""
    from freehold.core.errors import nearest

    base = base or open_base()
    id = name_to_id(base, text)
    near = [] if id else list(nearest(text, known_names(base)))
    return {
        "name": text,
        "id": id,
        "permissive": bool(id and is_permissive(base, id)),
        "nearest": near,
    }


def _without_catalog_header(text: str) -> str:
    """The text without the YAML header that the files of the ScanCode LicenseDB begin with."""
    header = _CATALOG.match(text)
    if header is None or "short_name:" not in header.group():
        return text
    return re.sub(r"[^\n]", " ", header.group()) + text[header.end() :]


def _points_to(
    base: KnowledgeBase, text: str, words: Words, found: Recognition
) -> tuple[str, ...] | None:
    """The licenses that a short text names or links; empty when it links something unknown.

    A text that also says what one must or must not do is more than a pointer.
    """
    if len(words.prints) > POINTER or (found.best and found.best.similarity > 0.8) or cue(text):
        return None
    named = [
        name_to_id(base, match.group(1).strip(" .\"'`*_")) for match in _MENTION.finditer(text)
    ]
    named += [name_to_id(base, line.strip(" .#*_-")) for line in text.splitlines() if line.strip()]
    links = [url.rstrip(").,>\"'") for url in _URL.findall(text)]
    by_url = {_bare(li.text.url): li.id for li in base.licenses() if li.text.url} if links else {}
    named += [by_url.get(_bare(url)) for url in links]
    ids = tuple(dict.fromkeys(id for id in named if id))
    if ids:
        return ids
    return () if links and len(words.prints) < SHOWN * 2 else None


def _bare(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?|(?:\.html?|\.txt|/legalcode)?/?$", "", url.casefold())


def _unexplained(text: str, words: Words, found: Recognition) -> str:
    """The part of a text whose terms are not known yet: of a changed license what was added."""
    if found.relation != "changed":
        return text
    spans = [(words.spans[g.a][0], words.spans[g.b - 1][1]) for g in found.gaps if g.b > g.a]
    return "\n\n".join(text[start : _to_the_end_of_sentence(text, end)] for start, end in spans)


def _to_the_end_of_sentence(text: str, at: int) -> int:
    """So that the last words of a stretch keep their full stop."""
    return at + 1 if text[at : at + 1] in (".", "!", "。") else at


def _differences(text: str, words: Words, found: Recognition) -> list[Difference]:
    rows = []
    for gap in found.gaps[:SHOWN]:
        if gap.b > gap.a:
            start, end = words.spans[gap.a][0], words.spans[gap.b - 1][1]
            shown = re.sub(r"\s+", " ", text[start:end])[:SHOWN_EACH]
            rows.append(Difference("added", gap.b - gap.a, shown))
    if found.missing:
        rows.append(Difference("missing", found.missing))
    return rows
