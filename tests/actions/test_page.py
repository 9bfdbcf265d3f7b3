"""The page of `check --html`: complete, well formed, inert, the same every time."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from importlib.metadata import version
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

import freehold
from freehold.actions.check import Compared, Report, report_on
from freehold.actions.page import page
from freehold.actions.page_parts import TONES, Markup, badge, el, join, link, linked
from freehold.actions.page_style import STYLE
from freehold.judge.answers import Finding
from freehold.judge.licensing import Situation
from freehold.knowledge.types import Duty, Source
from tests.actions.test_bom import CASES
from tests.cli.running import freehold as run
from tests.invented import SHIPPED, TODAY, Book, a_family, a_license, a_member, made_from, said

Capsys = pytest.CaptureFixture[str]
VOID = {"meta"}
ELEMENTS = set(
    re.findall(
        r"\w+",
        "html head meta title style body div header main footer nav section h1 h2 h3 p ul li dl dt "
        "dd a span strong code q table caption thead tbody tr th td",
    )
)
ONLY_PHRASES = {"p", "h1", "h2", "h3", "q", "code", "span", "strong", "a", "caption", "dt"}
PHRASES = {"a", "span", "strong", "code", "q"}
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "rel", "scope",
    "role", "aria-label", "aria-labelledby",
}  # fmt: skip


class Remark(Struct, frozen=True):
    """A finding as `check PATH` makes them."""

    kind: str
    severity: str
    text: str
    evidence: str


class Read(HTMLParser):
    """A page as a browser takes it: its elements in order, its texts, its quotations."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.quoted: list[str] = []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        if self.open and self.open[-1] in ONLY_PHRASES:
            assert tag in PHRASES, f"<{tag}> in <{self.open[-1]}>"
        self.seen.append((tag, dict(attrs)))
        self.open += [tag] * (tag not in VOID)
        self.quoted += [""] * (tag == "q")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.texts.append(data)
        if "q" in self.open:
            self.quoted[-1] += data

    def all(self, *tags: str) -> Iterator[tuple[str, dict[str, str | None]]]:
        """The elements of these names, in order."""
        return ((tag, named) for tag, named in self.seen if tag in tags)

    @property
    def text(self) -> str:
        """Everything that can be read, without the marks that quotations are given."""
        return plain("".join(self.texts))


def plain(text: str) -> str:
    """A text to compare: addresses are shown without their beginning, quotes by the browser."""
    text = re.sub(r"https://([^\s()“”]*?)/?(?=[\s()“”.,;:]|$)", r"\1", text)
    return re.sub(r"[\s“”/]+", "", text)


@cache
def report(name: str) -> Report:
    """What `check` says of a model that ships."""
    return freehold.check(name, base=SHIPPED)


@cache
def of(name: str) -> Read:
    """The page of a model that ships."""
    return Read(page(report(name)))


def criteria(found: Report) -> Iterator[Finding]:
    """Every criterion of the three definitions that have some."""
    o = found.openness
    yield from (*o.osaid.criteria, *o.mof.criteria, *o.osai.dimensions)


def assert_inert(document: str) -> Read:
    """Nothing is loaded, nothing runs, and links are https or lead to this page."""
    read = Read(document)
    for tag, named in read.seen:
        assert tag in ELEMENTS
        assert named.keys() <= ATTRIBUTES
        assert "href" not in named or tag == "a"
        address = named.get("href") or "#none"
        assert re.fullmatch(r"#[a-z]+|https://\S+", address), address
    assert sum(tag == "style" for tag, _ in read.seen) == 1
    return read


def test_the_cases_are_of_all_kinds() -> None:
    assert len({report(name).family.id for name in CASES}) >= 40
    kinds = {report(name).family.kind for name in CASES}
    assert kinds == {"model", "service", "toolkit", "method"}


@pytest.mark.parametrize("name", CASES)
def test_every_permit_obligation_criterion_and_statement_is_there(name: str) -> None:
    found, text = report(name), of(name).text
    said_there = [found.family.name, found.family.maker, found.level, found.openness.because]
    said_there += [part for p in found.permits for part in (p.verdict, p.because)]
    said_there += [row.do for row in found.obligations]
    said_there += [part for s in found.statements for part in (s.by, s.says, s.standing, s.seen)]
    said_there += [s.because for s in found.statements if s.standing != "holds"]
    said_there += [part for c in found.compared for part in (c.name, c.level, *c.prices)]
    said_there += [b.because for b in found.terms.bindings]
    said_there += [s.title or s.by for s in found.family.sources.values()]
    if found.family.kind in ("model", "method"):
        said_there += [part for f in criteria(found) for part in (f.name, f.because)]
    assert [part for part in said_there if plain(part) not in text] == []


@pytest.mark.parametrize("name", CASES)
def test_exact_texts_are_quoted_word_for_word(name: str) -> None:
    wanted = {row.text for row in report(name).obligations if row.text}
    assert wanted <= set(of(name).quoted)


@pytest.mark.parametrize("name", CASES)
def test_it_loads_and_runs_nothing(name: str) -> None:
    assert_inert(page(report(name)))
    assert not re.search(r"url\(|@import|@font-face|image-set|expression", STYLE)


@pytest.mark.parametrize("name", CASES)
def test_it_can_be_read_without_eyes(name: str) -> None:
    read = of(name)
    assert read.seen[0] == ("html", {"lang": "en"})
    depths = [int(tag[1]) for tag, _ in read.all("h1", "h2", "h3")]
    assert depths.count(1) == 1
    assert depths[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(depths))
    assert {named.get("scope") for _, named in read.all("th")} == {"col", "row"}
    tags = [tag for tag, _ in read.seen]
    assert tags.count("caption") == tags.count("table") == tags.count("thead")


@pytest.mark.parametrize("name", CASES)
def test_the_contents_lead_to_every_section_and_no_id_is_there_twice(name: str) -> None:
    named = [attributes for _, attributes in of(name).seen]
    ids = [attributes["id"] for attributes in named if "id" in attributes]
    assert len(ids) == len(set(ids))
    sections = [attributes["id"] for _, attributes in of(name).all("section")]
    hrefs = [attributes["href"] or "" for attributes in named if "href" in attributes]
    assert [href[1:] for href in hrefs if href.startswith("#")] == sections
    assert {a["aria-labelledby"] for a in named if "aria-labelledby" in a} <= set(ids)


def test_every_family_that_ships_has_a_page() -> None:
    for family in SHIPPED.families():
        assert page(report(family.id)).endswith("</footer></div></body>\n</html>\n")


def test_the_same_report_gives_the_same_page() -> None:
    assert page(freehold.check("llama-3.2")) == page(freehold.check("llama-3.2"))


def test_open_washing_is_marked_in_words() -> None:
    washed = [name for name in CASES if report(name).open_washing]
    assert washed
    for name in CASES:
        count = of(name).texts.count("open-washing")
        assert count == len(report(name).open_washing)


def test_the_license_of_a_base_stands_beside_the_label() -> None:
    head = page(report("deepseek-r1-distill-llama-70b")).split("<main>")[0]
    assert "MIT License" in head
    assert "binds too: <strong>Llama 3.3 Community</strong>" in head


def test_links_lead_to_the_sources_of_criteria() -> None:
    found = report("olmo-2")
    hrefs = {named.get("href") for _, named in of("olmo-2").all("a")}
    wanted = {f.source for f in criteria(found) if f.source and f.source.startswith("https://")}
    assert wanted
    assert wanted <= hrefs


def test_the_end_says_what_it_is() -> None:
    end = page(report("olmo-2")).split("<footer>")[1]
    assert f"freehold {version('freehold')}" in end
    assert "no legal advice" in end


def test_findings_come_first_with_their_severity_in_words() -> None:
    remarks = [
        Remark("tag-against-text", "problem", "Tag and text differ.", "LICENSE; README.md"),
        Remark("gated", "note", "One must be let in.", ""),
    ]
    document = page(report("olmo-2"), findings=remarks)
    read = Read(document)
    ids = [named["id"] for _, named in read.all("section")]
    assert ids[0] == "findings"
    for part in ("problem", "tag against text", "Tag and text differ.", "LICENSE; README.md"):
        assert part in read.texts
    assert "findings" not in [named.get("id") for _, named in of("olmo-2").all("section")]


hostile = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</style><script>alert(1)</script>",
            "\"><img src=x onerror='alert(1)'>",
            "' onmouseover='alert(1)",
            "javascript:alert(1)",
            "https://x.example/\"onclick='alert(1)'",
            "see https://x.example/<script>alert(1)</script>",
            "http://x.example/a.css",
            "data:text/html,<b>",
            "-->]]>&lt;script&gt;&#x3c;",
            "\u202eevil\u0000\ud800",
        ]
    ),
)


def a_report(word: str, url: str) -> Report:
    """A report in which every text that others write is this one."""
    source = Source(by=word, rank="publisher", checked=TODAY, title=word, url=url)
    duties = (Duty(kind="display", when="product", clause=word, string=word, where=word),)
    free = a_license("Free-1.0", name=word, short=word, duties=duties)
    family = a_family(
        "thing", name=word, maker=word, summary=word, homepage=url,
        sources=dict.fromkeys(("card", "press"), source), members=(a_member(word, hub=word),),
        lineage=made_from(word), statements=(replace(said("openness", claim="open-source"),
        says=word, note=word),),
    )  # fmt: skip
    book = Book(replace(free, text=replace(free.text, url=url)), family)
    made = report_on(book, SHIPPED, family, family.members[0], Situation())
    return replace(made, compared=(Compared(word, word, word, "unknown", (word,)),))


@settings(max_examples=50)
@given(hostile, hostile)
def test_hostile_texts_and_addresses_are_inert(word: str, url: str) -> None:
    remark = Remark(word, word, word, url)
    document = page(a_report(word, url), findings=[remark])
    assert_inert(document)
    assert document.encode("utf-8")


@given(hostile)
def test_a_text_comes_out_as_it_went_in(word: str) -> None:
    shown = "".join(Read(el("p", word, class_=word)).texts)
    kept = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|\ufffd", "", word)
    assert set(kept) - set(shown) <= set(
        "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        "\ufffe\uffff"
    )
    if word.isalnum():
        assert shown == word


def test_only_https_becomes_a_link() -> None:
    assert link("https://x.example/a") == (
        '<a href="https://x.example/a" rel="noopener noreferrer">x.example/a</a>'
    )
    for address in ("javascript:alert(1)", "http://x.example", "//x.example", "https://a b", "#x"):
        assert "<a" not in link(address)
    assert linked("see https://x.example/a, or not").count("<a ") == 1
    assert "/a</a>, or" in linked("see https://x.example/a, or not")


def test_markup_is_not_escaped_twice_and_text_always_once() -> None:
    assert join("a < b ", Markup("<b>c</b>")) == "a &lt; b <b>c</b>"
    assert badge("yes") == '<span class="badge good">yes</span>'
    assert badge("<") == '<span class="badge gray">&lt;</span>'


def brightness(color: str) -> float:
    """The relative luminance of #rrggbb, as WCAG 2 defines it."""
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_colors_can_be_told_apart_by_everybody(scheme: int) -> None:
    color = dict(re.findall(r"--([\w-]+): (#\w{6})", STYLE.split(":root {")[1 + scheme]))
    pairs = [(tone, f"{tone}-back") for tone in ("good", "fair", "care", "bad", "gray")]
    pairs += [("ink", "paper"), ("soft", "paper"), ("link", "paper")]
    for front, back in pairs:
        low, high = sorted((brightness(color[front]), brightness(color[back])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)
    assert set(TONES.values()) <= {front for front, _ in pairs}


@pytest.mark.parametrize("others", [["--json"], ["--notice"], ["--bom", "spdx"]])
def test_the_page_and_another_form_at_once_end_with_two(capsys: Capsys, others: list[str]) -> None:
    done = run(capsys, "check", "olmo-2", "--html", *others)
    assert done.code == 2
    assert "contradict each other" in done.err
    assert done.out == ""


def test_the_command_prints_the_page(capsys: Capsys) -> None:
    done = run(capsys, "check", "olmo-2", "--html")
    assert done.code == 0
    assert done.out == page(freehold.check("olmo-2"))
