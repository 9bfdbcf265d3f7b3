"""Chooses the next token from the scores of a model, by what a request asks for.

What a request does not say comes from the publisher's own `generation_config.json`, else the
likeliest token is taken. Choices are made on the processor in 32 bits from one seed, so the same
scores give the same tokens on every device.
"""

from collections import Counter
from typing import Any

import torch
from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.tasks.text_generation import Request

FEW = 1024
"""Likeliest tokens that are looked at first; nearly always they are enough."""


class Taste(Struct, frozen=True, kw_only=True):
    """How to choose: a `temperature` of 0 takes the likeliest token."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    frequency: float = 0.0
    presence: float = 0.0
    bias: dict[int, float] = {}

    def says(self) -> str:
        """In words."""
        if self.temperature == 0:
            return "the likeliest token each time"
        words = [f"temperature {self.temperature:g}"]
        words += [f"top-p {self.top_p:g}"] if self.top_p < 1 else []
        words += [f"top-k {self.top_k}"] if self.top_k else []
        words += [f"min-p {self.min_p:g}"] if self.min_p else []
        return ", ".join(words)


def taste(request: Request, published: Any) -> Taste:
    """What the request says; where it is silent, what the publisher's configuration does."""
    sampled = bool(getattr(published, "do_sample", False))

    def known(name: str, default: float) -> float:
        value = getattr(published, name, None)
        return default if value is None or not (sampled or request.temperature) else value

    def first(asked: float | None, otherwise: float) -> float:
        return otherwise if asked is None else asked

    return Taste(
        temperature=first(request.temperature, known("temperature", 1.0) if sampled else 0.0),
        top_p=first(request.top_p, known("top_p", 1.0)),
        top_k=int(first(request.top_k, known("top_k", 0))),
        min_p=first(request.min_p, known("min_p", 0.0)),
        frequency=request.frequency_penalty or 0.0,
        presence=request.presence_penalty or 0.0,
        bias=request.bias,
    )


class Chooser:
    """Chooses one token after another; what it chose so far counts for the penalties."""

    def __init__(self, taste: Taste, seed: int) -> None:
        self.taste = taste
        self._random = torch.Generator().manual_seed(seed)
        self._chosen: Counter[int] = Counter()

    def choose(self, scores: torch.Tensor) -> int:
        """The next token for `scores` (vocabulary,); BrokenInput when they are no numbers."""
        scores = self._penalized(scores)
        if torch.isnan(scores).any() or torch.isneginf(scores).all():
            raise BrokenInput("the model computes what is not a number: its weights are broken")
        if self.taste.temperature == 0:
            token = int(scores.argmax())
        else:
            token = self._drawn(scores / self.taste.temperature)
        self._chosen[token] += 1
        return token

    def _penalized(self, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.detach().to("cpu", torch.float32, copy=True)
        for token, weight in self.taste.bias.items():
            if not 0 <= token < len(scores):
                raise UsageError(f"the vocabulary has {len(scores):,} tokens, and none is {token}")
            scores[token] += weight
        if self._chosen and (self.taste.frequency or self.taste.presence):
            tokens = torch.tensor(list(self._chosen))
            counts = torch.tensor(list(self._chosen.values()), dtype=torch.float32)
            scores[tokens] -= counts * self.taste.frequency + self.taste.presence
        return scores

    def _drawn(self, scores: torch.Tensor) -> int:
        values, tokens = kept(scores, self.taste)
        chances = torch.softmax(values, dim=0)
        return int(tokens[torch.multinomial(chances, 1, generator=self._random)])


def kept(scores: torch.Tensor, taste: Taste) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and tokens that may be drawn, the likeliest first: top-k, then top-p, then min-p."""
    size = len(scores)
    many = min(taste.top_k or size, size)
    if taste.top_p >= 1 and many == size:
        order = torch.arange(size)
        return _above(scores, order, taste.min_p)
    values, tokens = scores.topk(min(many, FEW))
    if many < size:
        values, tokens = (values, tokens) if many <= FEW else scores.topk(many)
        whole = values.logsumexp(0)
    else:
        whole = scores.logsumexp(0)
        if (values - whole).exp().sum() < taste.top_p:
            values, tokens = scores.sort(descending=True)
    if taste.top_p < 1:
        chances = (values - whole).exp()
        before = chances.cumsum(0) - chances
        count = max(1, int((before < taste.top_p).sum()))
        values, tokens = values[:count], tokens[:count]
    return _above(values, tokens, taste.min_p)


def _above(
    values: torch.Tensor, tokens: torch.Tensor, least: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Those at least `least` times as likely as the likeliest."""
    if least <= 0:
        return values, tokens
    good = values >= values.max() + torch.tensor(least).log()
    return values[good], tokens[good]


def likeliest(scores: torch.Tensor, many: int) -> tuple[torch.Tensor, list[tuple[int, float]]]:
    """The logarithms of all probabilities, and the best so many tokens with theirs."""
    logs = torch.log_softmax(scores.detach().float().cpu(), dim=-1)
    best = logs.topk(min(many, len(logs)))
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return logs, list(pairs)
