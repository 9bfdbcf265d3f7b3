"""Splits a text into tokens as the common kinds of tokenizers do; pure, for short texts.

The patterns that cut a text into words before are known ones, never one that a file brings: a
pattern can be made to run forever.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

LONGEST_PIECE = 256
"""Signs of one unigram; longer ones are not looked for."""
SPACE = "\u2581"
"""How SentencePiece writes a space."""
_END = r"|\s+(?!\S)|\s+"
_SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+" + _END
_LATER = _SHORT + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+" + _END
LLAMA3, QWEN2 = _LATER % "{1,3}", _LATER % ""
WRITTEN = {GPT2: GPT2, LLAMA3: LLAMA3, QWEN2: QWEN2}
"""Patterns as tokenizer.json writes them."""
NAMED = {
    "default": GPT2, "gpt-2": GPT2, "mpt": GPT2, "olmo": GPT2, "jais": GPT2, "phi-2": GPT2,
    "llama-bpe": LLAMA3, "llama3": LLAMA3, "llama-v3": LLAMA3, "smaug-bpe": LLAMA3,
    "dbrx": LLAMA3, "qwen2": QWEN2, "deepseek-r1-qwen": QWEN2, "megrez": QWEN2,
}  # fmt: skip
"""Patterns by the names that llama.cpp gives to them."""

Merge = Callable[[str, str], float | None]
"""The rank of joining two neighbors, the lowest first; None where they are never joined."""


def words(text: str, pattern: str) -> list[str]:
    """The text cut by a known pattern; letters and numbers are those of the text itself."""
    for sort in "LN":
        signs = "".join({re.escape(c) for c in text if unicodedata.category(c)[0] == sort})
        pattern = _filled(pattern, sort, signs)
    return [found.group() for found in re.finditer(pattern, text)]


def _filled(pattern: str, sort: str, signs: str) -> str:
    """The pattern with a class of signs filled in: inside of brackets bare, outside in its own."""
    name, parts, inside = rf"\p{{{sort}}}", list[str](), False
    alone = f"[{signs}]" if signs else r"(?!)"
    for n, part in enumerate(pattern.split(name)):
        if n:
            parts.append(signs if inside else alone)
        for sign in re.sub(r"\\.", "", part):
            inside = sign == "[" or (inside and sign != "]")
        parts.append(part)
    return "".join(parts)


def letters_of_bytes() -> list[str]:
    """The letter that stands for each byte in tokenizers of bytes, as GPT-2 defined them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(code) if code in plain else chr(next(others)) for code in range(256)]


def of_bytes(text: str) -> str:
    """A text as the letters of its bytes."""
    letters = letters_of_bytes()
    return "".join(letters[byte] for byte in text.encode())


def from_bytes(piece: str) -> str:
    """The text that letters of bytes stand for; bytes that are no text alone are shown as \\xNN."""
    codes = {letter: code for code, letter in enumerate(letters_of_bytes())}
    return bytes(codes[letter] for letter in piece).decode("utf-8", "backslashreplace")


def joined(signs: Iterable[str], rank: Merge) -> list[str]:
    """Byte pair encoding: neighbors are joined, the lowest rank first, from the left."""
    parts = list(signs)
    ranks = [_rank(rank, a, b) for a, b in pairwise(parts)]
    while ranks and (best := min(ranks)) < math.inf:
        at = ranks.index(best)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del ranks[at]
        if at > 0:
            ranks[at - 1] = _rank(rank, parts[at - 1], parts[at])
        if at < len(ranks):
            ranks[at] = _rank(rank, parts[at], parts[at + 1])
    return parts


def _rank(rank: Merge, a: str, b: str) -> float:
    found = rank(a, b)
    return math.inf if found is None else found


def likeliest(text: str, scores: Mapping[str, float]) -> list[str]:
    """Unigrams: the pieces with the highest sum of scores; signs that are no pieces are one."""
    longest = min(max(map(len, scores), default=1), LONGEST_PIECE)
    worst = min(scores.values(), default=0.0) - 10.0
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(text) + 1):
        choices = []
        for start in range(max(0, end - longest), end):
            score = scores.get(text[start:end], worst if start == end - 1 else None)
            if score is not None:
                choices.append((best[start][0] + score, start))
        best.append(max(choices))
    found, at = list[str](), len(text)
    while at:
        start = best[at][1]
        if found and text[start:at] not in scores and found[-1] not in scores:
            found[-1] = text[start:at] + found[-1]
        else:
            found.append(text[start:at])
        at = start
    return found[::-1]


def longest_first(word: str, known: Callable[[str, int], bool], unknown: str) -> list[str]:
    """WordPiece: from the left the longest piece that is known, which depends on where it begins.

    A word of which any part is not known is one unknown token.
    """
    found, at = list[str](), 0
    while at < len(word):
        end = next((e for e in range(len(word), at, -1) if known(word[at:e], at)), at)
        if end == at:
            return [unknown]
        found.append(word[at:end])
        at = end
    return found


def as_bytes(pieces: Iterable[str], known: Callable[[str], bool]) -> list[str]:
    """Pieces that are not known as one token for each of their bytes, written <0xNN>."""
    found: list[str] = []
    for piece in pieces:
        found += [piece] if known(piece) else [f"<0x{byte:02X}>" for byte in piece.encode()]
    return found


def bert_words(text: str, *, lower: bool) -> list[str]:
    """The words of a text as BERT takes them: punctuation and Chinese signs stand alone."""
    if lower:
        bare = unicodedata.normalize("NFD", text.lower())
        text = "".join(sign for sign in bare if unicodedata.category(sign) != "Mn")
    spaced = (f" {sign} " if _alone(sign) else sign for sign in text)
    return "".join(spaced).split()


def _alone(sign: str) -> bool:
    code = ord(sign)
    ascii_mark = 33 <= code < 127 and not sign.isalnum()
    chinese = 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF
    return ascii_mark or chinese or unicodedata.category(sign)[0] == "P"


def around(text: str, marks: Sequence[str]) -> list[tuple[str, bool]]:
    """The text cut at special tokens, each part with whether it is one."""
    if not marks:
        return [(text, False)]
    by = re.compile("|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True)))
    found, at = list[tuple[str, bool]](), 0
    for match in by.finditer(text):
        found += [(text[at : match.start()], False), (match.group(), True)]
        at = match.end()
    return [part for part in [*found, (text[at:], False)] if part[0]]
