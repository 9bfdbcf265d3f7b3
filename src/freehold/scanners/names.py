"""Finds names that look like other names, or that some systems take for something else."""

import unicodedata
from collections.abc import Iterator

from freehold.scanners.base import UNCHECKED, Contract, Looked, Remark

TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
"""Signs that turn the direction of writing, so that exe.txt is shown as txt.exe."""
UNSEEN = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\u115f\u1160\u3164\uffa0")
DEVICES = frozenset({
    "con", "prn", "aux", "nul", "conin$", "conout$",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"),
})  # fmt: skip
LONGEST = 255


class Scanner(Contract):
    """Names."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """One remark for each trick in the name of a file."""
        for trick in tricks(file.name):
            yield Remark("name", trick, UNCHECKED)


def tricks(name: str) -> Iterator[str]:
    """What is wrong with a path; pure."""
    if TURNS & set(name):
        yield "its name turns the direction of writing"
    if UNSEEN & set(name):
        yield "its name holds signs that cannot be seen"
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Co") for sign in name):
        yield "its name holds control signs"
    for part in name.split("/"):
        yield from _part(part)


def _part(part: str) -> Iterator[str]:
    if part != part.rstrip(". "):
        yield f"{part!r} ends with a dot or a blank, which Windows leaves out"
    if part.partition(".")[0].strip().casefold() in DEVICES:
        yield f"{part!r} is the name of a device on Windows"
    if any(sign in '<>:"|?*\\' for sign in part):
        yield f"{part!r} holds a sign that Windows does not allow in names"
    if len(part.encode("utf-8", "replace")) > LONGEST:
        yield "its name is too long"
    scripts = _scripts(part)
    if len(scripts) > 1 and "LATIN" in scripts:
        yield f"{part!r} mixes letters that look alike: {', '.join(sorted(scripts))}"
    if not part.isascii() and unicodedata.normalize("NFKC", part).isascii():
        yield f"{part!r} is written with other signs than it seems"


def _scripts(part: str) -> set[str]:
    """The alphabets with letters like those of Latin that a name uses."""
    found = set()
    for sign in part:
        if sign.isalpha():
            first = unicodedata.name(sign, "").partition(" ")[0]
            if first in ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"):
                found.add(first)
    return found
