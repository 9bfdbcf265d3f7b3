"""The shape of one example: a folder, and what must be found out about it."""

from pathlib import Path

from msgspec import Struct

from freehold.actions.folder import FolderReport, check_folder
from freehold.knowledge.base import KnowledgeBase
from tests.folders import Files, lay

CLEAN = ("tag-without-text", "tag-against-text", "changed-license", "unknown-license",
         "no-license", "base-more-restrictive", "naming-duty", "open-washing", "broken-file",
         "gated")  # fmt: skip
"""What must not be found where tag and text agree, nothing is gated and the base is free."""


class Example(Struct, frozen=True):
    """A folder, the level it gets, whether a business may use it, and kinds of findings.

    `finds` must be among the findings, `spares` must not.
    """

    name: str
    files: Files
    level: str
    commercial: str
    finds: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()


def judged(example: Example, place: Path, base: KnowledgeBase) -> FolderReport:
    """Lay the folder and check it."""
    return check_folder(lay(place / example.name, example.files), base=base)


def kinds(report: FolderReport) -> set[str]:
    """The kinds of findings of a report."""
    return {finding.kind for finding in report.findings}


def verdict(report: FolderReport, use: str = "commercial") -> str:
    """The answer to one use."""
    return next(p.verdict for p in report.report.permits if p.use == use)
