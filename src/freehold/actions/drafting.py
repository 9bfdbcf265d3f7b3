"""A smaller model that drafts for a larger one: found, allowed, and of the same words.

The larger one accepts of a draft only what it would have written itself, so the answer is the same
and comes sooner where the draft is often right.
"""

from itertools import islice
from pathlib import Path

from freehold.actions.layouts import LocalModel
from freehold.actions.local_model import find
from freehold.core.errors import UsageError
from freehold.formats.gguf import Gguf, read_gguf
from freehold.formats.gguf_vocabulary import TOKENS, arrays, read_vocabulary

SORT, ADDS = "tokenizer.ggml.model", ("bos", "eos")
MOST_APART = 128
"""Tokens that one vocabulary may have more than the other, as llama.cpp allows."""
MARKS = 5
"""Tokens at the start that may differ, as llama.cpp allows."""
HINT = "a draft is a smaller model of the same family, such as its 0.5B or 1B"


def drafting(model: LocalModel, said: str | Path, task: str) -> LocalModel:
    """The model that is to draft for another; UsageError where it cannot."""
    if task != "text-generation" or model.format != "gguf":
        raise UsageError(f"nothing drafts for {model.name} ({model.format}, {task})", hint=HINT)
    draft = find(said)
    if draft.address or draft.format != "gguf":
        raise UsageError(f"{draft.name} cannot draft: it is no GGUF file here", hint=HINT)
    if draft.size >= model.size:
        raise UsageError(f"{draft.name} is no smaller than {model.name}", hint=HINT)
    if other := differs(model.file, draft.file):
        says = f"{draft.name} cannot draft for {model.name}: {other}"
        raise UsageError(says, hint=HINT)
    return draft


def differs(model: Path, draft: Path) -> str | None:
    """How the words of two models differ too much to draft; None where they do not."""
    ours, theirs = (read_gguf(file, file.name) for file in (model, draft))
    if ours.text(SORT) != theirs.text(SORT):
        return f"one splits texts by {ours.text(SORT)}, the other by {theirs.text(SORT)}"
    for mark in ADDS:
        if _mark(ours, mark) != _mark(theirs, mark):
            return f"they do not put the same mark ({mark}) around texts"
    sizes = [file.lengths.get(TOKENS, 0) for file in (ours, theirs)]
    if abs(sizes[0] - sizes[1]) > MOST_APART:
        return f"one knows {sizes[0]:,} tokens, the other {sizes[1]:,}"
    pairs = zip(_tokens(model, ours), _tokens(draft, theirs), strict=False)
    for number, (one, other) in enumerate(islice(pairs, MARKS, None), MARKS):
        if one != other:
            return f"token {number:,} is {one!r} in one and {other!r} in the other"
    return None


def _mark(file: Gguf, mark: str) -> object:
    """Which mark is put there, where one is."""
    adds = file.metadata.get(f"tokenizer.ggml.add_{mark}_token")
    return file.number(f"tokenizer.ggml.{mark}_token_id") if adds else adds


def _tokens(path: Path, file: Gguf) -> tuple[str, ...]:
    return read_vocabulary(arrays(path, file.lengths, file.arrays)).tokens
