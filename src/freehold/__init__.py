"""Choose, check, get, run, adapt, guard and serve open AI models on machines you own.

Names are fetched on first use, so `import freehold` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freehold.actions.check import Report, check
    from freehold.actions.choose import Choice, choose
    from freehold.actions.doctor import doctor
    from freehold.actions.licenses import LicenseReport, license, licenses
    from freehold.actions.machine import MachineReport, machine
    from freehold.actions.models import models
    from freehold.core.errors import (
        BrokenInput,
        Contradiction,
        EnvironmentProblem,
        FreeholdError,
        NotAllowed,
        NotFound,
        UsageError,
    )
    from freehold.knowledge.base import KnowledgeBase, open_base

_HOMES = {
    "BrokenInput": "core.errors",
    "Choice": "actions.choose",
    "Contradiction": "core.errors",
    "EnvironmentProblem": "core.errors",
    "FreeholdError": "core.errors",
    "KnowledgeBase": "knowledge.base",
    "LicenseReport": "actions.licenses",
    "MachineReport": "actions.machine",
    "NotAllowed": "core.errors",
    "NotFound": "core.errors",
    "Report": "actions.check",
    "UsageError": "core.errors",
    "check": "actions.check",
    "choose": "actions.choose",
    "doctor": "actions.doctor",
    "license": "actions.licenses",
    "licenses": "actions.licenses",
    "machine": "actions.machine",
    "models": "actions.models",
    "open_base": "knowledge.base",
}

__all__ = [
    "BrokenInput",
    "Choice",
    "Contradiction",
    "EnvironmentProblem",
    "FreeholdError",
    "KnowledgeBase",
    "LicenseReport",
    "MachineReport",
    "NotAllowed",
    "NotFound",
    "Report",
    "UsageError",
    "check",
    "choose",
    "doctor",
    "license",
    "licenses",
    "machine",
    "models",
    "open_base",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'freehold' has no attribute {name!r}")
    found = getattr(import_module(f"freehold.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
