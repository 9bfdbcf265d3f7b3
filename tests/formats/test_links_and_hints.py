"""Links are found with their words and lines, and what they lead to is told by both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.card_topics import results, topics
from freehold.formats.hints import Hint, dataset_of, hints_in, repository_of
from freehold.formats.links import lines_of, pointers
from freehold.formats.structured import read_yaml

CODE = "https://github.com/lab/wren"


def hints(text: str) -> dict[str, Hint]:
    """Part -> the first hint of it."""
    return {hint.component: hint for hint in reversed(hints_in(lines_of(text)))}


@pytest.mark.parametrize(
    "text",
    [
        f"The [training code]({CODE}) is out.",
        f"The [training code](<{CODE}> 'title') is out.",
        f"Training code: {CODE}.",
        f"Training code: <{CODE}>",
        f'Training code: <a target="_blank" href="{CODE}">here</a>',
        f"The [training code][repo] is out.\n\n[repo]: {CODE}",
        f"| Training code | {CODE} |",
        f"## Training code\n\n{CODE}",
        f"- **Training code:** [wren]({CODE})",
    ],
)
def test_links_are_found_in_every_notation(text: str) -> None:
    assert hints(text)["training-code"].url == CODE


def test_a_link_knows_its_line_and_heading() -> None:
    found = pointers(
        lines_of(f"# Wren\n\n## Sources\n\n```\n{CODE}/no\n```\n[code]({CODE})", first=7)
    )
    assert [(link.url, link.line, link.heading) for link in found] == [(CODE, 14, "Sources")]


def test_each_link_of_a_line_has_its_own_words() -> None:
    found = hints(f"[Training code]({CODE}). [Evaluation code]({CODE}-eval).")
    assert found["training-code"].url == CODE
    assert found["evaluation-code"].url == f"{CODE}-eval"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"Data processing code: {CODE}", "data-preprocessing-code"),
        (f"Code for inference: {CODE}", "inference-code"),
        ("Training data: https://huggingface.co/datasets/lab/words", "datasets"),
        ("SFT data: https://huggingface.co/datasets/lab/talk", "post-training-datasets"),
        ("Benchmark data: https://huggingface.co/datasets/lab/exam", "evaluation-data"),
        ("Our paper: https://arxiv.org/abs/2501.00656", "research-paper"),
        ("Technical report: https://arxiv.org/pdf/2501.00656", "technical-report"),
        ("Paper: https://aclanthology.org/2024.acl-long.1", "peer-reviewed-paper"),
        ("[Datasheet](https://lab.example/sheet)", "data-card"),
        ("All intermediate checkpoints are released as branches.", "intermediate-parameters"),
        ("It was trained on 512 NVIDIA H100 GPUs for a month.", "hardware-documentation"),
    ],
)
def test_every_part_is_told_by_words_and_address(text: str, part: str) -> None:
    assert part in hints(text)


def test_names_are_taken_out_of_addresses() -> None:
    assert dataset_of("https://huggingface.co/datasets/lab/words/tree/main") == "lab/words"
    assert dataset_of("https://huggingface.co/lab/words") is None
    assert repository_of("https://github.com/Lab/Wren.git") == "github.com/lab/wren"
    assert repository_of("https://github.com/lab") is None


def test_topics_need_more_than_a_heading() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    assert topics(lines_of(f"## Training\n\n{words}\n\n## Evaluation\n\nSoon.\n")) == ("training",)


def test_a_table_of_results_needs_numbers_under_a_heading_that_says_so() -> None:
    table = "| Task | Score |\n|---|---|\n| A | 61.2 |\n| B | 7 |\n| C | 80 % |\n"
    assert results({}, lines_of(f"## Evaluation\n\n{table}")) == ("a table from line 5 on",)
    assert results({}, lines_of(f"## Sizes\n\n{table}")) == ()
    assert results(read_yaml("model-index: [1, {results: x}]", "m"), []) == ()


PIECES = st.sampled_from(
    ["[", "]", "(", ")", "<", ">", "`", "```\n", "<!--", "-->", "\n", "# Training\n", "| 1 |",
     CODE, "training code", "will", "not released", "http://", "[a]: ", "data", "é", "商"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_gives_hints_within_its_lines(text: str) -> None:
    last = len(text.splitlines())
    assert all(1 <= hint.line <= last for hint in hints_in(lines_of(text)))
    assert set(topics(lines_of(text))) <= {
        "architecture",
        "training",
        "evaluation",
        "uses and limits",
    }
