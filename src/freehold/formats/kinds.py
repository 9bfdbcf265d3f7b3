"""Tells what a file really is by its bytes, whatever its name says."""

import re
from collections.abc import Callable

from freehold.formats.pickled.machine import follow
from freehold.formats.tarred import is_tar

HEAD = 64 * 1024
"""Bytes of the beginning that are looked at."""
_TAG = re.compile(rb"!!python/[\w./:]+|tag:yaml\.org,2002:python/[\w./:]+")
_TARGET = re.compile(rb"""^[\s{,-]*["']?_target_["']?\s*:\s*["']?([\w.]+)""", re.MULTILINE)
_LIBRARIES = ("nemo.", "nemo_", "torch.nn.", "torch.optim.", "transformers.", "diffusers.")
_FEW_OPS = 20_000

STARTS: tuple[tuple[bytes, str], ...] = (
    (b"GGUF", "gguf"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "rar"), (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"), (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"\x93NUMPY", "numpy"),
    (b"\x7fELF", "elf"), (b"MZ", "windows program"), (b"\xcf\xfa\xed\xfe", "mach-o"),
    (b"\xce\xfa\xed\xfe", "mach-o"), (b"\xfe\xed\xfa\xce", "mach-o"),
    (b"\xfe\xed\xfa\xcf", "mach-o"), (b"\xca\xfe\xba\xbe", "mach-o"), (b"\0asm", "wasm"),
    (b"dex\n", "dex"), (b"#!", "script"), (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"), (b"GIF8", "image"), (b"BM", "bitmap"), (b"RIFF", "media"),
    (b"ID3", "media"), (b"fLaC", "media"), (b"OggS", "media"), (b"%PDF-", "pdf"),
    (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"SQLite format 3\0", "sqlite"),
)  # fmt: skip
PROGRAMS = frozenset({"elf", "windows program", "mach-o", "wasm", "dex", "python bytecode"})
CODE = frozenset({*PROGRAMS, "script", "python", "code"})
"""Kinds that are code."""
PLAIN = frozenset({"text", "json", "yaml", "image", "media", "parquet", "arrow", "pdf", "empty"})
"""Kinds that hold nothing which is executed when a model is loaded."""
PACKED = frozenset({"gzip", "bzip2", "xz", "zlib"})
CLOSED = frozenset({"7z", "rar", "zstd", "lz4"})
"""Archives that are not looked into."""
PICKLES = frozenset({"pickle", "text pickle"})
ARCHIVES = frozenset({"zip", "tar"})

_PROGRAMS_BY_NAME = {".py": "python", ".pyw": "python", ".pyc": "python bytecode"} | dict.fromkeys(
    (".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd", ".js", ".mjs", ".ts", ".rb", ".pl", ".php",
     ".lua", ".r", ".cu", ".c", ".cpp", ".so", ".dll", ".dylib", ".exe", ".ipynb"),
    "code",
)  # fmt: skip


def kind_of_data(head: bytes, size: int, ending: str = "") -> str:
    """The kind of a file by its first bytes; the ending only tells kinds of text apart.

    `unknown` is what cannot be told.
    """
    if not size:
        return "empty"
    if _is_safetensors(head, size):
        return "safetensors"
    found = next((kind for start, kind in STARTS if head.startswith(start)), None)
    if found == "bitmap":
        found = "image" if int.from_bytes(head[2:6], "little") == size else None
    return found or _without_start(head, ending)


def _without_start(head: bytes, ending: str) -> str:
    """The kind of a file that has no mark at its very beginning."""
    found = next((kind for kind, holds in _SIGNS if holds(head)), None)
    return found or _text_kind(head, ending) or "unknown"


def _is_pickle(head: bytes) -> bool:
    return head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5


def _is_bytecode(head: bytes) -> bool:
    return head[2:4] == b"\r\n" and len(head) > 16 and b"\0" in head[:16]


def _is_zlib(head: bytes) -> bool:
    return head[:1] == b"\x78" and len(head) > 1 and (head[0] * 256 + head[1]) % 31 == 0


def is_text_pickle(head: bytes) -> bool:
    """Whether these bytes work as a pickle without a mark: they call, or import and end."""
    walk = follow(head, keeps=lambda _: True, most=_FEW_OPS)
    ended = walk.result is not None and walk.problem is None
    return bool(walk.calls) or (ended and (bool(walk.imports) or walk.end >= len(head) - 1))


def asks_for_code(head: bytes) -> str | None:
    """What a configuration in YAML or JSON asks its reader to run, or None.

    YAML has tags for objects of Python, and Hydra makes whatever stands behind `_target_`.
    """
    if found := _TAG.search(head):
        return f"asks for an object of Python: {found.group().decode('latin-1')[:80]}"
    for found in _TARGET.finditer(head):
        target = found.group(1).decode("latin-1")
        if not target.startswith(_LIBRARIES):
            return f"asks to make {target[:80]}"
    return None


def _is_safetensors(head: bytes, size: int) -> bool:
    length = int.from_bytes(head[:8], "little")
    return len(head) > 8 and 2 <= length <= min(size - 8, 100_000_000) and head[8:9] == b"{"


_SIGNS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("pickle", _is_pickle),
    ("tflite", lambda head: head[4:8] == b"TFL3"),
    ("media", lambda head: head[4:8] == b"ftyp"),
    ("tar", is_tar),
    ("python bytecode", _is_bytecode),
    ("zlib", _is_zlib),
    ("text pickle", is_text_pickle),
)


def _text_kind(head: bytes, ending: str) -> str | None:
    """The kind of a text; None for what is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    text = _decoded(head)
    if text is None or any(sign < " " and sign not in "\t\n\r\f\v\x1b" for sign in text[:4096]):
        return None
    if ending in _PROGRAMS_BY_NAME:
        return _PROGRAMS_BY_NAME[ending]
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        return "json"
    return "yaml" if ending in (".yaml", ".yml") else "text"


def _decoded(head: bytes) -> str | None:
    """The text, without a letter that is cut at the end; None where it is not UTF-8."""
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        cut = error.start >= len(head) - 4 and len(head) == HEAD
        return head[: error.start].decode("utf-8") if cut else None


_ANY_PICKLE = ("pickle", "text pickle", "zip", "tar", "gzip", "bzip2", "xz", "zlib")
_WORDS = ("text", "json", "yaml", "empty")
EXPECTED: dict[str, tuple[str, ...]] = {
    ".safetensors": ("safetensors",), ".gguf": ("gguf",), ".onnx": ("onnx",),
    ".tflite": ("tflite",), ".h5": ("hdf5",), ".hdf5": ("hdf5",), ".keras": ("zip", "hdf5"),
    ".npy": ("numpy",), ".npz": ("zip",), ".zip": ("zip",), ".tar": ("tar",), ".gz": ("gzip",),
    ".tgz": ("gzip",), ".7z": ("7z",), ".png": ("image",), ".jpg": ("image",),
    ".jpeg": ("image",), ".gif": ("image",), ".webp": ("media",), ".wav": ("media",),
    ".parquet": ("parquet",), ".pdf": ("pdf",), ".nemo": ("tar", "gzip"),
    **dict.fromkeys((".json", ".jsonl", ".yaml", ".yml", ".md", ".txt", ".jinja"), _WORDS),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib"), _ANY_PICKLE),
}  # fmt: skip
"""Endings -> the kinds that people expect behind them; other endings promise nothing."""
