"""Turns a license text into comparable words: without markup, bullets, copyright lines and names.

What is taken away is only what cannot carry a condition: a copyright line or a name in a
disclaimer stays in the text as soon as it holds a word that could.
"""

import re
import unicodedata
from functools import cache, cached_property
from zlib import crc32

from msgspec import Struct

FARTHEST = 60
"""How far before a copyright mark `portions are` may begin."""
MOST_KEPT, LONGEST_KEPT = 50_000, 40
"""Words whose prints are kept, and the longest of them."""
HARMLESS_NAME = 14
"""A name or copyright line of more words than this is read as a sentence."""

_OPERATIVE = re.compile(
    r"\b(?:use[drs]?|using|usage|commercial\w*|noncommercial|non|only|solely|not|must|may|can(?:not)?|"
    r"shall|should|will|permi\w+|licen[cs]\w*|prohibit\w*|restrict\w*|forbid\w*|allow\w*|grant\w*|"
    r"without|unless|except|if|research|academic|educational|evaluation|personal|private|internal|"
    r"purposes?|revenue|train\w*|outputs?|display|military|medical|territory|agree\w*|require\w*|"
    r"redistribut\w*|distribut\w*|modif\w*|sell|sold|sale|resale|fees?|pay\w*|subject|terms?|"
    r"condition\w*|is|are|be|been|was|were|has|have|had|do(?:es)?|did|you|your|who|which|that|when|"
    r"over|above|more|less|than|exceed\w*|exclud\w*|outside|within|people|persons?|valid|appl\w+|"
    r"every|nobody|none|nor|never|no|against|banned|void|fine|penalt\w*|earn\w*|"
    r"nur|nicht|kein\w*|kommerziell\w*|gewerblich\w*|zweck\w*|forschung\w*|verboten|untersagt|"
    r"gestattet|nutzung|uniquement|seulement|pas|commercial(?:e|es|aux)|usages?|interdit\w*|recherche|"
    r"fins|sólo|solo|solamente|uso|comercial\w*|prohibid\w*|investigación|fines|apenas|proibid\w*|"
    r"pesquisa|ricerca|vietat\w*|scopi)\b",
    re.IGNORECASE,
)
_NO_BREAK = re.compile(r"[^\n]")
_CJK_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0600-\u06ff\u0400-\u04ff]{5,}")
_HTML = (
    "a abbr article b blockquote body br center code dd div dl dt em font footer h1 h2 h3 h4 h5 h6 "
    "head header hr html i img li link main meta nav ol p pre section small span strong style sub "
    "sup table tbody td th thead title tr tt u ul"
).replace(" ", "|")
_TAG = re.compile(
    rf"</?(?:{_HTML})(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>]+))*\s*/?>", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"<[^<>\n]{1,80}>|\[[^\[\]\n]{1,60}\]|\{[^{}\n]{1,60}\}")
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#\d{1,5});")
_COMMENT = re.compile(r"<!--.{0,500}?-->", re.DOTALL)
_LEADER = re.compile(r"^[ \t>#*/|;!%=~_+\-\u2022\u00b7\u25aa\u25cf\u2013\u2014]+", re.MULTILINE)
_NUMBERING = re.compile(
    r"^[ \t]*(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|\d{1,2}(?:\.\d{1,2})+\.?)(?=[ \t])",
    re.MULTILINE,
)
_SCHEME = re.compile(r"https?://(?:www\.)?")
_RIGHTS = re.compile(r"all\s+rights\s+reserved\b\.?")
_MARK = re.compile(r"copyright|copr\.|\(c\)|©")
_PORTIONS = re.compile(r"portions?\s+(?:are\s+)?$")
_COPYRIGHT = re.compile(
    r"(?:(?P<plain>\b(?:copyright|copr\.)\s*(?:(?:\(c\)|©|&copy;|[,:])\s*)*"
    r"(?=[\d<\[{]|by\b))|(?:copyright\s*)?(?:\(c\)|©)\s*(?=[\d<\[{a-z])|\bcopyright\s*(?:\(c\)|©))"
    r"[^\n]*"
)
_OWNER_LINE = re.compile(r"^[ \t]*copyright[ \t][^\n]*$", re.MULTILINE)
_OWNER = re.compile(r"[ \t]*Copyright(?:[ \t]+[A-Z][\w.&'-]*){1,6}[ \t]*")
_NAMES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"neither\s+the\s+names?\s+of\s+(.{1,120}?)\s+nor\s+the\s+names?\s+of",
        r"nor\s+the\s+names?\s+of\s+(.{1,40}?)\s*contributors",
        r"(?:provided|distributed)\s+by\s+(.{1,120}?)\s+\W*as[\s-]+is\b",
        r"in\s+no\s+event\s+(?:shall|will)\s+(.{1,200}?)\s+be\s+(?:held\s+)?liable",
    )
)
_SIGNS = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts without spaces between words: each sign counts as a word."""
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_SIGNS}]|[^\W\d_{_SIGNS}]+\d*(?:\.\d+)?")
_PLAIN_WORD = re.compile(r"[a-z]+\d*(?:\.\d+)?|\d+(?:[.,]\d+)*")
"""The same in a text of ASCII letters."""
_SAME = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "licencee": "licensee",
    "licensor": "licensor", "organisation": "organization", "sublicence": "sublicense",
    "acknowledgement": "acknowledgment", "merchantibility": "merchantability", "wilful": "willful",
    "judgement": "judgment", "favour": "favor", "behaviour": "behavior", "per cent": "percent",
}  # fmt: skip


class Words(Struct, frozen=True, dict=True):
    """The words of a text as 16-bit fingerprints, and the text that they were read from."""

    prints: tuple[int, ...]
    cleaned: str

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Where each word stands in the text."""
        return tuple(match.span() for match in _form_of(self.cleaned).finditer(self.cleaned))


def read_words(text: str) -> Words:
    """The comparable words of a license text, in order; offsets are those of `text`."""
    cleaned = _clean(text)
    words = _form_of(cleaned).findall(cleaned)
    return Words(tuple(map(_PRINTS.__getitem__, words)), cleaned)


def _form_of(cleaned: str) -> re.Pattern[str]:
    """What a word is in this text."""
    return _PLAIN_WORD if cleaned.isascii() else _WORD


def _print(word: str) -> int:
    """Sixteen bits of a word, after case, digits and spelling are made equal."""
    plain = word.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    if plain[0].isdigit():
        plain = plain.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", plain) else plain
    return crc32(_SAME.get(plain, plain).encode()) & 0xFFFF


class _Prints(dict[str, int]):
    """Words and their prints, kept as far as there is room."""

    def __missing__(self, word: str) -> int:
        made = _print(word)
        if len(self) < MOST_KEPT and len(word) < LONGEST_KEPT:
            self[word] = made
        return made


_PRINTS = _Prints()


def word_print(word: str) -> int:
    """The fingerprint of one word."""
    return _print(word)


ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
TITLE = (
    "the a license licenses licence text full file version of v spdx identifier agreement see "
    "below following terms conditions copyright notice"
)


@cache
def numbering_prints() -> frozenset[int]:
    """The prints of words that number clauses: 7, 4.1, b, iii."""
    words = [*ROMAN.split(), *"abcdefghijklmnopqrstuvwxyz", *map(str, range(31))]
    words += [f"{major}.{minor}" for major in range(1, 16) for minor in range(1, 13)]
    return frozenset(map(_print, words))


@cache
def title_prints() -> frozenset[int]:
    """The prints of words that a title may hold besides the names of a license."""
    return frozenset(map(_print, TITLE.split()))


def is_harmless(text: str) -> bool:
    """Whether a stretch can only be names, years and addresses: short, and no word that binds."""
    if _OPERATIVE.search(text) or _CJK_RUN.search(text):
        return False
    return len(_WORD.findall(text)) <= HARMLESS_NAME


def _clean(text: str) -> str:
    """The text in lower case, with everything blanked that is not compared; lengths stay."""
    raw = _LEADER.sub(_blank, text)
    raw = _COMMENT.sub(_blank_harmless, _ENTITY.sub(_blank, _TAG.sub(_blank_tag, raw)))
    low = _RIGHTS.sub(_blank_rights, lowered(raw))
    low = _without_copyright(low)
    low = _OWNER_LINE.sub(lambda line: _blank_owner(line, raw), low)
    low = _PLACEHOLDER.sub(_blank_harmless, low)
    low = _SCHEME.sub(_blank, _NUMBERING.sub(_blank, low))
    for pattern in _NAMES:
        low = pattern.sub(_blank_name, low)
    return low


def lowered(text: str) -> str:
    """The text in lower case with each sign in its place."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return low


def _blanked(text: str) -> str:
    """As many spaces; lines stay."""
    return _NO_BREAK.sub(" ", text) if "\n" in text else " " * len(text)


def _blank(match: re.Match[str]) -> str:
    return _blanked(match.group())


def _blank_rights(match: re.Match[str]) -> str:
    start = match.start()
    inside = start > 0 and (match.string[start - 1].isalnum() or match.string[start - 1] == "_")
    return match.group() if inside else _blank(match)


def _without_copyright(low: str) -> str:
    """The text without names and years behind copyright marks, up to a word that could bind."""
    parts, done = [], 0
    for mark in _MARK.finditer(low):
        found = _COPYRIGHT.match(low, mark.start()) if mark.start() >= done else None
        if found is None:
            continue
        before = None
        if found["plain"] is not None:
            before = _PORTIONS.search(low, max(done, mark.start() - FARTHEST), mark.start())
        start = before.start() if before else found.start()
        parts += [low[done:start], _blank_copyright(low[start : found.end()])]
        done = found.end()
    return "".join([*parts, low[done:]])


def _blank_owner(line: re.Match[str], raw: str) -> str:
    """A line of capitalized names behind the word copyright goes, when it is only names."""
    shown = "".join(
        one if seen != " " else " "
        for one, seen in zip(raw[line.start() : line.end()], line.group(), strict=True)
    )
    return _blank_harmless(line) if _OWNER.fullmatch(shown) else line.group()


def _blank_harmless(match: re.Match[str]) -> str:
    return _blank(match) if is_harmless(match.group()) else match.group()


def _blank_tag(match: re.Match[str]) -> str:
    """A tag goes, unless its attributes hold a sentence that could bind."""
    values = " ".join(re.findall(r"=\s*[\"']([^\"']*)", match.group()))
    sentence = len(values.split()) > 3 and _OPERATIVE.search(values)
    return match.group() if sentence else _blank(match)


def _blank_copyright(line: str) -> str:
    """The names and years after a copyright mark go, up to the first word that could bind."""
    start = re.match(
        r"[^\d<\[{]*?(?:copyright|copr\.|\(c\)|©|&copy;|\s|[,:])+", line, re.IGNORECASE
    )
    head = start.end() if start else 0
    stop = _OPERATIVE.search(line, head)
    quote = re.search(r"[\"”]", line[head:])
    ends = [stop.start()] if stop else []
    ends += [head + quote.start()] if quote else []
    end = min(ends, default=len(line))
    if not is_harmless(line[head:end]):
        return line
    return _blanked(line[:end]) + line[end:]


def _blank_name(match: re.Match[str]) -> str:
    name = match.group(1)
    if not is_harmless(name) or re.search(r"\n\s*\n|[.;:!?]\s+\S", name):
        return match.group()
    start = match.start(1) - match.start()
    whole = match.group()
    return whole[:start] + _blanked(name) + whole[start + len(name) :]
