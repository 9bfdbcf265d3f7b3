# ruff: noqa: E501  (one sentence a line)
"""Clauses are read from any wording, each with the sentence it stands in, and free texts yield none."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freehold.judge.clauses import Clause, clauses
from tests.judge.held_out import CLAUSES, LATER
from tests.judge.held_out import HARMLESS as UNUSUAL_AND_HARMLESS

RESTRICTIVE_FREE = {"patent-grant", "patent-retaliation", "notice"}


def kinds(text: str) -> set[str]:
    """The kinds of clauses that are read from a text."""
    return {clause.kind for clause in clauses(text)}


def values(text: str, kind: str) -> list[str]:
    """The values of all clauses of one kind."""
    return [clause.value for clause in clauses(text) if clause.kind == kind]


THRESHOLDS = [
    ("If you have more than 700 million monthly active users, ask us.", "700000000 monthly-active-users"),
    ("If you have more than 700,000,000 MAU, ask us first.", "700000000 monthly-active-users"),
    ("If you exceed 700M monthly active users, ask us first.", "700000000 monthly-active-users"),
    ("Firms with over seven hundred million monthly users need our consent.", "700000000 monthly-active-users"),
    ("IF YOUR SERVICE HAS MORE THAN 10 MILLION MONTHLY ACTIVE USERS, ASK US.", "10000000 monthly-active-users"),
    ("Organizations earning above US$1,000,000 per year must buy a license.", "1000000 annual-revenue"),
    ("A company whose Annual Revenue exceeds $5 million shall contact us.", "5000000 annual-revenue"),
    ("Products with more than 20 million US dollars in monthly revenue show our name.", "20000000 monthly-revenue"),
    ("Companies above $30M ARR need a paid plan.", "30000000 annual-revenue"),
    ("Annual turnover of more than RMB 1 billion needs a separate license.", "1000000000 CNY annual-revenue"),
    ("Unternehmen mit mehr als 2 Millionen Euro Jahresumsatz brauchen eine Lizenz.", "2000000 EUR annual-revenue"),
    ("It is free for teams with fewer than 50 employees.", "50 employees"),
    ("Startups that raised more than $10 million in funding must pay.", "10000000 total-finance"),
    ("月活跃用户超过1亿的产品须另行申请许可。", "100000000 monthly-active-users"),
]  # fmt: skip

NON_COMMERCIAL = [
    "You may not use the Model for any commercial purpose.",
    "The weights are licensed for non-commercial use only.",
    "THE MATERIALS ARE PROVIDED SOLELY FOR NONCOMMERCIAL PURPOSES.",
    "Not for commercial use.",
    "Commercial use is strictly prohibited.",
    "Commercial use requires a separate license from the authors.",
    "No commercial use is granted.",
    "You shall not exploit the checkpoint\ncommercially in any way.",
    "You may use it for any purpose other than commercial purposes.",
    "For personal use only.",
    "You are permitted to use the weights for **non-commercial** purposes.",
    "Example Labs Non-Commercial License",
    "Die kommerzielle Nutzung ist untersagt.",
    "Nur für nicht-kommerzielle Zwecke.",
    "Das Modell darf nicht gewerblich verwendet werden.",
    "L'utilisation commerciale du modèle est interdite.",
    "Usage non commercial.",
    "Le modèle ne peut pas être utilisé à des fins commerciales.",
    "Solo para uso no comercial.",
    "Queda prohibido el uso comercial.",
    "本模型仅供非商业用途。",
    "禁止商用。",
    "不得将本模型用于任何商业目的。",
    "商用利用は禁止です。",
]

RESEARCH_ONLY = [
    "The model may be used solely for research.",
    "For academic research purposes only.",
    "This release is intended for research use only.",
    "YOU MAY USE THE WEIGHTS EXCLUSIVELY FOR SCIENTIFIC RESEARCH.",
    "Access is limited to research purposes.",
    "You may not use it for any purpose other than academic study.",
    "Example Research License",
    "Nur für Forschungszwecke.",
    "Die Nutzung ist ausschließlich zu wissenschaftlichen Zwecken gestattet.",
    "Réservé exclusivement à la recherche.",
    "Exclusivamente para fines de investigación.",
    "仅供学术研究使用。",
    "研究目的のみ。",
]

OTHERS = [
    ("You may not use the outputs to train any other language model.", "output-training"),
    ("Outputs of the model must not be used to improve other AI models.", "output-training"),
    ("The content may not be used to train machine learning models.", "output-training"),
    ("You agree not to distill the model or its outputs into another system.", "output-training"),
    ("If you use the outputs to train a model, you must name the source.", "output-training"),
    ("We claim no ownership of the outputs you generate.", "output-ownership"),
    ("You own the outputs that you generate.", "output-ownership"),
    ("All output remains the exclusive property of the Licensor.", "output-ownership"),
    ("A derivative includes a model trained on synthetic data made with the outputs.", "derivative-by-output"),
    ("Your use must follow our Acceptable Use Policy.", "use-policy"),
    ("You agree not to use the Model for the following purposes.", "use-policy"),
    ("The Acceptable Use Policy may be updated from time to time.", "moving-policy"),
    ("The latest version of the use policy applies.", "moving-policy"),
    ("You may not use the model in production.", "no-production"),
    ("Only non-production use is allowed.", "no-production"),
    ("You may not offer the model as a hosted service to others.", "no-hosting"),
    ("You shall not provide access to the weights through an API.", "no-hosting"),
    ("You may not redistribute the model to anyone.", "no-redistribution"),
    ("Redistribution is prohibited.", "no-redistribution"),
    ("You may not create derivative works of the weights.", "no-derivatives"),
    ("You may not modify the model.", "no-derivatives"),
    ("You may not use it to compete with our products.", "no-competing"),
    ("You must register with us before any commercial deployment.", "registration"),
    ("You are required to complete the application form first.", "registration"),
    ("We may terminate this license at any time for any reason.", "revocation"),
    ("We grant you a limited, revocable license.", "revocation"),
    ("Each author grants you a worldwide patent license to make and use the work.", "patent-grant"),
    ("If you file a lawsuit claiming that the model infringes a patent, your license terminates.", "patent-retaliation"),
    ("We reserve the right to restrict the use of the model remotely or otherwise: it may be remotely disabled.", "remote-restriction"),
    ("You must include these use restrictions as an enforceable provision in any agreement.", "pass-on"),
    ("You may use the weights only on Acme hardware.", "field-of-use"),
    ("The license is granted solely for medical purposes in the healthcare field: solely for healthcare.", "field-of-use"),
]  # fmt: skip

STRINGS = [
    ("You must prominently display “Built with Foo” on your website.", "display", "Built with Foo"),
    ('Products shall show the text "Runs on Foo" in the user interface.', "display", "Runs on Foo"),
    ("You must prominently display 'Made by Foo' to users.", "display", "Made by Foo"),
    ("You must display Powered by Foo Two on the about page.", "display", "Powered by Foo Two"),
    ("You must include “Foo” at the beginning of the name of any derived model.", "name-prefix", "Foo"),
    ("The name of every fine-tune must begin with “Foo”.", "name-prefix", "Foo"),
    ("You must include Foo at the beginning of the name.", "name-prefix", "Foo"),
    ("If you use outputs to train a model, you must put “Foo” at the start of its name.", "output-naming", "Foo"),
    (
        "You must keep this notice within a “Notice” file: “Foo is licensed under the Foo Terms. All rights kept.”",
        "notice",
        "Foo is licensed under the Foo Terms. All rights kept.",
    ),
]  # fmt: skip

TERRITORIES = [
    ("The model shall not be used in the European Union.", "EU"),
    ("This agreement does not apply in the European Union, United Kingdom and South Korea.", "EU GB KR"),
    ("The territory is the whole world, excluding the European Union.", "EU"),
    ("Rights are not granted to persons who live in the EU, and you may not use it there.", "EU"),
    ("Use in Japan is prohibited.", "JP"),
]  # fmt: skip

HARMLESS = [
    "Permission is granted to anyone to use this for any purpose, commercial or non-commercial.",
    "You may use, copy, sell and change it, including for commercial applications.",
    "Both commercial and non-commercial use is welcome.",
    "You may use the model for research and commercial purposes.",
    "Use it for anything, including but not limited to research.",
    "In no event shall the authors be liable for damages above $100.",
    "This notice must stay in all copies.",
    "The names of the authors may not be used to endorse products without permission.",
    "You may not impose further terms on the recipients of a copy.",
    "Our 7B model was trained on 20 million documents.",
    "The service has more than 5 million stars.",
    "We were founded in the European Union and are proud of it.",
    "This agreement is governed by the laws of Japan.",
    "You must give credit and link to the license.",
    "The work comes without warranty, whether used commercially or not.",
    "We have 120 employees and love open source.",
    "You may charge a fee for copies.",
    "Modified files must carry a mark that you changed them.",
    "You may distribute copies if you also provide the source.",
    "",
    "   \n\n\t",
]


@pytest.mark.parametrize(("text", "value"), THRESHOLDS)
def test_sizes_of_a_business_are_read_in_every_notation(text: str, value: str) -> None:
    assert value in values(text, "threshold")


@pytest.mark.parametrize("text", NON_COMMERCIAL)
def test_non_commercial_is_read_in_many_words_and_languages(text: str) -> None:
    assert "non-commercial" in kinds(text)


@pytest.mark.parametrize("text", RESEARCH_ONLY)
def test_research_only_is_read_in_many_words_and_languages(text: str) -> None:
    assert "research-only" in kinds(text)


@pytest.mark.parametrize(("text", "kind"), OTHERS)
def test_every_kind_of_clause_is_read(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(("text", "kind", "value"), STRINGS)
def test_required_texts_are_read_exactly(text: str, kind: str, value: str) -> None:
    assert value in values(text, kind)


@pytest.mark.parametrize(("text", "codes"), TERRITORIES)
def test_places_without_rights_are_read_as_codes(text: str, codes: str) -> None:
    assert codes in values(text, "territory")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_sentences_raise_no_alarm(text: str) -> None:
    assert kinds(text) <= RESTRICTIVE_FREE


def test_a_threshold_says_what_it_counts_over_which_time_and_when() -> None:
    text = (
        "If on the release date of the model you had more than 3 million users in a month, ask us."
    )
    (found,) = clauses(text)
    assert (found.metric, found.number) == ("monthly-active-users", 3_000_000)
    assert (found.period, found.at) == ("month", "release-date")


def test_two_thresholds_of_one_sentence_are_both_read() -> None:
    text = "More than 9 million monthly active users, or more than US$4 million in annual revenue."
    assert values(text, "threshold") == ["9000000 monthly-active-users", "4000000 annual-revenue"]


@pytest.mark.parametrize(
    "shape", ["{}", "- {}", "* **{}**", "> {}", "3.1 {}", "<p>{}</p>", "(a) {}"]
)
def test_the_form_of_the_text_does_not_matter(shape: str) -> None:
    said = shape.format("You may not use the model for commercial purposes")
    assert "non-commercial" in kinds(f"Terms\n\n{said}\n\nThat is all.")


@pytest.mark.parametrize("width", [12, 25, 60])
def test_line_wrapping_does_not_matter(width: int) -> None:
    words = [
        "You",
        "may",
        "not",
        "use",
        "the",
        "outputs",
        "of",
        "this",
        "model",
        "to",
        "train",
        "any",
        "other",
        "language",
        "model.",
    ]
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    assert "output-training" in kinds("\n    ".join([*lines, line]))


def test_a_bullet_is_read_after_the_line_that_opens_its_list() -> None:
    text = "You may not:\n\n- sell hats\n- use the model for commercial purposes\n"
    (found,) = clauses(text)
    assert found.kind == "non-commercial"
    assert found.sentence == "- use the model for commercial purposes"


def test_the_sentence_begins_where_it_says() -> None:
    text = "Be kind, e.g. Smile. \n You may not use it in production. Thanks."
    (found,) = clauses(text)
    assert found.sentence == "You may not use it in production."
    assert text[found.start :].startswith("You may not")


def test_the_link_of_a_policy_is_its_value() -> None:
    text = "You must follow the Acceptable Use Policy at https://example.org/use-policy."
    assert values(text, "use-policy") == ["https://example.org/use-policy"]


def test_a_long_text_is_read_to_its_end() -> None:
    text = " ".join([*HARMLESS, *NON_COMMERCIAL, *(text for text, _ in OTHERS)]) * 20
    last = "Only entities with fewer than 123 employees may use it."
    assert last in {clause.sentence for clause in clauses(f"{text} {last}")}


@given(st.text(max_size=400))
@example("You may not use it commercially " * 40)
@example("“a “b” İ may not be used for commercial use\u0130")
@example('must display "' + "x" * 900)
def test_any_text_gives_clauses_whose_sentences_stand_in_it(text: str) -> None:
    _sentences_stand_in(text, clauses(text))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*NON_COMMERCIAL, *RESEARCH_ONLY, *(s[0] for s in STRINGS), "\n\n", "\n- "]
            ),
            st.text(max_size=20),
        ),
        max_size=8,
    )
)
def test_clauses_among_noise_keep_their_sentences(parts: list[str]) -> None:
    text = " ".join(parts)
    _sentences_stand_in(text, clauses(text))


def _sentences_stand_in(text: str, found: tuple[Clause, ...]) -> None:
    flat = " ".join(text.split())
    for clause in found:
        assert clause.sentence in flat
        assert len(clause.sentence) <= 600
        assert 0 <= clause.start < len(text)


def test_clauses_in_unusual_words_are_mostly_read() -> None:
    rows = (*CLAUSES, *LATER)
    missed = [text for text, kind in rows if kind not in kinds(text)]
    assert len(missed) <= 0.08 * len(rows), missed


@pytest.mark.parametrize("text", UNUSUAL_AND_HARMLESS)
def test_no_harmless_sentence_in_unusual_words_raises_an_alarm(text: str) -> None:
    assert not kinds(text) - RESTRICTIVE_FREE
