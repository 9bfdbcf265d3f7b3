"""What the knowledge base knows of the model that a folder says it is.

A name proves nothing: beside the verdict on a folder it is a remark. Only a repository that was
fetched from the Hub under its own name is the model of that name, and weights are it whose every
byte is: their digests are known. Then what is known of its other parts counts, and so does
everything that is known to bind it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.check import report_on
from freehold.actions.folder_reading import WEIGHTS_PART, Seen
from freehold.formats.config import Config
from freehold.judge.licensing import ANYONE
from freehold.judge.policy_subject import makers
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.traits import gated
from freehold.knowledge.types import Component, Family, Link, Member, Statement

LARGEST_HASHED = 64 * 2**20
"""Bytes of weights that are read whole to know them by their digest."""
WEAK = ("indicated", "unknown")
"""States that what is known of a proven model may replace."""


class Known(Struct, frozen=True):
    """A model of the knowledge base, where its name stands, and whether the files are its own.

    `name` is that of its Hub repository, or its id where it has none.
    """

    name: str
    family: Family
    member: Member
    where: str
    proven: bool


def known_model(seen: Seen, base: KnowledgeBase, root: Path) -> Known | None:
    """The model that the files are by their digests or their Hub repository, or say that they are.

    `root` is the folder, or the one file.
    """
    return _by_digest(seen, base, root) or _by_name(seen, base)


def _by_digest(seen: Seen, base: KnowledgeBase, root: Path) -> Known | None:
    """The one model whose weights these are, to the last of them."""
    weights = [file for file in seen.files if file.kind == "weights"]
    if not weights or sum(file.size for file in weights) > LARGEST_HASHED:
        return None
    known = _digests(base)
    hits = [known.get(_sha256(_place(root, file.path))) for file in weights]
    first = hits[0]
    if first is None or any(hit is None or hit[1].id != first[1].id for hit in hits):
        return None
    family, member = first
    return Known(member.hub or member.id, family, member, "the digest of every weight file", True)


def _digests(base: KnowledgeBase) -> dict[str | None, tuple[Family, Member]]:
    return {
        digest: (family, member)
        for family in base.families()
        for member in family.members
        for digest in member.digests
    }


def _place(root: Path, path: str) -> Path:
    return root / path if root.is_dir() else root


def _sha256(path: Path) -> str | None:
    """The digest of a file; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _by_name(seen: Seen, base: KnowledgeBase) -> Known | None:
    for name, where, proven in _names(seen):
        hit = base.find(name)
        if hit and hit[1] and hit[1].hub and hit[1].hub.casefold() == name.casefold():
            return Known(hit[1].hub, hit[0], hit[1], where, proven)
    return None


def publishers(known: Known | None) -> tuple[str, ...]:
    """Who publishes the files, as a policy may list them; nobody is known by a name alone."""
    return makers(known.family) if known and known.proven else ()


def _names(seen: Seen) -> Iterator[tuple[str, str, bool]]:
    if seen.repo:
        yield seen.repo, "the Hub", True
        return
    if seen.cached:
        yield seen.cached, "the name of the folder", False
    for path, config in seen.all(Config):
        name = config.name_or_path or ""
        if "/" not in path and name.rpartition("/")[2].casefold() == seen.name.casefold():
            yield name, path, False


def remark(known: Known, level: str, base: KnowledgeBase) -> str:
    """What the knowledge base finds, as a sentence beside the verdict on the files."""
    there = report_on(base, base, known.family, known.member, ANYONE)
    if known.proven:
        return f"this is {known.name}, which the knowledge base finds {there.level}"
    return (
        f"{known.where} says {known.name}, which the knowledge base finds {there.level}; a name "
        f"proves nothing, so these files stay {level}; to compare: freehold check {known.name}"
    )


def with_known(family: Family, known: Known) -> Family:
    """The facts of the files and, for their weaker parts, those of the model they are.

    What the files show of weights and license stays; what is known to bind is added.
    """
    sources = {f"known-{key}": source for key, source in known.family.sources.items()}
    parts = {part.kind: part for part in family.components}
    for part in known.family.components:
        own = parts.get(part.kind)
        if part.kind != WEIGHTS_PART and (own is None or own.state in WEAK):
            parts[part.kind] = replace(part, source=f"known-{part.source}")
    bases = {link.base for link in family.lineage}
    links = [link for link in _lineage(known) if link.base not in bases]
    return replace(
        family,
        gated=family.gated or gated(known.family, known.member),
        components=tuple(parts.values()),
        lineage=(*family.lineage, *links),
        statements=(*family.statements, *_statements(known)),
        sources=family.sources | sources,
    )


def _lineage(known: Known) -> Iterator[Link]:
    for link in known.family.lineage:
        if not link.members or known.member.id in link.members:
            yield replace(link, members=(), source=f"known-{link.source}")


def _statements(known: Known) -> Iterator[Statement]:
    """The license that is known, and every other that its publisher states."""
    for said in known.family.statements:
        if said.license and (not said.members or known.member.id in said.members):
            yield replace(said, members=(), source=f"known-{said.source}")
    weights = _weights(known)
    license = known.member.license or (weights.license if weights else None)
    if license and weights:
        source = f"known-{known.member.source or weights.source}"
        yield Statement(
            about="license", says="The license that is known.", source=source, license=license
        )


def _weights(known: Known) -> Component | None:
    return next((c for c in known.family.components if c.kind == WEIGHTS_PART), None)
