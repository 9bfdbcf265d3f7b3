"""The verdicts on all example folders as the table of docs/concepts/evidence.md.

`python -m tests.model_folders.table` writes the table anew.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from freehold.actions.folder import FolderReport
from freehold.knowledge.base import KnowledgeBase
from tests.folders import ROOT
from tests.model_folders.free import FREE
from tests.model_folders.made import MADE
from tests.model_folders.restricted import RESTRICTED
from tests.model_folders.shape import judged, verdict
from tests.model_folders.traps import TRAPS

EXAMPLES = (*FREE, *RESTRICTED, *MADE, *TRAPS)
KNOWN: dict[str, str] = {}
"""Examples whose verdict is known to be wrong, and why; the page does not show them."""
PAGE = ROOT / "docs" / "concepts" / "evidence.md"
HEAD = (
    "| folder | declared | concluded | level | commercial | findings |\n|---|---|---|---|---|---|"
)


def rows(reports: Iterable[tuple[str, FolderReport]]) -> str:
    """One row per folder: what it says, what holds, and the kinds of findings."""
    right = [(name, report) for name, report in reports if name not in KNOWN]
    return "\n".join([HEAD, *(_row(name, report) for name, report in right)])


def _row(name: str, report: FolderReport) -> str:
    own = report.report.terms.own
    kinds = Counter(finding.kind for finding in report.findings)
    told = [kind if count == 1 else f"{kind} ×{count}" for kind, count in sorted(kinds.items())]
    cells = [name, ", ".join(_declared(report)) or "—", own.short if own else "—"]
    cells += [report.report.level, verdict(report), ", ".join(told) or "—"]
    return f"| {' | '.join(cells)} |"


def _declared(report: FolderReport) -> Iterator[str]:
    """What the tags say, each once."""
    rows = (row for row in report.evidence if row.level == "tag" and row.about == "license")
    yield from dict.fromkeys(row.says for row in rows)


def written(page: str) -> str:
    """The table as it stands on the page."""
    return page[page.index(HEAD) :].partition("\n\n")[0].strip()


def main() -> None:
    """Write the table of the page anew."""
    with tempfile.TemporaryDirectory() as place:
        base = KnowledgeBase()
        table = rows((e.name, judged(e, Path(place), base)) for e in EXAMPLES)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(written(page), table), encoding="utf-8")


if __name__ == "__main__":
    main()
