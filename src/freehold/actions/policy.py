"""`policy`: write a first one, show which hold here, and test what they say of models."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from freehold.actions.policed import judged, looked_at
from freehold.actions.policy_template import TEMPLATE
from freehold.actions.policy_words import policy_form
from freehold.core import paths
from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.judge.policy import Decision, asked
from freehold.knowledge.base import KnowledgeBase, open_base
from freehold.knowledge.policy_file import (
    PROJECT_FILE,
    policy_places,
    read_policies,
    read_policy,
)
from freehold.knowledge.policy_types import Example, Placed


class Held(Struct, frozen=True):
    """The policies that hold here, and where one could be."""

    policies: tuple[Placed, ...]
    places: tuple[tuple[str, str], ...]

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "policies": [
                {
                    "policy": p.where,
                    "path": p.path,
                    "digest": p.digest,
                    "mode": p.policy.mode,
                    "rules": list(asked(p.policy)),
                    "waivers": to_builtins(p.policy.waivers),
                }
                for p in self.policies
            ],
            "places": [{"policy": where, "path": path} for where, path in self.places],
        }


class Tried(Struct, frozen=True):
    """What the policies say of one model, and whether that is what an example expects."""

    model: str
    decision: Decision
    expected: str | None = None
    rule: str | None = None

    @property
    def right(self) -> bool:
        """Whether an example, if it is one, is met: the outcome, and the rule where one is named.

        An objection counts as refusing in every mode: examples test rules, not modes.
        """
        against = [o.rule for o in self.decision.objections if not o.waiver]
        if self.expected is None:
            return True
        if self.expected == "allowed":
            return not against
        return bool(against) and (self.rule is None or self.rule in against)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        expects = {"expected": self.expected, "rule": self.rule, "right": self.right}
        return {"model": self.model, **expects, **policy_form(self.decision)}


def policy(here: Path | None = None, base: KnowledgeBase | None = None) -> Held:
    """Which policies hold here; BrokenInput when one of them is broken."""
    places = tuple((where, str(path)) for where, path in policy_places(here))
    return Held(read_policies(base or open_base(), here), places)


def new_policy(
    *,
    project: bool = False,
    file: Path | None = None,
    note: Callable[[str, dict[str, object]], object] | None = None,
) -> Path:
    """Write a commented policy that objects to nothing yet; EnvironmentProblem where one is.

    `note` writes the new policy down (the ledger's `note`).
    """
    place = file or (Path.cwd() / PROJECT_FILE if project else paths.config() / "policy.toml")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as stream:
            stream.write(TEMPLATE)
    except FileExistsError as error:
        raise EnvironmentProblem(f"{place} is there already", hint="edit it") from error
    except OSError as error:
        raise EnvironmentProblem(f"{place} cannot be written: {error.strerror}") from error
    if note:
        note("policy", {"change": "made", "file": str(place)})
    return place


def try_policy(
    models: Sequence[str] = (),
    *,
    file: Path | None = None,
    today: date | None = None,
    base: KnowledgeBase | None = None,
) -> list[Tried]:
    """What the policies say of these models, or of their own examples where none are named.

    `file` is one policy to try instead of those that hold here.
    """
    base, today = base or open_base(), today or date.today()
    policies = (read_policy(file, "user", base),) if file else read_policies(base)
    if models:
        return [Tried(name, judge(name, policies, today, base)) for name in models]
    rows = [(placed, example) for placed in policies for example in placed.policy.examples]
    return [_tried(placed, example, today, base) for placed, example in rows]


def judge(model: str, policies: Sequence[Placed], today: date, base: KnowledgeBase) -> Decision:
    """What policies say of a model by name, file, folder or repository."""
    return judged(looked_at(model, base), policies, today) or Decision()


def _tried(placed: Placed, example: Example, today: date, base: KnowledgeBase) -> Tried:
    """An example is held against the policy in whose file it stands."""
    try:
        decision = judge(example.model, (placed,), today, base)
    except UsageError as error:
        raise UsageError(f"an example of {placed.path}: {error}") from error
    return Tried(example.model, decision, example.expect, example.rule)
