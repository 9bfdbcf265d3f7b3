"""Reads the operative clauses out of a license text, each with the sentence it was read from.

It knows no license: it reads what any text says of size, display, naming, outputs, places and
uses. Judging whether a text as a whole is a known license is another module's work.
"""

import re
from collections.abc import Iterator
from typing import Literal, cast

from msgspec import Struct

from freehold.judge.clause_patterns import NEGATIVE, RULES, Rule, compiled
from freehold.judge.clause_places import PLACE_ANCHORS, excluded
from freehold.judge.clause_sentences import Text, Unit, read
from freehold.judge.clause_strings import STRING_ANCHORS, strings
from freehold.judge.clause_thresholds import ANCHORS, thresholds

Kind = Literal[
    "threshold", "display", "name-prefix", "notice", "output-ownership", "output-training",
    "output-naming", "derivative-by-output", "use-policy", "moving-policy", "territory",
    "non-commercial", "research-only", "no-production", "field-of-use", "no-hosting",
    "no-redistribution", "no-derivatives", "no-competing", "registration", "revocation",
    "patent-grant", "patent-retaliation", "remote-restriction", "pass-on",
]  # fmt: skip

LONGEST_TEXT = 2_000_000
"""Characters that are read; no license is longer."""
LONGEST_UNIT = 6_000
NEAR, FAR = 60, 140
"""How far from a match a phrase that makes it harmless may stand in the same sentence."""
EXCEPTED = {"no-derivatives", "no-redistribution", "no-hosting", "revocation"}
"""Kinds that free licenses also say, with their exceptions farther away."""
AHEAD = 70
"""How far beyond a bullet that goes on it may stand."""
_GOES_ON = (";", ",", ":", " and", " or")
_URL = re.compile(
    r"(?:https?://|www\.)[^\s\"'<>()\[\]]+|\b[a-z0-9-]+\.[a-z0-9.-]+/[a-z0-9_./-]*(?:polic|use)[a-z0-9_./-]*"
)


class Clause(Struct, frozen=True):
    """One operative clause, what it says in closed words, and where it was read."""

    kind: Kind
    value: str
    sentence: str
    start: int
    metric: str | None = None
    number: int | None = None
    period: str | None = None
    at: str | None = None


def clauses(text: str) -> tuple[Clause, ...]:
    """The operative clauses of a license text, in the order of the text, each once."""
    page = read(text[:LONGEST_TEXT])
    if not page.units:
        return ()
    found: dict[tuple[str, str], Clause] = {}
    for clause in (*_by_rules(page), *_thresholds(page), *_strings(page), *_territories(page)):
        key = (clause.kind, clause.value)
        if key not in found or clause.start < found[key].start:
            found[key] = clause
    return tuple(sorted(found.values(), key=lambda c: c.start))


def _units_with(page: Text, anchors: tuple[str, ...]) -> list[Unit]:
    """The sentences that have one of these words in them."""
    numbers: set[int] = set()
    for anchor in anchors:
        at = page.low.find(anchor)
        while at >= 0:
            number = page.unit_at(at)
            numbers.add(number)
            at = page.low.find(anchor, max(at + 1, page.units[number].end))
    return [page.units[n] for n in sorted(numbers)]


def _by_rules(page: Text) -> Iterator[Clause]:
    seen: dict[tuple[str, ...], list[Unit]] = {}
    denied: dict[Unit, bool] = {}
    for rule in RULES:
        if rule.anchors not in seen:
            seen[rule.anchors] = _units_with(page, rule.anchors)
        for unit in seen[rule.anchors]:
            if rule.denies:
                if unit not in denied:
                    denied[unit] = NEGATIVE.search(_said(page, unit)) is not None
                if not denied[unit]:
                    continue
            place = _holds(page, unit, rule)
            if place:
                yield _clause(page, unit, rule.kind, _value(page, unit, rule), place)
                break


def _holds(page: Text, unit: Unit, rule: Rule) -> tuple[int, int] | None:
    """Where the rule matches in this sentence, read after the line that opens its list."""
    lead = unit.lead[1] - unit.lead[0] + 1 if unit.lead else 0
    said = _said(page, unit)
    reach = FAR if rule.kind in EXCEPTED else NEAR
    for match in compiled(rule.pattern).finditer(said):
        if match.end() <= lead:
            continue
        around = said[max(0, match.start() - reach) : match.end() + reach]
        if match.end() + reach > len(said) and said.endswith(_GOES_ON):
            around += page.low[unit.end : unit.end + AHEAD]
        if rule.unless and compiled(rule.unless).search(around):
            continue
        shift = unit.start - lead
        return max(unit.start, match.start() + shift), match.end() + shift
    return None


def _said(page: Text, unit: Unit) -> str:
    """What is matched: the line that opens the list, then the sentence."""
    said = page.low[unit.start : min(unit.end, unit.start + LONGEST_UNIT)]
    return f"{page.low[unit.lead[0] : unit.lead[1]]} {said}" if unit.lead else said


def _value(page: Text, unit: Unit, rule: Rule) -> str:
    if rule.kind not in ("use-policy", "moving-policy"):
        return rule.value
    url = _URL.search(page.raw, unit.start, unit.end) or _URL.search(page.low, unit.start, unit.end)
    return url.group().rstrip(".,;") if url else rule.value


def _thresholds(page: Text) -> Iterator[Clause]:
    for unit in _units_with(page, ANCHORS):
        said = page.low[unit.start : min(unit.end, unit.start + LONGEST_UNIT)]
        for f in thresholds(said):
            place = (unit.start + f.start, unit.start + f.end)
            sentence, start = page.sentence(unit, *place)
            yield Clause("threshold", f.value, sentence, start, f.metric, f.number, f.period, f.at)


def _strings(page: Text) -> Iterator[Clause]:
    for unit in _units_with(page, STRING_ANCHORS):
        for kind, value, at in strings(page, unit):
            yield _clause(page, unit, kind, value, (at, at + len(value)))


def _territories(page: Text) -> Iterator[Clause]:
    for unit in _units_with(page, PLACE_ANCHORS):
        codes = excluded(page.low[unit.start : min(unit.end, unit.start + LONGEST_UNIT)])
        if codes:
            yield _clause(page, unit, "territory", " ".join(codes), (unit.start, unit.end))


def _clause(page: Text, unit: Unit, kind: str, value: str, place: tuple[int, int]) -> Clause:
    sentence, start = page.sentence(unit, *place)
    return Clause(cast(Kind, kind), value, sentence, start)
