"""Reads the head of a GGUF file: its metadata, and every tensor with its type, shape and size."""

import struct

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.formats.cursor import Cursor, Source, expect, looking
from freehold.formats.gguf_tensors import MOST_TENSORS, read_tensors
from freehold.formats.text import plain

MOST_KEYS = 10_000
LONGEST_KEY = 65_535
LONGEST_TEXT = 100_000
"""Bytes of one text; of a longer one only its length is kept."""
MOST_KEPT = 8 * 2**20
"""Bytes of text that are kept of one file."""
MOST_WALKED = 1_200_000
"""Texts in arrays, which must be walked one by one; the largest vocabularies have 650,000."""
LONGEST_ARRAY, LONGEST_LIST, MOST_ITEMS = 4_096, 256, 2**18
"""Numbers in one array, texts in one array, and items of all arrays, that are kept."""

TEXT, ARRAY, BOOL = 8, 9, 7
FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
SIZES = {kind: struct.calcsize(form) for kind, form in FORMS.items()}

Single = str | int | float | bool
Value = Single | tuple[Single, ...]


class Gguf(Struct, frozen=True):
    """The head of a GGUF file; `tensors` counts what it says, `tensor_list` holds what was read.

    `metadata` holds every number, every text, and short arrays such as one number per layer;
    `lengths` has the length of every array, also of those that are not kept (vocabularies),
    and of every text that is too long to be kept. `start` is where the data begins, or 0;
    `offsets` are the places of the tensors from there, `arrays` those of the first items of
    arrays that are not kept, `swapped` says that high bytes come first.
    """

    version: int
    tensors: int
    keys: int
    metadata: dict[str, Value]
    chat_template: bool
    lengths: dict[str, int] = {}
    tensor_list: tuple[Tensor, ...] = ()
    start: int = 0
    offsets: tuple[int, ...] = ()
    arrays: dict[str, int] = {}
    swapped: bool = False

    def text(self, key: str) -> str | None:
        """The text under this key."""
        found = self.metadata.get(key)
        return (found.strip() or None) if isinstance(found, str) else None

    def number(self, key: str) -> int | None:
        """The whole number under this key."""
        found = self.metadata.get(key)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    @property
    def license(self) -> str | None:
        """The license as the file names it."""
        return self.text("general.license")

    @property
    def base_models(self) -> tuple[str, ...]:
        """What it was made from: a Hub repository where one is given, else a name."""
        count = self.number("general.base_model.count") or 0
        found = [self._base(n) for n in range(min(count, 100))]
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
        self.cursor, self.order, self.kept, self.walked, self.items = cursor, "<", 0, 0, 0
        self.metadata: dict[str, Value] = {}
        self.lengths: dict[str, int] = {}
        self.arrays: dict[str, int] = {}

    def number(self, form: str, what: str) -> int:
        return self.cursor.number(self.order + form, what)

    def text(self, what: str, most: int) -> str:
        return self.words(self.number("Q", f"the length of {what}"), what, most)

    def words(self, length: int, what: str, most: int) -> str:
        data = self.cursor.take(length, what, most)
        self.kept += len(data)
        if self.kept > MOST_KEPT:
            raise self.cursor.broken(f"holds more than {MOST_KEPT:,} bytes of text")
        text = data.decode("utf-8", "replace")
        return text if text.isprintable() and len(data) < 1_000 else plain(text)

    def entry(self, key: str) -> None:
        """Keep the value of a key, or its length where it is long."""
        kind = self.number("I", f"the type of {key}")
        if kind == TEXT:
            self._text(key)
        elif kind == ARRAY:
            self._array(key)
        else:
            found = self.number(self._form(kind, key), f"the value of {key}")
            self.metadata[key] = bool(found) if kind == BOOL else found

    def _text(self, key: str) -> None:
        what = f"the text of {key}"
        length = self.number("Q", f"the length of {what}")
        if length <= LONGEST_TEXT:
            self.metadata[key] = self.words(length, what, LONGEST_TEXT)
        else:
            self.cursor.skip(length, what)
            self.lengths[key] = length

    def _array(self, key: str) -> None:
        what = f"the value of {key}"
        kind, count = self.number("I", what), self.number("Q", what)
        if kind == ARRAY:
            raise self.cursor.broken(f"{what} is nested too deeply")
        self.lengths[key] = count
        if kind == TEXT:
            self._texts(key, count, what)
        else:
            self._numbers(key, kind, count, what)

    def _texts(self, key: str, count: int, what: str) -> None:
        self.walked += count
        if self.walked > MOST_WALKED or count * 8 > self.cursor.left:
            raise self.cursor.broken(f"{what} says that it has {count:,} items")
        if self._is_kept(key, count, LONGEST_LIST):
            self.metadata[key] = tuple(self.text(what, LONGEST_TEXT) for _ in range(count))
        else:
            self.arrays[key] = self.cursor.at
            self.cursor.skip_texts(self.order + "Q", count, what)

    def _numbers(self, key: str, kind: int, count: int, what: str) -> None:
        form = self._form(kind, key)
        if not self._is_kept(key, count, LONGEST_ARRAY):
            self.arrays[key] = self.cursor.at
            self.cursor.skip(count * SIZES[kind], what)
            return
        data = self.cursor.take(count * SIZES[kind], what)
        found = struct.unpack(f"{self.order}{count}{form}", data)
        self.metadata[key] = tuple(map(bool, found)) if kind == BOOL else found

    def _is_kept(self, key: str, count: int, most: int) -> bool:
        """Whether an array is kept: short ones, but nothing of the vocabulary."""
        self.items += count if count <= most else 0
        return count <= most and self.items <= MOST_ITEMS and not key.startswith("tokenizer.")

    def _form(self, kind: int, key: str) -> str:
        if kind not in FORMS:
            raise self.cursor.broken(f"the value of {key} has the unknown type {kind}")
        return FORMS[kind]


def read_gguf(source: Source, name: str = "model.gguf") -> Gguf:
    """Metadata and tensors of a GGUF file of version 2 or 3, of either byte order.

    Bytes may be only the beginning of a file, with all of its head.
    """
    return _read(source, name, tensors=True)


def read_gguf_metadata(source: Source, name: str = "model.gguf") -> Gguf:
    """The metadata alone, as lenient as can be: of a file whose rest is missing or zeros, too."""
    return _read(source, name, tensors=False)


def _read(source: Source, name: str, *, tensors: bool) -> Gguf:
    with looking(source, name) as cursor:
        expect(cursor, b"GGUF", "GGUF")
        reader = _Reader(cursor)
        version = _version(reader)
        count = _count(reader, "tensors", MOST_TENSORS)
        keys = _count(reader, "keys", MOST_KEYS)
        template = _entries(reader, keys, strict=tensors)
        found: tuple[Tensor, ...] = ()
        offsets: tuple[int, ...] = ()
        start = 0
        if tensors:
            alignment = reader.metadata.get("general.alignment", 32)
            size = None if cursor.is_part else cursor.size
            found, offsets, start = read_tensors(cursor, reader.order, count, alignment, size)
        return Gguf(
            version, count, keys, reader.metadata, template, reader.lengths, found, start,
            offsets, reader.arrays, reader.order == ">",
        )  # fmt: skip


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


def _entries(reader: _Reader, keys: int, *, strict: bool) -> bool:
    """Read all keys; whether a chat template is among them."""
    template = False
    for _ in range(keys):
        key = reader.text("a key", LONGEST_KEY)
        if strict and (key in reader.metadata or key in reader.lengths):
            raise reader.cursor.broken(f"has the key {key[:100]!r} twice")
        template = template or key.startswith("tokenizer.chat_template")
        reader.entry(key)
    reader.metadata.pop("", None)
    return template
