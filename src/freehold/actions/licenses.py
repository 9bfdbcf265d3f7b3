"""`licenses`: what each license allows, asks and refuses."""

from typing import Any

from msgspec import Struct, to_builtins

from freehold.actions.check import permit_row
from freehold.judge.answers import Obligation, Permit
from freehold.judge.licensing import Situation, is_open, permits
from freehold.judge.obligations import obligations
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.search import find_license, search_licenses
from freehold.knowledge.types import License


class LicenseReport(Struct, frozen=True):
    """One license with its verdicts for one situation."""

    license: License
    open: bool
    permits: tuple[Permit, ...]
    obligations: tuple[Obligation, ...]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        li = self.license
        return {
            "id": li.id,
            "name": li.name,
            "publisher": li.publisher,
            "kind": li.kind,
            "open": self.open,
            "osi": li.osi,
            "text_read": li.text.read,
            "url": li.text.url,
            "checked": li.text.checked.isoformat(),
            "permits": {p.use: permit_row(p) for p in self.permits},
            "obligations": to_builtins(self.obligations),
            "limits": list(li.limits),
            "thresholds": to_builtins(li.thresholds),
            "outputs": to_builtins(li.outputs),
            "patents": li.patents,
            "revocability": li.revocability,
            "notes": list(li.notes),
        }


def licenses(query: str = "", *, base: KnowledgeBase | None = None) -> list[License]:
    """Licenses in whose names every word of `query` occurs, by id."""
    return search_licenses(base or open_base(), query)


def license(
    name: str, *, users: int | None = None, revenue: int | None = None,
    territory: str | None = None, base: KnowledgeBase | None = None,
) -> LicenseReport:  # fmt: skip
    """One license by id, Hub tag or name, judged for a situation. Raises NotFound."""
    base = base or open_base()
    found = find_license(base, name)
    who = Situation(users=users, revenue=revenue, territory=territory)
    kinds = tuple(base.words["modalities"])
    return LicenseReport(
        found,
        is_open(found),
        permits(found, who, kinds),
        obligations(found, base.words["conditions"]),
    )
