"""Asks a server of llama.cpp for vectors of texts, and for how well documents answer a question."""

import base64
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.base import Job
from freehold.engines.hosting import openai_text as openai
from freehold.engines.hosting.llama_cutting import cut_text, tokens
from freehold.engines.hosting.llama_text import refused
from freehold.engines.hosting.openai_server import normal
from freehold.engines.hosting.wire import Broken, Refusal, Wire
from freehold.formats.gguf import read_gguf
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.base import File, Progress, Work

AT_ONCE = 32
"""Items of one question to the server; after each one it is told how far the work is."""
MARKS = 4
"""Tokens that a model puts around a text, at most."""
GIVES_PROBABILITIES = ("qwen3", "qwen3vl")
"""Architectures whose scores llama.cpp turns into probabilities; others stay as computed."""
EUCLIDEAN, AS_IT_IS = 2, -1


async def embed(
    wire: Wire, request: vectors.Request, job: Job
) -> AsyncGenerator[Progress | vectors.Result, None]:
    """One vector for each item, and progress when they are many."""
    _refuse(request, job)
    began, found, read = time.monotonic(), list[bytes](), 0
    try:
        items, cut = await _fitting(wire, request.items, request.truncate, job.setting.context)
        for start in range(0, len(items), AT_ONCE):
            if start:
                yield _progress(start, len(items), began, "items")
            told = await wire.post("/v1/embeddings", _body(items[start : start + AT_ONCE], request))
            found += [base64.b64decode(row["embedding"]) for row in told["data"]]
            read += int(told["usage"]["prompt_tokens"])
    except Refusal as error:
        raise refused(error) from error
    size = len(found[0]) // 4
    if len(found) != len(items) or any(len(vector) != 4 * size for vector in found):
        raise Broken("not every item got a vector of the same length")
    notes: tuple[str, ...] = ()
    if request.dimensions is not None and request.dimensions != size:
        found, notes = shortened(found, size, request)
    yield vectors.Result(
        form="dense",
        size=request.dimensions or size,
        dense=tuple(found),
        tokens=read,
        work=Work(time.monotonic() - began, read, "tokens"),
        cut=tuple(cut) if any(cut) else (),
        notes=notes,
    )


async def rank(
    wire: Wire, request: ranks.Request, job: Job
) -> AsyncGenerator[Progress | ranks.Result, None]:
    """The documents, best first, and progress when they are many."""
    began, scores, read = time.monotonic(), list[ranks.Ranked](), 0
    context = job.setting.context
    if any(isinstance(document, File) for document in request.documents):
        raise UsageError("llama.cpp sorts texts only")
    try:
        room = context - len(await tokens(wire, request.query, special=True)) - MARKS
        if room <= 0:
            raise UsageError(f"the question alone does not fit into {context:,} tokens")
        documents, cut = await _fitting(wire, request.documents, request.truncate, room)
        for start in range(0, len(documents), AT_ONCE):
            if start:
                yield _progress(start, len(documents), began, "documents")
            some = documents[start : start + AT_ONCE]
            body = {"query": request.query, "documents": some, "top_n": len(some)}
            told = await wire.post("/v1/rerank", body)
            read += int(told["usage"]["prompt_tokens"])
            for row in told["results"]:
                place, score = start + int(row["index"]), float(row["relevance_score"])
                scores.append(ranks.Ranked(place, score))
    except Refusal as error:
        raise refused(error) from error
    scores.sort(key=lambda ranked: (-ranked.score, ranked.index))
    shorter = [str(n + 1) for n, gone in enumerate(cut) if gone]
    yield ranks.Result(
        ranked=tuple(scores[: request.top]),
        scale=scale(job.model),
        tokens=read,
        work=Work(time.monotonic() - began, read, "tokens"),
        notes=(f"cut at the end: documents {', '.join(shorter)}",) if shorter else (),
    )


def scale(model: Path) -> str:
    """What the scores of a model mean when llama.cpp computes them."""
    architecture = read_gguf(model, model.name).text("general.architecture")
    return "probability" if architecture in GIVES_PROBABILITIES else "logit"


def shortened(
    found: list[bytes], size: int, request: vectors.Request
) -> tuple[list[bytes], tuple[str, ...]]:
    """The first numbers of each vector, as long as whole ones where those are made so."""
    kept = request.dimensions or size
    if kept > size:
        raise UsageError(f"dimensions: its vectors have {size:,} numbers, not {kept:,}")
    parts = [vector[: 4 * kept] for vector in found]
    says = f"{kept} of {size} numbers were kept, which only suits models trained for that"
    return [normal(part) for part in parts] if request.normalize else parts, (says,)


def _refuse(request: vectors.Request, job: Job) -> None:
    """Refuse by name what llama.cpp does not do."""
    if request.form != "dense":
        raise UsageError(f"llama.cpp gives dense vectors, not {request.form} ones")
    if request.role is not None:
        says = "role: a GGUF file does not say how its model tells questions from documents"
        raise UsageError(says, hint="write the model's own prefix before each text")
    if job.projector is None and any(isinstance(item, File) for item in request.items):
        raise UsageError("it turns no images and sounds into vectors without its projector")


async def _fitting(
    wire: Wire, items: tuple[str | File, ...], truncate: bool, room: int
) -> tuple[list[Any], list[int]]:
    """The items as the server takes them, and how many tokens each was cut by."""
    ready: list[Any] = []
    cut: list[int] = []
    for number, item in enumerate(items):
        gone = 0
        if isinstance(item, File):
            ready.append({"content": [openai.medium(item)]})
        else:
            text, gone = await _short_enough(wire, item, number, truncate, room)
            ready.append(text)
        cut.append(gone)
    return ready, cut


async def _short_enough(
    wire: Wire, text: str, number: int, truncate: bool, room: int
) -> tuple[str, int]:
    """A text that fits, cut at its end where that may be, and how many tokens are gone."""
    if not text:
        raise UsageError(f"text {number + 1} is empty")
    if len(text.encode()) + MARKS <= room:
        return text, 0  # no token is shorter than a byte
    length = len(await tokens(wire, text, special=True))
    if length <= room:
        return text, 0
    if not truncate:
        raise UsageError(
            f"text {number + 1} has {length:,} tokens and {room:,} fit", hint="truncate it"
        )
    return await cut_text(wire, text, length - room + MARKS, "end")


def _body(items: list[Any], request: vectors.Request) -> dict[str, Any]:
    normalize = EUCLIDEAN if request.normalize else AS_IT_IS
    return {"input": items, "encoding_format": "base64", "embd_normalize": normalize}


def _progress(done: int, of: int, began: float, what: str) -> Progress:
    left = (time.monotonic() - began) / done * (of - done)
    return Progress(done, of, what, left)
