"""Writes into the ledger when a policy is another one than last time, and each new waiver."""

from collections.abc import Iterator, Sequence

from freehold.core.errors import FreeholdError
from freehold.knowledge.policy_types import Placed
from freehold.store.ledger import Ledger

LONGEST = 300


def note_changes(policies: Sequence[Placed]) -> None:
    """Append what is new; a ledger that cannot be written stops nobody who only asks."""
    try:
        with Ledger.open() as ledger:
            seen = {row.facts.get("file"): row.facts.get("digest") for row in ledger.rows("policy")}
            told = [dict(row.facts) for row in ledger.rows("waiver")]
            for placed in policies:
                if seen.get(placed.path) != placed.digest:
                    change = "changed" if seen.get(placed.path) else "seen first"
                    row = {"change": change, "of": placed.where, "digest": placed.digest}
                    ledger.append("policy", {**row, "file": placed.path})
                for waiver in _waivers(placed):
                    if waiver not in told:
                        ledger.append("waiver", waiver)
    except FreeholdError:
        return


def _waivers(placed: Placed) -> Iterator[dict[str, object]]:
    """Each waiver as a row keeps it."""
    for waiver in placed.policy.waivers:
        yield {
            "of": placed.where,
            "rule": str(waiver.rule),
            "model": _plain(waiver.model),
            "reason": _plain(waiver.reason),
            "person": _plain(waiver.person),
            "until": waiver.until.isoformat(),
        }


def _plain(words: str) -> str:
    return " ".join(words.split())[:LONGEST]
