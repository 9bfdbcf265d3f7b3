"""Shows how a model's tokenizer splits a short text, where that can be told without its library."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from freehold.core.errors import UsageError
from freehold.formats import splitting
from freehold.formats.gguf_vocabulary import CONTROL, USER, Arrays, Vocabulary, read_vocabulary
from freehold.formats.splitting import SPACE
from freehold.formats.structured import as_table, as_tables
from freehold.formats.tokenizer_json import TokenizerJson

LONGEST = 2_000
"""Characters of a text that is split."""
Split = Callable[[str], list[str]]
Table = dict[str, Any]


class Untold(Exception):
    """Why it cannot be told how a text is split."""


def split_gguf(of: Arrays, metadata: Table, text: str) -> list[str]:
    """The text as the tokenizer of a GGUF file splits it; raises Untold."""
    _check(text)
    known = read_vocabulary(of)
    marks = [t for t, s in zip(known.tokens, known.sorts, strict=False) if s in (CONTROL, USER)]
    split = _gguf_split(known, metadata)
    return _around(text, marks, split)


def split_json(found: TokenizerJson, text: str) -> list[str]:
    """The text as a tokenizer.json splits it; raises Untold."""
    _check(text)
    marks = [added.content for added in found.added_tokens if added.content]
    return _around(text, marks, _json_split(found))


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise UsageError(f"the text has {len(text):,} characters; at most {LONGEST:,} are split")


def _around(text: str, marks: Sequence[str], split: Split) -> list[str]:
    parts = splitting.around(text, marks)
    return [piece for part, mark in parts for piece in ([part] if mark else split(part))]


def _gguf_split(known: Vocabulary, metadata: Table) -> Split:
    model, pre = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre", "default")
    prefix = metadata.get("tokenizer.ggml.add_space_prefix", True)
    if model == "gpt2":
        if pre not in splitting.NAMED:
            raise Untold(f"how its words are cut ({pre}) is not known here")
        ranks = {tuple(merge.split(" ", 1)): n for n, merge in enumerate(known.merges)}
        whole = frozenset(known.tokens) if pre.startswith("llama") else frozenset[str]()
        return _byte_pairs(splitting.NAMED[pre], ranks, whole)
    scores = dict(zip(known.tokens, known.scores, strict=False))
    if model == "llama":
        return lambda text: _by_scores(_spaced(text, prefix=bool(prefix)), scores)
    if model == "bert":
        return _gguf_word_pieces(frozenset(known.tokens))
    raise Untold(f"tokenizers of the kind {model} are not split here")


def _byte_pairs(pattern: str, ranks: dict[Any, int], whole: frozenset[str]) -> Split:
    """Words cut by a pattern, then pairs of bytes; `whole` are words that are taken as they are."""

    def split(text: str) -> list[str]:
        every = map(splitting.of_bytes, splitting.words(text, pattern))
        parts = ([w] if w in whole else splitting.joined(w, _rank(ranks)) for w in every)
        return [splitting.from_bytes(piece) for word in parts for piece in word]

    return split


def _rank(ranks: dict[Any, int]) -> splitting.Merge:
    return lambda a, b: ranks.get((a, b))


def _by_scores(text: str, scores: dict[str, float]) -> list[str]:
    """Pairs are joined, the one with the highest score first."""

    def rank(a: str, b: str) -> float | None:
        score = scores.get(a + b)
        return None if score is None else -score

    return splitting.as_bytes(splitting.joined(text, rank), scores.__contains__)


def _spaced(text: str, *, prefix: bool) -> str:
    return (" " + text if prefix else text).replace(" ", SPACE)


def _gguf_word_pieces(tokens: frozenset[str]) -> Split:
    """In GGUF the beginning of a word has the mark, not what goes on."""

    def known(part: str, at: int) -> bool:
        return part in tokens

    def split(text: str) -> list[str]:
        lower = not any(t[1:] != t[1:].lower() for t in tokens if t[:1] == SPACE and "[" not in t)
        every = splitting.bert_words(text, lower=lower)
        return [p for w in every for p in splitting.longest_first(SPACE + w, known, "[UNK]")]

    return split


def _json_split(found: TokenizerJson) -> Split:
    kind, model = found.model.kind, found.model
    if kind == "BPE":
        return _json_pairs(found, _normalizer(found.normalizer))
    if kind == "Unigram" and isinstance(model.vocab, list):
        clean, space = _normalizer(found.normalizer), _metaspace(found.pre_tokenizer)
        scores = dict(model.vocab)
        return lambda text: splitting.likeliest(space(clean(text)), scores)
    if kind == "WordPiece" and isinstance(model.vocab, dict):
        return _word_pieces(found, model.vocab)
    raise Untold(f"tokenizers of the kind {kind} are not split here")


def _json_pairs(found: TokenizerJson, clean: Callable[[str], str]) -> Split:
    model = found.model
    vocab = model.vocab if isinstance(model.vocab, dict) else {}
    pairs = (tuple(m.split(" ", 1)) if isinstance(m, str) else m for m in model.merges or ())
    ranks: dict[Any, int] = {pair: n for n, pair in enumerate(pairs)}
    pattern, prefix = _byte_level(found.pre_tokenizer)
    if pattern:
        whole = frozenset(vocab) if model.ignore_merges else frozenset[str]()
        split = _byte_pairs(pattern, ranks, whole)
        return lambda text: split(_prefixed(clean(text)) if prefix else clean(text))
    space = _metaspace(found.pre_tokenizer)

    def of_signs(text: str) -> list[str]:
        parts = splitting.joined(space(clean(text)), _rank(ranks))
        return splitting.as_bytes(parts, vocab.__contains__) if model.byte_fallback else parts

    return of_signs


def _prefixed(text: str) -> str:
    return text if text.startswith(" ") else " " + text


def _byte_level(table: Table | None) -> tuple[str | None, bool]:
    """The pattern that cuts words of bytes, and whether a space is put before; None for others."""
    steps = as_tables((table or {}).get("pretokenizers")) or ([table] if table else [])
    if not steps or steps[-1].get("type") != "ByteLevel":
        return None, False
    last = steps[-1]
    prefix = bool(last.get("add_prefix_space"))
    if len(steps) == 1 and last.get("use_regex", True):
        return splitting.GPT2, prefix
    written = as_table(steps[0].get("pattern")).get("Regex") if len(steps) == 2 else None
    if (
        not isinstance(written, str)
        or written not in splitting.WRITTEN
        or steps[0].get("behavior") != "Isolated"
    ):
        raise Untold("how it cuts words is not known here")
    return splitting.WRITTEN[written], prefix


def _metaspace(table: Table | None) -> Callable[[str], str]:
    """How spaces become marks before a text is split; raises Untold for other ways."""
    if table is None:
        return lambda text: text
    steps = as_tables(table.get("pretokenizers")) or [table]
    table = steps[-1]
    first = [step.get("type") for step in steps[:-1]]
    if first not in ([], ["WhitespaceSplit"]) or table.get("type") != "Metaspace":
        raise Untold("how it cuts words is not known here")
    prefix = table.get("prepend_scheme", "always") != "never" and table.get(
        "add_prefix_space", True
    )

    def space(text: str) -> str:
        marked = text.replace(" ", SPACE)
        return SPACE + marked if prefix and not marked.startswith(SPACE) else marked

    return space


def _normalizer(table: Table | None) -> Callable[[str], str]:
    """What is done to a text first; raises Untold for what is not known."""
    if table is None:
        return lambda text: text
    kind = table.get("type")
    if kind in ("NFC", "NFD", "NFKC", "NFKD"):
        return lambda text: unicodedata.normalize(kind, text)
    if kind == "Sequence":
        steps = [_normalizer(step) for step in as_tables(table.get("normalizers"))]
        return lambda text: _through(steps, text)
    if kind == "Prepend":
        return lambda text: (str(table.get("prepend", "")) + text) if text else text
    was, now = as_table(table.get("pattern")).get("String"), str(table.get("content", ""))
    if kind == "Replace" and isinstance(was, str) and was and len(now) < 20:
        return lambda text: text.replace(was, now)
    if kind == "Precompiled":
        return _unchanged
    raise Untold(f"what it does to a text first ({kind}) is not known here")


def _through(steps: Sequence[Callable[[str], str]], text: str) -> str:
    for step in steps:
        text = step(text)
        if len(text) > 4 * LONGEST:
            raise Untold("what it does to a text first makes it too long")
    return text


def _unchanged(text: str) -> str:
    """A text that no table of SentencePiece changes: plain signs, single spaces between them."""
    if not (text.isascii() and text.isprintable()) or "  " in text or text != text.strip():
        raise Untold("its table of signs is not read; plain letters and single spaces can be told")
    return text


def _word_pieces(found: TokenizerJson, vocab: dict[str, int]) -> Split:
    before, model = found.normalizer or {}, found.model
    if (found.pre_tokenizer or {}).get("type") != "BertPreTokenizer":
        raise Untold("how it cuts words is not known here")
    start = "##" if model.continuing_subword_prefix is None else model.continuing_subword_prefix

    def known(part: str, at: int) -> bool:
        return (start + part if at else part) in vocab

    def split(text: str) -> list[str]:
        every = splitting.bert_words(text, lower=bool(before.get("lowercase", False)))
        unknown = model.unk_token or "[UNK]"
        parts = (splitting.longest_first(word, known, unknown) for word in every)
        return [start + p if n else p for word in parts for n, p in enumerate(word)]

    return split
