"""What was seen to run of the rows about language, retrieval, guardrails and seeing: by which test.

A row names a family of the knowledge base. `part` says what is not there; empty where nothing is
missing. A row without a test is in the catalog only, and `part` says why.
"""

from typing import TypedDict

TEXT, VECTORS, RANKS = "text-generation", "feature-extraction", "text-ranking"
JUDGES = "text-classification"
FIRST = "tests/runtimes/test_text_architectures.py::test_an_architecture_says_what_the_library_says"
OTHER = (
    "tests/runtimes/test_text_architectures.py::"
    "test_another_architecture_says_what_the_library_says"
)
SEES = "tests/runtimes/test_seeing.py::test_a_model_says_of_a_picture_what_the_library_says"
ALSO_SEES = (
    "tests/runtimes/test_seeing.py::test_another_model_says_of_a_picture_what_the_library_says"
)
PORT = "tests/runtimes/test_ports.py::test_a_port_says_what_the_bare_weights_say"
SEES_PORT = "tests/runtimes/test_ports.py::test_a_port_says_of_a_picture_what_the_bare_weights_say"
FOUND = "tests/runtimes/test_retrieval.py::"
FILLS = "tests/runtimes/test_text.py::test_code_is_filled_in_between_two_texts"


class Row(TypedDict):
    """One family on one engine."""

    engine: str
    task: str
    test: str
    part: str


def row(task: str, test: str, name: str = "", part: str = "") -> Row:
    """One row on this engine; `name` is the parameter of its test."""
    where = f"{test}[{name}]" if name else test
    return Row(engine="transformers", task=task, test=where, part=part)


UNPROVEN = "held against a second computation, not against the published weights"
ROWS: dict[str, Row] = {
    **{family: row(TEXT, FIRST, "llama") for family in (
        "llama-3.1", "llama-3", "llama-2", "llama-3.3", "amber", "tiny-llama", "falcon-3",
        "deepseek-r1-distill",
    )},
    **{family: row(TEXT, FIRST, "gpt_neox") for family in ("pythia", "gpt-neox", "dolly-2")},
    **{family: row(TEXT, FIRST, "jamba") for family in ("jamba-0.1", "jamba-1.5", "jamba-2")},
    **{family: row(TEXT, OTHER, "qwen2") for family in (
        "qwen-1.5", "qwen-2", "qwen-2.5", "qwen-2.5-coder", "qwq-32b",
    )},
    **{family: row(TEXT, OTHER, "mistral") for family in (
        "mistral-7b", "mathstral", "rakutenai-7b", "mistral-nemo",
    )},
    **{family: row(TEXT, OTHER, "mixtral") for family in (
        "mixtral-8x7b", "mixtral-8x22b", "rakutenai-2",
    )},
    **{family: row(TEXT, OTHER, "cohere") for family in ("command-r", "command-r-plus")},
    "t5": row(TEXT, FIRST, "t5"),
    "t5-1.1": row(TEXT, OTHER, "t5_1.1"),
    "flan-t5": row(TEXT, OTHER, "t5_1.1"),
    "bloom": row(TEXT, FIRST, "bloom"),
    "falcon-1": row(TEXT, FIRST, "falcon"),
    "falcon-180b": row(TEXT, OTHER, "falcon_40b"),
    "falcon-h1": row(TEXT, OTHER, "falcon_h1"),
    "gemma-2": row(TEXT, FIRST, "gemma2"),
    "gemma-3": row(TEXT, ALSO_SEES, "gemma3"),
    "mamba-codestral": row(TEXT, FIRST, "mamba2"),
    "dbrx": row(TEXT, FIRST, "dbrx"),
    "olmo-1": row(TEXT, OTHER, "olmo", "the first files of OLMo 7B need their twins named -hf"),
    "olmo-2": row(TEXT, OTHER, "olmo2"),
    "olmo-2-instruct": row(TEXT, OTHER, "olmo2"),
    "olmo-3": row(TEXT, OTHER, "olmo3"),
    "olmoe": row(TEXT, OTHER, "olmoe"),
    "starcoder2": row(TEXT, FILLS),
    "qwen-3": row(TEXT, OTHER, "qwen3"),
    "qwen-3-2507": row(TEXT, OTHER, "qwen3_moe"),
    "gpt-j": row(TEXT, OTHER, "gptj"),
    "granite-3": row(TEXT, OTHER, "granite"),
    "granite-4": row(TEXT, OTHER, "granitemoehybrid"),
    "granite-code": row(TEXT, OTHER, "gpt_bigcode"),
    "phi-3": row(TEXT, OTHER, "phi3", "small and vision come as code only"),
    "phi-3.5": row(TEXT, OTHER, "phimoe", "vision comes as code only"),
    "code-llama": row(
        TEXT, "tests/runtimes/test_text.py::test_code_llama_fills_in_by_its_own_tokenizer"
    ),
    "deepseek-v3": row(TEXT, OTHER, "deepseek_v3"),
    "llama-3.2": row(TEXT, SEES, "mllama"),
    "qwen-2.5-vl": row(TEXT, ALSO_SEES, "qwen2_5_vl", "pictures, no videos"),
    "internvl-3": row(TEXT, ALSO_SEES, "internvl", "pictures, no videos"),
    "sea-lion-1": row(TEXT, PORT, "sea_lion", f"{UNPROVEN}; its tokenizer comes as code"),
    "sea-lion-3": row(TEXT, FIRST, "gemma2"),
    "sea-lion-4": row(TEXT, ALSO_SEES, "gemma3"),
    "grok-1": row(TEXT, PORT, "grok", f"{UNPROVEN}; shape and routing at tiny size"),
    "crystalcoder": row(TEXT, PORT, "crystalcoder", UNPROVEN),
    "vila-1.5": row(TEXT, ALSO_SEES, "vila", f"{UNPROVEN}; the 40B has another sight"),
    "minigpt-4": row(
        TEXT, ALSO_SEES, "minigpt4",
        "its architecture, in the layout of BLIP-2; not from its three separate files",
    ),
    "bge-m3": row(VECTORS, FOUND + "test_bge_m3_gives_dense_sparse_and_many_vectors"),
    "multilingual-e5": row(
        VECTORS, FOUND + "test_pooling_prompts_and_linear_steps_come_from_the_files"
    ),
    "nv-embedqa-rerankqa-1b-v2": row(
        VECTORS, FOUND + "test_a_llama_that_reads_in_both_directions"
    ),
    "bge-reranker-v2": row(
        RANKS, FOUND + "test_documents_are_ranked_with_the_scores_of_the_library", "bge_reranker"
    ),
    "qwen-3-reranker": row(
        RANKS, FOUND + "test_documents_are_ranked_with_the_scores_of_the_library",
        "qwen3_reranker",
    ),
    "clip": row(VECTORS, FOUND + "test_texts_and_pictures_in_one_space"),
    "dinov2": row(VECTORS, FOUND + "test_a_model_of_pictures_alone"),
    "nv-dinov2": row(
        VECTORS, FOUND + "test_a_model_of_pictures_alone", "",
        "as DINOv2; its own weights are not public",
    ),
    "shieldgemma": row(JUDGES, FOUND + "test_a_guard_with_a_guideline_answers_yes_or_no"),
    "shieldgemma-2": row(
        JUDGES,
        "tests/runtimes/test_seeing.py::"
        "test_a_guard_of_pictures_answers_for_each_of_its_policies",
    ),
    "granite-guardian-3.0": row(
        JUDGES, FOUND + "test_a_guard_with_named_risks_is_asked_for_each", "",
        "HAP models say which label is harm by the option unsafe",
    ),
    "llama-guard-3": row(JUDGES, FOUND + "test_a_guard_that_says_safe_or_unsafe"),
    "molmo": row(
        TEXT, SEES_PORT, "molmo",
        f"{UNPROVEN}; one picture in a chat; the experts of MolmoE-1B are not written anew",
    ),
    "nvlm-1.0": row(
        TEXT, SEES_PORT, "nvlm",
        f"{UNPROVEN}; words around a question follow its tokenizer, not its own code",
    ),
    "qwen-1": row(
        TEXT, PORT, "qwen", f"{UNPROVEN}; texts up to the length that it was trained on"
    ),
}  # fmt: skip
