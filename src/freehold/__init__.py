"""Choose, check, get, run, adapt, guard and serve open AI models on machines you own.

Names are fetched on first use, so `import freehold` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freehold.actions.answer import Answer
    from freehold.actions.check import Report, check
    from freehold.actions.choose import Choice, choose
    from freehold.actions.convert import convert
    from freehold.actions.cost import Cost, cost
    from freehold.actions.doctor import doctor
    from freehold.actions.get import get
    from freehold.actions.headers import Headers, read_headers
    from freehold.actions.history import History, history
    from freehold.actions.inspect import Inspection, inspect
    from freehold.actions.licenses import LicenseReport, license, licenses
    from freehold.actions.machine import MachineReport, machine
    from freehold.actions.models import models
    from freehold.actions.plan import Plan, plan
    from freehold.actions.run import run
    from freehold.actions.scan import scan
    from freehold.actions.signing import sign, verify
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
    from freehold.store.ledger import Ledger

_HOMES = {
    "Answer": "actions.answer",
    "BrokenInput": "core.errors",
    "Choice": "actions.choose",
    "Contradiction": "core.errors",
    "Cost": "actions.cost",
    "EnvironmentProblem": "core.errors",
    "FreeholdError": "core.errors",
    "Headers": "actions.headers",
    "History": "actions.history",
    "Inspection": "actions.inspect",
    "KnowledgeBase": "knowledge.base",
    "Ledger": "store.ledger",
    "LicenseReport": "actions.licenses",
    "MachineReport": "actions.machine",
    "NotAllowed": "core.errors",
    "NotFound": "core.errors",
    "Plan": "actions.plan",
    "Report": "actions.check",
    "UsageError": "core.errors",
    "check": "actions.check",
    "choose": "actions.choose",
    "convert": "actions.convert",
    "cost": "actions.cost",
    "doctor": "actions.doctor",
    "get": "actions.get",
    "history": "actions.history",
    "inspect": "actions.inspect",
    "license": "actions.licenses",
    "licenses": "actions.licenses",
    "machine": "actions.machine",
    "models": "actions.models",
    "open_base": "knowledge.base",
    "plan": "actions.plan",
    "read_headers": "actions.headers",
    "run": "actions.run",
    "scan": "actions.scan",
    "sign": "actions.signing",
    "verify": "actions.signing",
}

__all__ = [
    "Answer",
    "BrokenInput",
    "Choice",
    "Contradiction",
    "Cost",
    "EnvironmentProblem",
    "FreeholdError",
    "Headers",
    "History",
    "Inspection",
    "KnowledgeBase",
    "Ledger",
    "LicenseReport",
    "MachineReport",
    "NotAllowed",
    "NotFound",
    "Plan",
    "Report",
    "UsageError",
    "check",
    "choose",
    "convert",
    "cost",
    "doctor",
    "get",
    "history",
    "inspect",
    "license",
    "licenses",
    "machine",
    "models",
    "open_base",
    "plan",
    "read_headers",
    "run",
    "scan",
    "sign",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'freehold' has no attribute {name!r}")
    found = getattr(import_module(f"freehold.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
