"""Predicted and measured device memory and speed of Transformers on one CUDA device.

    PYTHONPATH=src PYTHON_WITH_TORCH benchmarks/fit_cuda.py [--device cpu --tiny] [--seconds 270]

Random weights are made on the device. Prints one JSON object per row, then a table: what the
allocator handed out and reserved, what the driver says of the process, tokens per second
(median of three, no CUDA graphs). Rows that no longer fit the time are named, not dropped.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.from_config import anatomy
from freehold.judge.fitting import encoder_decoder, encoders, transformers
from freehold.judge.fitting.live import MIB
from freehold.judge.fitting.parts import Parts, Setting

Row = dict[str, Any]
REPEATS = 3
NEW = 32

LLAMA_1B = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
            "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
            "vocab_size": 128256, "max_position_embeddings": 65536,
            "tie_word_embeddings": True}  # fmt: skip
LLAMA_8B = LLAMA_1B | {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
                       "head_dim": 128, "tie_word_embeddings": False}  # fmt: skip
BERT = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
        "num_attention_heads": 16, "vocab_size": 30522, "max_position_embeddings": 512}  # fmt: skip
WHISPER = {"d_model": 1280, "encoder_layers": 32, "decoder_layers": 32, "vocab_size": 51866,
           "encoder_attention_heads": 20, "decoder_attention_heads": 20, "num_mel_bins": 128,
           "encoder_ffn_dim": 5120, "decoder_ffn_dim": 5120}  # fmt: skip
TINY = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "d_model": 64,
        "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128}  # fmt: skip

CONTEXTS = [(2048, 1), (8192, 1), (32768, 1), (2048, 8), (8192, 8)]
ROWS: list[tuple[str, str, Row, list[Row]]] = [
    ("llama-1b", "Llama", LLAMA_1B, [{"context": c, "batch": b} for c, b in CONTEXTS]),
    ("bert-large", "Bert", BERT, [{"tokens": 512, "batch": 1}, {"tokens": 512, "batch": 64}]),
    ("whisper-large", "Whisper", WHISPER, [{"batch": 1, "beams": 1}, {"batch": 8, "beams": 1},
                                           {"batch": 4, "beams": 5}]),
    ("llama-8b", "Llama", LLAMA_8B, [{"context": c, "batch": b} for c, b in CONTEXTS]),
]  # fmt: skip
CLASSES = {"Llama": "LlamaForCausalLM", "Bert": "BertModel",
           "Whisper": "WhisperForConditionalGeneration"}  # fmt: skip


class Place:
    """The device: where, how much is taken, and when its work is done."""

    def __init__(self, device: str) -> None:
        import torch

        self.device, self.torch, self.cuda = device, torch, torch.cuda if device == "cuda" else None

    def wait(self) -> None:
        """Until everything that was started is done."""
        if self.cuda:
            self.cuda.synchronize()

    def forget(self) -> None:
        """Give cached memory back and forget the peak."""
        if self.cuda:
            self.cuda.empty_cache()
            self.cuda.reset_peak_memory_stats()

    def taken(self) -> Row:
        """The peaks of the allocator since `forget`, and what the driver shows for the process."""
        if not self.cuda:
            return {"allocated": 0, "reserved": 0, "process": 0}
        free, total = self.cuda.mem_get_info()
        return {"allocated": self.cuda.max_memory_allocated(),
                "reserved": self.cuda.max_memory_reserved(),
                "process": _process() or total - free}  # fmt: skip


def _process() -> int:
    """Bytes that nvidia-smi shows for this process; 0 where it shows none (a container)."""
    ask = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return 0
    rows = [line.split(",") for line in lines if line.count(",") == 1]
    mine = [
        int(size)
        for pid, size in rows
        if pid.strip() == str(os.getpid()) and size.strip().isdigit()
    ]
    return sum(mine) * MIB


def build(kind: str, values: Row, place: Place) -> tuple[Any, Row, list[Tensor]]:
    """A model with random weights in bf16, its configuration, and its tensors as records."""
    import torch
    import transformers as library

    library.logging.set_verbosity_error()
    config = getattr(library, f"{kind}Config")(**values)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(place.device):
        model = getattr(library, CLASSES[kind])(config).eval()
    torch.set_default_dtype(before)
    tensors = [Tensor(name, "BF16", tuple(t.shape), t.numel() * 2)
               for name, t in model.named_parameters()]  # fmt: skip
    return model, config.to_dict(), tensors


def predicted(kind: str, config: Row, tensors: list[Tensor], way: Row, device: str) -> Parts:
    """What Freehold says of one row."""
    on: Any = device
    if kind == "Llama":
        setting = Setting(context=way["context"] + NEW, parallel=way["batch"])
        return transformers.memory(anatomy(config), tensors, setting, dtype="bf16", device=on,
                                   prompt=way["context"])  # fmt: skip
    if kind == "Bert":
        return encoders.memory(anatomy(config), tensors, batch=way["batch"], tokens=way["tokens"],
                               dtype="bf16", device=on)  # fmt: skip
    return encoder_decoder.memory(anatomy(config), tensors, batch=way["batch"], new=NEW,
                                  copies=way["beams"], dtype="bf16", device=on)  # fmt: skip


def timed(run: Callable[[], object], place: Place) -> float:
    """Median seconds of several runs."""
    found = []
    for _ in range(REPEATS):
        place.wait()
        start = time.perf_counter()
        run()
        place.wait()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def work(kind: str, model: Any, way: Row, place: Place) -> Callable[[int], object]:
    """A function that runs the model once and writes so many tokens."""
    import torch

    batch = way["batch"]
    if kind == "Whisper":
        sound = torch.randn(batch, model.config.num_mel_bins, 3000, dtype=torch.bfloat16,
                            device=place.device)  # fmt: skip
        return lambda new: model.generate(sound, max_new_tokens=new, min_new_tokens=new,
                                          num_beams=way["beams"], do_sample=False)  # fmt: skip
    ids = torch.randint(3, model.config.vocab_size, (batch, way.get("context") or way["tokens"]),
                        device=place.device)  # fmt: skip
    if kind == "Bert":
        return lambda _: model(input_ids=ids, attention_mask=torch.ones_like(ids))
    ones = torch.ones_like(ids)
    return lambda new: model.generate(ids, attention_mask=ones, max_new_tokens=new,
                                      min_new_tokens=new, do_sample=False)  # fmt: skip


def measured(kind: str, model: Any, way: Row, place: Place) -> Row:
    """Peaks of a whole run; tokens per second read (one written) and written (the rest)."""
    run = work(kind, model, way, place)
    run(2)
    place.forget()
    run(NEW)
    found = place.taken()
    first = timed(lambda: run(1), place)
    rows = way["batch"] * (way.get("context") or way.get("tokens") or 1500)
    found["prefill"] = rows / first
    if kind != "Bert":
        whole = timed(lambda: run(NEW), place)
        found["decode"] = way["batch"] * (NEW - 1) / max(whole - first, 1e-9)
    return found


def line(row: Row) -> str:
    """One row of the table; memory in MiB, the error against what the allocator handed out."""
    said, seen, way = row["predicted"], row["measured"], row["way"]
    model = said["weights"] + said["state"] + said["compute"]
    error = f"{model / seen['allocated'] - 1:+7.1%}" if seen["allocated"] else "      -"
    whole = f"{said['total'] / seen['process'] - 1:+7.1%}" if seen["process"] else "      -"
    words = " ".join(f"{key}={value}" for key, value in way.items())
    return (f"{row['name']:<14} {words:<24} {model / MIB:8.0f} {seen['allocated'] / MIB:9.0f}"
            f" {error} {seen['reserved'] / MIB:9.0f} {said['total'] / MIB:8.0f}"
            f" {seen['process'] / MIB:8.0f} {whole} {seen['prefill']:10.0f}"
            f" {seen.get('decode', 0):8.1f}")  # fmt: skip


def rows(place: Place, tiny: bool, until: float) -> list[Row]:
    """Every row that fits the time; the others are named."""
    import torch

    done: list[Row] = []
    for name, kind, values, ways in ROWS:
        if time.monotonic() > until:
            print(json.dumps({"name": name, "skipped": "no time left"}), flush=True)
            continue
        smaller = {key: TINY[key] for key in values.keys() & TINY.keys()} if tiny else {}
        model, config, tensors = build(kind, values | smaller, place)
        for way in ways[:1] if tiny else ways:
            if time.monotonic() > until:
                print(json.dumps({"name": name, "way": way, "skipped": "no time left"}), flush=True)
                continue
            asked = way | ({"context": 64} if tiny and "context" in way else {})
            with torch.inference_mode():
                row = _row(name, kind, model, config, tensors, asked, place)
            print(json.dumps(row), flush=True)
            if "measured" in row:
                done.append(row)
        del model
        place.forget()
    return done


def _row(
    name: str, kind: str, model: Any, config: Row, tensors: list[Tensor], way: Row, place: Place
) -> Row:
    import torch

    parts = predicted(kind, config, tensors, way, place.device)
    said = {"weights": parts.weights, "state": parts.state, "compute": parts.compute,
            "overhead": parts.overhead, "total": parts.total}  # fmt: skip
    try:
        seen = measured(kind, model, way, place)
    except torch.OutOfMemoryError as error:
        place.forget()
        return {"name": name, "way": way, "predicted": said, "failed": str(error)[:200]}
    return {"name": name, "way": way, "predicted": said, "measured": seen}


def main() -> None:
    """Run the rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--seconds", type=float, default=270)
    asked = parser.parse_args()
    place = Place(asked.device)
    done = rows(place, asked.tiny, time.monotonic() + asked.seconds)
    print(f"{'model':<14} {'way':<24}     said allocated   error  reserved    whole  process"
          "   error prefill/s decode/s")  # fmt: skip
    for row in done:
        print(line(row))


if __name__ == "__main__":
    main()
