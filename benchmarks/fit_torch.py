"""Predicted and measured memory of Transformers and diffusers for small models made on the spot.

    python benchmarks/fit_torch.py --python PYTHON_WITH_TORCH [--only llama,bert] [--keep FOLDER]
    python benchmarks/fit_torch.py --again tests/judge/fitting/measured_torch.json

Each row is a fresh process (benchmarks/torch_models.py) that loads and runs one model once.
Resident memory above the bare process is compared: the highest while running, and while loading.
`--write FILE` keeps what was measured, `--again FILE` predicts for a file kept before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.anatomy.pipeline import pipeline
from freehold.judge.fitting import (
    codecs,
    diffusion,
    encoder_decoder,
    encoders,
    forecasting,
    transformers,
)
from freehold.judge.fitting.live import ALLOCATOR, BARE, MIB
from freehold.judge.fitting.parts import Parts, Setting
from freehold.judge.fitting.residency import EXPERT
from freehold.judge.fitting.weights import HEAD

WORKER = Path(__file__).with_name("torch_models.py")
OF = (
    "torch 2.13.0 (CPU), transformers 5.24.0, diffusers 0.42.1, Python 3.11.7, Debian 12, "
    "2 cores of an AMD EPYC, 2026-11-28"
)
Way = dict[str, Any]
Row = dict[str, Any]

PICTURES = [
    {"dtype": "f32", "batch": 1, "height": 384, "width": 512},
    {"dtype": "bf16", "batch": 1, "height": 512, "width": 512},
]
WAYS: dict[str, list[Way]] = {
    "llama": [
        {"dtype": "bf16", "prompt": 512},
        {"dtype": "bf16", "prompt": 4096},
        {"dtype": "f32", "prompt": 2048},
        {"dtype": "bf16", "prompt": 2048, "attention": "eager"},
        {"dtype": "bf16", "prompt": 1024, "logits": "all"},
        {"dtype": "bf16", "prompt": 1024, "parallel": 4},
    ],
    "qwen3-moe": [
        {"dtype": "bf16", "prompt": 512},
        {"dtype": "bf16", "prompt": 4096},
        {"dtype": "f32", "prompt": 1024},
    ],
    "gemma3": [
        {"dtype": "bf16", "prompt": 512},
        {"dtype": "bf16", "prompt": 4096},
        {"dtype": "f32", "prompt": 2048},
    ],
    "mamba": [{"dtype": "f32", "prompt": 1024}],
    "bert": [
        {"dtype": "f32", "batch": 1, "tokens": 512},
        {"dtype": "f32", "batch": 16, "tokens": 512},
        {"dtype": "bf16", "batch": 32, "tokens": 256},
        {"dtype": "f32", "batch": 8, "tokens": 512, "attention": "eager"},
    ],
    "xlm-roberta": [
        {"dtype": "f32", "batch": 1, "tokens": 1024},
        {"dtype": "f32", "batch": 8, "tokens": 1024},
        {"dtype": "bf16", "batch": 16, "tokens": 512},
    ],
    "modernbert": [
        {"dtype": "f32", "batch": 1, "tokens": 512},
        {"dtype": "f32", "batch": 2, "tokens": 4096},
        {"dtype": "bf16", "batch": 8, "tokens": 1024},
    ],
    "whisper": [
        {"dtype": "f32", "batch": 1, "new": 64, "beams": 1},
        {"dtype": "f32", "batch": 4, "new": 64, "beams": 1},
        {"dtype": "bf16", "batch": 2, "new": 8, "beams": 5},
    ],
    "t5": [
        {"dtype": "f32", "batch": 4, "tokens": 1024, "new": 4},
        {"dtype": "bf16", "batch": 4, "tokens": 512, "new": 4, "beams": 4},
    ],
    "chronos": [
        {"dtype": "f32", "batch": 1, "tokens": 513, "new": 4, "samples": 20},
        {"dtype": "bf16", "batch": 4, "tokens": 513, "new": 4, "samples": 20},
    ],
    "clip-vision": [{"dtype": "f32", "batch": 1}, {"dtype": "f32", "batch": 16}],
    "llava": [
        {"dtype": "bf16", "prompt": 700, "images": 1},
        {"dtype": "f32", "prompt": 2400, "images": 4},
    ],
    "encodec": [
        {"dtype": "f32", "batch": 1, "seconds": 10},
        {"dtype": "f32", "batch": 4, "seconds": 20},
    ],
    "dac": [
        {"dtype": "f32", "batch": 1, "seconds": 5},
        {"dtype": "f32", "batch": 2, "seconds": 10},
    ],
    "patchtst": [{"dtype": "f32", "batch": 4}, {"dtype": "f32", "batch": 32}],
    "timesfm": [{"dtype": "f32", "batch": 8}, {"dtype": "f32", "batch": 128}],
    "sd15": PICTURES,
    "sdxl": PICTURES,
    "sd3": PICTURES,
    "flux": PICTURES,
    "pixart": PICTURES,
}
DECODERS = ("llama", "qwen3-moe", "gemma3", "mamba", "llava")


def predict(name: str, config: Way, tensors: dict[str, list[Tensor]], way: Way) -> Parts:
    """What Freehold says of one row; a pipeline has its parts by name, others one of no name."""
    dtype = way["dtype"]
    if "index" in config:
        picture = diffusion.Picture(width=way["width"], height=way["height"], batch=way["batch"])
        return diffusion.memory(
            pipeline(config["index"], config["parts"]), tensors, picture, dtype=dtype
        )
    own = tensors[""]
    if name in DECODERS:
        return _decoder(config, own, way)
    if name in ("bert", "xlm-roberta", "modernbert"):
        flash = way.get("attention") != "eager"
        return encoders.memory(
            anatomy(config), own, batch=way["batch"], tokens=way["tokens"], dtype=dtype, flash=flash
        )
    return _other(name, config, own, way)


def _other(name: str, config: Way, own: list[Tensor], way: Way) -> Parts:
    dtype = way["dtype"]
    if name in ("encodec", "dac"):
        return codecs.memory(config, own, batch=way["batch"], seconds=way["seconds"], dtype=dtype)
    if name in ("patchtst", "timesfm"):
        return forecasting.memory(config, own, batch=way["batch"], dtype=dtype)
    if name == "clip-vision":
        return encoders.plain(
            own,
            width=config["hidden_size"],
            feed=config["intermediate_size"],
            batch=way["batch"],
            tokens=577,
            dtype=dtype,
        )
    copies = way.get("beams", 1) * way.get("samples", 1)
    return encoder_decoder.memory(
        anatomy(config),
        own,
        batch=way["batch"],
        source=way.get("tokens"),
        new=way["new"],
        copies=copies,
        dtype=dtype,
    )


def _decoder(config: Way, tensors: list[Tensor], way: Way) -> Parts:
    setting = Setting(
        context=way["prompt"] + 4,
        parallel=way.get("parallel", 1),
        flash=way.get("attention") != "eager",
    )
    return transformers.memory(
        anatomy(config),
        tensors,
        setting,
        dtype=way["dtype"],
        prompt=way["prompt"],
        all_logits=way.get("logits") == "all",
        images=way.get("images", 0),
    )


def headers(folder: Path) -> list[Tensor]:
    """The tensors of all safetensors files in one folder."""
    found: list[Tensor] = []
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as stream:
            table = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        found += [
            Tensor(key, t["dtype"], tuple(t["shape"]), t["data_offsets"][1] - t["data_offsets"][0])
            for key, t in table.items()
            if key != "__metadata__"
        ]
    return found


def described(folder: Path) -> tuple[Way, dict[str, list[Tensor]]]:
    """The configuration of a model and its tensors; of a pipeline, those of its parts."""
    index = folder / "model_index.json"
    if not index.exists():
        return json.loads((folder / "config.json").read_text()), {"": headers(folder)}
    parts = {f.parent.name: json.loads(f.read_text()) for f in sorted(folder.glob("*/config.json"))}
    config = {"index": json.loads(index.read_text()), "parts": parts}
    return config, {name: headers(folder / name) for name in parts}


def measured(python: str, only: list[str], keep: Path) -> Iterator[Row]:
    """Make each model once, run each of its ways in a fresh process."""
    for name in only or WAYS:
        folder = keep / name
        if not folder.exists():
            _worker(python, "make", name, str(folder))
        config, tensors = described(folder)
        for way in WAYS[name]:
            out = _worker(python, "measure", name, str(folder), json.dumps(way))
            yield {
                "name": name,
                "way": way,
                "config": config,
                "measured": json.loads(out),
                "tensors": condensed(tensors),
            }


def _worker(python: str, *words: str) -> str:
    done = subprocess.run(
        [python, str(WORKER), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | ALLOCATOR,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def condensed(tensors: dict[str, list[Tensor]]) -> dict[str, list[list[object]]]:
    """The tensors with those that no formula tells apart put together, small enough to keep."""
    kept: dict[str, list[list[object]]] = {}
    for part, own in tensors.items():
        told = [t for t in own if HEAD.search(t.name)]
        rest: dict[tuple[str, str], int] = {}
        for tensor in own:
            if tensor not in told:
                word = (
                    "0.experts.0."
                    if EXPERT.search(tensor.name)
                    else ("encoder." if tensor.name.startswith(("encoder.", "quant_")) else "")
                )
                rest[word, tensor.dtype] = rest.get((word, tensor.dtype), 0) + tensor.size
        kept[part] = [[t.name, t.dtype, list(t.shape), t.size] for t in told]
        kept[part] += [[f"{word}rest", dtype, [size], size] for (word, dtype), size in rest.items()]
    return kept


def tensors_of(row: Row) -> dict[str, list[Tensor]]:
    """The tensors that a row carries, as records."""
    return {
        part: [Tensor(name, dtype, tuple(shape), size) for name, dtype, shape, size in own]
        for part, own in row["tensors"].items()
    }


def compared(row: Row) -> tuple[Parts, int, int, int]:
    """The prediction, and above the bare process: predicted, measured running, measured loading."""
    parts = predict(row["name"], row["config"], tensors_of(row), row["way"])
    bare = BARE["diffusers" if "index" in row["config"] else "transformers"]
    seen = row["measured"]
    top = max(seen["running"], seen["loading"]) - seen["bare"]
    return parts, parts.total - bare, seen["running"] - seen["bare"], top


def show(row: Row) -> None:
    """One line: parts, predicted and measured above the bare process, the error of both peaks."""
    parts, said, ran, top = compared(row)
    bare = parts.total - said
    way = " ".join(f"{key}={value}" for key, value in row["way"].items())
    print(
        f"{row['name']:<12} {way:<44} {parts.weights / MIB:7.0f} {parts.state / MIB:6.0f}"
        f" {parts.compute / MIB:7.0f} {said / MIB:8.0f} {ran / MIB:8.0f} {said / ran - 1:+7.1%}"
        f" {(parts.peak - bare) / MIB:8.0f} {top / MIB:8.0f}"
        f" {(parts.peak - bare) / top - 1:+7.1%}"
        f" {parts.total / row['measured']['running'] - 1:+7.1%}",
        flush=True,
    )


def main() -> None:
    """Measure or take what was measured, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--again", type=Path)
    asked = parser.parse_args()
    print(
        f"{'model':<12} {'way':<44} weights  state compute     said      ran   error"
        "     peak   loaded   error   whole"
    )
    kept: list[Row] = []
    with tempfile.TemporaryDirectory() as made:
        only = [name for name in asked.only.split(",") if name]
        rows = (
            read(asked.again.read_text())
            if asked.again
            else measured(asked.python, only, asked.keep or Path(made))
        )
        for row in rows:
            show(row)
            kept.append(row)
    errors = sorted(abs(said / ran - 1) for _, said, ran, _ in map(compared, kept))
    below = sum(said < ran for _, said, ran, _ in map(compared, kept))
    print(
        f"{len(kept)} rows; median error {errors[len(errors) // 2]:.1%}, largest "
        f"{errors[-1]:.1%}, within 10 %: {sum(e <= 0.1 for e in errors)}, below: {below}"
    )
    if asked.write:
        asked.write.write_text(written(kept))


def written(rows: list[Row]) -> str:
    """The rows as JSON, one line each, each model described once."""
    models = {row["name"]: {"config": row["config"], "tensors": row["tensors"]} for row in rows}
    head = "".join(f"{json.dumps(n)}: {json.dumps(m)},\n" for n, m in models.items()).rstrip(",\n")
    runs = [{key: row[key] for key in ("name", "way", "measured")} for row in rows]
    lines = ",\n".join(json.dumps(run) for run in runs)
    return f'{{"of": {json.dumps(OF)},\n"models": {{\n{head}}},\n"rows": [\n{lines}]}}\n'


def read(text: str) -> list[Row]:
    """What `written` wrote."""
    table = json.loads(text)
    return [run | table["models"][run["name"]] for run in table["rows"]]


if __name__ == "__main__":
    main()
