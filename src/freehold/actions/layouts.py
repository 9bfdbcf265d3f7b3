"""Recognizes what lies in a file or folder as one model, by the layout of its publisher.

Only heads of files are read, so this takes milliseconds whatever their size.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.formats.config import architecture as named
from freehold.formats.converted import GRAPH, IR, made_for
from freehold.formats.ctranslate2 import kind
from freehold.formats.genai import CONFIG as GENAI
from freehold.formats.genai import read_genai
from freehold.formats.gguf import Gguf, read_gguf
from freehold.formats.structured import read_json
from freehold.judge.abilities import RAW, TALKS, of_class, of_gguf

HASHED = 2**20
"""Bytes at the start of a file that its short digest covers."""
LONGEST_NAME = 200
PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf$")
NOT_A_MODEL = {"adapter": "an adapter", "mmproj": "a projector", "imatrix": "an importance matrix"}
LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length",
           "seq_length", "n_ctx", "max_target_positions")  # fmt: skip
"""Keys of config.json that say how many tokens a model was trained for."""
INSIDE = ("text_config", "language_config", "llm_config", "decoder")
PARTS = ("llm", "vision_tower", "mm_projector")
"""Folders of a model that is published in parts (VILA)."""
SPEECH = "speech_tokenizer"
"""The folder with which a model of text also hears and speaks (Spirit LM)."""
WEIGHTS = (".safetensors", ".bin", ".gguf", ".onnx", ".tflite")
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
"""Endings of weights that only `convert` opens."""
TEMPLATES = ("chat_template.jinja", "chat_template.json")


class LocalModel(Struct, frozen=True, kw_only=True):
    """One model on disk: `file` is what an engine opens, a file or a folder.

    `format` is gguf, safetensors (the layout of Transformers), diffusers, openvino, ctranslate2,
    onnxruntime-genai, onnx or tflite. `tasks` are those it can do by its architecture, the usual
    one first. `context` is what it was trained for. `digest` is the SHA-256 of the first MiB of its
    first file and of its size: it tells models apart, it does not vouch for every byte. `size`
    counts all files of weights. A model at an `address` is not on disk: a server answers for it.
    """

    file: Path
    name: str
    format: str
    architecture: str
    tasks: tuple[str, ...]
    context: int | None
    size: int
    digest: str
    chat_template: bool
    address: str | None = None


def model_in(path: Path, among: Sequence[Path] | None = None) -> LocalModel:
    """The model in a file or folder; `among` are the files to look at, None means all.

    Raises BrokenInput for what is none, UsageError where there are several, EnvironmentProblem
    for weights that nothing here can run.
    """
    if not path.is_dir():
        return _in_file(path.absolute())
    files = sorted(path.iterdir() if among is None else among)
    names = {file.relative_to(path).as_posix() for file in files if file.is_relative_to(path)}
    for holds, read in LAYOUTS:
        if holds(names):
            return read(path.absolute(), files)
    return _in_file(_one_of(path, files).absolute())


def _in_file(file: Path) -> LocalModel:
    ending = file.suffix.lower()
    if ending in (".onnx", ".tflite"):
        return _described(file, file.stem, ending[1:], ending[1:], (RAW,), [file])
    if ending == ".safetensors":
        raise EnvironmentProblem(
            f"{file.name}: weights alone cannot be run", hint="name the folder with its config.json"
        )
    if ending == ".nemo":
        raise EnvironmentProblem(
            f"{file.name}: an archive of NeMo is not run as it is",
            hint=f"freehold convert {file} -o {file.stem} makes a folder of it",
        )
    return _gguf(file)


def _transformers(folder: Path, files: Sequence[Path]) -> LocalModel:
    """A folder with config.json and weights beside it."""
    config = read_json(folder / "config.json", "config.json")
    architecture = named(config)
    if not architecture:
        raise BrokenInput(f"{folder.name}: its config.json does not say its architecture")
    weights = [file for file in files if file.suffix == ".safetensors"]
    weights = weights or [file for part in PARTS for file in folder.glob(f"{part}/*.safetensors")]
    if not weights:
        raise EnvironmentProblem(
            f"{folder.name}: its weights are no safetensors, so nothing here loads them",
            hint=_converting([file for file in files if file.suffix in PICKLED]),
        )
    tasks = of_class(architecture, config)
    if (folder / SPEECH).is_dir():
        tasks = (TALKS, *tasks)
    return _described(
        folder, folder.name, "safetensors", architecture, tasks, weights,
        context=_length(config), chat_template=_has_template(folder) or _sees(folder),
    )  # fmt: skip


def _converting(pickled: Sequence[Path]) -> str | None:
    """How one of the files of weights becomes safetensors; each has to."""
    if not pickled:
        return None
    first = sorted(pickled)[0]
    each = "" if len(pickled) == 1 else f", and so for each of {len(pickled)}"
    return f"freehold convert {first} -o {first.with_suffix('.safetensors')}{each}"


def _sees(folder: Path) -> bool:
    """Whether it takes pictures beside a text: then it is asked, also without a template."""
    names = ("processor_config.json", "preprocessor_config.json")
    return any((folder / part / name).is_file() for part in ("", "vision_tower") for name in names)


def _pipeline(folder: Path, _: Sequence[Path]) -> LocalModel:
    """A pipeline: model_index.json and a folder for each part, of diffusers or for OpenVINO."""
    index = read_json(folder / "model_index.json", "model_index.json")
    architecture = str(index.get("_class_name") or "")
    converted = sorted(file.with_suffix(".bin") for file in folder.glob(f"*/{IR[0]}"))
    form = "openvino" if converted else "diffusers"
    weights = [file for file in converted if file.is_file()]
    weights = weights or sorted(folder.glob("*/*.safetensors"))
    if not weights:
        raise EnvironmentProblem(
            f"{folder.name}: holds no safetensors, so nothing here loads it",
            hint=_converting([file for kind in PICKLED for file in folder.glob(f"*/*{kind}")]),
        )
    tasks = of_class(architecture)
    return _described(folder, folder.name, form, architecture, tasks, weights)


def _openvino(folder: Path, files: Sequence[Path]) -> LocalModel:
    return _converted(folder, files, "openvino")


def _ctranslate2(folder: Path, files: Sequence[Path]) -> LocalModel:
    found = _converted(folder, files, "ctranslate2")
    form = kind(folder / "model.bin", folder.name)
    return found if found.tasks else replace(found, architecture=form, tasks=OF_FORM.get(form, ()))


def _genai(folder: Path, files: Sequence[Path]) -> LocalModel:
    """A folder for onnxruntime-genai: its graph, and numbers that may lie in files beside it.

    One graph serves many models, so the largest file is the one that tells them apart.
    """
    told = read_genai(folder)
    weights = [file for file in files if GRAPH.search(file.name) and file.is_file()]
    weights.sort(key=lambda file: -file.stat().st_size)
    if not weights:
        raise BrokenInput(f"{folder.name}: holds a {GENAI} and no graph (.onnx)")
    return _described(
        folder, folder.name, "onnxruntime-genai", told.kind,
        ("text-generation",) if told.writes else (), weights,
        context=told.context, chat_template=_has_template(folder),
    )  # fmt: skip


def _converted(folder: Path, files: Sequence[Path], form: str) -> LocalModel:
    """A model in the layout of an engine; its config.json may still say what it was made from."""
    there = folder / "config.json"
    config = read_json(there, "config.json") if there.is_file() else {}
    architecture = named(config) or form
    weights = [file for file in files if file.suffix == ".bin"]
    return _described(
        folder, folder.name, form, architecture, of_class(architecture, config), weights,
        context=_length(config), chat_template=_has_template(folder) or _sees(folder),
    )  # fmt: skip


OF_FORM = {
    "TransformerDecoderSpec": ("text-generation",),
    "TransformerSpec": ("text-generation",),
    "WhisperSpec": ("automatic-speech-recognition",),
}
"""What the kinds of models of CTranslate2 can do."""
LAYOUTS: tuple[
    tuple[Callable[[set[str]], bool], Callable[[Path, Sequence[Path]], LocalModel]], ...
] = (
    (lambda names: "model_index.json" in names, _pipeline),
    (lambda names: made_for(names) == "onnxruntime-genai", _genai),
    (lambda names: made_for(names) == "openvino", _openvino),
    (lambda names: made_for(names) == "ctranslate2", _ctranslate2),
    (lambda names: "config.json" in names and not any(_is_gguf(n) for n in names), _transformers),
)


def _gguf(file: Path) -> LocalModel:
    found = read_gguf(file, file.name)
    kind = found.text("general.type") or "model"
    architecture = found.text("general.architecture")
    if kind in NOT_A_MODEL:
        raise BrokenInput(f"{file.name}: is {NOT_A_MODEL[kind]}, not a model")
    if architecture is None:
        raise BrokenInput(f"{file.name}: does not say its architecture")
    context = found.metadata.get(f"{architecture}.context_length")
    return _described(
        file, found.text("general.name") or file.stem, "gguf", architecture,
        of_gguf(architecture, found.metadata.get(f"{architecture}.pooling_type")),
        _parts(file, found), context=context if isinstance(context, int) else None,
        chat_template=found.chat_template,
    )  # fmt: skip


def _described(
    file: Path, name: str, form: str, architecture: str, tasks: tuple[str, ...],
    weights: Sequence[Path], context: int | None = None, chat_template: bool = False,
) -> LocalModel:  # fmt: skip
    return LocalModel(
        file=file, name=_short(name), format=form, architecture=_short(architecture), tasks=tasks,
        context=context, size=sum(part.stat().st_size for part in weights),
        digest=digest(weights[0]) if weights else "", chat_template=chat_template,
    )  # fmt: skip


def digest(file: Path) -> str:
    """The SHA-256 of the first MiB of a file and of its size."""
    with file.open("rb") as opened:
        head = opened.read(HASHED)
    return hashlib.sha256(head + str(file.stat().st_size).encode()).hexdigest()


def _length(config: Mapping[str, Any]) -> int | None:
    """The tokens that a configuration says a model was trained for."""
    inner = [config.get(name) for name in INSIDE]
    tables = [config, *(table for table in inner if isinstance(table, Mapping))]
    lengths = (table.get(key) for table in tables for key in LENGTHS)
    return next((n for n in lengths if isinstance(n, int) and n > 0), None)


def _has_template(folder: Path) -> bool:
    """Whether a chat template is published beside the weights."""
    if any((folder / name).is_file() for name in TEMPLATES):
        return True
    there = folder / "tokenizer_config.json"
    return there.is_file() and bool(read_json(there, there.name).get("chat_template"))


def _short(text: str) -> str:
    """A name as it can stand on a line and in the ledger."""
    return " ".join(text.split())[:LONGEST_NAME]


def _is_gguf(name: str) -> bool:
    return name.lower().endswith(".gguf") and not name.lower().startswith("mmproj")


def _one_of(folder: Path, files: Sequence[Path]) -> Path:
    """The one file among these that is a model by itself; of a split one, its first part."""
    alone = [f for f in files if _is_gguf(f.name) or f.suffix in (".onnx", ".tflite", ".nemo")]
    firsts = [f for f in alone if not (m := PART.match(f.name)) or int(m[2]) == 1]
    if len(firsts) == 1:
        return firsts[0]
    if firsts:
        names = ", ".join(f.name for f in firsts[:8])
        raise UsageError(f"{folder} holds {len(firsts)} models: {names}", hint="name one of them")
    if any(file.suffix == ".safetensors" for file in files):
        raise BrokenInput(f"{folder}: holds weights, but no config.json that says what they are")
    raise BrokenInput(f"{folder}: holds no model that can be run")


def _parts(file: Path, found: Gguf) -> list[Path]:
    """All files of a split model, each of which must be there; else the file itself."""
    match, count = PART.match(file.name), found.metadata.get("split.count")
    if not match or not isinstance(count, int) or count < 2:
        return [file]
    if int(match[2]) != 1:
        raise UsageError(
            f"{file.name}: is a later part", hint=f"name {match[1]}-00001-of-{match[3]}.gguf"
        )
    parts = [
        file.with_name(f"{match[1]}-{n:05}-of-{match[3]}.gguf") for n in range(1, int(match[3]) + 1)
    ]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise BrokenInput(f"{file.name}: {len(missing)} of its parts are missing: {missing[0]}")
    return parts
