# ruff: noqa: E501  (a pattern is easier to read on one line)
"""Finds what a card links or says of the parts of its release: code, data, papers, checkpoints.

A hint is never more than a hint: nobody here has seen what lies behind a link. A link to a blog,
a promise, a denial and the work of others are told apart, and none of them counts for the model.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from freehold.formats.links import Line, Pointer, pointers
from freehold.formats.text import plain

Level = Literal["link", "tag", "prose"]
Standing = Literal["given", "promised", "denied"]
MOST = 60


class Hint(Struct, frozen=True):
    """One sign of a part: how it is said, what it says, its line, and where it leads."""

    component: str
    level: Level
    says: str
    line: int
    url: str | None = None
    standing: Standing = "given"


def _form(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


_CODE = r"(?:source code|code ?base|code|scripts?|repo(?:sitory|sitories)?|recipes?|pipelines?|framework|trainer)"
_TRAIN = r"(?:pre-?)?train(?:ing|ed)?"
_EVAL = r"eval(?:uation|uations|s)?"
_PROCESS = r"(?:pre-?process\w*|processing|curation|curat\w+|filter\w*|clean\w*|prepar\w+|dedup\w*|crawl\w*|toolkit)"
_WORDS = {
    "training-code": _form(rf"\b{_TRAIN}\b[^.:]{{0,30}}\b{_CODE}\b", rf"\b{_CODE}\b[^.]{{0,30}}\b{_TRAIN}\b"),
    "evaluation-code": _form(rf"\b{_EVAL}\b[^.:]{{0,20}}\b(?:{_CODE}|harness|suite)\b", rf"\b{_CODE}\b[^.]{{0,30}}\b{_EVAL}\b"),
    "inference-code": _form(rf"\binference\b[^.:]{{0,20}}\b{_CODE}\b", rf"\b{_CODE}\b[^.]{{0,40}}\binference\b"),
    "data-preprocessing-code": _form(
        rf"\b(?:data|datasets?|corpus)\b[^.:]{{0,20}}\b{_PROCESS}\b[^.]{{0,25}}\b(?:{_CODE}|tool|toolkit)\b",
        rf"\b{_CODE}\b[^.]{{0,30}}\b{_PROCESS}\b[^.]{{0,20}}\b(?:data|datasets?|corpus)\b", r"\bdata toolkit\b",
    ),
}  # fmt: skip
"""Words that say what the code behind a link does."""
_REPORT = _form(r"\b(?:technical|tech|training) report\b")
_PAPER = _form(r"\b(?:paper|preprint|publication|manuscript|arxiv|report)\b")
_CARD = _form(
    r"\b(?:data ?sheet|data card|data statement|training[- ]data summary|summary of (?:the )?training (?:data|content))\b"
)
_DOCS = _form(r"\bdocumentation\b", r"\bapi reference\b")
_TUNING = _form(
    r"\b(?:post-?train\w*|instruct\w*|sft|dpo|rlhf|preference|fine-?tun\w*|alignment)\b"
)
_MEASURED = _form(r"\b(?:eval\w*|benchmark\w*|test ?(?:set|data|split)|leaderboard)\b")
_DATA = _form(r"\b(?:data|datasets?|corpus|corpora|mix|mixture|train\w*|tokens|pile)\b")
_HOSTS = {"github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gitee.com"}
_NO_OWNERS = {
    "orgs",
    "topics",
    "features",
    "about",
    "blog",
    "sponsors",
    "marketplace",
    "collections",
    "readme",
}
_DATA_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([\w.-]+/[\w.-]+)", re.IGNORECASE
)
_ARXIV = re.compile(
    r"https?://(?:www\.)?(?:arxiv\.org/(?:abs|pdf|html)/\d{4}\.\d{4,5}|(?:dx\.)?doi\.org/10\.\d{4,9}/\S)",
    re.IGNORECASE,
)
_REVIEWED = re.compile(
    r"https?://(?:www\.)?(?:aclanthology\.org/\S|proceedings\.[\w-]+\.(?:cc|press|org)/\S|jmlr\.org/papers/\S)",
    re.IGNORECASE,
)

_PROMISED = _form(
    r"\b(?:coming|available|released?|out|public) (?:very )?soon\b", r"^\W*soon\b", r"\bsoon\W*$", r"\bcoming\b",
    r"\bwill\b[^.]{0,40}\b(?:releas|publish|open|shar|upload|provid|made|be out|available|follow|drop)\w*",
    r"\bto be (?:released|published|announced|shared|open)", r"\b(?:plan|intend|aim|hope|going)\w* (?:on|to)\b",
    r"\b(?:tba|tbd|todo|wip|stay tuned|upcoming|work in progress|placeholder|in preparation|under review|once|upon (?:acceptance|publication)|next (?:week|month)|later)\b",
    r"即将|待发布|敬请期待|coming-soon", r"\b(?:demnächst|bientôt|próximamente|em breve)\b",
)  # fmt: skip
_DENIED = _form(
    r"\b(?:not|never|cannot|nor|no|without|neither)\b", r"n't\b", r"\b(?:unavailable|removed|deprecated|private|internal|proprietary|closed|confidential|withheld)\b",
    r"\b(?:on|upon) request\b", r"\bcontact us\b", r"未公开|不公开|不开源", r"\bnicht\b|\bpas\b",
)  # fmt: skip
_OTHERS = _form(
    r"\b(?:based on|built (?:on|with|upon)|builds (?:on|upon)|thanks?|acknowledg\w*|inspired|adapted|forked|borrow\w*|credits?|similar|like|unlike|other|others|previous|earlier|original|their|third[- ]party|compar\w+|see also|alternative\w*|example|your own|own data|you can|to fine-?tune|how to)\b",
)  # fmt: skip
_OTHER_HEADINGS = _form(
    r"\b(?:acknowledg\w*|credits?|thanks|related|references|citation\w*|bibtex|licen[sc]e|base model|quantiz\w*|usage|how to|deploy\w*|install\w*|quick ?start)\b"
)

_CHECKPOINTS = _form(
    r"\b(?:intermediate|all|every|training|\d[\d,]*(?:\+)?|hundreds of|thousands of)\b[^.]{0,30}\bcheckpoints?\b[^.]{0,90}\b(?:releas\w+|available|branch\w*|revisions?|publish\w*|provid\w+|lie|found)\b",
    r"\b(?:releas\w+|publish\w*|provid\w+)\b[^.]{0,40}\b(?:intermediate|all|every)\b[^.]{0,20}\bcheckpoints?\b",
)  # fmt: skip
_HARDWARE = _form(
    r"\btrain\w*\b[^.]{0,160}\b\d[\d,]{0,6}\s*(?:x|×|\*)?\s*(?:nvidia |amd |google |intel )?(?:cloud )?(?:[ahvpb]\d{2,3}|mi\d{3}\w?|tpu\w*|gaudi\w*|gpus?|rtx \d{4})\b",
    r"\b\d[\d,]{0,6}\s*(?:x|×|\*)?\s*(?:nvidia |amd |google |intel )?(?:cloud )?(?:[ahvpb]\d{2,3}|mi\d{3}\w?|tpu\w*|gaudi\w*|gpus?)\b[^.]{0,160}\btrain\w*\b",
    r"\bgpu[- ]hours\b",
)  # fmt: skip
_WITHHELD = _form(
    r"\b(?P<what>training (?:data|code)|data|datasets?|training scripts?)\b[^.]{0,60}\b(?:is|are|was|were|will|can|has|have|remains?)(?: not|n't)(?: be| been)?(?: \w+){0,2} (?:releas\w+|public\w*|shar\w+|disclos\w+|available|open\w*|provid\w+)",
    r"\b(?:do(?:es)? not|don't|cannot|will not|won't|unable to) (?:\w+ ){0,2}(?:release|publish|share|disclose|provide|open-?source) (?:\w+ ){0,3}(?P<kind>training (?:data|code)|data|datasets?|training scripts?)\b",
)  # fmt: skip


def hints_in(lines: Sequence[Line]) -> tuple[Hint, ...]:
    """The hints of a text in its order, each once."""
    found: dict[tuple[str, str | None, str], Hint] = {}
    for hint in (*_linked(lines), *_told(lines)):
        found.setdefault((hint.component, hint.url, hint.standing), hint)
        if len(found) >= MOST:
            break
    return tuple(sorted(found.values(), key=lambda h: h.line))


def dataset_of(url: str) -> str | None:
    """The name of the dataset whose page on the Hub this is."""
    page = _DATA_PAGE.match(url)
    return page.group(1).removesuffix(".git") if page else None


def repository_of(url: str) -> str | None:
    """host/owner/name where the address is that of a repository of code, in lower case."""
    found = re.match(r"https?://(?:www\.)?([\w.-]+)/([\w.-]+)/([\w.-]+)", url.casefold())
    if not found or found[1] not in _HOSTS or found[2] in _NO_OWNERS:
        return None
    return f"{found[1]}/{found[2]}/{found[3].removesuffix('.git')}"


def _linked(lines: Sequence[Line]) -> Iterator[Hint]:
    for link in pointers(lines):
        if _OTHER_HEADINGS.search(link.heading) or _OTHERS.search(link.around):
            continue
        standing: Standing = "given"
        if _PROMISED.search(link.around) or _PROMISED.search(link.heading):
            standing = "promised"
        elif _DENIED.search(link.around):
            continue
        says = plain(link.around or link.heading)[:200]
        for component in _behind(link):
            yield Hint(component, "link", says, link.line, link.url, standing)


def _behind(link: Pointer) -> Iterator[str]:
    """The parts that a link can lead to: the words say which, the address must be able to."""
    said = link.around if re.search(r"[a-z]{3}", link.around, re.IGNORECASE) else link.heading
    if repository_of(link.url):
        yield from (part for part, words in _WORDS.items() if words.search(said))
    elif dataset_of(link.url):
        yield from _data(f"{link.heading} {said}")
    elif _ARXIV.match(link.url) and _PAPER.search(said):
        yield "technical-report" if _REPORT.search(said) else "research-paper"
    elif _REVIEWED.match(link.url) and _PAPER.search(said):
        yield "peer-reviewed-paper"
    elif link.url.casefold().endswith(".pdf") and _REPORT.search(said):
        yield "technical-report"
    if _CARD.search(said):
        yield "data-card"
    if _DOCS.search(said):
        yield "code-documentation"


def _data(said: str) -> Iterator[str]:
    """What a dataset is to the model; none of it where the words do not say."""
    if _MEASURED.search(said):
        yield "evaluation-data"
    elif _TUNING.search(said):
        yield "post-training-datasets"
    elif _DATA.search(said):
        yield "datasets"


def _told(lines: Sequence[Line]) -> Iterator[Hint]:
    """What sentences say by themselves, a line at a time."""
    for line in lines:
        denied = _WITHHELD.search(line.text)
        if denied:
            what = (denied["what"] or denied["kind"] or "").casefold()
            part = "training-code" if re.search("code|script", what) else "datasets"
            yield _hint(part, line, "denied")
        elif _CHECKPOINTS.search(line.text) and not _OTHERS.search(line.text):
            promised = _PROMISED.search(line.text)
            if promised or not _DENIED.search(line.text):
                yield _hint("intermediate-parameters", line, "promised" if promised else "given")
        if _HARDWARE.search(line.text) and not _OTHERS.search(line.text):
            yield _hint("hardware-documentation", line, "given")


def _hint(component: str, line: Line, standing: Standing) -> Hint:
    return Hint(
        component, "prose", plain(" ".join(line.text.split()))[:200], line.number, None, standing
    )
