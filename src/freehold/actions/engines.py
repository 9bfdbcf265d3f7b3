"""`engines`: which programs can run models here, and which one is taken for a model, and why."""

from typing import Any

from msgspec import Struct

from freehold.actions.layouts import LocalModel
from freehold.core.errors import EnvironmentProblem
from freehold.engines.base import ENGINES, Contract, Found


class Row(Struct, frozen=True):
    """One engine as it is on this machine."""

    engine: Contract
    found: Found | None

    @property
    def native(self) -> str | None:
        """Whether it was compiled for this processor, and how it could be; None if not known."""
        if self.found is None or self.found.native is None or not self.engine.sources:
            return None
        if self.found.native:
            return "for exactly this processor"
        way = f"freehold runtime install {self.engine.name} --build"
        return f"for many processors; {way} makes one for exactly this one"

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        e, found = self.engine, self.found
        return {
            "name": e.name,
            "kind": e.kind,
            "installed": found is not None,
            "how": found.how if found else None,
            "at": str(found.at) if found else None,
            "version": found.version if found else None,
            "native": found.native if found else None,
            "install": None if found else e.hint,
            "tasks": sorted(e.tasks),
            "formats": sorted(e.formats),
            "architectures": sorted(e.architectures) if e.architectures is not None else None,
            "devices": list(e.devices),
            "precisions": list(e.precisions),
        }


class Candidate(Struct, frozen=True):
    """One engine and whether it can do the work; `because` says why (not)."""

    engine: Contract
    taken: bool
    because: str


def engines() -> list[Row]:
    """Every engine that is known, installed or not."""
    return [Row(engine, engine.find()) for engine in ENGINES.all()]


def choose_engine(
    model: LocalModel, task: str, name: str | None = None
) -> tuple[Contract, list[Candidate]]:
    """The engine to take, and why each one is taken or not; an error when there is none."""
    known = [ENGINES.get(name)] if name else ENGINES.all()
    candidates: list[Candidate] = []
    for engine in known:
        wrong = _unfit(engine, model, task) or _missing(engine)
        free = not any(c.taken for c in candidates)
        because = wrong or ("the first that can" if free else "could, too")
        candidates.append(Candidate(engine, free and not wrong, because))
    for candidate in candidates:
        if candidate.taken:
            return candidate.engine, candidates
    fit = [c.engine for c in candidates if not _unfit(c.engine, model, task)]
    fit.sort(key=lambda engine: engine.lock is None)  # first what one command installs
    if fit:
        says = f"{fit[0].name} can run {model.name}, but is not installed here"
        raise EnvironmentProblem(says, hint=fit[0].hint)
    reasons = "; ".join(f"{c.engine.name}: {c.because}" for c in candidates)
    raise EnvironmentProblem(f"no engine can run {model.name}: {reasons}", hint="freehold engines")


def able(model: LocalModel, task: str, name: str | None = None) -> list[Contract]:
    """Every installed engine that can do the work, or the one of this name where it can."""
    known = [ENGINES.get(name)] if name else ENGINES.all()
    return [e for e in known if not (_unfit(e, model, task) or _missing(e))]


def _unfit(engine: Contract, model: LocalModel, task: str) -> str | None:
    """Why an engine cannot do this at all, by what it declares."""
    if task not in engine.tasks:
        return f"it does not do {task}"
    if model.format not in engine.formats:
        return f"it does not read {model.format}"
    if engine.architectures is not None and model.architecture not in engine.architectures:
        return f"it does not know the architecture {model.architecture}"
    return None


def _missing(engine: Contract) -> str | None:
    return None if engine.find() else f"it is not installed here: {engine.hint}"
