"""Embedding: texts, images or sounds go in, a vector for each comes out."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from freehold.core.errors import UsageError
from freehold.tasks.base import File, Flag, Task, Work, sorted_out

Form = Literal["dense", "sparse", "multi-vector"]


class Request(Struct, frozen=True, kw_only=True):
    """What to embed, in this order.

    `role` says whether texts are questions or documents, for models that tell them apart.
    `dimensions` keeps the first so many of each dense vector, for models trained for that.
    What is too long is refused, unless `truncate`.
    """

    items: tuple[str | File, ...]
    form: Form = "dense"
    role: Literal["query", "document"] | None = None
    dimensions: int | None = None
    normalize: bool = True
    truncate: bool = False


class Result(Struct, frozen=True, kw_only=True):
    """One vector for each item, in their order; only the form that was asked for is filled.

    `dense` are 32-bit floats, little-endian. `sparse` gives a weight to each token. `several` is
    one dense vector for each token, `size` numbers each.
    """

    form: Form
    size: int
    dense: tuple[bytes, ...] = ()
    sparse: tuple[dict[str, float], ...] = ()
    several: tuple[bytes, ...] = ()
    tokens: int = 0
    work: Work
    cut: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def floats(vector: bytes) -> list[float]:
    """The numbers of a dense vector."""
    import sys
    from array import array

    found = array("f", vector)
    if sys.byteorder == "big":
        found.byteswap()
    return found.tolist()


def requested(inputs: tuple[str | File, ...], flags: Mapping[str, Any]) -> Request:
    """Each input is an item."""
    if not inputs:
        raise UsageError("there is nothing to embed")
    return Request(items=tuple(sorted_out(inputs, "text", "image", "audio", "array")), **flags)


def words(result: Result) -> str:
    """The beginning of each vector."""
    lines = []
    for vector in result.dense:
        numbers = floats(vector)
        lines.append(" ".join(f"{x:+.4f}" for x in numbers[:6]) + f" ... ({len(numbers)} numbers)")
    for weights in result.sparse:
        best = sorted(weights.items(), key=lambda pair: -pair[1])[:8]
        lines.append(" ".join(f"{token} {weight:.3f}" for token, weight in best))
    lines += [f"{len(v) // 4 // result.size} vectors of {result.size}" for v in result.several]
    return "\n".join(lines)


TASK = Task(
    id="feature-extraction",
    says="Turn texts, images or sounds into vectors.",
    takes=("text", "image", "audio", "array"),
    gives=("array",),
    route="/v1/embeddings",
    request=Request,
    result=Result,
    requested=requested,
    filled=("items",),
    words=words,
    flags=(
        Flag(
            name="form",
            sort="choice",
            choices=("dense", "sparse", "multi-vector"),
            help="One vector, weights of tokens, or a vector for each token.",
        ),
        Flag(
            name="role",
            sort="choice",
            choices=("query", "document"),
            help="Whether the texts are questions or documents.",
        ),
        Flag(name="dimensions", sort="whole", least=1, help="Keep the first so many numbers."),
    ),
)
