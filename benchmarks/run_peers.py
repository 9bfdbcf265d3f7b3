"""Runs one other engine for `benchmarks/run.py`, in its own Python; prints its figures as JSON.

    python benchmarks/run_peers.py NAME FOLDER PRECISION ORDERS

ORDERS is JSON: threads, prompts (lists of tokens), how many tokens to write, rounds. With `cold`
it writes one token, says so and ends. Needs none of Freehold.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

Tokens = list[int]
Write = Callable[[list[Tokens], int], float]
"""Write so many tokens for each prompt; the seconds until the first one was there."""


def transformers_generate(folder: Path, precision: str, threads: int, keep: Path) -> Write:
    """The plain `generate` of transformers, all prompts as one batch."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(threads)
    kind = {"bf16": torch.bfloat16, "f32": torch.float32}[precision]
    model = AutoModelForCausalLM.from_pretrained(folder / "hf", dtype=kind)

    class First:
        at = 0.0
        calls = 0

        def put(self, _: Any) -> None:
            self.calls += 1
            if self.calls == 2:  # the first call holds the prompt
                self.at = time.perf_counter()

        def end(self) -> None:
            pass

    def write(prompts: list[Tokens], count: int) -> float:
        first, began = First(), time.perf_counter()
        told = {"streamer": first} if len(prompts) == 1 else {}
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=count,
                min_new_tokens=count,
                do_sample=False,
                pad_token_id=0,
                **told,
            )
        return first.at - began

    return write


def ctranslate2(folder: Path, precision: str, threads: int, keep: Path) -> Write:
    """CTranslate2, converted from the same safetensors."""
    import ctranslate2 as ct

    made = keep / f"ct2-{precision}"
    if not made.exists():
        from ctranslate2.converters import TransformersConverter

        TransformersConverter(str(folder / "hf")).convert(str(made), quantization=precision)
    names = json.loads((folder / "hf" / "tokenizer.json").read_text())["model"]["vocab"]
    text = {number: name for name, number in names.items()}
    model = ct.Generator(
        str(made), device="cpu", intra_threads=threads, inter_threads=1, compute_type=precision
    )

    def write(prompts: list[Tokens], count: int) -> float:
        began, first = time.perf_counter(), [0.0]

        def step(result: Any) -> bool:
            first[0] = first[0] or time.perf_counter()
            return False

        told = {"callback": step} if len(prompts) == 1 else {}
        model.generate_batch(
            [[text[t] for t in prompt] for prompt in prompts],
            max_length=count,
            min_length=count,
            sampling_topk=1,
            beam_size=1,
            include_prompt_in_result=False,
            max_batch_size=len(prompts),
            **told,
        )
        return first[0] - began

    return write


def openvino_genai(folder: Path, precision: str, threads: int, keep: Path) -> Write:
    """OpenVINO GenAI; it reads the GGUF file, and for several prompts batches continuously."""
    import numpy as np
    import openvino_genai as og
    from openvino import Tensor

    file = folder / {"int8": "q8_0.gguf", "int4": "q4_0.gguf", "f16": "f16.gguf"}[precision]
    model = og.LLMPipeline(str(file), "CPU", INFERENCE_NUM_THREADS=threads)

    def write(prompts: list[Tokens], count: int) -> float:
        began, first = time.perf_counter(), [0.0]

        def step(_: Any) -> Any:
            first[0] = first[0] or time.perf_counter()
            return og.StreamingStatus.RUNNING

        told = {"streamer": step} if len(prompts) == 1 else {}
        ids = np.array(prompts, dtype=np.int64)
        inputs = og.TokenizedInputs(Tensor(ids), Tensor(np.ones_like(ids)))
        model.generate(
            inputs,
            max_new_tokens=count,
            min_new_tokens=count,
            ignore_eos=True,
            do_sample=False,
            **told,
        )
        return first[0] - began

    return write


def onnxruntime_genai(folder: Path, precision: str, threads: int, keep: Path) -> Write:
    """ONNX Runtime GenAI, built from the same safetensors by its model builder."""
    import onnxruntime_genai as og

    made = keep / f"ort-{precision}"
    if not (made / "genai_config.json").exists():
        words = (
            "-m",
            str(folder / "hf"),
            "-o",
            str(made),
            "-p",
            precision,
            "-e",
            "cpu",
            "-c",
            str(keep / "ort-cache"),
        )
        builder = (sys.executable, "-m", "onnxruntime_genai.models.builder", *words)
        subprocess.run(builder, check=True, stdout=subprocess.DEVNULL)
    config = og.Config(str(made))
    config.overlay(
        json.dumps({"model": {"decoder": {"session_options": {"intra_op_num_threads": threads}}}})
    )
    model = og.Model(config)

    def write(prompts: list[Tokens], count: int) -> float:
        length = len(prompts[0]) + count
        said = og.GeneratorParams(model)
        said.set_search_options(
            max_length=length, min_length=length, do_sample=False, batch_size=len(prompts)
        )
        began = time.perf_counter()
        generator = og.Generator(model, said)
        generator.append_tokens(prompts if len(prompts) > 1 else prompts[0])
        generator.generate_next_token()
        first = time.perf_counter() - began
        for _ in range(count - 1):
            generator.generate_next_token()
        return first

    return write


PEERS = {
    "transformers generate": transformers_generate,
    "CTranslate2": ctranslate2,
    "OpenVINO GenAI": openvino_genai,
    "onnxruntime-genai": onnxruntime_genai,
}


def measure(write: Write, orders: dict[str, Any]) -> dict[str, Any]:
    """Prefill and decode in tokens per second, and what all prompts together get."""
    long, rounds = orders["prompts"], orders["rounds"]
    write([long[0][:32]], 4)
    read, made = [], []
    for prompt in long[1 : rounds + 1]:
        began = time.perf_counter()
        first = write([prompt], orders["write"])
        whole = time.perf_counter() - began
        read.append(len(prompt) / first)
        made.append((orders["write"] - 1) / (whole - first))
    found = {"prefill": median(read), "decode": median(made)}
    for name, prompts in orders["together"].items():
        began = time.perf_counter()
        write(prompts, orders["write_together"])
        spent = time.perf_counter() - began
        found[name] = len(prompts) * orders["write_together"] / spent
    return found


def main() -> int:
    """Load, measure, print."""
    name, folder, precision, told = sys.argv[1:5]
    orders = json.loads(told)
    threads = orders["threads"]
    os.environ["OMP_NUM_THREADS"] = str(threads)
    began = time.perf_counter()
    write = PEERS[name](Path(folder), precision, threads, Path(orders["keep"]))
    load = time.perf_counter() - began
    if orders.get("cold"):
        write([orders["prompts"][0][:32]], 2)
        print(json.dumps({"first": True}), flush=True)
        return 0
    print(json.dumps({"load": load, **measure(write, orders)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
