"""What the owner's policies say of a model: one pure function, the same wherever it is asked.

Each policy is judged by itself and every objection counts, so several policies combine to the
stricter. A waiver lifts a rule only in the file in which it stands. A rule that asks for what
was not looked at here (the files, say, when only names are known) is told as not judged; one that
asks for what is looked at and not known objects: unknown is not allowed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from freehold.judge.licensing import Situation, is_open
from freehold.judge.needs import ANY_OSI, OPENNESS
from freehold.judge.terms import Terms
from freehold.knowledge.makers import names_of
from freehold.knowledge.policy_types import Names, Placed, Policy, Waiver

CLASSES = ("I", "II", "III")

Outcome = Literal["allowed", "noted", "advised against", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("allowed", "noted", "advised against", "refused")
_BY_MODE: dict[str, Outcome] = {
    "audit": "noted",
    "advise": "advised against",
    "enforce": "refused",
}


class Subject(Struct, frozen=True, kw_only=True):
    """What is known of a model at the step that asks; None was not looked at at this step.

    `ids` are the names that a waiver may use: member, family. `mof_class` is computed only when
    a rule asks. `memory_share` is its part of the memory for models.
    """

    ids: tuple[str, ...]
    terms: Terms
    kinds: tuple[str, ...]
    level: str
    mof_class: Callable[[], str]
    makers: tuple[str, ...]
    tasks: tuple[str, ...]
    source: str | None = None
    formats: tuple[str, ...] | None = None
    signed: bool | None = None
    remote_code: bool | None = None
    memory_share: float | None = None


class Objection(Struct, frozen=True):
    """One rule that a model breaks, by which fact, and the waiver that sets it aside."""

    rule: str
    fact: str
    where: str
    mode: str
    waiver: Waiver | None = None
    ended: Waiver | None = None

    @property
    def outcome(self) -> Outcome:
        """What the objection does."""
        return "allowed" if self.waiver else _BY_MODE[self.mode]

    def __str__(self) -> str:
        said = f"policy ({self.where}) {self.rule}: {self.fact}"
        if self.waiver:
            said += f"; set aside until {self.waiver.until} by {self.waiver.person}"
        if self.ended:
            said += f"; a waiver by {self.ended.person} ended on {self.ended.until}"
        return said


class Decision(Struct, frozen=True):
    """Every objection of every policy, and the rules that could not be judged here."""

    objections: tuple[Objection, ...] = ()
    unjudged: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The strictest outcome."""
        return max((o.outcome for o in self.objections), key=OUTCOMES.index, default="allowed")

    @property
    def refused(self) -> bool:
        """Whether a policy that is enforced objects."""
        return self.outcome == "refused"


Finding = tuple[str, str | None]
"""A rule that was judged, and the fact by which it is broken; None when it holds."""


def decide(policies: Sequence[Placed], subject: Subject, today: date) -> Decision:
    """Hold a model against every policy."""
    objections: list[Objection] = []
    unjudged: list[str] = []
    for placed in policies:
        judged: set[str] = set()
        for rule, fact in _findings(placed.policy, subject):
            judged.add(rule)
            if fact is not None:
                objections.append(_objection(placed, subject, rule, fact, today))
        unjudged += [rule for rule in asked(placed.policy) if rule not in judged]
    return Decision(tuple(objections), tuple(dict.fromkeys(unjudged)))


def asked(policy: Policy) -> Iterator[str]:
    """The rules that a policy holds."""
    for name in ("licenses", "publishers", "tasks", "sources", "formats"):
        names = getattr(policy, name)
        yield from (f"{name}.{kind}" for kind in ("allow", "deny") if getattr(names, kind))
    rows = (
        ("use.permissions", policy.use.permissions),
        ("openness.least", policy.openness.least),
        ("openness.mof-class", policy.openness.mof_class),
        ("files.signature", policy.files.signature),
        ("files.remote-code", not policy.files.remote_code),
        ("memory.share", policy.memory.share),
    )
    yield from (rule for rule, there in rows if there)


def _objection(placed: Placed, subject: Subject, rule: str, fact: str, today: date) -> Objection:
    """The objection, with the waiver of the same file that sets it aside or did once."""
    named = [w for w in placed.policy.waivers if w.rule == rule and w.model in subject.ids]
    holds = next((w for w in named if today <= w.until), None)
    ended = max((w for w in named if today > w.until), key=lambda w: w.until, default=None)
    mode = placed.policy.mode
    return Objection(rule, fact, placed.where, mode, holds, None if holds else ended)


def _findings(policy: Policy, subject: Subject) -> Iterator[Finding]:
    for judge in _RULES:
        yield from judge(policy, subject)


def _licenses(policy: Policy, subject: Subject) -> Iterator[Finding]:
    allow, deny = policy.licenses.allow, policy.licenses.deny
    for binding in subject.terms.bindings:
        license = binding.license
        if not binding.binds:
            continue
        if license is None:
            yield from _unknown(policy, f"a license that binds is not known: {binding.because}")
            continue
        groups = {license.id} | ({ANY_OSI} if license.osi and is_open(license) else set())
        if allow:
            yield "licenses.allow", None if groups & {*allow} else f"{license.short} is not allowed"
        if deny:
            yield "licenses.deny", f"{license.short} is denied" if groups & {*deny} else None
    if not subject.terms.bindings:
        yield from _unknown(policy, "no license is known")


def _unknown(policy: Policy, fact: str) -> Iterator[Finding]:
    """A license that is not known breaks every rule on licenses."""
    if policy.licenses.allow:
        yield "licenses.allow", fact
    if policy.licenses.deny:
        yield "licenses.deny", fact


def _use(policy: Policy, subject: Subject) -> Iterator[Finding]:
    use = policy.use
    who = Situation(users=use.users, revenue=use.revenue, territory=use.territory)
    for name in use.permissions:
        permit = subject.terms.permit(name, who, subject.kinds)
        said = "not allowed" if permit.verdict == "no" else "not known to be allowed"
        fine = permit.verdict in ("yes", "conditional")
        yield "use.permissions", None if fine else f"{name} is {said}: {permit.because}"


def _openness(policy: Policy, subject: Subject) -> Iterator[Finding]:
    least, wanted = policy.openness.least, policy.openness.mof_class
    if least:
        fine = subject.level in OPENNESS[: OPENNESS.index(least) + 1]
        yield "openness.least", None if fine else f"it is {subject.level}, not {least}"
    if wanted:
        reached = subject.mof_class()
        fine = reached in CLASSES[: CLASSES.index(wanted) + 1]
        yield "openness.mof-class", None if fine else f"its class is {reached}, not {wanted}"


def _publishers(policy: Policy, subject: Subject) -> Iterator[Finding]:
    """A name of its own allows a maker; that of anybody who took part in it denies it."""
    own, listed = subject.makers, policy.publishers
    everybody = tuple(dict.fromkeys(name for maker in own for name in names_of(maker)))
    yield from _named("publishers", Names(allow=listed.allow), own, every=False)
    yield from _named("publishers", Names(deny=listed.deny), everybody, every=False)


def _tasks(policy: Policy, subject: Subject) -> Iterator[Finding]:
    names = Names(allow=policy.tasks.allow, deny=policy.tasks.deny)
    yield from _named("tasks", names, subject.tasks, every=False)


def _sources(policy: Policy, subject: Subject) -> Iterator[Finding]:
    if subject.source is not None:
        yield from _named("sources", policy.sources, (subject.source,), every=True)


def _formats(policy: Policy, subject: Subject) -> Iterator[Finding]:
    if subject.formats is not None:
        names = Names(allow=policy.formats.allow, deny=policy.formats.deny)
        yield from _named("formats", names, subject.formats, every=True)


def _named(rule: str, names: Names, has: Iterable[str], *, every: bool) -> Iterator[Finding]:
    """Hold names against both lists.

    `every` is for what was looked at whole: each name must be allowed, not just one, and where
    there is none, nothing is denied.
    """
    plain = {name.casefold(): name for name in has}
    allow, deny = ({n.casefold() for n in given} for given in (names.allow, names.deny))
    shown = ", ".join(plain.values()) or "nothing known"
    if allow:
        fine = bool(plain) and (plain.keys() <= allow if every else bool(plain.keys() & allow))
        yield f"{rule}.allow", None if fine else f"{shown} is not among {', '.join(names.allow)}"
    if deny:
        found = [name for key, name in plain.items() if key in deny]
        yield f"{rule}.deny", _denied(found, known=bool(plain) or every)


def _denied(found: list[str], *, known: bool) -> str | None:
    """What breaks a list of denied names: one of them, or that nothing is known."""
    if found:
        return f"{', '.join(found)} is denied"
    return None if known else "nothing known, so it may be one that is denied"


def _files(policy: Policy, subject: Subject) -> Iterator[Finding]:
    if policy.files.signature and subject.signed is not None:
        yield "files.signature", None if subject.signed else "its files are not signed"
    if not policy.files.remote_code and subject.remote_code is not None:
        yield "files.remote-code", "it needs code of its own" if subject.remote_code else None


def _memory(policy: Policy, subject: Subject) -> Iterator[Finding]:
    most, takes = policy.memory.share, subject.memory_share
    if most is not None and takes is not None:
        over = f"it takes {takes:.0%} of the memory, more than {most:.0%}"
        yield "memory.share", over if takes > most else None


_RULES: tuple[Callable[[Policy, Subject], Iterator[Finding]], ...] = (
    _licenses,
    _use,
    _openness,
    _publishers,
    _tasks,
    _sources,
    _formats,
    _files,
    _memory,
)
