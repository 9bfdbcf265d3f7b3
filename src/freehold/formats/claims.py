"""Finds sentences that claim something about openness or license, with the claim as one word.

The words are those of the vocabulary `claims`. A sentence that speaks of other models, of tools
or of data is passed over, and so is one that denies: a claim too few is better than a false one.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from freehold.formats.prose import blocks, sentences
from freehold.formats.text import plain

MOST = 200
"""Claims that are kept of one text."""
MOST_LOOKED = 300_000
"""Characters of sentences with a telling word that are looked at, which bounds the time."""


class Claim(Struct, frozen=True):
    """A sentence as it stands there, what it is about, and its claim; None where it only names."""

    says: str
    about: str
    claim: str | None


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


_HINT = _form(
    "open", "commerc", "licen[sc]", "research", "academic", "restrict", "proprietary", "weights",
    "no longer", "any purpose", "training data", "dataset", "corpus",
    "terms of use", "use policy", "api", "withdrawn", "discontinued",
    "开源", "商用", "商业", "许可", "研究",
)  # fmt: skip
_NOT = r"(?:\bnot\b|n't\b|\bnever\b|\bno\b|\bneither\b|\bwithout\b|\bnor\b|\bcannot\b)"
_SELF = _form(
    r"\b(?:we|we're|we've|our|ours|this|these|it|it's|its|is|are|was|were|been|fully|introduc\w+)\b",
    r"\b(?:releas\w+|present\w*|announc\w+|model|weights|family|series|version)\b",
)
_OTHERS = _form(
    r"\b(?:than|among|amongst|outperform\w*|surpass\w*|exceed\w*|beats?|rivals?|compar\w+|versus)\b",
    r"\b(?:vs|other|others|existing|previous|prior|against|like|such as|unlike|alternatives?)\b",
    r"\b(?:competitive|comparable|similar to|compatible|inspired by|built (?:up)?on|based on)\b",
    r"\b(?:trained (?:on|with|using)|evaluat\w+|benchmark\w*|using|uses|integrat\w+)\b",
    r"\b(?:via|supports?)\b",
)
_THINGS = (
    r"(?![- ]*(?:\w+[- ]){0,2}?(?:librar|tool|software|data|corpus|corpora|framework|communit|"
    r"ecosystem|repositor|package|engine|contribut|developer|alternativ|technolog|benchmark|"
    r"inference|researcher|effort|spirit|initiative|definition|ai definition|licen[sc]e? text))"
)
_USE = r"(?:use|usage|uses|purposes?|applications?|deployments?|products?|exploitation)"
_COMMERCIAL = (
    rf"(?<![\w-])(?<!non )commercial(?:ly)?(?![\w])(?:[- ](?:or \w+ |and \w+[- ]?\w* )?{_USE})?"
)

_OPEN = {
    "open-source": _form(
        rf"(?<!not )\bopen[- ]?sourc(?:e|ed|es|ing)\b{_THINGS}", "开源(?:模型|发布|了)"
    ),
    "open-weights": _form(
        rf"\bopen[- ]?weights?\b{_THINGS}", r"(?<![\w-])(?<!fully )open models?\b"
    ),
    "fully-open": _form(
        rf"\b(?:fully|completely|truly)[- ]open\b(?![- ]?sourc|[- ]?weight){_THINGS}"
    ),
    "proprietary": _form(
        r"\b(?:is|are|remains?) (?:a )?proprietary\b", r"\bproprietary licen[sc]e"
    ),
}
"""Words that speak of this model only in a sentence about it."""

_WEIGHTS = _form(
    r"\bweights\b[^.]{0,40}\b(?:are|is)\b (?:\w+ ){0,2}(?:available|released|open|downloadable)\b",
    r"\b(?:releas\w+|open(?:ed|ing)?|publish\w*)\b[^.]{0,40}\bweights\b",
)
_DENIED = _form(
    rf"(?:\bnot\b(?! only| limited)|n't\b|\bnever\b|\bcannot\b|\bnor\b)[^.;]{{0,60}}{_COMMERCIAL}",
    rf"\bno {_COMMERCIAL}(?! licen[sc]e)",
    rf"{_COMMERCIAL}[^.;]{{0,40}}(?:\bnot\b|n't\b|\bprohibited\b|\bforbidden\b|\bdisallowed\b)",
    rf"(?:prohibit|forbid|exclud|disallow)\w*[^.;]{{0,40}}{_COMMERCIAL}",
    "禁止商[用业]", "不得用于商业", "非商[用业]", "不可商用",
)  # fmt: skip
_ASKS = "contact|requires?|obtain|request|apply|separate"
_ASKED = _form(
    rf"{_COMMERCIAL}[^.;]{{0,60}}\b(?:{_ASKS}|subject to)\b",
    rf"\b(?:{_ASKS})\b[^.;]{{0,60}}{_COMMERCIAL}",
)
_ALLOWED = _form(
    rf"\b(?:allow|permit|free|avail|suitab|licen[sc]|ready|approv|authori|friendly|intended|usable)\w*"
    rf"[^.;]{{0,60}}{_COMMERCIAL}",
    rf"{_COMMERCIAL}[^.;]{{0,30}}\b(?:allowed|permitted|friendly|usable|permissive|viable|ready|ok)\b",
    rf"\b(?:used?|for|no restrictions? on)\b[^.;]{{0,30}}{_COMMERCIAL}",
    "可商用", "允许商[用业]", "免费商用",
)  # fmt: skip
_BOTH = _form(
    r"\b(?:both|and|or|as well as)\b[^.;]{0,20}\bnon-?\s?commercial",
    r"non-?\s?commercial\b[^.;]{0,20}\b(?:and|or|as well as) commercial",
)
_RULES = (
    ("non-commercial", _form(r"\bnon-?\s?commercial")),
    ("research-only", _form(
        r"\bresearch[- ]only\b",
        r"\b(?:research|academic)\b(?: (?:use|usage|purposes?|and|or|\w+al)){0,4},? only\b",
        r"\b(?:only|solely|exclusively|strictly|limited to|restricted to)\b"
        r"[^.;]{0,30}\b(?:research|academic)\b",
        "仅供[^。]{0,8}研究", "仅限[^。]{0,8}研究",
    )),
    ("unrestricted", _form(
        r"\b(?:without|no) (?:any )?(?:\w+ )?restrictions?\b(?! other)",
        r"\bunrestricted\b(?! access to)",
        r"\b(?:used?|free)\b[^.;]{0,20}\bfor any purpose",
    )),
    ("custom-terms", _form(
        r"\b(?:custom|own|bespoke) (?:\w+ )?licen[sc]e", r"\bcommunity licen[sc]e",
        r"\buse policy\b", r"\blicen[sc]e agreement", r"\bterms of use\b",
    )),
    ("api-only", _form(
        r"\bonly (?:\w+ )?(?:available|accessible|offered|reached)\b[^.;]{0,30}\bapi\b",
    )),
    ("withdrawn", _form(
        r"\bno longer (?:\w+ )?(?:available|offered|distributed|provided)\b",
        r"\b(?:has|have|was|were) (?:been )?(?:withdrawn|discontinued|retired|taken down)\b",
    )),
    ("open-data", _form(
        r"\b(?:data|datasets?|corpus)\b[^.;]{0,30}\b(?:is|are)\b (?:\w+ ){0,2}"
        r"(?:public|open|released|published)",
        r"\b(?:releas\w+|publish\w*|open\w*)\b[^.;]{0,60}\btraining (?:data|corpus)",
    )),
)  # fmt: skip
_OSAID = _form(r"\bopen source ai definition\b", r"\bosaid\b")
_DENIAL = re.compile(_NOT, re.IGNORECASE)
_LICENSED = _form(
    r"\b(?:licen[sc]ed|releas\w+|distribut\w+|available|published|provided|open[- ]?sourced)\b"
    r"[^.;]{0,40}\b(?:under|with)\b[^;]{0,60}",
    r"\blicen[sc]e\s*[:：]",
    r"\bgoverned by\b",
    r"许可证|许可协议",
)
_NAMED = _form(
    r"licen[sc]e|\bapache\b|\bmit\b|\bgpl|\bcc[- ]by|\bcc0\b|\bbsd\b|\brail\b|agreement|terms|许可"
)
_ABOUT = {
    "commercial-use": "use", "non-commercial": "use", "research-only": "use", "unrestricted": "use",
    "custom-terms": "license", "proprietary": "license", "api-only": "availability",
    "withdrawn": "availability", "open-data": "data",
}  # fmt: skip
"""What a claim is about, in words of the vocabulary `subjects`, where it is not openness."""


def claims_in(prose: str) -> tuple[Claim, ...]:
    """The claims of a text in its order, each sentence once per claim."""
    found: dict[Claim, None] = {}
    left = MOST_LOOKED
    for sentence in _telling(prose):
        found |= dict.fromkeys(_claims(sentence))
        left -= len(sentence) + 100
        if len(found) >= MOST or left < 0:
            break
    return tuple(found)[:MOST]


def _telling(prose: str) -> Iterator[str]:
    """The sentences with a word that a claim may hang on."""
    for block in blocks(prose):
        if _HINT.search(block):
            yield from filter(_HINT.search, sentences(block))


def _claims(sentence: str) -> Iterator[Claim]:
    says = plain(sentence)
    words = [*_open(sentence), *_use(sentence)]
    for word in words:
        yield Claim(says, _ABOUT.get(word, "openness"), word)
    if not words and _LICENSED.search(sentence) and _NAMED.search(sentence):
        yield Claim(says, "license", None)


def _open(sentence: str) -> Iterator[str]:
    """Openness, where the sentence is about this model and does not deny it."""
    if _OSAID.search(sentence):
        yield "not-osaid" if _DENIAL.search(sentence) else "osaid-compliant"
        return
    for word, form in _OPEN.items():
        if any(_is_own(sentence, match) for match in form.finditer(sentence)):
            yield word
    if _WEIGHTS.search(sentence) and not _DENIAL.search(sentence):
        yield "open-weights"


def _is_own(sentence: str, match: re.Match[str]) -> bool:
    """Whether the words before say that this model is meant, not others, and do not deny it."""
    before = sentence[: match.start()]
    if _OTHERS.search(before) or re.search(rf"{_NOT}[^,;]{{0,40}}$", before, re.IGNORECASE):
        return False
    return bool(_SELF.search(sentence)) or any("一" <= sign <= "龥" for sign in match.group())


def _use(sentence: str) -> Iterator[str]:
    """What one may do with it; a denied or conditional permission is not a permission."""
    both = _BOTH.search(sentence)
    for word, form in _RULES:
        match = form.search(sentence)
        if match and not (word == "non-commercial" and both) and not _denied(word, sentence, match):
            yield word
    if re.search("recommend", sentence, re.IGNORECASE):
        return  # advice permits nothing and forbids nothing
    if _DENIED.search(sentence):
        if not re.search(r"\bnon-?\s?commercial", sentence, re.IGNORECASE) or both:
            yield "non-commercial"
    elif _ASKED.search(sentence):
        yield "custom-terms"
    elif _ALLOWED.search(sentence):
        yield "commercial-use"


def _denied(word: str, sentence: str, match: re.Match[str]) -> bool:
    """Whether `not` stands shortly before: `not limited to research`."""
    if word in ("unrestricted", "withdrawn"):
        return bool(
            re.search(r"\b(?:not|isn't|aren't)\b\W+(?:\w+\W+){0,2}$", sentence[: match.start()])
        )
    return bool(
        re.search(rf"{_NOT}\W+(?:\w+\W+){{0,3}}$", sentence[: match.start()], re.IGNORECASE)
    )
