"""Runs GGUF models with llama.cpp: a `llama-server` of this machine, else the wheel `xllamacpp`.

One that was compiled here for exactly this processor goes before others, because it is faster.
All are the same server; they differ only in how they are told what to do. Everything that
decides about memory is said, so nothing is fitted or shifted silently.
"""

import json
import os
import secrets
import subprocess
from collections.abc import AsyncGenerator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from freehold.core.errors import EnvironmentProblem
from freehold.core.machine import probe, usable_cores
from freehold.engines.base import Contract, Found, Job, Running, package, program
from freehold.engines.hosting import llama_text as texts
from freehold.engines.hosting import llama_tuning as tuning
from freehold.engines.hosting import llama_vectors as vectors
from freehold.engines.hosting import native
from freehold.engines.hosting.changes import Change
from freehold.engines.hosting.llama_cutting import count, tokens
from freehold.engines.hosting.llama_text import READ_AT_ONCE
from freehold.engines.hosting.loop import wait
from freehold.engines.hosting.process import Orders
from freehold.engines.hosting.steps import Counted
from freehold.engines.hosting.wire import Wire
from freehold.judge.fitting.parts import Setting

WORKER = Path(__file__).with_name("workers") / "llamacpp.py"
SERVER = "FREEHOLD_LLAMA_SERVER"
ALL_LAYERS = 999
NO_CARD = "no usable GPU found"
POOLED = {"feature-extraction": "--embeddings", "text-ranking": "--reranking"}
"""The tasks that need another kind of server, and its flag."""


class Engine(Contract):
    """llama.cpp."""

    name = "llama.cpp"
    kind = "server"
    tasks = frozenset({"text-generation", "feature-extraction", "text-ranking"})
    formats = frozenset({"gguf"})
    devices = ("cpu", "cuda", "metal", "vulkan", "rocm", "sycl")
    precisions = (
        *("f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q5_1", "q5_0", "q4_k", "q4_1", "q4_0"),
        *("q3_k", "q2_k", "iq4_nl", "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s", "iq2_xs", "iq2_xxs"),
        *("iq1_s", "iq1_m", "tq1_0", "tq2_0", "mxfp4"),
    )
    drafts = True
    lock = "llamacpp.txt"
    sources = "llamacpp_native.toml"
    hint = "freehold runtime install llama.cpp"

    def find(self) -> Found | None:
        """The first of `places`."""
        return next(iter(self.places()), None)

    def places(self) -> tuple[Found, ...]:
        """`FREEHOLD_LLAMA_SERVER`; the native build; a `llama-server` on the PATH; the wheel.

        Where there is a graphics card, a program on the PATH goes before a native build that
        computes on the processor alone. What the variable names is the only one: it was said so.
        """
        on_path = program("llama-server", SERVER)
        if os.environ.get(SERVER) and on_path:
            return (on_path,)
        built = self.compiled("llama-server")
        without = built is not None and not built.cards and bool(probe().gpus)
        pair = (on_path, built) if without else (built, on_path)
        return tuple(found for found in (*pair, package("xllamacpp", self.runtime())) if found)

    def other_precisions(self, job: Job) -> tuple[str, ...]:
        """Those that `llama-quantize` can make of a wide file."""
        return tuning.narrower(job, self.compiled("llama-quantize"))

    def in_precision(self, job: Job, precision: str, folder: Path, count: Counted) -> Job:
        """The job with a file that is made."""
        quantizer = self.compiled("llama-quantize")
        if quantizer is None:
            raise EnvironmentProblem("nothing here quantizes", hint=f"{self.hint} --build")
        return tuning.quantized(job, precision, folder, quantizer, count)

    def changes(self, job: Job, found: Found) -> tuple[Change, ...]:
        """Threads, batches, attention, drafts by prompt lookup."""
        return (*super().changes(job, found), *tuning.changes(job))

    def begin(self, job: Job, found: Found, folder: Path) -> tuple[Orders, Wire]:
        """Start the program or our worker, on a socket in its own folder, behind a random key."""
        socket, key = folder / "e.sock", secrets.token_urlsafe(24)
        if found.how == "program":
            words = _words(job, socket, _flags(str(found.at)))
            command, told = (str(found.at), *words), {"LLAMA_API_KEY": key}
        else:
            command = (str(found.at), "-I", "-B", str(WORKER))
            told = {"FREEHOLD_WORKER": json.dumps(_parameters(job, socket, key))}
        read = (*_beside(job), *_own(found))
        return _orders(command, told, read, job), Wire(socket, key)

    def answer(self, running: Running, request: Any) -> AsyncGenerator[Any, None]:
        """Write text, turn texts into vectors, or sort them."""
        if running.job.task == "feature-extraction":
            return vectors.embed(running.wire, request, running.job)
        if running.job.task == "text-ranking":
            return vectors.rank(running.wire, request, running.job)
        return texts.write(running.wire, request, running.job)

    async def count(self, running: Running, request: Any) -> int:
        """The tokens of a prompt, with those that the chat template adds."""
        return await count(running.wire, request)

    async def split(self, running: Running, text: str, special: bool) -> list[int]:
        """The tokens of a text; with `special` also the marks that the model wants around it."""
        return await tokens(running.wire, text, special)

    async def spell(self, running: Running, tokens: Sequence[int]) -> str:
        """The text that tokens of the model stand for."""
        told = await running.wire.post("/detokenize", {"tokens": list(tokens)})
        return str(told["content"])

    def notes(self, job: Job, found: Found) -> tuple[str, ...]:
        """That a card is not used, where this build of llama.cpp cannot use it."""
        if not layers_on_cards(job) or cards(found):
            return ()
        names = ", ".join(gpu.name for gpu in probe().gpus) or "any card"
        says = f"computes on the processor: llama.cpp at {found.at} is built without use of {names}"
        if job.gpu_layers:
            raise EnvironmentProblem(f"no layer can be on a card: it {says}")
        return (says,)

    def loaded(self, running: Running) -> tuple[str, ...]:
        """Refuse to go on without a card that is there, which the program only mentions."""
        there = cards(running.found) if layers_on_cards(running.job) else ()
        if there and running.process.heard(NO_CARD):
            raise EnvironmentProblem(
                f"llama.cpp cannot use {there[0]}, though the driver knows it",
                hint="--gpu-layers 0 computes on the processor; freehold doctor shows the jail",
            )
        return ()

    def version(self, running: Running) -> str | None:
        """The wheel's version, or what the server says of its build."""
        if running.found.version:
            return running.found.version
        said = wait(running.wire.get("/props")).get("build_info")
        return str(said) if said else None


def _orders(
    command: tuple[str, ...], told: dict[str, str], read: tuple[Path, ...], job: Job
) -> Orders:
    quiet = {"GGML_NO_BACKTRACE": "1"}  # it would start a debugger to say where it stopped
    return Orders(command=command, environment={**quiet, **told}, read=read, memory=job.memory)


def _beside(job: Job) -> tuple[Path, ...]:
    """The folders of the model and of what comes on top of it, also where they are links."""
    others = (file for file in (job.projector, job.draft) if file)
    files = (job.model, *job.adapters, *others)
    return tuple(place for file in files for place in (file.parent, file.resolve().parent))


def _at_once(job: Job) -> tuple[int, int]:
    """Tokens that are taken in together, and those that are computed together.

    What becomes a vector is computed as a whole.
    """
    many = job.setting.batch
    if job.task in POOLED:
        many = max(many, job.setting.context)
    return max(READ_AT_ONCE, many), many


def _own(found: Found) -> tuple[Path, ...]:
    """Where the program's own libraries are: beside it, those it was built with, the runtime."""
    if found.how == "program":
        real = found.at.resolve().parent
        made = native.read(real) if found.native else None
        others = map(Path, made.libraries) if made else ()
        return (found.at.parent, real, real.parent / "lib", *others)
    return (found.at.parent.parent, found.at.resolve().parent.parent)


def threads(job: Job) -> int:
    """The threads to use: all cores, unless said otherwise."""
    return job.threads or usable_cores()


def layers_on_cards(job: Job) -> int:
    """The layers to keep on graphics cards: all where there is a card, unless said otherwise."""
    if job.gpu_layers is not None:
        return job.gpu_layers
    return ALL_LAYERS if probe().gpus or probe().unified_memory else 0


@cache
def cards(found: Found) -> tuple[str, ...]:
    """The devices besides the processor that this llama.cpp can compute on."""
    if found.how == "program":
        lines = _told(str(found.at), "--list-devices").splitlines()
        return tuple(line.strip() for line in lines if line.startswith("  ") and ":" in line)
    asked = "import xllamacpp as x; print(*(d['name'] for d in x.get_device_info()), sep=chr(10))"
    names = _told(str(found.at), "-I", "-c", asked).splitlines()
    return tuple(name for name in names if name not in ("CPU", "BLAS"))


def _words(job: Job, socket: Path, known: frozenset[str]) -> list[str]:
    """The command line of llama-server; a flag that this one does not know is left away."""
    setting, count = job.setting, str(threads(job))
    taken, computed = _at_once(job)
    wanted: list[tuple[str, ...]] = [
        ("--model", str(job.model)),
        ("--host", str(socket)),
        ("--ctx-size", str(setting.context * setting.parallel)),
        ("--parallel", str(setting.parallel)),
        ("--cache-type-k", setting.keys),
        ("--cache-type-v", setting.values),
        ("--batch-size", str(taken)),
        ("--ubatch-size", str(computed)),
        ("--flash-attn", "on" if setting.flash else "off"),
        ("--threads", count),
        ("--threads-batch", count),
        ("--n-gpu-layers", str(layers_on_cards(job))),
    ]
    if setting.full_window:
        wanted.append(("--swa-full",))
    wanted += tuning.guess_words(job)
    wanted += tuning.draft_words(job, layers_on_cards(job))
    wanted += [("--lora", str(adapter)) for adapter in job.adapters]
    if job.projector:
        wanted.append(("--mmproj", str(job.projector)))
    if job.task in POOLED:
        wanted.append((POOLED[job.task],))
    optional = [("--no-context-shift",), ("--no-webui",), ("--jinja",), ("--fit", "off"),
                ("--cache-ram", "0"), ("--ctx-checkpoints", "0"), ("--offline",)]  # fmt: skip
    wanted += [words for words in optional if words[0] in known]
    return [word for words in wanted for word in words]


def _parameters(job: Job, socket: Path, key: str) -> dict[str, Any]:
    """The same for xllamacpp."""
    setting, count = job.setting, threads(job)
    taken, computed = _at_once(job)
    return {
        "model.path": str(job.model),
        "hostnames": [str(socket)],
        "api_keys": [key],
        "n_ctx": setting.context * setting.parallel,
        "n_parallel": setting.parallel,
        "cache_type_k": _type(setting.keys),
        "cache_type_v": _type(setting.values),
        "n_batch": taken,
        "n_ubatch": computed,
        "flash_attn_type": _flash(setting),
        "swa_full": setting.full_window,
        "cpuparams.n_threads": count,
        "cpuparams_batch.n_threads": count,
        "n_gpu_layers": layers_on_cards(job),
        "fit_params": False,
        "ctx_shift": False,
        "cache_ram_mib": 0,
        "n_ctx_checkpoints": 0,
        "kv_unified": False,
        "ui": False,
        "offline": True,
        **tuning.guess_parameters(job),
        **tuning.draft_parameters(job, layers_on_cards(job)),
        **_on_top(job),
    }


def _on_top(job: Job) -> dict[str, Any]:
    """What only some jobs need: adapters, a projector, vectors instead of text."""
    told: dict[str, Any] = {}
    if job.adapters:
        told["lora_adapters"] = [
            {"make": "CommonAdapterLoraInfo", "from": {"path": str(path), "scale": 1.0}}
            for path in job.adapters
        ]
    if job.projector:
        told["mmproj.path"] = str(job.projector)
    if job.task in POOLED:
        told["embedding"] = True
    if job.task == "text-ranking":
        told["pooling_type"] = {"of": "llama_pooling_type", "is": "LLAMA_POOLING_TYPE_RANK"}
    return told


def _type(name: str) -> dict[str, str]:
    return {"of": "ggml_type", "is": f"GGML_TYPE_{name.upper()}"}


def _flash(setting: Setting) -> dict[str, str]:
    word = "ENABLED" if setting.flash else "DISABLED"
    return {"of": "llama_flash_attn_type", "is": f"LLAMA_FLASH_ATTN_TYPE_{word}"}


@cache
def _flags(at: str) -> frozenset[str]:
    """The flags that a llama-server knows, from its help."""
    words = _told(at, "--help").replace(",", " ").split()
    return frozenset(word for word in words if word.startswith("--"))


def _told(*words: str) -> str:
    """What a program prints; nothing when it fails or hangs."""
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
