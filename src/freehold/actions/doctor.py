"""`doctor`: is everything in order here? Each finding with what to do about it."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from msgspec import Struct

from freehold.actions.engines import engines
from freehold.core import paths
from freehold.core.bandwidth import known
from freehold.core.machine import probe
from freehold.engines.hosting.process import available
from freehold.knowledge.base import KnowledgeBase, open_base

SMALL_DISK = 20 * 2**30


class Check(Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    says: str
    hint: str | None = None


def doctor(base: KnowledgeBase | None = None) -> list[Check]:
    """Look at the installation, the knowledge base, the overlay, the machine and the engines."""
    base = base or open_base()
    machine = [_memory(), _disk(), _bandwidth()]
    return [_installed(), _facts(base), _overlay(base), *machine, _engines(), _jail()]


def form(checks: list[Check]) -> dict[str, Any]:
    """The JSON form."""
    rows = [{"name": c.name, "ok": c.ok, "says": c.says, "hint": c.hint} for c in checks]
    return {"ok": all(c.ok for c in checks), "checks": rows}


def _installed() -> Check:
    try:
        return Check(
            "installation", True, f"freehold {version('freehold')}, Python {probe().python}"
        )
    except PackageNotFoundError:
        return Check("installation", True, f"freehold from source, Python {probe().python}")


def _facts(base: KnowledgeBase) -> Check:
    families, licenses = len(list(base.families())), len(list(base.licenses()))
    broken = [p for p in base.problems if str(base.shipped) in p.file]
    if broken:
        return Check("knowledge base", False, f"{broken[0]}", "freehold facts validate")
    return Check("knowledge base", True, f"{families} families, {licenses} licenses")


def _overlay(base: KnowledgeBase) -> Check:
    if base.overlay is None:
        return Check("own facts", True, f"none; the folder would be {paths.overlay()}")
    broken = [p for p in base.problems if str(base.overlay) in p.file]
    if broken:
        says = f"{len(broken)} problems; the first: {broken[0]}"
        return Check("own facts", False, says, "freehold facts validate names them all")
    return Check("own facts", True, str(base.overlay))


def _memory() -> Check:
    seen = probe()
    share = f"{seen.memory_available / 2**30:.1f} of {seen.memory / 2**30:.1f} GiB free"
    limit = f" ({seen.memory_limited_by})" if seen.memory_limited_by else ""
    return Check("memory", True, share + limit)


def _disk() -> Check:
    free = probe().disk_free
    says = f"{free / 2**30:.0f} GiB free"
    if free < SMALL_DISK:
        return Check("disk", False, says, "models take 1 to 100 GiB each; make room")
    return Check("disk", True, says)


def _bandwidth() -> Check:
    kept = known()
    if kept is None:
        return Check("bandwidth", True, "not measured yet", "freehold machine measures it")
    return Check("bandwidth", True, f"{kept[0] / 1e9:.1f} GB/s, measured {kept[1]}")


def _engines() -> Check:
    """Which engines are installed; having none is no fault, for not everybody runs models."""
    rows = engines()
    here = [row.engine.name for row in rows if row.found]
    if not here:
        return Check("engines", True, "none installed", rows[0].engine.hint if rows else None)
    says = [f"{r.engine.name} (built {r.native})" if r.native else r.engine.name
            for r in rows if r.found]  # fmt: skip
    return Check("engines", True, ", ".join(says))


def _jail() -> Check:
    """What engines are held to here, and what this platform cannot hold them to."""
    held = available()
    says = ", ".join(name for name, holds in held.items() if holds) or "nothing"
    free = [name for name, holds in held.items() if not holds]
    lacks = f"; not held here: {', '.join(free)}" if free else ""
    return Check("jail", True, f"engines are held to limits of {says}{lacks}")
