"""Reads the operative clauses out of a license text, each with the sentence it was read from.

It knows no license: it reads what any text says of size, display, naming, outputs, places and
uses. Judging whether a text as a whole is a known license is another module's work.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, cast

from msgspec import Struct

from freehold.judge.clause_anchors import Anchors, Index
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

Places = Mapping[Anchors, list[Unit]]
"""The sentences in which a rule may hold, by the words that it hangs on."""

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
    at = _index().units(page)
    every = (_by_rules, _thresholds, _strings, _territories)
    for clause in (clause for read_some in every for clause in read_some(page, at)):
        key = (clause.kind, clause.value)
        if key not in found or clause.start < found[key].start:
            found[key] = clause
    return tuple(sorted(found.values(), key=lambda c: c.start))


@cache
def _index() -> Index:
    """The words of all rules."""
    return Index([*(rule.anchors for rule in RULES), ANCHORS, STRING_ANCHORS, PLACE_ANCHORS])


def _by_rules(page: Text, at: Places) -> Iterator[Clause]:
    said: dict[Unit, str] = {}
    denied: dict[Unit, bool] = {}
    ascii = page.low.isascii()
    for rule in RULES:
        if rule.foreign and ascii:
            continue
        for unit in at[rule.anchors]:
            if unit not in said:
                said[unit] = _said(page, unit)
                denied[unit] = NEGATIVE.search(said[unit]) is not None
            if rule.denies and not denied[unit]:
                continue
            place = _holds(page, unit, rule, said[unit])
            if place:
                yield _clause(page, unit, rule.kind, _value(page, unit, rule), place)
                break


def _holds(page: Text, unit: Unit, rule: Rule, said: str) -> tuple[int, int] | None:
    """Where the rule matches in this sentence, read after the line that opens its list."""
    form = compiled(rule.pattern)
    if not form.search(said):
        return None
    lead = unit.lead[1] - unit.lead[0] + 1 if unit.lead else 0
    reach = FAR if rule.kind in EXCEPTED else NEAR
    for match in form.finditer(said):
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


def _thresholds(page: Text, at: Places) -> Iterator[Clause]:
    for unit in at[ANCHORS]:
        said = page.low[unit.start : min(unit.end, unit.start + LONGEST_UNIT)]
        for f in thresholds(said):
            place = (unit.start + f.start, unit.start + f.end)
            sentence, start = page.sentence(unit, *place)
            yield Clause("threshold", f.value, sentence, start, f.metric, f.number, f.period, f.at)


def _strings(page: Text, at: Places) -> Iterator[Clause]:
    for unit in at[STRING_ANCHORS]:
        for kind, value, place in strings(page, unit):
            yield _clause(page, unit, kind, value, (place, place + len(value)))


def _territories(page: Text, at: Places) -> Iterator[Clause]:
    for unit in at[PLACE_ANCHORS]:
        codes = excluded(page.low[unit.start : min(unit.end, unit.start + LONGEST_UNIT)])
        if codes:
            yield _clause(page, unit, "territory", " ".join(codes), (unit.start, unit.end))


def _clause(page: Text, unit: Unit, kind: str, value: str, place: tuple[int, int]) -> Clause:
    sentence, start = page.sentence(unit, *place)
    return Clause(cast(Kind, kind), value, sentence, start)
