"""The tokenizer and the chat template of a model, from its GGUF file or the files beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from freehold.actions.headers import Headers
from freehold.actions.inspect_split import Untold, split_gguf, split_json
from freehold.formats.gguf_vocabulary import CONTROL, TOKENS, arrays, read_sorts, read_tokens
from freehold.formats.structured import as_tables, as_text, read_json
from freehold.formats.templates import templates_of
from freehold.formats.tokenizer_json import TokenizerJson, read_tokenizer_json

GGUF_KINDS = {
    "llama": "BPE by scores (SentencePiece)", "gpt2": "BPE of bytes", "bert": "WordPiece",
    "t5": "unigram", "rwkv": "longest match (RWKV)", "plamo2": "unigram", "no_vocab": "none",
}  # fmt: skip
JSON_KINDS = {"BPE": "BPE", "Unigram": "unigram", "WordPiece": "WordPiece", "WordLevel": "words"}
ROLES = ("bos", "eos", "eot", "eom", "unknown", "unk", "separator", "seperator", "sep", "padding",
         "pad", "cls", "mask", "fim_pre", "fim_suf", "fim_mid")  # fmt: skip
BESIDE = {
    "tokenizer.model": "SentencePiece", "spiece.model": "SentencePiece",
    "sentencepiece.bpe.model": "SentencePiece", "tekken.json": "tekken", "vocab.txt": "WordPiece",
    "merges.txt": "BPE of bytes", "tokenizer.tiktoken": "tiktoken", "qwen.tiktoken": "tiktoken",
}  # fmt: skip
"""Files that only say which kind a tokenizer is."""
HOLDERS = ("chat_template.jinja", "tokenizer_config.json", "chat_template.json")
"""Files that hold chat templates, in the order in which they are asked."""
MOST_SHOWN = 12


class Tokenizer(Struct, frozen=True, kw_only=True):
    """What is known of a tokenizer: `size` of its vocabulary, `specials` by what they are for.

    `marks` are the first control tokens and `marked` counts all of them. `pieces` is a text as it
    is split, or `unsplit` says why that is not told.
    """

    kind: str
    source: str
    size: int | None = None
    pre: str | None = None
    specials: dict[str, tuple[int | None, str | None]] = {}
    marked: int | None = None
    marks: tuple[str, ...] = ()
    pieces: tuple[str, ...] | None = None
    unsplit: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "kind": self.kind, "source": self.source, "size": self.size, "pre": self.pre,
            "special": {role: {"id": number, "text": text}
                        for role, (number, text) in self.specials.items()},
            "marks": {"count": self.marked, "first": list(self.marks)},
            "pieces": None if self.pieces is None else list(self.pieces),
            "unsplit": self.unsplit,
        }  # fmt: skip


class Template(Struct, frozen=True, kw_only=True):
    """A chat template of so many characters, as it renders a short talk; or why it is not."""

    source: str
    length: int
    rendered: str | None = None
    why: str | None = None

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {"source": self.source, "length": self.length,
                "rendered": self.rendered, "not_rendered": self.why}  # fmt: skip


def tokenizer(headers: Headers, root: Path | None, text: str | None) -> Tokenizer | None:
    """The tokenizer of a model; None where nothing tells of one."""
    if headers.format == "gguf":
        return _of_gguf(headers, root, text)
    for folder in (root, root / "tokenizer") if root else ():
        if (folder / "tokenizer.json").is_file():
            return _of_json(folder, text)
        found = next((name for name in BESIDE if (folder / name).is_file()), None)
        if found:
            return Tokenizer(kind=BESIDE[found], source=found, unsplit=_unsplit(found, text))
    return None


def _unsplit(source: str, text: str | None) -> str | None:
    return None if text is None else f"{source} is not read; a tokenizer.json would be"


def _of_gguf(headers: Headers, root: Path | None, text: str | None) -> Tokenizer | None:
    model = headers.metadata.get("tokenizer.ggml.model")
    if not isinstance(model, str):
        return None
    ids = {
        role: number
        for role in ROLES
        if isinstance(number := headers.metadata.get(f"tokenizer.ggml.{role}_token_id"), int)
    }
    known = Tokenizer(
        kind=GGUF_KINDS.get(model, model), source="tokenizer.ggml",
        size=headers.lengths.get(TOKENS), pre=as_text(headers.metadata.get("tokenizer.ggml.pre")),
    )  # fmt: skip
    if root is None or not headers.files:
        return replace(known, specials={role: (number, None) for role, number in ids.items()})
    return _from_file(root / headers.files[0][0], headers, known, ids, text)


def _from_file(
    path: Path, headers: Headers, known: Tokenizer, ids: dict[str, int], text: str | None
) -> Tokenizer:
    """The tokenizer with the texts of its special tokens, and a text split by it."""
    of = arrays(path, headers.lengths, headers.arrays)
    sorts = read_sorts(of)
    control = [n for n, sort in enumerate(sorts) if sort == CONTROL] if CONTROL in sorts else []
    texts = read_tokens(of, [*ids.values(), *control[:MOST_SHOWN]])
    pieces, why = _told(lambda words: split_gguf(of, headers.metadata, words), text)
    return replace(
        known, specials={role: (number, texts.get(number)) for role, number in ids.items()},
        marked=len(control) if sorts else None,
        marks=tuple(texts[n] for n in control[:MOST_SHOWN] if n in texts),
        pieces=pieces, unsplit=why,
    )  # fmt: skip


def _told(
    split: Callable[[str], list[str]], text: str | None
) -> tuple[tuple[str, ...] | None, str | None]:
    """The pieces of a text, or why they cannot be told; neither where no text was given."""
    if text is None:
        return None, None
    try:
        return tuple(split(text)), None
    except Untold as why:
        return None, str(why)
    except RecursionError:
        return None, "its description is nested too deeply"


def _of_json(folder: Path, text: str | None) -> Tokenizer:
    """The tokenizer in a folder with a tokenizer.json."""
    found = read_tokenizer_json(folder / "tokenizer.json")
    config = _config(folder)
    numbers = {added.content: added.id for added in found.added_tokens}
    special = [added.content for added in found.added_tokens if added.special]
    vocab = found.model.vocab or ()
    known = {
        key.removesuffix("_token"): mark
        for key in (f"{role}_token" for role in ROLES)
        if (mark := _mark(config.get(key)))
    }
    pieces, why = _told(lambda words: split_json(found, words), text)
    return Tokenizer(
        kind=JSON_KINDS.get(found.model.kind, found.model.kind)
        + (" of bytes" if _by_bytes(found) else ""),
        source="tokenizer.json", size=max(len(vocab), 1 + max(numbers.values(), default=-1)),
        pre=as_text(config.get("tokenizer_class")),
        specials={role: (numbers.get(mark), mark) for role, mark in known.items()},
        marked=len(special), marks=tuple(special[:MOST_SHOWN]), pieces=pieces, unsplit=why,
    )  # fmt: skip


def _by_bytes(found: TokenizerJson) -> bool:
    """Whether words are turned into bytes before they are split."""
    table = found.pre_tokenizer or {}
    steps = as_tables(table.get("pretokenizers")) or [table]
    return any(step.get("type") == "ByteLevel" for step in steps)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "tokenizer_config.json"
    return read_json(path, path.name) if path.is_file() else {}


def _mark(value: object) -> str | None:
    """The text of a special token, which some files write as a table."""
    return as_text(value.get("content") if isinstance(value, dict) else value)


def template(
    headers: Headers, root: Path | None, known: Tokenizer | None, *, rendered: bool
) -> Template | None:
    """The chat template of a model, rendered for a short talk if asked; None where there is none.

    It is rendered in a process of its own, in Jinja's sandbox.
    """
    source, text = _template(headers, root)
    if text is None:
        return None
    if not rendered:
        return Template(source=source, length=len(text))
    from freehold.scanners.templates import shown as rendering

    specials = known.specials if known else {}
    begins, ends = (specials.get(role, (None, None))[1] or "" for role in ("bos", "eos"))
    shown, why = rendering(text, begins, ends)
    return Template(source=source, length=len(text), rendered=shown, why=why or None)


def _template(headers: Headers, root: Path | None) -> tuple[str, str | None]:
    """Where a template is found, and its text."""
    if headers.format == "gguf":
        found = headers.metadata.get("tokenizer.chat_template")
        return "tokenizer.chat_template", found if isinstance(found, str) else None
    for folder in (root, root / "tokenizer") if root else ():
        for name in HOLDERS:
            kind = "json" if name.endswith(".json") else "text"
            texts = templates_of(folder / name, name, kind) if (folder / name).is_file() else []
            if texts:
                return name, texts[0]
    return "", None
