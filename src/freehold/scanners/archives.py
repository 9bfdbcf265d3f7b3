"""Finds what an archive would do when it is unpacked: links, ways outside, far too many bytes."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from freehold.formats.tarred import read_tar
from freehold.formats.text import plain
from freehold.formats.zipped import read_zip
from freehold.scanners.base import UNCHECKED, Contract, Looked, Remark

MOST_RATIO, MOST_BYTES = 200, 2**40
"""How much larger than itself an archive may become, and how large at most."""
MOST_TOLD = 10


class Scanner(Contract):
    """Archives."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """Every member that leads outside, and sizes that no honest archive has."""
        if file.kind == "zip":
            members = read_zip(file.data, file.last).members
            named = [(m.name, "link" if m.link else "file") for m in members]
            size = sum(m.size for m in members)
        elif file.kind == "tar":
            found = list(read_tar(file.data, file.last))
            named, size = [(m.name, m.kind) for m in found], 0
        else:
            return
        yield from _told(named)
        if size > MOST_BYTES or size > MOST_RATIO * max(file.size, 1):
            yield Remark("archive", f"says that it unpacks to {size:,} bytes", UNCHECKED)


def _told(named: Iterable[tuple[str, str]]) -> Iterator[Remark]:
    bad = ((name, why) for name, kind in named if (why := leads_outside(name, kind)))
    for _, (name, why) in zip(range(MOST_TOLD), bad, strict=False):
        yield Remark("archive", f"{plain(name)[:200]!r} {why}", UNCHECKED)


def leads_outside(name: str, kind: str) -> str | None:
    """Why a member must not be unpacked where it says, or None."""
    path = PurePosixPath(name.replace("\\", "/"))
    if kind in ("link", "device"):
        return f"is a {kind}"
    if path.is_absolute() or name[1:2] == ":":
        return "has an absolute path"
    return "leads out of the archive" if ".." in path.parts else None
