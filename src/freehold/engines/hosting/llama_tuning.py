"""What may make llama.cpp faster for one model on one machine, to be tried by `tune-engine`.

Narrower precisions are made of 16- and 32-bit files by `llama-quantize`, which comes with the
native build. A draft by prompt lookup (`guess`) proposes the words that followed the same few
words before; the model accepts only what it would have written itself.
"""

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from freehold.core.errors import FreeholdError
from freehold.engines.base import Found, Job
from freehold.engines.hosting.changes import Change
from freehold.engines.hosting.steps import Counted, Work, worked
from freehold.formats.gguf import read_gguf

NARROWER = ("Q8_0", "Q4_K_M", "Q4_0")
WIDE = frozenset({"F32", "F16", "BF16"})
BATCHES = (256, 512, 1024, 2048)
GUESS, LOOKS, DRAFTS = "guess", 3, 8
"""The option, the tokens that must be the same, and the tokens that are then proposed."""


def narrower(job: Job, quantizer: Found | None) -> tuple[str, ...]:
    """The precisions that can be made of this file here; none of one that is narrow already."""
    if quantizer is None or not _wide(job.model):
        return ()
    return NARROWER


def quantized(job: Job, precision: str, folder: Path, quantizer: Found, count: Counted) -> Job:
    """The job with a file in this precision, made in `folder`."""
    out, target = "out.gguf", folder / f"{job.model.stem}-{precision}.gguf"
    words = (str(quantizer.at), str(job.model), out, precision, *_threads(job))
    read = (job.model.parent, job.model.resolve().parent, quantizer.at.parent)
    work = Work(
        name=f"quantizing to {precision}",
        what=f"quantizing to {precision}",
        steps=(words,),
        keep=(out,),
        read=read,
    )
    with worked(work, folder, count) as done:
        (done.folder / out).rename(target)
    return replace(job, model=target)


def changes(job: Job) -> tuple[Change, ...]:
    """Other batches, attention unfused, and drafts by prompt lookup."""
    now = job.setting.batch
    near = [size for size in BATCHES if size in (now // 2, now * 2, now * 4)]
    batches = tuple(
        Change(kind="batch", says=f"batches of {size}", setting={"batch": size}) for size in near
    )
    attention = Change(
        kind="attention",
        says="attention not fused" if job.setting.flash else "fused attention",
        setting={"flash": not job.setting.flash},
    )
    guess = Change(
        kind="drafts",
        says="drafts by prompt lookup",
        of={"draft": None},
        options={GUESS: f"{LOOKS},{DRAFTS}"},
    )
    return (*batches, attention, *(() if GUESS in job.options else (guess,)))


def guess_words(job: Job) -> list[tuple[str, ...]]:
    """How llama-server is told to draft."""
    if GUESS not in job.options:
        return []
    looks, drafts = job.options[GUESS].split(",")
    return [
        ("--spec-type", "ngram-simple"),
        ("--spec-ngram-simple-size-n", looks),
        ("--spec-ngram-simple-size-m", drafts),
    ]


def guess_parameters(job: Job) -> dict[str, Any]:
    """The same for xllamacpp."""
    if GUESS not in job.options:
        return {}
    looks, drafts = map(int, job.options[GUESS].split(","))
    kind = {"of": "common_speculative_type", "is": "COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE"}
    return {
        "speculative.types": [kind],
        "speculative.ngram_simple.size_n": looks,
        "speculative.ngram_simple.size_m": drafts,
    }


def draft_words(job: Job, layers: int) -> list[tuple[str, ...]]:
    """How llama-server is told to let a smaller model draft, on the same device."""
    if job.draft is None:
        return []
    return [
        ("--spec-type", "draft-simple"),
        ("--spec-draft-model", str(job.draft)),
        ("--spec-draft-ngl", str(layers)),
        ("--spec-draft-type-k", job.setting.keys),
        ("--spec-draft-type-v", job.setting.values),
    ]


def draft_parameters(job: Job, layers: int) -> dict[str, Any]:
    """The same for xllamacpp."""
    if job.draft is None:
        return {}
    kind = {"of": "common_speculative_type", "is": "COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE"}
    keys, values = ({"of": "ggml_type", "is": f"GGML_TYPE_{name.upper()}"}
                    for name in (job.setting.keys, job.setting.values))  # fmt: skip
    return {
        "speculative.types": [kind],
        "speculative.draft.mparams.path": str(job.draft),
        "speculative.draft.n_gpu_layers": layers,
        "speculative.draft.cache_type_k": keys,
        "speculative.draft.cache_type_v": values,
    }


def _wide(file: Path) -> bool:
    """Whether all matrices of a file have 16 bits or more."""
    try:
        tensors = read_gguf(file, file.name).tensor_list
    except FreeholdError:
        return False
    return bool(tensors) and all(tensor.dtype in WIDE for tensor in tensors)


def _threads(job: Job) -> tuple[str, ...]:
    return (str(job.threads),) if job.threads else ()
