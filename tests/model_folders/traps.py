"""Folders whose restriction stands where one may not look for it."""

from tests.folders import RESEARCH, adapter, apache, bsd, card, gguf_file, merge, mit, text, weights
from tests.formats import layouts
from tests.model_folders.made import llama
from tests.model_folders.shape import Example

HELD = "restricted weights"
SMALL = card("Small", "A small model.", license="mit") | weights()
CLAUSE = "You must not use this model for any commercial purpose."
BASE = "meta-llama/Llama-3.1-8B"
GGUF_MIT = gguf_file("m.gguf", architecture="llama", name="Small", license="mit")

TRAPS = (
    Example(
        "two-tags",
        card("Small", license=["mit", "cc-by-nc-4.0"]) | weights() | {"LICENSE": mit()},
        HELD, "no", ("tag-against-text",), (),
    ),
    Example(
        "header-against-card",
        SMALL | {"LICENSE": mit()} | gguf_file("m.gguf", name="Small", license="cc-by-nc-4.0"),
        HELD, "no", ("tag-against-text",), (),
    ),
    Example(
        "card-against-header",
        card("Small", license="cc-by-nc-4.0") | GGUF_MIT,
        HELD, "no", ("tag-without-text",), (),
    ),
    Example(
        "license-in-a-folder-of-licenses",
        SMALL | text("LICENSES/Harbor.txt", *RESEARCH),
        HELD, "no", ("unknown-license",), (),
    ),
    Example(
        "license-beside-the-weights",
        card("Small", license="mit") | {"LICENSE": mit()} | weights("transformer/model.safetensors")
        | text("transformer/LICENSE", *RESEARCH),
        HELD, "no", ("unknown-license",), (),
    ),
    Example(
        "policy-that-forbids-business",
        SMALL | {"LICENSE": mit()} | text("USE_POLICY.md", "Use policy", CLAUSE),
        HELD, "no", (), (),
    ),
    Example(
        "notice-that-forbids-business",
        SMALL | {"LICENSE": mit()} | text("NOTICE", "Small, by a lab.", CLAUSE),
        HELD, "no", (), (),
    ),
    Example(
        "card-that-forbids-business",
        card("Small", "The weights are for research purposes only; commercial use is not allowed.",
             license="mit") | weights() | {"LICENSE": mit()},
        HELD, "no", (), (),
    ),
    Example(
        "unknown-tag-over-mit-text",
        card("Small", license="other", license_name="harbor-research-only") | weights()
        | {"LICENSE": mit()},
        "unknown", "unknown", ("unknown-license",), ("tag-without-text",),
    ),
    Example(
        "header-of-safetensors-against-text",
        card("Small", license="mit") | weights(license="cc-by-nc-4.0") | {"LICENSE": mit()},
        HELD, "no", ("tag-against-text",), (),
    ),
    Example(
        "header-of-tflite-against-text",
        {"m.tflite": layouts.tflite(license="CC-BY-NC-4.0"), "LICENSE": mit()},
        HELD, "no", ("tag-against-text",), (),
    ),
    Example(
        "tflite-alone", {"m.tflite": layouts.tflite()},
        "open weights", "conditional", ("tag-without-text",), ("no-license",),
    ),
    Example(
        "clause-in-front", SMALL | {"LICENSE": CLAUSE.encode() + b"\n\n" + mit()},
        HELD, "no", ("changed-license",), (),
    ),
    Example(
        "clause-in-the-middle",
        SMALL | {"LICENSE": mit().replace(b"\n\n", f"\n\n{CLAUSE}\n\n".encode())},
        HELD, "no", ("changed-license",), (),
    ),
    Example(
        "clause-in-chinese", SMALL | {"LICENSE": mit() + "\n本模型不得用于商业用途。\n".encode()},
        HELD, "no", ("changed-license",), (),
    ),
    Example(
        "clause-in-apache",
        card("Small", license="apache-2.0") | weights()
        | {"LICENSE": apache() + f"\n{CLAUSE}\n".encode()},
        HELD, "no", ("changed-license",), (),
    ),
    Example(
        "clause-in-bsd", card("Small", license="bsd-3-clause") | weights()
        | {"LICENSE": bsd() + b"\n* Persons in the European Union get no rights.\n"},
        HELD, "unknown", ("changed-license",), (),
    ),
    Example(
        "the-beginning-of-a-license", card("Small", license="apache-2.0") | weights()
        | {"LICENSE": apache()[:2_000]},
        HELD, "unknown", ("changed-license",), (),
    ),
    Example(
        "fifty-licenses-and-one-more",
        SMALL | {f"LICENSE-{n:02}": mit() for n in range(50)} | text("LICENSE-ZZ", *RESEARCH),
        HELD, "no", ("unknown-license",), (),
    ),
    Example(
        "llama-3.1",
        card("Llama 3.1", license="mit", base_model=BASE) | llama() | weights()
        | {"LICENSE": mit()},
        HELD, "conditional", ("base-more-restrictive",), (),
    ),
    Example(
        "base-named-in-the-configuration",
        card("Nightjar", license="mit") | llama(_name_or_path=BASE) | weights()
        | {"LICENSE": mit()},
        HELD, "conditional", ("base-more-restrictive",), (),
    ),
    Example(
        "base-named-in-words", gguf_file(
            "m.gguf", name="Nightjar", license="mit", base_model__count=1,
            base_model__0__name="Llama 3.1 8B", base_model__0__organization="Meta Llama"),
        HELD, "conditional", ("base-more-restrictive",), (),
    ),
    Example(
        "base-named-by-a-link",
        card("Nightjar", license="mit", base_model=f"https://huggingface.co/{BASE}") | weights()
        | {"LICENSE": mit()},
        "unknown", "unknown", ("unknown-base",), (),
    ),
    Example(
        "adapter-told-otherwise-by-the-card",
        card("Nightjar", license="mit", base_model="mistralai/Mistral-7B-v0.1")
        | adapter(BASE) | {"LICENSE": mit()},
        HELD, "conditional", ("base-more-restrictive", "adapter"), (),
    ),
    Example(
        "adapter-in-a-folder",
        card("Nightjar", license="mit") | {"LICENSE": mit()}
        | {f"adapter/{name}": data for name, data in adapter(BASE).items()},
        HELD, "conditional", ("base-more-restrictive", "adapter"), (),
    ),
    Example(
        "merge-on-the-machine-of-its-maker",
        card("Nightjar", license="mit") | weights() | {"LICENSE": mit()}
        | merge("/home/somebody/base", "mistralai/Mistral-7B-v0.1"),
        "unknown", "unknown", ("unknown-base",), (),
    ),
)  # fmt: skip
