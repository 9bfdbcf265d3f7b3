# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Finds the exact texts that a license requires: to display, to begin a name with, as a notice."""

import re
from collections.abc import Iterator

from freehold.judge.clause_sentences import Text, Unit

STRING_ANCHORS = (
    "display", "name", "notice", "acknowledg", "attribution", "statement", "prefix", "credit",
    "indicate", "badge", "legend", "words", "phrase", "show", "stating", "state", "include", "powered by", "built with",
)  # fmt: skip
_DUTY = re.compile(
    r"\b(?:must|shall|will|should|required?|requires|agrees? to|have to|has to|need to|needs to"
    r"|prominently|provided that|retain|accompanied|conditions?)\b"
    r"|(?:^|[•*:-])\W*(?:include|display|show|retain|add|keep)\b"
)
_DENIED = re.compile(
    r"(?:may|must|shall|can|will|should)\s+not|cannot|without\s+(?:prior|specific|written|express)"
    r"|encourag|\brename|phrases?\b|preferably|statement\s+like|versions\s+of\s+this\s+software|are\s+free\s+to|endorse|\bnever\b"
)
_SHOW = re.compile(
    r"\b(?:display|show|stat(?:e|es|ing)|statement|mark|indicat(?:e|ing)|feature|label|credit|badge|present"
    r"|phrase|words|wording|text|message|legend|logo|banner|exhibit|attribute|mention|bears?\s+the|told|include\s+prominently)\w*\b[^\"]{0,140}$"
)
_NOTICE = re.compile(
    r"\b(?:notices?|acknowledge?ments?|attribution|legend|copyright|citation)\b[^\"]{0,160}$"
    r"|notice\"[^\"]{0,160}$"
)
_MENTIONED = re.compile(
    r"(?:\(\s*(?:the|an?|each|collectively|hereinafter)?[^()]{0,12}|\bas\s+(?:an?\s+)?|e\.g\.,?\s*|such\s+as\s+|for\s+example,?\s*"
    r"|(?:could|might)\s+(?:be\s+marked|indicate)\s*|titled\s+|entitled\s+)$"
)
_INCLUDE = re.compile(r"\b(?:include|add|place|put|use)\w*\b[^\"]{0,60}$")
_PLACE = re.compile(
    r"website|web\s+site|interface|blog|about|documentation|splash|footer|marketing|materials"
)
_BEGIN = re.compile(
    r"(?:(?:beg(?:in|ins|inning)|start\w*|prefix\w*|commenc\w+|preced\w+|open\w*)\s+(?:with|by)"
    r"|first\s+word\s+(?:is|(?:must|shall)\s+be|has\s+to\s+be))"
    r"\W{0,3}(?:the\s+(?:word|term|prefix|string|name)\W{0,3})?$"
)
_AT_BEGINNING = re.compile(
    r"^\W{0,3}[^\"]{0,30}?\b(?:(?:at|as|in|to|be|form\w*)\W+(?:the\W+|a\W+|its\W+)?(?:very\W+)?(?:beginning|start|front|head|prefix|first|leading)|before)\b"
)
_BARE_BEGINNING = re.compile(
    r"(?:include|add|put|place|contain|use|carry)\s+(?:the\s+(?:word|term|prefix|name|brand)\s+)?(?P<string>[\w.\- ]{2,40}?)\s+"
    r"(?:at|as|in)\s+(?:the\s+|a\s+)?(?:very\s+)?(?:beginning|start|front|prefix|first)\b"
)
_BARE_SHOWN = re.compile(
    r"(?:Built|Powered|Made|Created|Improved|Based|Generated|Developed)\s+(?:with|by|using|on|upon)\s+"
    r"[A-Z0-9][\w.\-]*(?:\s[A-Z0-9][\w.\-]*){0,4}"
)
_QUOTE = re.compile(r'"|(?<![\w])\'(?=[A-Za-z0-9][^\'"\n]{2,120}\'(?!\w))')
_TOKENS = {
    "notice",
    "notices",
    "copyright",
    "license",
    "agreement",
    "about",
    "readme",
    "notice.txt",
    "notice file",
}
_LEARNS = re.compile(
    r"\b(?:outputs?|results?|synthetic)\b[\s\S]*\b(?:train|fine.?tun|distil|improve|create)"
)
_TWIN = re.compile(r"^\W{0,3}(?:or|and|/)\W{0,4}$")


def strings(page: Text, unit: Unit) -> Iterator[tuple[str, str, int]]:
    """(kind, exact text, place) for every text that this sentence requires."""
    low = page.low[unit.start : unit.end]
    lead = page.low[unit.lead[0] : unit.lead[1]] if unit.lead else ""
    last: tuple[str, int] | None = None
    for at, end, value in _quoted(page, unit):
        before, after = lead + " " + low[: at - unit.start], low[end - unit.start + 1 :][:120]
        kind = _kind(before, after, value)
        if kind is None and last and _TWIN.match(page.low[last[1] + 1 : at]):
            kind = last[0]
        if kind:
            last = (kind, end)
            yield kind, value, at
            if kind == "name-prefix" and _LEARNS.search(before):
                yield "output-naming", value, at
    if last is None:
        yield from _bare(page, unit, lead + " " + low)


def _quoted(page: Text, unit: Unit) -> Iterator[tuple[int, int, str]]:
    at = unit.start
    while found := _QUOTE.search(page.low, at, unit.end):
        at = found.start()
        if found.group() == '"':
            value, end = page.quoted(at)
        else:
            end = page.low.find("'", at + 1)
            value = " ".join(page.raw[at + 1 : end].split())
        if 1 < len(value) <= 500 and value.casefold() not in _TOKENS:
            yield at, end, value
        at = max(end, at) + 1


def _kind(before: str, after: str, value: str) -> str | None:
    near = before[-330:]
    named = "name" in after or "name" in near[-140:]
    if named and (_AT_BEGINNING.match(after) or _BEGIN.search(near)):
        return None if _DENIED.search(near[-120:]) else "name-prefix"
    if not _DUTY.search(before[-700:]) or _DENIED.search(near[-200:]):
        return None
    if _MENTIONED.search(near) or "not appear" in after or value.casefold() == "as is":
        return None
    if after.lstrip(' )"').startswith(("means", "shall mean", "refers", "include")):
        return None
    if _NOTICE.search(near) and (len(value) > 22 or "following" in near[-160:]):
        return "notice"
    shown = _SHOW.search(near) or (_INCLUDE.search(near) and _PLACE.search(after))
    return "display" if shown else None


def _bare(page: Text, unit: Unit, said: str) -> Iterator[tuple[str, str, int]]:
    """Texts that stand there without quotes."""
    raw = page.raw[unit.start : unit.end]
    if not _DUTY.search(said) or _DENIED.search(said):
        return
    begins = _BARE_BEGINNING.search(page.low, unit.start, unit.end)
    if begins and "name" in said:
        value = " ".join(page.raw[begins.start("string") : begins.end("string")].split())
        if value[:1].isupper():
            yield "name-prefix", value, begins.start("string")
    shown = _BARE_SHOWN.search(raw)
    if shown and _SHOW.search(said[: max(0, len(said) - len(raw)) + shown.start()]):
        yield "display", " ".join(shown.group().split()), unit.start + shown.start()
