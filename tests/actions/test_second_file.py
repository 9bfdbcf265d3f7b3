"""A clause in a second file, or in the card, binds as well as one in the license."""

from pathlib import Path

import pytest

from freehold.actions.folder import FolderReport, check_folder
from freehold.actions.license_text import identify
from tests.actions.test_license_traps import EVERY, permissive_texts
from tests.folders import Files, card, lay, weights
from tests.invented import SHIPPED
from tests.judge.held_out import CLAUSES, LATER
from tests.model_folders.shape import verdict

HARMFUL = {
    "non-commercial", "research-only", "threshold", "display", "output-training", "territory",
    "field-of-use", "no-hosting", "no-redistribution", "no-derivatives", "no-competing",
    "no-production",
}  # fmt: skip
SENTENCES = [c for _, c in EVERY] + [s for s, kind in (*CLAUSES, *LATER) if kind in HARMFUL]
"""Clauses of each kind in several languages, plain, reworded and disguised."""
PLACES = ("policy", "notice", "terms", "second license", "card")


def second(place: str, clause: str) -> Files:
    """The card, and the file with the clause where it is not the card."""
    if place == "card":
        return card("Wren", "A model.", "## Terms", clause, license="mit")
    name, title = {
        "policy": ("USE_POLICY.md", "# Policy of use\n\n"), "notice": ("NOTICE", ""),
        "terms": ("TERMS.md", "# Terms\n\n"), "second license": ("LICENSE-MODEL", "Model\n\n"),
    }[place]  # fmt: skip
    return card("Wren", license="mit") | {name: f"{title}{clause}\n".encode()}


def check(place: Path, files: Files) -> FolderReport:
    """The verdict on weights under our own permissive license with these files beside it."""
    plain = {"LICENSE": permissive_texts()["freehold"].encode()} | weights()
    return check_folder(lay(place, plain | files), base=SHIPPED)


@pytest.mark.parametrize("place", PLACES)
def test_no_clause_in_a_second_file_leaves_the_license_permissive(
    tmp_path: Path, place: str
) -> None:
    missed = []
    for n, clause in enumerate(SENTENCES[PLACES.index(place) % 2 :: 2]):
        report = check(tmp_path / str(n), second(place, clause)).report
        if all(permit.verdict == "yes" for permit in report.permits):
            missed.append(clause)
    assert missed == []


@pytest.mark.slow
@pytest.mark.parametrize("form", [str.upper, str.title, lambda s: s.replace(" ", "\n")])
@pytest.mark.parametrize("place", PLACES)
def test_the_form_of_a_clause_in_a_second_file_does_not_matter(
    tmp_path: Path, place: str, form: type[str]
) -> None:
    for n, clause in enumerate(SENTENCES):
        report = check(tmp_path / str(n), second(place, form(clause))).report
        assert not all(permit.verdict == "yes" for permit in report.permits), clause


HARMLESS = [
    "This model is released under the MIT license.",
    "The weights are available under [MIT](LICENSE).",
    "MIT, see the file LICENSE.",
    "It is MIT licensed, and commercial use is allowed.",
    "You may use it for any purpose, including commercial ones.",
    "The model comes without any warranty.",
    "Please cite our paper: Wren, 2024.",
    "MIT, see https://lab.example/en-us/agreements/no-enterprise-model-license/",
]


@pytest.mark.parametrize("sentence", HARMLESS)
def test_a_card_that_repeats_a_free_license_takes_nothing_away(
    tmp_path: Path, sentence: str
) -> None:
    files = card("Wren", "## License", sentence, license="mit")
    assert verdict(check(tmp_path / "W", files)) == "yes"


@pytest.mark.parametrize(
    "notice",
    [
        "Wren\nCopyright 2024 A Lab\n\nThis product includes software developed at A Lab.\n",
        "Wren, Copyright (c) 2024 A Lab. All rights reserved.\n",
    ],
)
def test_a_notice_of_names_takes_nothing_away(tmp_path: Path, notice: str) -> None:
    files = card("Wren", license="mit") | {"NOTICE": notice.encode()}
    assert verdict(check(tmp_path / "W", files)) == "yes"


def test_advice_outside_the_terms_takes_nothing_away(tmp_path: Path) -> None:
    advice = "The model should not be used for medical purposes, since it was never tested there."
    files = card("Wren", "## Out-of-scope use", advice, license="mit")
    assert verdict(check(tmp_path / "W", files)) == "yes"


def test_the_text_before_a_download_counts(tmp_path: Path) -> None:
    files = card("Wren", license="mit", extra_gated_prompt="I will not use it commercially.")
    assert verdict(check(tmp_path / "a", files)) == "no"
    files = card("Wren", license="mit", extra_gated_prompt="Read how we use personal data.")
    assert verdict(check(tmp_path / "b", files)) == "yes"


@pytest.mark.parametrize("more", ["But only for hobby use.", "Not for sale.", "Nur privat nutzen!"])
def test_a_name_of_a_license_and_more_words_are_no_pointer(tmp_path: Path, more: str) -> None:
    files = card("Wren", license="mit") | {"LICENSE-MODEL": f"MIT\n\n{more}\n".encode()}
    assert verdict(check(tmp_path / "W", files)) != "yes"


def test_an_address_is_a_pointer_whatever_words_it_is_made_of() -> None:
    url = "https://lab.example/en-us/agreements/enterprise/only-research-license/"
    assert identify(f"See {url}\n", base=SHIPPED).relation == "reference"
