"""What is known of a served model: its files, its license and openness, what must be done."""

from typing import Any

from msgspec import Struct, to_builtins

from freehold.core.errors import FreeholdError
from freehold.server.config import Model


class Facts(Struct, frozen=True, kw_only=True):
    """One model as `/v1/models` and its like tell of it."""

    name: str
    architecture: str
    format: str
    size: int
    digest: str
    trained: int | None
    tasks: tuple[str, ...]
    changed: float
    license: str | None = None
    level: str | None = None
    because: str | None = None
    obligations: tuple[dict[str, Any], ...] = ()
    problem: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        found: dict[str, Any] = to_builtins(self)
        return found


def facts(model: Model) -> Facts:
    """Look at a model on disk, and judge it by name, else by its files. Blocks."""
    from freehold.actions.local_model import find

    try:
        found = find(model.model)
    except FreeholdError as error:
        nothing: dict[str, Any] = {"architecture": "unknown", "format": "unknown", "size": 0}
        nothing |= {"digest": "", "trained": None, "tasks": (), "changed": 0.0}
        return Facts(name=model.called, problem=str(error), **nothing)
    return Facts(
        name=model.called,
        architecture=found.architecture,
        format=found.format,
        size=found.size,
        digest=found.digest,
        trained=found.context,
        tasks=tuple(t for t in found.tasks if not model.tasks or t in model.tasks) or model.tasks,
        changed=found.file.stat().st_mtime,
        **_judged(model, found),
    )


def _judged(model: Model, found: Any) -> dict[str, Any]:
    """License, level and obligations; nothing is claimed where they cannot be told."""
    from freehold.actions.check import check
    from freehold.actions.folder import check_folder
    from freehold.actions.local_model import is_path

    try:
        known = not is_path(model.model)
        report = check(model.model) if known else check_folder(found.file).report
    except FreeholdError:
        try:
            report = check_folder(found.file).report
        except FreeholdError as error:
            return {"problem": str(error)}
    own = report.terms.own
    return {
        "license": own.id if own else None,
        "level": report.level,
        "because": report.openness.because,
        "obligations": tuple(to_builtins(duty) for duty in report.obligations),
    }
