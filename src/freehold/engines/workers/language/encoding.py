"""Tokens for models that read whole texts at once: in padded batches, within their limits."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.language.loading import said
from freehold.engines.workers.language.ports import ported
from freehold.tasks.base import Progress

BATCH = 16_384
"""Tokens that are computed together, padding included."""
MOST = 64
"""Texts that are computed together."""
FAR = 1_000_000
"""A length that says that a tokenizer knows of none."""


class Texts(Struct, frozen=True, kw_only=True):
    """Texts as tokens, in their order; `cut` names those that were too long, by their places."""

    tokens: tuple[tuple[int, ...], ...]
    kinds: tuple[tuple[int, ...], ...]
    cut: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """All tokens."""
        return sum(map(len, self.tokens))


class Reader:
    """Turns texts, and pairs of them, into tokens."""

    def __init__(self, tokenizer: Any, limit: int) -> None:
        self.tokenizer, self.limit = tokenizer, limit

    def read(
        self, texts: Sequence[str], others: Sequence[str] | None = None, *, truncate: bool
    ) -> Texts:
        """The tokens of texts, or of pairs; UsageError for what is too long, unless `truncate`."""
        whole = self._encoded(texts, others)
        lengths = [len(tokens) for tokens in whole["input_ids"]]
        long = tuple(place for place, length in enumerate(lengths) if length > self.limit)
        if long and not truncate:
            raise UsageError(
                f"text {long[0] + 1} has {lengths[long[0]]:,} tokens and the model takes "
                f"{self.limit:,}",
                hint="shorten it, or let it be cut with truncate",
            )
        if long:
            whole = self._encoded(texts, others, cut=True)
        kinds = whole.get("token_type_ids") or [[0] * len(tokens) for tokens in whole["input_ids"]]
        return Texts(
            tokens=tuple(map(tuple, whole["input_ids"])), kinds=tuple(map(tuple, kinds)), cut=long
        )

    def _encoded(
        self, texts: Sequence[str], others: Sequence[str] | None, cut: bool = False
    ) -> dict[str, Any]:
        way: Any = False if not cut else "only_second" if others else True
        found = self.tokenizer(
            list(texts),
            None if others is None else list(others),
            truncation=way,
            max_length=self.limit if cut else None,
            verbose=False,
        )
        return dict(found)

    def batches(self, texts: Texts, device: str) -> Iterator[tuple[list[int], dict[str, Any]]]:
        """Places and tensors of texts that go together: long ones first, as many as fit."""
        order = sorted(range(len(texts.tokens)), key=lambda n: -len(texts.tokens[n]))
        while order:
            longest = max(1, len(texts.tokens[order[0]]))
            many = max(1, min(MOST, BATCH // longest))
            places, order = order[:many], order[many:]
            yield places, self._padded(texts, places, longest, device)

    def _padded(
        self, texts: Texts, places: list[int], longest: int, device: str
    ) -> dict[str, torch.Tensor]:
        pad = self.tokenizer.pad_token_id
        tokens = torch.full((len(places), longest), 0 if pad is None else pad)
        kinds, mask = torch.zeros_like(tokens), torch.zeros_like(tokens)
        for row, place in enumerate(places):
            length = len(texts.tokens[place])
            at = slice(longest - length, longest) if self.left else slice(0, length)
            tokens[row, at] = torch.tensor(texts.tokens[place])
            kinds[row, at] = torch.tensor(texts.kinds[place])
            mask[row, at] = 1
        found = {"input_ids": tokens, "attention_mask": mask}
        if "token_type_ids" in self.tokenizer.model_input_names:
            found["token_type_ids"] = kinds
        return {name: value.to(device) for name, value in found.items()}

    @property
    def left(self) -> bool:
        """Whether short texts are padded at their beginning."""
        return bool(self.tokenizer.padding_side == "left")


def most_tokens(folder: Path, config: Any, tokenizer: Any, context: int | None) -> int:
    """How long a text may be: the smallest of what the files of the model say, and the context."""
    told = [said(folder, "sentence_bert_config.json").get("max_seq_length")]
    told.append(getattr(tokenizer, "model_max_length", None))
    positions = getattr(config, "max_position_embeddings", None)
    if positions and getattr(config, "position_embedding_type", None) == "absolute":
        offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
        positions -= offset
    told += [positions, context]
    known = [int(length) for length in told if length and 0 < int(length) < FAR]
    return min(known, default=512)


def loaded_tokenizer(folder: Path) -> Any:
    """The model's tokenizer; BrokenInput when it cannot be read."""
    from transformers import AutoTokenizer

    port = ported(said(folder, "config.json"))
    if port is not None and hasattr(port, "tokenizer"):
        return port.tokenizer(folder)
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenInput(f"{folder.name}: its tokenizer cannot be read: {error}"[:400]) from error


class Steps:
    """Tells how far a list of texts or images is."""

    def __init__(self, of: int, what: str) -> None:
        self._of, self._what, self._began = of, what, time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def done(self, count: int) -> Progress:
        """So many are done."""
        left = self.seconds / count * (self._of - count) if count else None
        return Progress(count, self._of, self._what, left)
