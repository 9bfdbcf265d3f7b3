"""What a person must do under a license, as a list that can be worked through."""

from collections.abc import Collection, Iterator, Mapping

from freehold.judge.answers import Obligation
from freehold.knowledge.types import Duty, License

OCCASIONS = {
    "always": "always",
    "before": "before you get it",
    "commercial": "in commercial use",
    "product": "in a product or service",
    "distribute": "sharing it",
    "derivative": "sharing a changed model",
    "outputs-training": "sharing a model trained on its outputs",
    "publication": "publishing results",
    "threshold": "beyond the size named",
}
_WHEN = {
    "include-license": "distribute", "keep-notices": "distribute", "state-changes": "derivative",
    "attribution": "distribute", "notice-file": "distribute", "display": "product",
    "name-prefix": "derivative", "rename": "derivative", "disclose-source": "distribute",
    "network-source": "product", "same-license": "derivative", "same-license-file": "derivative",
    "same-license-library": "derivative", "pass-on-restrictions": "distribute",
    "accept-terms": "before", "register": "commercial", "report": "always",
    "no-technical-measures": "distribute", "no-endorsement": "always",
    "mark-outputs": "publication", "indemnify": "always",
}  # fmt: skip
_RELEVANT = {
    "use": {"always", "before"},
    "commercial": {"always", "before", "commercial", "product", "threshold"},
    "large-scale": {"always", "before", "commercial", "product", "threshold"},
    "eu": {"always", "before"},
    "modify": {"always", "before", "derivative"},
    "redistribute": {"always", "before", "distribute", "derivative", "product"},
    "host": {"always", "before", "product", "distribute", "threshold"},
    "train-on-outputs": {"always", "before", "outputs-training"},
}


def obligations(license: License, sentences: Mapping[str, str]) -> tuple[Obligation, ...]:
    """Everything the license asks for; `sentences` is the vocabulary `conditions`."""
    return (*_duties(license), *_policy(license), *_conditions(license, sentences))


def relevant(rows: Collection[Obligation], uses: Collection[str]) -> tuple[Obligation, ...]:
    """Those obligations that one of these uses can call up."""
    occasions = set().union(*(_RELEVANT[use] for use in uses)) if uses else set(OCCASIONS)
    return tuple(row for row in rows if row.when in occasions)


def _duties(license: License) -> Iterator[Obligation]:
    for duty in license.duties:
        yield Obligation(_sentence(duty), duty.when, license.id, duty.string, duty.clause)


def _sentence(duty: Duty) -> str:
    text = f" “{duty.string}”" if duty.string else " the required text"
    beyond = f", above {duty.above}" if duty.above else ""
    where = f" ({duty.where})" if duty.where else ""
    start = {
        "display": f"Show{text}",
        "name-prefix": f"Begin the name of the model with{text}",
        "notice-file": f"Ship a notice file with{text}",
        "attribution": f"Give credit with{text}",
    }[duty.kind]
    return f"{start}{where}{beyond}."


def _policy(license: License) -> Iterator[Obligation]:
    policy = license.use_policy
    if policy is None:
        return
    place = policy.url or "the list inside the license"
    moving = " It may change at any time; look again." if policy.moving else ""
    yield Obligation(
        f"Keep to its use policy: {place}.{moving}", "always", license.id, None, policy.clause
    )


def _conditions(license: License, sentences: Mapping[str, str]) -> Iterator[Obligation]:
    said = {duty.kind for duty in license.duties}
    for word in license.conditions:
        if word not in said:
            clause = license.clauses.get(word)
            yield Obligation(sentences[word], _WHEN[word], license.id, None, clause)
