"""What a card links, names or claims raises a verdict by half a step at most, and never to open."""

from pathlib import Path
from typing import Any

import pytest

from freehold.actions.folder import Fetched, FolderReport, check_folder
from freehold.judge.answers import Finding
from tests.folders import apache, as_json, card, lay, shards, text, weights
from tests.invented import SHIPPED
from tests.model_folders.free import FREE
from tests.model_folders.shape import kinds

OLMO = next(example.files for example in FREE if example.name == "OLMo-2-1124-7B")
CODE = "https://github.com/lab/wren"
LICENSED = ("osaid", "mof")


def judged(place: Path, *prose: str, **front: Any) -> FolderReport:
    """A model under Apache 2.0 whose card says this."""
    files = card("Wren", *prose, license="apache-2.0", **front) | weights()
    return check_folder(lay(place / "Wren-1B", files | {"LICENSE": apache()}), base=SHIPPED)


def answer(report: FolderReport, definition: str, criterion: str) -> Finding:
    """One criterion of one definition."""
    openness = report.report.openness
    rows = {
        "osaid": openness.osaid.criteria, "mof": openness.mof.criteria,
        "osai": openness.osai.dimensions,
    }[definition]  # fmt: skip
    return next(row for row in rows if row.id == criterion)


@pytest.fixture(scope="module")
def olmo(tmp_path_factory: pytest.TempPathFactory) -> FolderReport:
    place = tmp_path_factory.mktemp("olmo") / "OLMo-2-1124-7B"
    return check_folder(lay(place, OLMO), base=SHIPPED)


@pytest.mark.parametrize(
    ("criterion", "word"),
    [
        ("training-code", "github.com/allenai/OLMo"),
        ("base-data", "allenai/dolmino-mix-1124"),
        ("preprint", "arxiv.org/abs/2501.00656"),
    ],
)
def test_what_a_card_links_is_half_there_and_says_where(
    olmo: FolderReport, criterion: str, word: str
) -> None:
    found = answer(olmo, "osai", criterion)
    assert found.answer == "partial"
    assert word in found.because


def test_a_card_with_every_topic_and_results_counts_for_what_it_shows(olmo: FolderReport) -> None:
    assert answer(olmo, "osai", "model-card").answer == "yes"
    assert answer(olmo, "mof", "model-card").answer == "yes"
    assert answer(olmo, "mof", "evaluation-results").answer == "yes"


def test_links_alone_make_nothing_fully_open(olmo: FolderReport) -> None:
    assert olmo.report.level == "open weights"
    assert olmo.report.openness.osaid.verdict == "not verifiable"
    assert olmo.report.openness.mof.mof_class == "none"
    for criterion in ("training-code", "data-preprocessing-code", "evaluation-code"):
        assert answer(olmo, "osaid", criterion).answer != "yes"


def test_every_sign_is_evidence_with_its_line(olmo: FolderReport) -> None:
    rows = {(row.about, row.level): row for row in olmo.evidence if row.about != "license"}
    link = rows["evaluation-code", "link"]
    lines = OLMO["README.md"].decode().splitlines()
    path, _, number = link.path.partition(":")
    assert path == "README.md"
    assert "OLMo-Eval" in lines[int(number) - 1]
    assert ("intermediate-parameters", "prose") in rows
    assert ("datasets", "tag") in rows


NOT_CODE = [
    "Our [training code](https://lab.example/blog/how-we-trained) is described in a post.",
    "The [training code](https://github.com/blog/wren-training) is out.",
    "The [training code](https://gist.github.com/lab/123) is out.",
    "The [training code](https://github.com/lab) is out.",
    "<!-- [training code](https://github.com/lab/wren) -->",
    "<!-- hidden\n[training code](https://github.com/lab/wren)\n-->",
    "```\n[training code](https://github.com/lab/wren)\n```",
    "~~~md\n- Training code: https://github.com/lab/wren\n~~~",
    "Say `[training code](https://github.com/lab/wren)` in your card.",
    "[Training code](https://github.com/lab/wren) is not available.",
    "The [training code](https://github.com/lab/wren) is no longer public.",
    "Training code (private): https://github.com/lab/wren",
    "Thanks to the authors of the [training code](https://github.com/other/gpt) of GPT.",
    "We adapted the [training code](https://github.com/other/gpt) of GPT.",
    "## Acknowledgements\n\n[training code](https://github.com/other/gpt)",
    "Here is how to run your own data with this [training code](https://github.com/lab/wren).",
    "[training code](https://github.com/huggingface/transformers)",
    "[training code](https://github.com/axolotl-ai-cloud/axolotl)",
    "[training code](file:///home/lab/wren)",
    "[training code](github.com/lab/wren)",
    "[code](https://github.com/lab/wren)",
]


@pytest.mark.parametrize("prose", NOT_CODE)
def test_what_is_no_training_code_of_the_model_counts_for_nothing(
    tmp_path: Path, prose: str
) -> None:
    report = judged(tmp_path, prose)
    assert answer(report, "osai", "training-code").answer in ("unknown", "no")
    assert answer(report, "osaid", "training-code").answer in ("unknown", "no")


PROMISES = [
    "Training code: coming soon at https://github.com/lab/wren",
    "The [training code](https://github.com/lab/wren) will be released next month.",
    "We plan to publish the [training code](https://github.com/lab/wren).",
    "- [Training code](https://github.com/lab/wren) (TBA)",
    "Upon acceptance the [training code](https://github.com/lab/wren) goes public.",
    "- Training code: https://github.com/lab/wren (upcoming)",
]


@pytest.mark.parametrize("prose", PROMISES)
def test_a_promise_is_shown_and_counts_for_nothing(tmp_path: Path, prose: str) -> None:
    report = judged(tmp_path, prose)
    assert answer(report, "osai", "training-code").answer == "unknown"
    assert any("promised" in row.says for row in report.evidence if row.about == "training-code")


@pytest.mark.parametrize(
    "prose",
    [
        "The training data is not released.",
        "We do not release the training data.",
        "Training data will not be shared.",
        "For legal reasons we cannot publish the training data.",
    ],
)
def test_a_denial_outweighs_every_name_and_link(tmp_path: Path, prose: str) -> None:
    link = "Training data: https://huggingface.co/datasets/allenai/dolma"
    report = judged(tmp_path, link, prose, datasets=["allenai/dolma"])
    assert answer(report, "osai", "base-data").answer == "no"
    assert report.report.openness.osaid.verdict == "fails"


LAVISH = (
    f"- Training code: {CODE}\n- Evaluation code: {CODE}-eval\n- Inference code: {CODE}-run\n"
    f"- Data processing code: {CODE}-data\n"
    "- Training data: https://huggingface.co/datasets/allenai/dolma\n"
    "- Evaluation data: https://huggingface.co/datasets/allenai/dolma\n"
    "- Technical report: https://arxiv.org/abs/2501.00656\n"
    "- Our paper: https://arxiv.org/abs/2501.00657\n- Data card: https://lab.example/card\n"
    "- All intermediate checkpoints are available as branches.\n",
    "This model is fully open and meets the Open Source AI Definition.",
)


def test_no_card_however_lavish_is_open_by_its_words(tmp_path: Path) -> None:
    report = judged(tmp_path, *LAVISH, datasets=["allenai/dolma"])
    assert report.report.level == "open weights"
    assert report.report.openness.osaid.verdict == "not verifiable"
    assert report.report.openness.mof.mof_class == "none"
    assert report.report.openness.osai.score < 0.75
    assert "open-washing" in kinds(report) or not report.report.open_washing


def test_another_owners_repository_is_no_more_than_a_sign(tmp_path: Path) -> None:
    mine = judged(tmp_path / "a", "Training code: https://github.com/lab/wren")
    theirs = judged(tmp_path / "b", "Training code: https://github.com/allenai/OLMo-core")
    for definition in LICENSED:
        assert answer(theirs, definition, "training-code").answer == "unknown"
        assert answer(mine, definition, "training-code").answer == "unknown"


@pytest.mark.parametrize(
    "name",
    ["allenai/dolma-", "al1enai/dolma", "allenai/dolma2", "dolma", "lab/dolma", "allenai-dolma"],
)
def test_a_name_that_looks_like_a_known_dataset_has_no_license(tmp_path: Path, name: str) -> None:
    report = judged(tmp_path, datasets=[name])
    found = answer(report, "mof", "datasets")
    assert found.answer == "unknown"
    assert "ODC" not in found.because


def test_a_known_dataset_is_named_with_its_license_and_still_not_seen(tmp_path: Path) -> None:
    found = answer(judged(tmp_path, datasets=["allenai/dolma"]), "mof", "datasets")
    assert found.answer == "unknown"
    assert "ODC" in found.because


def test_one_unknown_dataset_among_known_ones_leaves_no_license(tmp_path: Path) -> None:
    report = judged(tmp_path, datasets=["allenai/dolma", "lab/secret"])
    assert "ODC" not in answer(report, "mof", "datasets").because


def test_programs_and_branches_are_signs(tmp_path: Path) -> None:
    files = card("W", license="apache-2.0") | weights() | text("train.py", "...")
    fetched = Fetched(None, (), ("main", "step1000-tokens4B", "dev"))
    report = check_folder(lay(tmp_path / "W", files), base=SHIPPED, fetched=fetched)
    assert answer(report, "osai", "training-code").answer == "partial"
    assert "step1000" in answer(report, "mof", "intermediate-parameters").because


def test_results_that_a_program_can_read_count_and_empty_ones_do_not(tmp_path: Path) -> None:
    def index(metric: dict[str, object]) -> list[object]:
        row = {"dataset": {"name": "MMLU", "type": "mmlu"}, "metrics": [metric]}
        return [{"name": "w", "results": [row]}]

    full = judged(tmp_path / "a", **{"model-index": index({"type": "acc", "value": 61.2})})
    empty = judged(tmp_path / "b", **{"model-index": index({"type": "acc", "value": "TBD"})})
    assert answer(full, "mof", "evaluation-results").answer == "yes"
    assert answer(empty, "mof", "evaluation-results").answer == "unknown"


def test_a_card_of_tags_alone_is_no_account_of_the_model(tmp_path: Path) -> None:
    assert answer(judged(tmp_path), "osai", "model-card").answer == "unknown"


HUB = "allenai/OLMo-2-1124-7B"


def test_a_name_of_a_known_model_earns_a_remark_and_nothing_else(tmp_path: Path) -> None:
    files = card("OLMo", license="apache-2.0") | shards() | {"LICENSE": apache()}
    files |= as_json("config.json", {"_name_or_path": HUB})
    plain = check_folder(lay(tmp_path / "Other", files), base=SHIPPED)
    named = check_folder(lay(tmp_path / "OLMo-2-1124-7B", files), base=SHIPPED)
    remark = next(f for f in named.findings if f.kind == "known-model")
    assert "fully open" in remark.text
    assert "proves nothing" in remark.text
    assert named.report.level == "open weights"
    assert named.report.openness.osai.score <= plain.report.openness.osai.score


def test_a_snapshot_in_a_cache_is_no_proof_either(tmp_path: Path) -> None:
    place = tmp_path / "models--allenai--OLMo-2-1124-7B" / "snapshots" / "0123abc"
    report = check_folder(lay(place, OLMO), base=SHIPPED)
    assert report.report.level == "open weights"
    assert "known-model" in kinds(report)


def test_a_repository_fetched_under_its_own_name_is_the_known_model(tmp_path: Path) -> None:
    place = lay(tmp_path / "OLMo-2-1124-7B", OLMO)
    report = check_folder(place, base=SHIPPED, fetched=Fetched(HUB))
    assert report.report.level == "fully open"
    assert answer(report, "osaid", "training-code").answer == "yes"


def test_a_proven_name_does_not_outweigh_what_the_files_say(tmp_path: Path) -> None:
    tag = {**OLMO, "README.md": OLMO["README.md"].replace(b"apache-2.0", b"cc-by-nc-4.0")}
    held = check_folder(lay(tmp_path / "a", tag), base=SHIPPED, fetched=Fetched(HUB))
    assert held.report.level == "restricted weights"
    denied = OLMO["README.md"] + b"\nThe training data is not released.\n"
    files = {**OLMO, "README.md": denied}
    report = check_folder(lay(tmp_path / "b", files), base=SHIPPED, fetched=Fetched(HUB))
    assert report.report.level != "fully open"


def test_a_proven_restricted_model_under_a_free_tag_stays_restricted(tmp_path: Path) -> None:
    files = card("Llama", license="mit") | weights()
    plain = check_folder(lay(tmp_path / "a", files), base=SHIPPED)
    report = check_folder(
        lay(tmp_path / "b", files), base=SHIPPED, fetched=Fetched("meta-llama/Llama-3.2-1B")
    )
    assert plain.report.level == "open weights"
    assert report.report.level == "restricted weights"
