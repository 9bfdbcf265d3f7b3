"""Agreement to terms: asked once per text, given by somebody, written down, never implied."""

from hashlib import sha256
from pathlib import Path

import pytest

from freehold.actions.acceptance import Terms, accepted, require, terms_of
from freehold.core.errors import NotAllowed, UsageError
from freehold.knowledge.base import KnowledgeBase
from freehold.store.ledger import Ledger

TEXT = (
    "Terms of the Small Lab.\nYou may use the model for non-commercial research only.\n"
    "You may not use the model to train another model.\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "small"
    root.mkdir()
    (root / "README.md").write_text("---\nlicense: other\n---\n# Small\n")
    (root / "LICENSE").write_text(TEXT)
    return root


def rows() -> int:
    return len(accepted())


def test_terms_nobody_agreed_to_stop_and_name_the_next_command(
    folder: Path, shipped: KnowledgeBase
) -> None:
    terms = terms_of(folder, base=shipped)
    with pytest.raises(NotAllowed, match="must be accepted first") as stopped:
        require(terms)
    digest = sha256(TEXT.encode()).hexdigest()
    assert stopped.value.hint
    assert f"freehold accept {folder} --digest {digest}" in stopped.value.hint
    assert rows() == 0


def test_the_text_that_lies_there_is_what_is_shown(folder: Path, shipped: KnowledgeBase) -> None:
    (one,) = terms_of(folder, base=shipped)
    assert one.text == TEXT
    assert one.agreement.path == "LICENSE"


def test_a_digest_accepts_once_and_for_all_models_under_that_text(
    folder: Path, shipped: KnowledgeBase, tmp_path: Path
) -> None:
    digest = sha256(TEXT.encode()).hexdigest()
    require(terms_of(folder, base=shipped), given=[f"sha256:{digest.upper()}"])
    require(terms_of(folder, base=shipped))
    assert rows() == 1
    row = accepted()[digest]
    assert (row.facts["by"], row.facts["file"]) == ("digest", "LICENSE")
    assert row.facts["person"]
    other = folder.rename(tmp_path / "other")
    (one,) = require(terms_of(other, base=shipped))
    assert one.accepted == row


def test_a_changed_text_asks_again(folder: Path, shipped: KnowledgeBase) -> None:
    require(terms_of(folder, base=shipped), given=[sha256(TEXT.encode()).hexdigest()])
    (folder / "LICENSE").write_text(TEXT + "You must pay.\n")
    with pytest.raises(NotAllowed):
        require(terms_of(folder, base=shipped))


@pytest.mark.parametrize(
    ("typed", "agrees"),
    [("yes", True), (" YES ", True), ("y", False), ("", False), ("yes please", False)],
)
def test_only_a_typed_yes_agrees(
    folder: Path, shipped: KnowledgeBase, typed: str, agrees: bool
) -> None:
    asked: list[Terms] = []

    def ask(terms: Terms) -> str:
        asked.append(terms)
        return typed

    terms = terms_of(folder, base=shipped)
    if agrees:
        require(terms, ask=ask)
        assert next(iter(accepted().values())).facts["by"] == "person"
    else:
        with pytest.raises(NotAllowed):
            require(terms, ask=ask)
        assert rows() == 0
    assert [one.text for one in asked] == [TEXT]


def test_the_environment_may_name_digests(
    folder: Path, shipped: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = terms_of(folder, base=shipped)
    monkeypatch.setenv("FREEHOLD_ACCEPT", f"{'0' * 64}, {terms[0].agreement.digest}")
    assert require(terms)[0].accepted


@pytest.mark.parametrize("said", ["yes", "*", "all", "0" * 63, "0" * 12, "g" * 64])
def test_nothing_but_a_whole_digest_accepts(
    folder: Path, shipped: KnowledgeBase, said: str
) -> None:
    with pytest.raises(UsageError, match="not the digest"):
        require(terms_of(folder, base=shipped), given=[said])


def test_the_digest_of_another_text_accepts_nothing(folder: Path, shipped: KnowledgeBase) -> None:
    with pytest.raises(NotAllowed):
        require(terms_of(folder, base=shipped), given=["0" * 64])
    assert rows() == 0


def test_an_agreement_that_cannot_be_written_down_is_none(
    folder: Path, shipped: KnowledgeBase, home: Path
) -> None:
    (home / "state").rmdir()
    (home / "state").write_text("a file is in the way")
    terms = tuple(Terms("small", one.agreement, one.text) for one in _terms(folder, shipped, home))
    with pytest.raises(Exception, match="ledger"):
        require(terms, given=[sha256(TEXT.encode()).hexdigest()])


def _terms(folder: Path, shipped: KnowledgeBase, home: Path) -> tuple[Terms, ...]:
    return terms_of(folder, base=shipped, ledger=home / "none.sqlite3")


def test_a_model_of_the_facts_is_agreed_to_by_its_summary(shipped: KnowledgeBase) -> None:
    (one,) = terms_of("llama-3.2-1b", base=shipped)
    assert sha256(one.text.encode()).hexdigest() == one.agreement.digest
    require((one,), given=[one.agreement.digest])
    with Ledger.open(reading=True) as ledger:
        (row,) = ledger.rows("acceptance")
    assert row.facts["shown"] == "summary"


def test_a_permissive_folder_needs_nothing(tmp_path: Path, shipped: KnowledgeBase) -> None:
    root = tmp_path / "free"
    root.mkdir()
    (root / "LICENSE").write_bytes((Path(__file__).parents[2] / "LICENSE").read_bytes())
    assert require(terms_of(root, base=shipped)) == ()
