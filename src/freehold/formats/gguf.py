"""Reads the metadata at the start of a GGUF file; tensors are never read."""

import struct
from pathlib import Path

from msgspec import Struct

from freehold.formats.cursor import Cursor, expect, looking
from freehold.formats.text import plain

MOST_KEYS = 65_536
MOST_TENSORS = 1_000_000
LONGEST_KEY = 65_535
LONGEST_TEXT = 2**20
MOST_KEPT = 8 * 2**20
"""Bytes of text that are kept of one file."""
MOST_WALKED = 2_000_000
"""Items of arrays that must be walked one by one: texts, and arrays of arrays."""
DEEPEST = 4

TEXT, ARRAY, BOOL = 8, 9, 7
FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
SIZES = {kind: struct.calcsize(form) for kind, form in FORMS.items()}

OTHERS = frozenset((
    "tokenizer.ggml.model", "tokenizer.ggml.pre", "split.no", "split.count", "adapter.type",
    "quantize.imatrix.file",
))  # fmt: skip
ENDINGS = (
    *(".context_length", ".block_count", ".embedding_length", ".vocab_size"),
    *(".expert_count", ".expert_used_count", ".attention.head_count"),
)

Value = str | int | float | bool


class Gguf(Struct, frozen=True):
    """The head of a GGUF file; `metadata` holds `general.*` and a few others, no arrays."""

    version: int
    tensors: int
    keys: int
    metadata: dict[str, Value]
    chat_template: bool

    def text(self, key: str) -> str | None:
        """The text under this key."""
        found = self.metadata.get(key)
        return (found.strip() or None) if isinstance(found, str) else None

    @property
    def license(self) -> str | None:
        """The license as the file names it."""
        return self.text("general.license")

    @property
    def base_models(self) -> tuple[str, ...]:
        """What it was made from: a Hub repository where one is given, else a name."""
        count = self.metadata.get("general.base_model.count")
        found = [self._base(n) for n in range(min(count, 100) if isinstance(count, int) else 0)]
        return tuple(dict.fromkeys(filter(None, found)))

    def _base(self, number: int) -> str | None:
        key = f"general.base_model.{number}"
        url = self.text(f"{key}.repo_url")
        if url and "huggingface.co/" in url:
            return url.partition("huggingface.co/")[2].strip("/")
        return url or self.text(f"{key}.name")


class _Reader:
    """Walks the keys of one file and counts what it keeps."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor, self.order, self.kept, self.walked = cursor, "<", 0, 0

    def number(self, form: str, what: str) -> int:
        return self.cursor.number(self.order + form, what)

    def text(self, what: str, most: int) -> str:
        data = self.cursor.take(self.number("Q", f"the length of {what}"), what, most)
        self.kept += len(data)
        if self.kept > MOST_KEPT:
            raise self.cursor.broken(f"holds more than {MOST_KEPT:,} bytes of text")
        return plain(data.decode("utf-8", "replace"))

    def value(self, kind: int, key: str) -> Value:
        if kind == TEXT:
            return self.text(f"the text of {key}", LONGEST_TEXT)
        found = self.number(self._form(kind, key), f"the value of {key}")
        return bool(found) if kind == BOOL else found

    def skip(self, kind: int, key: str, depth: int = 0) -> None:
        """Pass over a value of any kind, arrays too."""
        what = f"the value of {key}"
        if kind == TEXT:
            self.cursor.skip(self.number("Q", what), what)
        elif kind != ARRAY:
            self.cursor.skip(SIZES[kind] if kind in SIZES else self._unknown(kind, key), what)
        elif depth > DEEPEST:
            raise self.cursor.broken(f"{what} is nested too deeply")
        else:
            self._skip_array(key, depth)

    def _skip_array(self, key: str, depth: int) -> None:
        what = f"the value of {key}"
        kind, count = self.number("I", what), self.number("Q", what)
        if kind in SIZES:
            self.cursor.skip(count * SIZES[kind], what)
            return
        self.walked += count
        if self.walked > MOST_WALKED or count * 8 > self.cursor.left:
            raise self.cursor.broken(f"{what} says that it has {count:,} items")
        if kind == TEXT:
            self.cursor.skip_texts(self.order + "Q", count, what)
            return
        for _ in range(count):
            self.skip(kind, key, depth + 1)

    def _form(self, kind: int, key: str) -> str:
        return FORMS[kind] if kind in FORMS else str(self._unknown(kind, key))

    def _unknown(self, kind: int, key: str) -> int:
        raise self.cursor.broken(f"the value of {key} has the unknown type {kind}")


def read_gguf(source: bytes | Path, name: str = "model.gguf") -> Gguf:
    """The metadata of a GGUF file of version 2 or 3, of either byte order."""
    with looking(source, name) as cursor:
        expect(cursor, b"GGUF", "GGUF")
        reader = _Reader(cursor)
        version = _version(reader)
        tensors = _count(reader, "tensors", MOST_TENSORS)
        keys = _count(reader, "keys", MOST_KEYS)
        metadata, template = _metadata(reader, keys)
        return Gguf(version, tensors, keys, metadata, template)


def _version(reader: _Reader) -> int:
    version = reader.number("I", "the version")
    if version and version & 0xFFFF == 0:  # written on a machine of the other byte order
        reader.order = ">"
        version = int.from_bytes(version.to_bytes(4, "little"), "big")
    if version not in (2, 3):
        raise reader.cursor.broken(f"is of GGUF version {version}; 2 and 3 are read")
    return version


def _count(reader: _Reader, what: str, most: int) -> int:
    count = reader.number("Q", f"the number of {what}")
    if count > most:
        raise reader.cursor.broken(f"says that it has {count:,} {what}; at most {most:,} are read")
    return count


def _metadata(reader: _Reader, keys: int) -> tuple[dict[str, Value], bool]:
    """What is kept of the keys, and whether a chat template is among them."""
    found: dict[str, Value] = {}
    template = False
    for _ in range(keys):
        key = reader.text("a key", LONGEST_KEY)
        kind = reader.number("I", f"the type of {key}")
        template = template or key.startswith("tokenizer.chat_template")
        if kind != ARRAY and _is_wanted(key):
            found[key] = reader.value(kind, key)
        else:
            reader.skip(kind, key)
    return found, template


def _is_wanted(key: str) -> bool:
    return key.startswith("general.") or key in OTHERS or key.endswith(ENDINGS)
