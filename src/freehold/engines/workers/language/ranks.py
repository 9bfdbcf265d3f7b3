"""Reads vocabularies that are files of ranks (tiktoken), and finds how their tokens are joined.

Knows no library. A line is a token in Base64 and its rank; bytes of a text are joined pair by
pair, that of the lowest rank first.
"""

from base64 import b64decode
from binascii import Error
from pathlib import Path

from freehold.core.errors import BrokenInput


def read_ranks(path: Path) -> dict[bytes, int]:
    """Tokens and their ranks: a line for each, in Base64; BrokenInput for anything else."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        pairs = [line.split() for line in lines if line.strip()]
        found = {b64decode(token, validate=True): int(rank) for token, rank in pairs}
    except (OSError, ValueError, Error) as error:
        raise BrokenInput(f"{path.name}: cannot be read: {error}"[:300]) from error
    if sorted(found.values()) != list(range(len(found))):
        raise BrokenInput(f"{path.name}: its ranks are no numbers from 0 on")
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def halves(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes] | None:
    """The two tokens that become this one last, when its bytes are joined by rank.

    None for a token that no joining leads to.
    """
    parts = [token[n : n + 1] for n in range(len(token))]
    while len(parts) > 2:
        known = [(ranks.get(parts[n] + parts[n + 1]), n) for n in range(len(parts) - 1)]
        good = [(rank, n) for rank, n in known if rank is not None]
        if not good:
            return None
        _, n = min(good)
        parts[n : n + 2] = [parts[n] + parts[n + 1]]
    return parts[0], parts[1]


def visible() -> dict[int, str]:
    """A letter that can be seen for each byte, as byte-level tokenizers write them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = (byte for byte in range(256) if byte not in plain)
    found = {byte: chr(byte) for byte in plain}
    return found | {byte: chr(256 + number) for number, byte in enumerate(others)}
