"""Cards and pickles are found under the names that people give them, and bases among tags."""

import pickle
from pathlib import Path

import pytest

from freehold.actions.folder import Fetched, check_folder
from tests.folders import Files, apache, card, config, lay, pickled, weights
from tests.invented import SHIPPED
from tests.model_folders.shape import kinds, verdict

NAMES = ["README", "Readme.txt", "model_card.md", "MODEL_CARD.md", "ModelCard.md"]


def under(name: str, files: Files) -> Files:
    """The same card under another name."""
    return {name: files["README.md"]}


@pytest.mark.parametrize("name", NAMES)
def test_a_card_under_another_name_is_read(tmp_path: Path, name: str) -> None:
    files = under(name, card("W", license="cc-by-nc-4.0")) | weights()
    report = check_folder(lay(tmp_path / "W", files), base=SHIPPED)
    assert verdict(report) == "no"


@pytest.mark.parametrize("name", NAMES)
def test_a_second_card_takes_away_but_never_gives(tmp_path: Path, name: str) -> None:
    free = card("W", license="apache-2.0") | weights()
    strict = under(name, card("W", license="cc-by-nc-4.0"))
    assert verdict(check_folder(lay(tmp_path / "a", free | strict), base=SHIPPED)) == "no"
    closed = card("W", license="cc-by-nc-4.0") | weights()
    lax = under(name, card("W", license="apache-2.0"))
    assert verdict(check_folder(lay(tmp_path / "b", closed | lax), base=SHIPPED)) == "no"


def test_a_second_card_that_forbids_business_in_words_counts(tmp_path: Path) -> None:
    files = card("W", license="mit") | weights()
    files |= under("MODEL_CARD.md", card("W", "The weights are for non-commercial use only."))
    assert verdict(check_folder(lay(tmp_path / "W", files), base=SHIPPED)) == "no"


TAGS = [
    ("base_model:meta-llama/Llama-3.1-8B", "finetune"),
    ("base_model:finetune:meta-llama/Llama-3.1-8B", "finetune"),
    ("base_model:adapter:meta-llama/Llama-3.1-8B", "adapter"),
    ("base_model:quantized:meta-llama/Llama-3.1-8B", "quantized"),
    ("base_model:merge:meta-llama/Llama-3.1-8B", "merge"),
]


@pytest.mark.parametrize(("tag", "relation"), TAGS)
@pytest.mark.parametrize("by_hub", [True, False], ids=["of the Hub", "of the card"])
def test_a_base_among_the_tags_binds(
    tmp_path: Path, tag: str, relation: str, *, by_hub: bool
) -> None:
    tags = [] if by_hub else ["text", tag]
    files = card("W", license="mit", tags=tags) | weights()
    fetched = Fetched(None, tags=("text", tag)) if by_hub else None
    report = check_folder(lay(tmp_path / "W", files), base=SHIPPED, fetched=fetched)
    assert report.report.level == "restricted weights"
    assert "base-more-restrictive" in kinds(report)
    assert [link.relation for link in report.report.family.lineage] == [relation]


PICKLE = pickle.dumps({"a.weight": 0.0}, protocol=4)


@pytest.mark.parametrize(
    "name", ["weights", "model.dat", "state.params", "notes.txt", "config.bak", "data/x.model"]
)
def test_a_pickle_under_any_name_is_named(tmp_path: Path, name: str) -> None:
    report = check_folder(lay(tmp_path / "W", card("W") | {name: PICKLE}), base=SHIPPED)
    told = [f.text for f in report.findings if f.kind == "executable-format"]
    assert told == [f"{name} is a Python pickle"]


def test_an_archive_of_torch_under_another_ending_is_named(tmp_path: Path) -> None:
    files = {"model.weights": pickled()["pytorch_model.bin"]}
    report = check_folder(lay(tmp_path / "W", files), base=SHIPPED)
    assert "executable-format" in kinds(report)


def test_a_pickle_that_calls_itself_safetensors_is_named(tmp_path: Path) -> None:
    report = check_folder(lay(tmp_path / "W", {"model.safetensors": PICKLE}), base=SHIPPED)
    assert {"executable-format", "broken-file"} <= kinds(report)


def test_a_folder_of_plain_files_runs_nothing(tmp_path: Path) -> None:
    files = card("W") | weights() | config("llama", "LlamaForCausalLM") | {"LICENSE": apache()}
    assert "executable-format" not in kinds(check_folder(lay(tmp_path / "W", files), base=SHIPPED))


@pytest.mark.parametrize("name", ["training_args.bin", "optimizer.pt", "rng_state_0.pth"])
def test_what_a_training_leaves_behind_is_no_model(tmp_path: Path, name: str) -> None:
    files = card("W", license="apache-2.0") | {"LICENSE": apache(), name: PICKLE}
    report = check_folder(lay(tmp_path / "W", files), base=SHIPPED)
    assert report.report.level == "unknown"
    assert "executable-format" in kinds(report)
