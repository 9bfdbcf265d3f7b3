"""From tensors to the result of a request for vectors."""

from typing import Any

import torch

from freehold.core.errors import BrokenInput, UsageError
from freehold.tasks.base import Work
from freehold.tasks.feature_extraction import Request, Result


def dense(request: Request, vectors: torch.Tensor, normal: bool) -> list[bytes]:
    """The bytes of dense vectors, shortened and of length 1 where it is asked for."""
    vectors = vectors.float().cpu()
    if request.dimensions is not None:
        if request.dimensions > vectors.shape[-1]:
            raise UsageError(f"the vectors of this model have {vectors.shape[-1]} numbers")
        vectors = vectors[:, : request.dimensions]
    if request.normalize or normal:
        vectors = torch.nn.functional.normalize(vectors, dim=-1)
    if not torch.isfinite(vectors).all():
        raise BrokenInput("the model computes what is not a number: its weights are broken")
    return [little(vector) for vector in vectors]


def result(
    request: Request,
    found: list[Any],
    tokens: int,
    work: Work,
    cut: tuple[int, ...],
    notes: tuple[str, ...],
) -> Result:
    """The result of this form."""
    words: dict[str, Any] = {"tokens": tokens, "work": work, "cut": cut, "notes": notes}
    if request.dimensions and request.form != "dense":
        raise UsageError("only dense vectors can be shortened")
    if request.form == "sparse":
        return Result(form="sparse", size=0, sparse=tuple(found), **words)
    if request.form == "multi-vector":
        size, several = found[0][0], tuple(row for _, row in found)
        return Result(form="multi-vector", size=size, several=several, **words)
    return Result(form="dense", size=len(found[0]) // 4, dense=tuple(found), **words)


def little(numbers: torch.Tensor) -> bytes:
    """32-bit floats, little-endian."""
    return bytes(numbers.contiguous().numpy().astype("<f4").tobytes())
