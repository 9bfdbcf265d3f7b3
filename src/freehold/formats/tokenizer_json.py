"""Reads tokenizer.json, the tokenizer of Hugging Face's libraries: kind, vocabulary and marks."""

from typing import Any

import msgspec
from msgspec import Struct

from freehold.core.errors import BrokenInput
from freehold.formats.structured import check_values
from freehold.formats.text import Source, name_of, plain, read_bytes

MOST = 64 * 2**20
"""Bytes; the largest that are known have some 35 million."""
MOST_VALUES = 6_000_000


class Added(Struct, frozen=True):
    """A token beside those of the model; a `special` one marks something."""

    id: int
    content: str
    special: bool = False


class Model(Struct, frozen=True):
    """The model of a tokenizer; `vocab` is a table for BPE and WordPiece, a list for unigrams."""

    type: str | None = None
    vocab: dict[str, int] | list[tuple[str, float]] | None = None
    merges: list[str | tuple[str, str]] | None = None
    unk_id: int | None = None
    unk_token: str | None = None
    continuing_subword_prefix: str | None = None
    byte_fallback: bool = False
    ignore_merges: bool = False

    @property
    def kind(self) -> str:
        """Its type; files of old libraries leave it out."""
        if self.type:
            return self.type
        return "BPE" if self.merges is not None else "WordPiece"


class TokenizerJson(Struct, frozen=True):
    """What tokenizer.json says; `normalizer` and `pre_tokenizer` stay tables."""

    model: Model
    added_tokens: tuple[Added, ...] = ()
    normalizer: dict[str, Any] | None = None
    pre_tokenizer: dict[str, Any] | None = None


def read_tokenizer_json(source: Source, name: str = "tokenizer.json") -> TokenizerJson:
    """The tokenizer; BrokenInput where it is none."""
    name = name_of(source, name)
    data = source.encode() if isinstance(source, str) else source
    data = data if isinstance(data, bytes) else read_bytes(data, MOST)
    check_values(data.count(b",") + data.count(b":"), name, MOST_VALUES)
    try:
        return msgspec.json.decode(data, type=TokenizerJson)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BrokenInput(f"{name}: is no tokenizer: {plain(str(error))[:200]}") from error
