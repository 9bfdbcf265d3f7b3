"""Turns texts into vectors, and sorts documents, with encoders converted for OpenVINO."""

import json
import math
import struct
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from freehold.core.errors import UsageError
from freehold.engines.workers.openvino.devices import device, genai, properties
from freehold.engines.workers.order import Order
from freehold.tasks import feature_extraction as vectors
from freehold.tasks import text_ranking as ranks
from freehold.tasks.base import File, Progress, Work

AT_ONCE = 16
POOLINGS = {
    "pooling_mode_cls_token": "CLS",
    "pooling_mode_mean_tokens": "MEAN",
    "pooling_mode_lasttoken": "LAST_TOKEN",
}
"""Keys of the publisher's 1_Pooling/config.json and OpenVINO's words for them."""


def load(order: Order) -> Callable[[Any], Generator[Any, None, None]]:
    """The pipeline for the task of this order."""
    library, told = genai(), {**properties(order)}
    words = library.Tokenizer(order.model)
    if order.task == "text-ranking":
        config = library.TextRerankPipeline.Config()
        config.top_n = 2**31 - 1
        made = library.TextRerankPipeline(order.model, device(order), config, **told)
        return Ranking(made, words, order.context).answer
    config = library.TextEmbeddingPipeline.Config()
    config.pooling_type = getattr(library.TextEmbeddingPipeline.PoolingType, pooling(order))
    config.normalize = False
    made = library.TextEmbeddingPipeline(order.model, device(order), config, **told)
    return Embedding(made, words, order.context).answer


def pooling(order: Order) -> str:
    """How the vectors of tokens become one, as the publisher says; UsageError for another way."""
    said = order.options.get("pooling")
    if said:
        return said.upper()
    file = Path(order.model) / "1_Pooling" / "config.json"
    if not file.is_file():
        raise UsageError(
            "the model does not say how the vectors of its tokens become one",
            hint="1_Pooling/config.json of its publisher says it",
        )
    told = json.loads(file.read_text(encoding="utf-8"))
    for key, name in POOLINGS.items():
        if told.get(key):
            return name
    raise UsageError("OpenVINO has no way to make one vector as 1_Pooling/config.json says")


class Embedding:
    """Answers requests for vectors."""

    def __init__(self, pipeline: Any, words: Any, context: int | None) -> None:
        self.pipeline, self.words, self.context = pipeline, words, context

    def answer(self, request: vectors.Request) -> Generator[Any, None, None]:
        """One vector for each text."""
        texts = plain(request.items)
        if request.form != "dense" or request.role is not None or request.truncate:
            raise UsageError("openvino gives dense vectors of whole texts, without roles")
        began, found = time.monotonic(), list[bytes]()
        read = sum(counted(self.words, text, self.context) for text in texts)
        for start in range(0, len(texts), AT_ONCE):
            if start:
                yield Progress(start, len(texts), "items")
            told = self.pipeline.embed_documents(texts[start : start + AT_ONCE])
            found += [packed(vector, request) for vector in told]
        size = len(found[0]) // 4
        work = Work(time.monotonic() - began, read, "tokens")
        yield vectors.Result(form="dense", size=size, dense=tuple(found), tokens=read, work=work)


class Ranking:
    """Answers requests to sort documents."""

    def __init__(self, pipeline: Any, words: Any, context: int | None) -> None:
        self.pipeline, self.words, self.context = pipeline, words, context

    def answer(self, request: ranks.Request) -> Generator[Any, None, None]:
        """The documents, best first."""
        texts = plain(request.documents)
        if request.truncate:
            raise UsageError("openvino sorts whole texts only")
        began = time.monotonic()
        asked = counted(self.words, request.query, self.context)
        room = self.context - asked if self.context else None
        read = sum(asked + counted(self.words, text, room) for text in texts)
        told = self.pipeline.rerank(request.query, texts)
        found = [ranks.Ranked(int(index), float(score)) for index, score in told]
        found.sort(key=lambda ranked: (-ranked.score, ranked.index))
        yield ranks.Result(
            ranked=tuple(found[: request.top]),
            scale="probability",
            tokens=read,
            work=Work(time.monotonic() - began, read, "tokens"),
        )


def plain(items: Sequence[str | File]) -> list[str]:
    """The texts; UsageError for anything else."""
    if any(isinstance(item, File) or not item for item in items):
        raise UsageError("openvino takes texts here, none of them empty")
    return [str(item) for item in items]


def counted(words: Any, text: str, room: int | None) -> int:
    """The tokens of a text; UsageError with both numbers when they do not fit."""
    length = int(words.encode(text).input_ids.shape[1])
    if room is not None and length > room:
        raise UsageError(f"a text has {length:,} tokens and {room:,} fit")
    return length


def packed(vector: Sequence[float], request: vectors.Request) -> bytes:
    """The first numbers of a vector as 32-bit floats, with length 1 where that is wanted."""
    numbers = list(map(float, vector))
    if request.dimensions is not None and request.dimensions > len(numbers):
        raise UsageError(f"dimensions: its vectors have {len(numbers):,} numbers")
    numbers = numbers[: request.dimensions]
    length = (math.hypot(*numbers) or 1.0) if request.normalize else 1.0
    return struct.pack(f"<{len(numbers)}f", *(x / length for x in numbers))
