"""What was compiled here for exactly this processor, and whether it may still be used.

Such a program may hold instructions that another processor does not have, so it is taken only
on the one that it was built for: a home folder can move.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from freehold.core.machine import compute_capabilities, probe

RECORD = "freehold.json"


class Native(Struct, frozen=True, kw_only=True):
    """One build: of what, for which processor, when, with which compiler, in how many seconds.

    `cards` are the compute capabilities of the NVIDIA cards that it computes on, too;
    `libraries` are folders that it needs besides its own.
    """

    version: str
    sha256: str
    processor: str
    instructions: tuple[str, ...]
    compiler: str
    built: str
    seconds: float
    programs: tuple[str, ...]
    cards: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether this machine has the processor, and the cards, that it was built for."""
        seen = probe()
        if (self.processor, self.instructions) != (seen.processor, seen.instructions):
            return False
        return not self.cards or self.cards == compute_capabilities()


def read(folder: Path) -> Native | None:
    """The build in a folder; None where none was finished."""
    try:
        return msgspec.json.decode((folder / RECORD).read_bytes(), type=Native)
    except (OSError, msgspec.DecodeError):
        return None


def write(folder: Path, made: Native) -> None:
    """Say in the folder what is in it; from then on it counts."""
    (folder / RECORD).write_bytes(msgspec.json.encode(made) + b"\n")


def usable(folder: Path, program: str) -> tuple[Path, Native] | None:
    """A program of a finished build for this processor, and what is known of the build."""
    made, at = read(folder), folder / program
    return (at, made) if made is not None and made.fits and at.is_file() else None
