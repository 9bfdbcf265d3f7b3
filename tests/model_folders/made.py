"""Folders of what others made from a model, and folders that say what does not hold."""

from tests.folders import (
    GATE,
    RESEARCH,
    Files,
    adapter,
    apache,
    card,
    config,
    gguf_file,
    merge,
    mit,
    pickled,
    shards,
    text,
    tokenizer,
    weights,
)
from tests.model_folders.shape import CLEAN, Example

HELD = "restricted weights"


def llama(**fields: str) -> Files:
    """The configuration of Llama 3.1 8B."""
    return config("llama", "LlamaForCausalLM", hidden_size=4096, intermediate_size=14336,
                  num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
                  vocab_size=128256, rope_theta=500000.0, **fields)  # fmt: skip


def qwen() -> Files:
    """The configuration of Qwen 2.5 3B."""
    return config("qwen2", "Qwen2ForCausalLM", hidden_size=2048, intermediate_size=11008,
                  num_hidden_layers=36, num_attention_heads=16, num_key_value_heads=2,
                  vocab_size=151936)  # fmt: skip


CLAUSE = (
    b"\n\nIf the Software, or anything made from it, is used in a product with more than 100 "
    b"million monthly active users, the name of the Software must be shown there.\n"
)

MADE = (
    Example(
        "Nightjar-8B",
        card("Nightjar 8B", "A model for stories, tuned on 40,000 dialogues.",
             license="mit", base_model="meta-llama/Llama-3.1-8B",
             base_model_relation="finetune", language=["en"])
        | llama() | tokenizer("PreTrainedTokenizerFast") | shards() | {"LICENSE": mit()},
        HELD, "conditional",
        ("base-more-restrictive", "naming-duty", "missing-notice"),
        ("unknown-base", "tag-against-text", "changed-license"),
    ),
    Example(
        "Llama-3.1-Nightjar-8B",
        card("Llama 3.1 Nightjar 8B", "Built with Llama. A model for stories.",
             license="llama3.1", base_model="meta-llama/Llama-3.1-8B", language=["en"])
        | llama() | shards()
        | text("NOTICE", "Llama 3.1 is licensed under the Llama 3.1 Community License, "
               "Copyright © Meta Platforms, Inc. All Rights Reserved."),
        HELD, "conditional", ("tag-without-text",),
        ("base-more-restrictive", "naming-duty", "missing-notice", "open-washing"),
    ),
    Example(
        "qwen-lora-support",
        card("Support LoRA", "An adapter for the tone of a help desk.",
             license="apache-2.0", base_model="Qwen/Qwen2.5-3B-Instruct", library_name="peft",
             tags=["lora"])
        | adapter("Qwen/Qwen2.5-3B-Instruct") | {"LICENSE": apache()},
        HELD, "no", ("base-more-restrictive", "adapter"), ("unknown-base", "tag-against-text"),
    ),
    Example(
        "adapter-without-card",
        adapter("Qwen/Qwen2.5-3B-Instruct"),
        HELD, "no", ("adapter",), ("unknown-base",),
    ),
    Example(
        "adapter-in-merged-weights",
        card("Support 3B", "The adapter is merged into the weights.",
             license="apache-2.0", base_model="Qwen/Qwen2.5-3B-Instruct",
             base_model_relation="adapter")
        | adapter("Qwen/Qwen2.5-3B-Instruct") | qwen() | weights() | {"LICENSE": apache()},
        HELD, "no", ("base-more-restrictive", "adapter"), (),
    ),
    Example(
        "Heron-TIES-8B",
        card("Heron TIES 8B", "A merge of two models.", license="apache-2.0",
             base_model=["mistralai/Mistral-7B-v0.1", "meta-llama/Llama-3.1-8B"],
             tags=["mergekit", "merge"], library_name="transformers")
        | merge("mistralai/Mistral-7B-v0.1", "meta-llama/Llama-3.1-8B") | llama() | shards(),
        HELD, "conditional", ("base-more-restrictive", "tag-without-text", "naming-duty"), (),
    ),
    Example(
        "merge-told-by-its-recipe-alone",
        card("Egret", "A merge.", license="apache-2.0")
        | merge("mistralai/Mistral-7B-v0.1", "meta-llama/Llama-3.1-8B") | llama() | shards(),
        HELD, "conditional", ("base-more-restrictive",), (),
    ),
    Example(
        "mistral-7b-gguf",
        gguf_file("mistral-7b.Q4_K_M.gguf", architecture="llama", name="Mistral 7B v0.1",
                  license="apache-2.0", base_model__count=1,
                  base_model__0__name="Mistral 7B v0.1",
                  base_model__0__repo_url="https://huggingface.co/mistralai/Mistral-7B-v0.1"),
        "open weights", "conditional", ("tag-without-text",),
        ("no-license", "base-more-restrictive"),
    ),
    Example(
        "nightjar-gguf",
        gguf_file("nightjar.Q4_K_M.gguf", architecture="llama", name="Nightjar 8B",
                  license="mit", base_model__count=1, base_model__0__name="Llama 3.1 8B",
                  base_model__0__repo_url="https://huggingface.co/meta-llama/Llama-3.1-8B"),
        HELD, "conditional", ("base-more-restrictive", "naming-duty"), (),
    ),
    Example(
        "gemma-2-9b-it-AWQ",
        card("Gemma 2 9B it in 4 bits", "Quantized with AWQ.", license="gemma",
             base_model="google/gemma-2-9b-it", base_model_relation="quantized")
        | config("gemma2", "Gemma2ForCausalLM", hidden_size=3584, num_hidden_layers=42,
                 num_attention_heads=16, num_key_value_heads=8, vocab_size=256000,
                 quantization_config={"quant_method": "awq", "bits": 4, "group_size": 128})
        | shards(),
        HELD, "conditional", ("tag-without-text", "missing-notice"), ("unknown-base",),
    ),
    Example(
        "tag-and-no-text",
        card("Wren", "A small model.", license="apache-2.0") | weights(),
        "open weights", "conditional", ("tag-without-text",), ("no-license", "tag-against-text"),
    ),
    Example(
        "tag-against-text",
        card("Siskin", "A small model.", license="apache-2.0") | weights()
        | text("LICENSE", *RESEARCH),
        HELD, "no", ("tag-against-text",), ("tag-without-text", "no-license"),
    ),
    Example(
        "apache-tag-over-mit-text",
        card("Linnet", "A small model.", license="apache-2.0") | weights() | {"LICENSE": mit()},
        "open weights", "yes", ("tag-against-text",), ("tag-without-text", "open-washing"),
    ),
    Example(
        "open-source-claim",
        card("Kestrel", "Kestrel is an open source model, free for commercial use.",
             license="cc-by-nc-4.0") | weights(),
        HELD, "no", ("open-washing", "tag-without-text"), ("no-license",),
    ),
    Example(
        "stub-license",
        card("Plover", "A small model.", license="mit") | weights()
        | text("LICENSE", "This model is licensed under the MIT License. See "
               "https://opensource.org/license/mit for the text."),
        "open weights", "conditional", ("reference-only",), ("no-license", "tag-against-text"),
    ),
    Example(
        "stub-to-an-unknown-page",
        card("Dunlin", "A small model.") | weights()
        | text("LICENSE", "See https://dunlin.example/terms for the terms."),
        "unknown", "unknown", ("reference-only",), (),
    ),
    Example(
        "modified-mit",
        card("Curlew", "A large model.", license="other", license_name="modified-mit") | weights()
        | {"LICENSE": mit() + CLAUSE},
        HELD, "unknown", ("changed-license",), ("no-license", "tag-without-text"),
    ),
    Example(
        "modified-mit-tagged-mit",
        card("Godwit", "A large model.", license="mit") | weights() | {"LICENSE": mit() + CLAUSE},
        HELD, "unknown", ("changed-license",), ("no-license", "tag-without-text"),
    ),
    Example(
        "two-licenses-in-two-files",
        card("Tern", "Code and weights.", license="apache-2.0") | weights()
        | {"LICENSE": apache(), "LICENSE-MODEL": "\n\n".join(RESEARCH).encode()},
        HELD, "no", (), ("no-license",),
    ),
    Example(
        "two-licenses-in-one-file",
        card("Gull", "Code and weights.", license="apache-2.0") | weights()
        | {"LICENSE": apache() + b"\n\n\n" + mit()},
        "open weights", "yes", ("several-licenses",), ("changed-license", "unknown-license"),
    ),
    Example(
        "tuned-on-data-for-research",
        card("Rook", "Tuned on the records in the folder data.", license="mit") | weights()
        | {"LICENSE": mit()}
        | {f"data/{name}": data for name, data in card(
            "Rook records", "40,000 dialogues.", license="cc-by-nc-4.0", pretty_name="Rook",
            task_categories=["text-generation"], source_datasets=["original"]).items()}
        | {"data/train.jsonl": b'{"text": "a"}\n'},
        "open weights", "yes", ("dataset-license",), ("tag-against-text",),
    ),
    Example(
        "tuned-from-nobody-knows-what",
        card("Finch", "A tuned model.", license="apache-2.0",
             base_model="somebody-else/private-thing") | weights() | {"LICENSE": apache()},
        "unknown", "unknown", ("unknown-base",), ("base-more-restrictive",),
    ),
    Example(
        "gated-by-a-form",
        card("Crake", "A small model.", license="mit", **GATE) | weights() | {"LICENSE": mit()},
        "open weights", "yes", ("gated",), tuple(set(CLEAN) - {"gated"}),
    ),
    Example(
        "prose-alone",
        card("Stint", "The model is licensed under the MIT License.") | weights(),
        "unknown", "unknown", (), ("tag-without-text", "open-washing"),
    ),
    Example(
        "nothing-but-weights", weights() | pickled("optimizer.pt"),
        "unknown", "unknown", ("no-license", "executable-format"), ("broken-file",),
    ),
    Example("empty", {}, "unknown", "unknown", ("no-license",), ("broken-file",)),
    Example(
        "garbage",
        {"README.md": b"---\nlicense: [mit\nbase_model: {\n---\n", "config.json": b"{\"a\": ",
         "adapter_config.json": b"[]", "model.safetensors": b"\xff" * 40,
         "model.gguf": b"GGUF\x03\0\0\0" + b"\xff" * 40, "LICENSE": bytes(range(256)) * 8},
        "unknown", "unknown", ("broken-file",), (),
    ),
)  # fmt: skip
