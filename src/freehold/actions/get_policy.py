"""What the policies say of an offer: by its files, and by what is known of a model of that name."""

from datetime import date
from typing import Any

from freehold.actions.policy import judge
from freehold.judge.policy import Decision
from freehold.judge.terms import Terms, terms
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.policy_file import read_policies
from freehold.store.offer import Offer

BY_FACTS = "openness."
"""Rules that files alone cannot settle: training data and code are published elsewhere."""


def seen_as(offer: Offer, base: KnowledgeBase) -> dict[str, Any]:
    """The fields of a policy's `Subject` that an offer tells: its source, and its known names."""
    found = base.find(offer.name) if offer.source == "huggingface" else None
    if found is None:
        return {"source": offer.source, "ids": (offer.name,)}
    family, member = found
    return {"source": offer.source, "ids": tuple(m.id for m in (member, family) if m)}


def known_terms(offer: Offer, base: KnowledgeBase) -> Terms | None:
    """The terms of a model that is known by its repository; None for every other."""
    found = base.find(offer.name) if offer.source == "huggingface" else None
    return terms(base, *found) if found else None


def stricter(offer: Offer, by_files: Decision | None, base: KnowledgeBase) -> Decision | None:
    """Both decisions in one: for a model that is known, openness by its facts, the rest by either.

    So what `choose` refuses is refused here too. None where there is no policy.
    """
    known = offer.source == "huggingface" and base.find(offer.name) is not None
    if by_files is None or not known:
        return by_files
    by_facts = judge(offer.name, read_policies(base), date.today(), base)
    kept = [o for o in by_files.objections if not o.rule.startswith(BY_FACTS)]
    told = {(o.where, o.rule) for o in kept}
    more = [o for o in by_facts.objections if (o.where, o.rule) not in told]
    return Decision((*kept, *more), by_files.unjudged)
