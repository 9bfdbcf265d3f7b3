"""Holds the headers of GGUF and safetensors files against the file, before an engine sees them."""

from collections.abc import Iterator

from freehold.formats.gguf import read_gguf
from freehold.formats.safetensors import read_safetensors
from freehold.scanners.base import SAFE, Contract, Looked, Remark


class Scanner(Contract):
    """Headers of weights."""

    def look(self, file: Looked) -> Iterator[Remark]:
        """Safe when every count, length and place in the header fits the file."""
        if file.kind == "gguf":
            found = read_gguf(file.path)
            yield Remark("header", f"holds {found.tensors:,} tensors", SAFE)
        elif file.kind == "safetensors":
            read = read_safetensors(file.path)
            yield Remark("header", f"holds {read.tensors:,} tensors", SAFE)
