"""`check --notice`: the notice file that the terms of a model oblige one to ship."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from freehold.actions.bom import bound, repositories
from freehold.actions.check import Report
from freehold.judge.answers import Obligation
from freehold.judge.obligations import OCCASIONS
from freehold.judge.terms import Binding
from freehold.knowledge.types import Duty, License

WIDTH = 80
LABEL = 11
SHIPPED = ("notice-file", "attribution")
SHOWN = ("display", "name-prefix")


def notice(report: Report) -> str:
    """The file as plain text: 80 columns, but required texts and addresses are never broken."""
    sections = [
        _head(report),
        _credit(report),
        _section("Required texts, word for word", _texts(report)),
        _section("Licenses that bind, and why", _licenses(report)),
        _section("Texts to show and names to use", _shown(report)),
        _section("Use policies", _policies(report)),
        _section("What else to do", _rest(report)),
        _section("Changes", _changes(report)),
        _foot(report),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _head(report: Report) -> list[str]:
    title = f"NOTICE: {report.family.name}"
    rows = [title, "=" * min(len(title), WIDTH), ""]
    rows += _row("Model", report.family.name)
    rows += _row("Release", report.id)
    rows += _row("Maker", report.family.maker)
    for n, url in enumerate(_places(report)):
        rows += _row("" if n else "Source", url)
    return rows


def _places(report: Report) -> tuple[str, ...]:
    """Where it comes from: the Hub, or else its page, or else where the facts come from."""
    family = report.family
    source = family.sources[family.source]
    pages = (family.homepage, source.url, source.title, source.by)
    return repositories(report) or tuple(page for page in pages if page)[:1]


def _row(label: str, text: str) -> list[str]:
    return _wrapped(text, label.ljust(LABEL), " " * LABEL)


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """A section, or nothing when it would be empty."""
    rows = list(lines)
    return [title, "-" * len(title), *rows] if rows else []


def _credit(report: Report) -> list[str]:
    """Title, maker, source and license in one sentence, as attribution duties ask for."""
    found = bound(report.terms.bindings)
    names = [license.name for license in found.concluded]
    names += ["terms that are not known"] if found.doubts or not names else []
    place = _places(report)[0]
    credit = f"“{report.family.name}” by {report.family.maker} ({place})"
    return _wrapped(f"{credit}, under: {'; '.join(names)}.")


def _duties(report: Report, kinds: tuple[str, ...]) -> dict[tuple[str, str | None], list[str]]:
    """(kind, exact text) -> when, where and by which clauses, for the duties that reach it."""
    found: dict[tuple[str, str | None], list[str]] = {}
    for binding in report.terms.bindings:
        if binding.license is None or not binding.binds:
            continue
        for duty in binding.license.duties:
            reaches = binding.bond != "outputs" or duty.when == "outputs-training"
            if duty.kind in kinds and reaches:
                reasons = found.setdefault((duty.kind, duty.string), [])
                reasons.append(_why(binding.license, duty))
    return {key: list(dict.fromkeys(reasons)) for key, reasons in found.items()}


def _why(license: License, duty: Duty) -> str:
    where = f": {duty.where}" if duty.where else ""
    beyond = f", above {duty.above}" if duty.above else ""
    return f"{OCCASIONS[duty.when]}{where}{beyond} ({license.short}, {duty.clause})"


def _texts(report: Report) -> Iterator[str]:
    """Notices and credits with their exact text, ready to stand in this file."""
    rows = [(text, why) for (_, text), why in _duties(report, SHIPPED).items() if text]
    for n, (text, reasons) in enumerate(rows):
        yield from [""] * bool(n)
        yield from text.split("\n")
        for reason in reasons:
            yield from _wrapped(reason, "    - ", "      ")


def _licenses(report: Report) -> Iterator[str]:
    """Each license once, with everything it reaches the model through."""
    groups: dict[str | None, list[Binding]] = {}
    for binding in report.terms.bindings:
        if binding.binds:
            key = binding.license.id if binding.license else None
            groups.setdefault(key, []).append(binding)
    for n, group in enumerate(groups.values()):
        yield from [""] * bool(n)
        yield from _license(group)
    if not groups:
        yield from _wrapped("No license of its own is known.")


def _license(group: list[Binding]) -> Iterator[str]:
    license = group[0].license
    yield from _wrapped(license.name if license else "Unknown terms", "* ", "  ")
    if license is not None:
        yield f"  {license.id}"
        yield from [f"  {license.text.url}"] * bool(license.text.url)
    for binding in group:
        doubt = "" if binding.confirmed else "; no source near the model confirms it"
        yield from _wrapped(f"{binding.via}: {binding.because}{doubt}", "  - ", "    ")
    if license is None:
        yield from _wrapped("Ask the maker before you use or share it.", "  ", "  ")
    elif not license.text.read:
        warning = "Its text has not been read: it may ask for more than stands here."
        yield from _wrapped(warning, "  ", "  ")


def _shown(report: Report) -> Iterator[str]:
    """A checklist with each exact text on a line of its own."""
    start = {"display": "Show this text", "name-prefix": "Begin the name with this"}
    for (kind, text), reasons in _duties(report, SHOWN).items():
        wording = ":" if text else " (the license gives no wording):"
        yield f"[ ] {start[kind]}{wording}"
        yield from [f"    {line}" for line in (text or "").split("\n") if line]
        for reason in reasons:
            yield from _wrapped(reason, "    - ", "      ")


def _policies(report: Report) -> Iterator[str]:
    seen: set[str] = set()
    for binding in report.terms.bindings:
        license = binding.license
        if license is None or not binding.binds or binding.bond == "outputs":
            continue
        if license.use_policy and license.id not in seen:
            seen.add(license.id)
            policy = license.use_policy
            place = policy.url or f"inside the license text: {license.text.url or license.name}"
            yield from _wrapped(f"{license.short}: {place}", "[ ] ", "    ")
            if policy.moving:
                yield from _wrapped("It may change at any time; look again.", "    ", "    ")
            if policy.pass_on:
                yield from _wrapped("Bind everyone who gets it from you.", "    ", "    ")


def _rest(report: Report) -> Iterator[str]:
    """What has not been said above, by occasion."""
    said = {text for _, text in _duties(report, (*SHIPPED, *SHOWN)) if text}
    rows = [row for row in report.obligations if not _is_said(row, said)]
    for when, spoken in OCCASIONS.items():
        for row in rows:
            if row.when == when:
                clause = f", {row.clause}" if row.clause else ""
                sentence = f"{spoken[0].upper()}{spoken[1:]}: {row.do} ({row.license}{clause})"
                yield from _wrapped(sentence, "[ ] ", "    ")


def _is_said(row: Obligation, said: set[str]) -> bool:
    return row.do.startswith("Keep to its use policy:") or row.text in said


def _changes(report: Report) -> Iterator[str]:
    """To be filled in, with the licenses that ask for it."""
    if report.family.kind == "service":
        return
    found = bound(report.terms.bindings).concluded
    asking = [license.short for license in found if "state-changes" in license.conditions]
    if asking:
        yield from _wrapped(f"Asked for by: {', '.join(asking)}.")
    blank = "_" * 48
    yield "[ ] Given on unchanged."
    yield "[ ] Changed:"
    for label in ("Files", "What", "By", "Date"):
        yield f"    {label.ljust(LABEL)}{blank}"


def _foot(report: Report) -> list[str]:
    checked = report.family.sources[report.family.source].checked
    return _wrapped(
        f"Written by Freehold from facts last looked at on {checked}. It reminds of duties; "
        "it stands in for no license text and is not legal advice."
    )
