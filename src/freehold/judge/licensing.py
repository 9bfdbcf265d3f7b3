"""What one license lets one person do: a verdict per use, with the reason.

A right counts only when the text gives it and the text was read. Limits count always.
"""

from collections.abc import Collection, Iterator

from msgspec import Struct

from freehold.judge.answers import Answer, Permit
from freehold.knowledge.types import License, Threshold

USES = (
    "use",
    "commercial",
    "modify",
    "redistribute",
    "host",
    "train-on-outputs",
    "large-scale",
    "eu",
)
LARGE_SCALE = 700_000_001
_EU_CODES = "EU AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_EU_CODES.split())

UNRECOGNIZED = "LicenseRef-file-"
"""What the id of a license text in a file begins with that is no known license."""

RESTRICTIVE = frozenset(
    {
        "non-commercial", "research-only", "no-derivatives", "no-distribution", "no-hosting",
        "no-modification", "no-training", "use-restrictions", "field-of-use", "threshold",
        "territory", "no-production", "no-competing", "remote-restriction",
    }
)  # fmt: skip
"""Limits that no open license has."""

_PERMISSION = {"redistribute": "distribute", "large-scale": "commercial", "eu": "use"}
_REFUSED_BY = {
    "commercial": ("non-commercial", "research-only", "no-production"),
    "large-scale": ("non-commercial", "research-only", "no-production"),
    "modify": ("no-modification",),
    "redistribute": ("no-distribution",),
    "host": ("no-hosting", "no-production"),
    "train-on-outputs": ("no-training",),
}  # fmt: skip
_REFUSAL = {
    "non-commercial": "no commercial use",
    "research-only": "research and evaluation only",
    "no-production": "not in production",
    "no-modification": "no changes allowed",
    "no-distribution": "no copies to others",
    "no-hosting": "not as a service for others",
    "no-training": "no training of other models on what it produces",
}
_NARROWED_BY = {
    "non-commercial": "only non-commercially",
    "research-only": "only for research or evaluation",
    "no-production": "not in production",
    "field-of-use": "only in the field that the license names",
    "no-competing": "not to compete with the publisher",
    "time-limited": "only while the grant lasts",
}
_METRIC = {
    "monthly-active-users": "monthly users",
    "annual-revenue": "US dollars of yearly revenue",
    "monthly-revenue": "US dollars of monthly revenue",
    "employees": "employees",
    "total-finance": "US dollars of finance",
}


class Situation(Struct, frozen=True, kw_only=True):
    """Who asks: monthly users, yearly revenue in US dollars, country code. None is not said."""

    users: int | None = None
    revenue: int | None = None
    territory: str | None = None


ANYONE = Situation()
"""Somebody of whom nothing is known."""


def how_read(license: License) -> str:
    """Whether and when its text was read."""
    if license.text.read:
        return f"text read {license.text.checked}"
    if license.id.startswith(UNRECOGNIZED):
        return "no license that is known: what it forbids counts, what it grants does not"
    return "its text has not been read"


def permit(
    license: License, use: str, who: Situation = ANYONE, modalities: Collection[str] = ()
) -> Permit:
    """Whether `license` allows `use` for a model of these modalities.

    `use` is a word of the vocabulary `uses`. "conditional" means that it depends on
    something about the user that was not said, or on what exactly they do.
    """
    if use == "large-scale":
        who = Situation(users=LARGE_SCALE, revenue=who.revenue, territory=who.territory)
    if use == "eu":
        who = Situation(users=who.users, revenue=who.revenue, territory="EU")
    refusals = list(_refusals(license, use, who, modalities))
    if refusals:
        return Permit(use, "no", _cite(license, refusals))
    if license.kind == "service-terms":
        return _service(license, use)
    if not _granted(license, use):
        return Permit(use, "unknown", _cite(license, ["the text does not give this right"]))
    conditions = list(_conditions(license, use, who, modalities))
    verdict: Answer = "conditional" if conditions else "yes"
    if not license.text.read:
        return Permit(use, "unknown", _cite(license, ["its text has not been read", *conditions]))
    return Permit(use, verdict, _cite(license, conditions or [_grant(license, use)]))


def permits(
    license: License, who: Situation = ANYONE, modalities: Collection[str] = ()
) -> tuple[Permit, ...]:
    """A permit for every use that people ask about."""
    return tuple(permit(license, use, who, modalities) for use in USES)


def is_open(license: License) -> bool:
    """Whether these terms count as open: OSI-approved, FSF-free or open content, and unlimited."""
    unlimited = not RESTRICTIVE.intersection(license.limits)
    return unlimited and (license.osi or license.fsf or license.open_content)


def _cite(license: License, reasons: list[str]) -> str:
    return f"{license.short}: {', '.join(dict.fromkeys(reasons))}"


def _granted(license: License, use: str) -> bool:
    if use == "train-on-outputs" and license.outputs.training in ("allowed", "conditional"):
        return True
    return _PERMISSION.get(use, use) in license.permissions


def _grant(license: License, use: str) -> str:
    clause = license.clauses.get(_PERMISSION.get(use, use))
    return f"granted in section {clause}" if clause and clause[0].isdigit() else "granted"


def _service(license: License, use: str) -> Permit:
    if use in ("modify", "redistribute", "host"):
        return Permit(use, "no", _cite(license, ["nothing is handed over"]))
    return Permit(use, "unknown", _cite(license, ["the terms of the service decide"]))


def _refusals(
    license: License, use: str, who: Situation, modalities: Collection[str]
) -> Iterator[str]:
    for limit in _REFUSED_BY.get(use, ()):
        if limit in license.limits:
            yield _REFUSAL[limit]
    if use == "train-on-outputs" and license.outputs.training == "forbidden":
        yield _REFUSAL["no-training"]
    if _excluded(license, who.territory, modalities):
        yield f"grants nothing in {who.territory}"
    for threshold in license.thresholds:
        if _beyond(threshold, who) and _refuses(threshold, use):
            yield f"above {_amount(threshold)} {_consequence(threshold, license)}"


def _conditions(
    license: License, use: str, who: Situation, modalities: Collection[str]
) -> Iterator[str]:
    for limit, words in _NARROWED_BY.items():
        if limit in license.limits:
            yield words
    if "no-derivatives" in license.limits and use in ("modify", "redistribute"):
        yield "changed versions may not be passed on"
    if "use-restrictions" in license.limits:
        url = license.use_policy.url if license.use_policy else None
        yield f"not for the uses that its policy forbids{f' ({url})' if url else ''}"
    if "register" in license.conditions and use not in ("use", "eu"):
        yield "after registering with the publisher"
    if use == "train-on-outputs" and license.outputs.training == "conditional":
        yield "with the duties that the license lays on such models"
    for threshold in license.thresholds:
        if _beyond(threshold, who) is None and _refuses(threshold, use):
            yield f"above {_amount(threshold)} {_consequence(threshold, license)}"
    if who.territory is None and license.territory and _touches(license, modalities):
        yield f"not in {', '.join(license.territory.excluded)}"


def _touches(license: License, modalities: Collection[str]) -> bool:
    """Whether the territory clause speaks of models of these modalities."""
    scope = license.territory.modalities if license.territory else ()
    return not scope or bool(set(scope) & set(modalities))


def _excluded(license: License, territory: str | None, modalities: Collection[str]) -> bool:
    if territory is None or license.territory is None or not _touches(license, modalities):
        return False
    here = {territory} | ({"EU"} if territory in EU else set())
    return bool(here & set(license.territory.excluded))


def _beyond(threshold: Threshold, who: Situation) -> bool | None:
    """Whether the person is beyond the threshold; None when they did not say how large they are."""
    size = {
        "monthly-active-users": who.users,
        "annual-revenue": who.revenue,
        "monthly-revenue": None if who.revenue is None else who.revenue // 12,
    }.get(threshold.metric)
    if size is None:
        return None
    return size >= threshold.value if threshold.inclusive else size > threshold.value


def _refuses(threshold: Threshold, use: str) -> bool:
    if threshold.effect in ("separate-license", "no-rights"):
        return True
    return threshold.effect == "no-commercial" and use in ("commercial", "host", "large-scale")


def _amount(threshold: Threshold) -> str:
    return f"{threshold.value:,} {_METRIC[threshold.metric]}"


def _consequence(threshold: Threshold, license: License) -> str:
    return {
        "separate-license": f"a license of its own from {license.publisher} is needed",
        "no-rights": "it grants nothing",
        "no-commercial": "commercial use ends",
        "display": "a display duty begins",
        "register": "registration is needed",
    }[threshold.effect]
