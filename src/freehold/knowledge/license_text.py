"""Turns a license text into comparable words: without markup, bullets, copyright lines and names.

What is taken away is only what cannot carry a condition: a copyright line or a name in a
disclaimer stays in the text as soon as it holds a word that could.
"""

import re
import unicodedata
from functools import cache
from zlib import crc32

from msgspec import Struct

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
    re.MULTILINE | re.IGNORECASE,
)
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)
_RIGHTS = re.compile(r"\ball\s+rights\s+reserved\b\.?", re.IGNORECASE)
_COPYRIGHT = re.compile(
    r"(?:(?:portions?\s+(?:are\s+)?)?\b(?:copyright|copr\.)\s*(?:(?:\(c\)|©|&copy;|[,:])\s*)*"
    r"(?=[\d<\[{]|by\b)|(?:copyright\s*)?(?:\(c\)|©)\s*(?=[\d<\[{a-z])|\bcopyright\s*(?:\(c\)|©))"
    r"[^\n]*",
    re.IGNORECASE,
)
_OWNER = re.compile(r"^[ \t]*Copyright(?:[ \t]+[A-Z][\w.&'-]*){1,6}[ \t]*$", re.MULTILINE)
_NAMES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"neither\s+the\s+names?\s+of\s+(.{1,120}?)\s+nor\s+the\s+names?\s+of",
        r"nor\s+the\s+names?\s+of\s+(.{1,40}?)\s*contributors",
        r"(?:provided|distributed)\s+by\s+(.{1,120}?)\s+\W*as[\s-]+is\b",
        r"in\s+no\s+event\s+(?:shall|will)\s+(.{1,200}?)\s+be\s+(?:held\s+)?liable",
    )
)
_SIGN = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
"""Scripts without spaces between words: each sign counts as a word."""
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|{_SIGN}|(?:(?!{_SIGN})[^\W\d_])+\d*(?:\.\d+)?")
_SAME = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "licencee": "licensee",
    "licensor": "licensor", "organisation": "organization", "sublicence": "sublicense",
    "acknowledgement": "acknowledgment", "merchantibility": "merchantability", "wilful": "willful",
    "judgement": "judgment", "favour": "favor", "behaviour": "behavior", "per cent": "percent",
}  # fmt: skip


class Words(Struct, frozen=True):
    """The words of a text as 16-bit fingerprints, and where each stands in the text."""

    prints: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def read_words(text: str) -> Words:
    """The comparable words of a license text, in order; offsets are those of `text`."""
    cleaned = _clean(text)
    found = [(_print(match.group()), match.span()) for match in _WORD.finditer(cleaned)]
    return Words(tuple(p for p, _ in found), tuple(span for _, span in found))


@cache
def _print(word: str) -> int:
    """Sixteen bits of a word, after case, digits and spelling are made equal."""
    plain = word.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    if plain[0].isdigit():
        plain = plain.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+", plain) else plain
    return crc32(_SAME.get(plain, plain).encode()) & 0xFFFF


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
    """The text with everything blanked that is not compared; lengths stay the same."""
    text = _LEADER.sub(_blank, text)
    text = _TAG.sub(_blank_tag, text)
    text = _ENTITY.sub(_blank, text)
    text = _COMMENT.sub(_blank_harmless, text)
    text = _RIGHTS.sub(_blank, text)
    text = _COPYRIGHT.sub(_blank_copyright, text)
    text = _OWNER.sub(_blank_harmless, text)
    text = _PLACEHOLDER.sub(_blank_harmless, text)
    text = _NUMBERING.sub(_blank, text)
    text = _SCHEME.sub(_blank, text)
    for pattern in _NAMES:
        text = pattern.sub(_blank_name, text)
    return text


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def _blank_harmless(match: re.Match[str]) -> str:
    return _blank(match) if is_harmless(match.group()) else match.group()


def _blank_tag(match: re.Match[str]) -> str:
    """A tag goes, unless its attributes hold a sentence that could bind."""
    values = " ".join(re.findall(r"=\s*[\"']([^\"']*)", match.group()))
    sentence = len(values.split()) > 3 and _OPERATIVE.search(values)
    return match.group() if sentence else _blank(match)


def _blank_copyright(match: re.Match[str]) -> str:
    """The names and years after a copyright mark go, up to the first word that could bind."""
    line = match.group()
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
    return re.sub(r"[^\n]", " ", line[:end]) + line[end:]


def _blank_name(match: re.Match[str]) -> str:
    name = match.group(1)
    if not is_harmless(name) or re.search(r"\n\s*\n|[.;:!?]\s+\S", name):
        return match.group()
    start = match.start(1) - match.start()
    whole = match.group()
    return whole[:start] + re.sub(r"[^\n]", " ", name) + whole[start + len(name) :]
