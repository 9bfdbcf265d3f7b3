"""Builds model folders on disk as publishers lay them out.

Configurations are true in the fields that are typed, cards are written anew in the manner of
such cards, and weights are headers with a few zeros behind them. Texts of licenses belong to
others: they are taken from installed packages, and where none brings the text the folder has
only the tag, or a short text of our own with such clauses.
"""

import importlib.metadata
import io
import json
import pickle
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.formats.layouts import gguf, safetensors, tensor

Files = dict[str, bytes]

ROOT = Path(__file__).parent.parent


def lay(root: Path, files: Files) -> Path:
    """Write the files below `root` and give it back."""
    root.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


def card(title: str, *prose: str, **front: Any) -> Files:
    """README.md: front matter between lines of dashes, a heading, paragraphs."""
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True) if front else ""
    body = "\n\n".join([f"# {title}", *prose])
    return {"README.md": f"---\n{head}---\n\n{body}\n".encode()}


def as_json(name: str, table: dict[str, Any]) -> Files:
    """One JSON file, indented as the libraries write it."""
    return {name: (json.dumps(table, indent=2) + "\n").encode()}


def config(kind: str, architecture: str, **fields: Any) -> Files:
    """config.json of a model for transformers."""
    return as_json("config.json", {"architectures": [architecture], "model_type": kind, **fields})


def generation() -> Files:
    """generation_config.json."""
    table = {"_from_model_config": True, "bos_token_id": 1, "eos_token_id": 2}
    return as_json("generation_config.json", table)


def tokenizer(kind: str, **fields: Any) -> Files:
    """tokenizer_config.json."""
    return as_json("tokenizer_config.json", {"tokenizer_class": kind, **fields})


def weights(name: str = "model.safetensors", **metadata: str) -> Files:
    """One safetensors file with two small tensors."""
    header: dict[str, Any] = {
        "__metadata__": {"format": "pt", **metadata},
        "a.weight": tensor("F16", [2, 3], 0, 12),
        "a.bias": tensor("F16", [2], 12, 16),
    }
    return {name: safetensors(header, b"\0" * 16)}


def shards(count: int = 2) -> Files:
    """Weights in several files, and the index that says which tensor is where."""
    names = [f"model-{n + 1:05}-of-{count:05}.safetensors" for n in range(count)]
    table = {"metadata": {"total_size": 16 * count}, "weight_map": {"a.weight": names[0]}}
    files = as_json("model.safetensors.index.json", table)
    for name in names:
        files |= weights(name)
    return files


def pickled(name: str = "pytorch_model.bin") -> Files:
    """Weights as PyTorch saves them: an archive with a pickle, which can run code when loaded."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a.weight": 0.0}, protocol=2))
        archive.writestr("archive/version", "3\n")
    return {name: out.getvalue()}


def gguf_file(file: str, /, **general: Any) -> Files:
    """One GGUF file with these `general.` keys; `__` in a key stands for a dot."""
    keys = {f"general.{key.replace('__', '.')}": value for key, value in general.items()}
    return {file: gguf({**keys, "llama.context_length": 8192})}


def adapter(base: str) -> Files:
    """A LoRA adapter: its configuration and its weights."""
    table = {"base_model_name_or_path": base, "peft_type": "LORA", "r": 16, "lora_alpha": 32,
             "task_type": "CAUSAL_LM", "target_modules": ["q_proj", "v_proj"]}  # fmt: skip
    return as_json("adapter_config.json", table) | weights("adapter_model.safetensors")


def merge(base: str, *others: str) -> Files:
    """mergekit_config.yml of a merge by TIES."""
    rows = [{"model": name, "parameters": {"weight": 0.5}} for name in (base, *others)]
    recipe = {"models": rows, "merge_method": "ties", "base_model": base, "dtype": "bfloat16"}
    return {"mergekit_config.yml": yaml.safe_dump(recipe, sort_keys=False).encode()}


def pipeline(kind: str, **parts: tuple[str, str]) -> Files:
    """model_index.json and the folders of the parts, each with a configuration and weights."""
    table = {"_class_name": kind, "_diffusers_version": "0.30.0"}
    files = as_json("model_index.json", table | {name: list(pair) for name, pair in parts.items()})
    for name, (library, loads) in parts.items():
        if "Tokenizer" in loads:
            files |= as_json(f"{name}/tokenizer_config.json", {"tokenizer_class": loads})
        elif "Scheduler" in loads:
            files |= as_json(f"{name}/scheduler_config.json", {"_class_name": loads})
        else:
            key = "_class_name" if library == "diffusers" else "architectures"
            value = loads if library == "diffusers" else [loads]
            files |= as_json(f"{name}/config.json", {key: value})
            files |= weights(f"{name}/model.safetensors")
    return files


def text(name: str, *lines: str) -> Files:
    """A text file of these paragraphs."""
    return {name: ("\n\n".join(lines) + "\n").encode()}


@cache
def apache() -> bytes:
    """The text of Apache-2.0, as this project itself is licensed."""
    return (ROOT / "LICENSE").read_bytes()


@cache
def of_package(name: str) -> bytes:
    """The license file that an installed package brings: pytest the MIT one, click the BSD one."""
    found = importlib.metadata.files(name) or []
    path = next(file for file in found if file.name.startswith("LICENSE"))
    return Path(str(path.locate())).read_bytes()


def mit() -> bytes:
    """The text of MIT."""
    return of_package("pytest")


def bsd() -> bytes:
    """The text of BSD-3-Clause."""
    return of_package("click")


RESEARCH = (
    "HARBOR LAB RESEARCH MODEL LICENSE, version 1",
    "By downloading the Model you say that you have read these terms and will keep to them. If "
    "you do not agree, do not download it, and delete every copy that you have.",
    "You may download, run and change the Model for research and study only. Nobody else gets "
    "this permission through you; they must agree to these terms themselves.",
    "You must not use the Model, or anything made from it, for any commercial purpose. A use is "
    "commercial when it is meant to bring money or advantage to a business.",
    "You must not use what the Model produces to train another model.",
    "Whoever passes the Model on shall hand on this text and show the words "
    '"Made with Harbor" where people can see them.',
    "The Model comes as it is. Harbor Lab promises nothing about it and pays for no harm that "
    "comes from its use.",
    "This permission ends when you break one of these terms.",
)
"""A short text of our own that forbids most of what people want to do."""

POLICY = (
    "Acceptable use policy",
    "You agree that you will not use this model to break the law, to harm or deceive people, "
    "to develop weapons, or to give medical or legal advice without a qualified person.",
)
"""A list of forbidden uses in our own words."""

GATE = {
    "extra_gated_heading": "Agree to the license to get access",
    "extra_gated_prompt": "Read the license and agree to share your name and e-mail address.",
    "extra_gated_fields": {"Name": "text", "Country": "country", "I agree": "checkbox"},
    "extra_gated_button_content": "Agree and continue",
}
"""Front matter of a card whose files come only after a form."""
