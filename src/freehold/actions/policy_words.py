"""What a policy says of a model, as JSON."""

from typing import Any

from msgspec import to_builtins

from freehold.judge.policy import Decision


def policy_form(decision: Decision) -> dict[str, Any]:
    """The JSON form of a decision."""
    return {
        "outcome": decision.outcome,
        "objections": [
            {
                "rule": o.rule,
                "fact": o.fact,
                "policy": o.where,
                "outcome": o.outcome,
                "waiver": to_builtins(o.waiver),
                "says": str(o),
            }
            for o in decision.objections
        ],
        "unjudged": list(decision.unjudged),
    }
