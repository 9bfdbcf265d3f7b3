"""Tells by its first bytes whether a file can run code when it is loaded, whatever its name."""

import re
from collections.abc import Callable

LONGEST = 4096
"""Bytes that are looked at."""
_TEXT_PICKLE = re.compile(
    rb"c[A-Za-z_][\w.]{0,80}\n[A-Za-z_]\w{0,80}\n(?=[(p\d.tRNS}\]q])|\((?:dp|lp)\d*\n|\(i[\w.]+\n\w+\n"
)
_OBJECTS = re.compile(rb"'descr':\s*(?:'[|<>=]?O|\[[^\n]{0,400}?'[|<>=]?O)")
_PROTOCOLS = range(2, 6)
_FIRST = frozenset(b"}])(NcKMJXUVGBCTI") | frozenset(range(0x80, 0x98))
"""Opcodes that a pickle may go on with."""
_PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"))


def sniff(head: bytes) -> str | None:
    """What kind of file that can run code begins with these bytes; None for every other."""
    return next((name for name, holds in _KINDS if holds(head[:LONGEST])), None)


def packed(head: bytes) -> str | None:
    """The name of the compression that hides what a file is."""
    return next((name for mark, name in _PACKED if head.startswith(mark)), None)


def _holds_pickle(head: bytes) -> bool:
    """Whether one of the first members of the archive is named like a pickle."""
    return bool(re.search(rb"[\w/.-]{0,200}(?:data\.pkl|\.pkl|\.pickle)", head[:LONGEST]))


def _tar_pickle(head: bytes) -> bool:
    name = head[:100].rstrip(b"\0")
    return name.endswith((b"pickle", b".pkl", b"sys_info", b"tensors", b"storages"))


def _is_pickle(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0x80 and head[1] in _PROTOCOLS and head[2] in _FIRST


def _is_archive(head: bytes) -> bool:
    return (head.startswith(b"PK\x03\x04") and _holds_pickle(head)) or (
        head[257:262] == b"ustar" and _tar_pickle(head)
    )


def _has_objects(head: bytes) -> bool:
    return head.startswith(b"\x93NUMPY") and bool(_OBJECTS.search(head))


_KINDS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("a Python pickle", _is_pickle),
    ("a Python pickle in letters", lambda head: bool(_TEXT_PICKLE.match(head))),
    ("an archive with a Python pickle", _is_archive),
    ("a NumPy array of Python objects", _has_objects),
    ("an HDF5 file, as Keras saves code in", lambda head: head.startswith(b"\x89HDF\r\n\x1a\n")),
)
