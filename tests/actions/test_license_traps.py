"""No text with restrictions is ever reported as a permissive license.

The permissive texts are real files: our own license and those of the packages of this
environment. Into each a clause is put: in many wordings, at many places, in many forms.
"""

import re
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.actions.license_text import Identification, identify
from freehold.knowledge.license_text import numbering_prints, title_prints, word_print
from tests.invented import SHIPPED

ROOT = Path(__file__).parent.parent.parent
WANTED = ("click", "platformdirs", "rtoml", "pytest", "sortedcontainers", "iniconfig", "psutil")
CLAUSES = {
    "non-commercial": [
        "The Software may be used for non-commercial purposes only.",
        "You may not use this work commercially.",
        "Commercial use requires a separate license from the authors.",
        "Provided, however, that no fee is earned with it.",
        "for personal and hobby use",
    ],
    "threshold": [
        "If your annual revenue exceeds 1,000,000 US dollars, this license does not apply to you.",
        "Licensees with more than 700 million monthly active users must request a license.",
        "Organizations of over 50 people are excluded.",
    ],
    "display": [
        'You must prominently display "Built with Example" on your website.',
        "Every product shows the name of the authors on its first screen.",
    ],
    "field of use": [
        "The Software shall not be used for military purposes.",
        "Use in medical devices is prohibited.",
        "The Software shall be used for Good, not Evil.",
        "Only for use with hardware of the licensor.",
    ],
    "territory": [
        "This license does not extend to persons or companies in the European Union.",
        "Not valid outside of Japan.",
    ],
    "outputs": [
        "Outputs may not be used to train other models.",
        "You will not use results to improve any large language model.",
    ],
    "other languages": [
        "Nur für nichtkommerzielle Zwecke.",
        "Die gewerbliche Nutzung ist untersagt.",
        "Usage commercial interdit.",
        "Réservé à la recherche.",
        "Solo para fines no comerciales.",
        "Prohibido el uso comercial.",
        "仅供非商业用途使用。",
        "商用利用は禁止します。",
        "Только для некоммерческого использования.",
        "للاستخدام غير التجاري فقط",
    ],
    "disguised": [
        "Copyright (c) 2024 Example Inc. Non-commercial use only.",
        "Copyright 2024 by Example, not for sale",
        "<!-- research use only -->",
        "<Non-commercial use only>",
        '<a href="x" title="for research purposes only please">terms</a>',
        "[commercial use prohibited]",
        "(c) no resale",
        "n o n - c o m m e r c i a l",
        "non\u00adcommercial only",
        "© 2024 仅供非商业用途使用",
    ],
}  # fmt: skip
EVERY = [(kind, clause) for kind, clauses in CLAUSES.items() for clause in clauses]


@cache
def permissive_texts() -> dict[str, str]:
    """Real permissive license files of this environment, by package."""
    found = {"freehold": (ROOT / "LICENSE").read_text()}
    for package in distributions():
        if package.metadata["Name"] in WANTED:
            for file in package.files or []:
                if re.search(r"licen[cs]e", file.name, re.IGNORECASE):
                    found[package.metadata["Name"]] = Path(str(file.locate())).read_text()
    return {name: text for name, text in found.items() if recognized(text).permissive}


def recognized(text: str) -> Identification:
    """What a text is recognized as."""
    return identify(text, base=SHIPPED)


def insert(text: str, clause: str, place: str) -> str:
    """The text with a clause at the start, in the middle, at the end, or inside a sentence."""
    half = text.index("\n", len(text) // 2)
    return {
        "start": f"{clause}\n\n{text}",
        "middle": f"{text[:half]}\n\n{clause}\n\n{text[half:]}",
        "end": f"{text.rstrip()}\n\n{clause}\n",
        "inside": re.sub(r"\b(or|and)\b", rf"\1 {clause} \1", text, count=1),
    }[place]


def test_there_are_real_permissive_texts_to_trap() -> None:
    assert len(permissive_texts()) >= 5
    assert {recognized(text).relation for text in permissive_texts().values()} == {"exact"}


@pytest.mark.parametrize("place", ["start", "middle", "end", "inside"])
@pytest.mark.parametrize(("kind", "clause"), EVERY)
def test_an_inserted_clause_is_never_taken_for_part_of_a_permissive_license(
    kind: str, clause: str, place: str
) -> None:
    for name, text in permissive_texts().items():
        for form in (str, str.upper):
            found = recognized(insert(text, form(clause), place))
            assert not found.permissive, (kind, name)
            assert found.relation != "exact", (kind, name)


@pytest.mark.parametrize("name", sorted(permissive_texts()))
def test_the_added_words_are_shown(name: str) -> None:
    found = recognized(insert(permissive_texts()[name], "Not for use in submarines.", "middle"))
    assert any("submarines" in (d.text or "") for d in found.differences)


def test_a_second_license_in_the_same_file_counts() -> None:
    texts = permissive_texts()
    both = recognized(texts["freehold"] + "\n\n" + texts["rtoml"])
    assert both.relation == "several"
    assert set(both.ids) == {"Apache-2.0", "MIT"}
    assert both.permissive
    mixed = recognized(texts["rtoml"] + "\n\nAll of the above holds for schools alone.\n")
    assert not mixed.permissive


def test_no_word_that_binds_looks_like_the_number_of_a_clause_or_part_of_a_title() -> None:
    prints = {word_print(word) for word in BINDING.split()}
    assert not prints & numbering_prints()
    assert not prints & title_prints()


@pytest.mark.parametrize("name", sorted(permissive_texts()))
def test_form_does_not_matter(name: str) -> None:
    text = permissive_texts()[name]
    forms = [
        text.upper(),
        "\r\n".join(text.splitlines()),
        "\n".join(f" * {line}" for line in text.splitlines()),
        "\n".join(f"> {line}" for line in text.splitlines()),
        "".join(f"<p>{part}</p>\n" for part in text.split("\n\n")),
        "\ufeff" + text,
        "Copyright (c) 2019-2026 Jane Doe <jane@example.org>\n\n" + text,
    ]
    assert [recognized(form).relation for form in forms] == ["exact"] * len(forms)


@pytest.mark.parametrize("name", sorted(permissive_texts()))
def test_the_beginning_of_a_license_is_not_the_license(name: str) -> None:
    found = recognized(permissive_texts()[name][:500])
    assert not found.permissive
    assert found.relation != "exact"


@pytest.mark.parametrize("name", sorted(permissive_texts()))
def test_a_removed_sentence_is_noticed(name: str) -> None:
    words = permissive_texts()[name].split()
    shorter = " ".join(words[: len(words) // 2] + words[len(words) // 2 + 12 :])
    assert not recognized(shorter).permissive


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_added_sentence_whatever_is_explained_away(data: st.DataObject) -> None:
    more = data.draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=12))
    words = [data.draw(st.sampled_from(["only", "not", "must", "pay", "exceeds", "agree"])), *more]
    name = data.draw(st.sampled_from(sorted(permissive_texts())))
    lines = permissive_texts()[name].splitlines()
    at = data.draw(st.integers(0, len(lines)))
    text = "\n".join([*lines[:at], " ".join(words).capitalize() + ".", *lines[at:]])
    assert not recognized(text).permissive


BINDING = (
    "not no non none never nor only solely except unless without must shall may cannot commercial "
    "noncommercial research academic personal private internal evaluation military prohibited "
    "forbidden restricted denied excluded revoked terminated pay fee royalty revenue users display "
    "train outputs territory europe china russia japan germany"
)
WORDS = [
    *("you", "may", "not", "use", "this", "for", "commercial", "purposes", "unless", "pay", "fee"),
    *(
        "author",
        "must",
        "agree",
        "in",
        "writing",
        "display",
        "every",
        "notice",
        "within",
        "schools",
    ),
    *("hospitals", "armies", "only", "when", "revenue", "exceeds", "seven", "million", "users"),
]


@given(st.text(max_size=2000))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered(text: str) -> None:
    found = recognized(text)
    assert found.relation in ("exact", "changed", "several", "reference", "unknown")
    assert found.permissive is False or found.relation in ("exact", "several")
