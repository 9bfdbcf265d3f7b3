"""A tensor as the header of a file names it: the word that readers and judges share."""

import math

from msgspec import Struct


class Tensor(Struct, frozen=True, gc=False):
    """One array of weights; `size` is bytes in the file, `dtype` the format's word.

    `shape` is in the order of PyTorch: rows first. A GGUF file lists it the other way round;
    its reader turns it. Packed numbers (GPTQ, AWQ, MXFP4) count as the file stores them.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    size: int

    @property
    def count(self) -> int:
        """How many numbers it holds, as stored."""
        return math.prod(self.shape)
