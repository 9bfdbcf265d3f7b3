"""Keeps prompts and outputs out of the ledger: what may stand in a row, and what may not.

A guard cannot know what a short string means. It refuses what is named like content, what is
long, what has line breaks, and what JSON cannot say; callers give it counts, names and digests.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from freehold.core.errors import UsageError
from freehold.store.ledger_rows import KINDS, canonical

LONGEST_TEXT, LONGEST_KEY, LARGEST_ROW, DEEPEST = 500, 300, 32_000, 6
LARGEST_NUMBER = 2**63

CONTENT = frozenset(
    {
        *("prompt", "prompts", "output", "outputs", "text", "texts", "input", "inputs"),
        *("completion", "completions", "message", "messages", "content", "contents"),
        *("answer", "answers", "question", "questions", "response", "responses", "reply"),
        *("transcript", "transcription", "caption", "body", "conversation", "query"),
        *("instruction", "instructions"),
    }
)
"""Words that name what people say to a model or what it says back."""

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
DIGEST = re.compile(r"(sha256:)?[0-9a-f]{64}")


def guard(kind: str, facts: Mapping[str, object]) -> str:
    """The facts of a row as canonical JSON; UsageError when they must not be written down."""
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is not a kind of row; the kinds are {', '.join(KINDS)}")
    text = canonical(_table(facts, "", named=False, depth=0))
    if len(text.encode()) > LARGEST_ROW:
        raise UsageError(f"a row holds at most {LARGEST_ROW:,} bytes of facts")
    return text


def _value(value: object, path: str, named: bool, depth: int) -> Any:
    """One value, checked; `named` when a key above it is named like content."""
    if depth > DEEPEST:
        raise UsageError(f"{path} is nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        return _table(value, path, named, depth)
    if isinstance(value, list | tuple):
        return [_value(item, f"{path}[{n}]", named, depth + 1) for n, item in enumerate(value)]
    if isinstance(value, str):
        return _string(value, path, named)
    if value is None or isinstance(value, bool | int | float):
        return _number(value, path)
    raise UsageError(f"{path} is a {type(value).__name__}; only JSON values can be written down")


def _table(table: Mapping[Any, object], path: str, named: bool, depth: int) -> dict[str, Any]:
    if not isinstance(table, Mapping):
        raise UsageError(f"facts are a table, not a {type(table).__name__}")
    checked = {}
    for key, item in table.items():
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
            raise UsageError(f"{path or 'facts'}: a key is a short name, not {key!r:.60}")
        below = named or bool(CONTENT & {word.lower() for word in WORD.findall(key)})
        checked[key] = _value(item, f"{path}.{key}".lstrip("."), below, depth + 1)
    return checked


def _string(text: str, path: str, named: bool) -> str:
    if named and not DIGEST.fullmatch(text):
        raise UsageError(
            f"{path} is named like a prompt or an output; "
            "the ledger keeps counts and digests of those, never their text"
        )
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"{path} is longer than {LONGEST_TEXT} characters; keep its digest")
    if any(not character.isprintable() for character in text):
        raise UsageError(f"{path} has line breaks or other unprintable characters")
    return text


def _number(value: bool | int | float | None, path: str) -> bool | int | float | None:
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{path} is {value}, which is not a number that can be written down")
    if isinstance(value, int) and not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
        raise UsageError(f"{path} is a number of more than 64 bits")
    return value
