"""What decoders of our own share: one sequence at a time, states of the past, attention."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, GenerationMixin, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast


class Decoder(PreTrainedModel, GenerationMixin):
    """A decoder that is given by its embedding, its blocks and its head.

    A block takes states (1, tokens, width), the places of the tokens, the states of the past and
    its own number.
    """

    def embedded(self, tokens: Tensor) -> Tensor:
        """The first states."""
        raise NotImplementedError

    def blocks(self) -> Iterable[Any]:
        """The blocks in their order."""
        raise NotImplementedError

    def scored(self, states: Tensor) -> Tensor:
        """The scores of the next token."""
        raise NotImplementedError

    def forward(
        self,
        input_ids: Tensor,
        cache: Any = None,
        attention_mask: Tensor | None = None,
        logits_to_keep: int = 0,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        """The scores (1, tokens, vocabulary), or of the last `logits_to_keep` tokens."""
        if len(input_ids) != 1 or (attention_mask is not None and not attention_mask.all()):
            raise ValueError("one sequence at a time, without padding")
        past = DynamicCache() if cache is None else cache
        begin = past.get_seq_length()
        places = torch.arange(begin, begin + input_ids.shape[1], device=input_ids.device)
        states = self.embedded(input_ids) if begin == 0 else self.embedded_at(input_ids, begin)
        for number, block in enumerate(self.blocks()):
            states = block(states, places, past, number)
        scores = self.scored(states[:, -logits_to_keep:] if logits_to_keep else states)
        return CausalLMOutputWithPast(logits=scores, cache=past)

    def embedded_at(self, tokens: Tensor, begin: int) -> Tensor:
        """The first states of tokens that stand from place `begin` on."""
        return self.embedded(tokens)


def attended(
    queries: Tensor, keys: Tensor, values: Tensor, places: Tensor, *,
    scale: float, cap: float | None = None, slopes: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Causal attention of queries (1, heads, tokens, size); keys and values may have fewer heads.

    `cap` bounds the scores by a hyperbolic tangent; `slopes` (heads,) take away from the score of
    a token in proportion to how far back it is.
    """
    groups = queries.shape[1] // keys.shape[1]
    keys, values = keys.repeat_interleave(groups, 1), values.repeat_interleave(groups, 1)
    scores = (queries @ keys.transpose(-1, -2)).float() * scale
    if cap is not None:
        scores = cap * torch.tanh(scores / cap)
    there = torch.arange(keys.shape[2], device=keys.device)
    if slopes is not None:
        scores = scores + slopes[:, None, None] * (there - places[:, None]).float()
    scores = scores.masked_fill(there > places[:, None], -math.inf)
    return scores.softmax(-1).to(values.dtype) @ values


def turned(states: Tensor, places: Tensor, base: float, pairs: bool) -> Tensor:
    """Rotary places over the whole last dimension; `pairs` turns neighbors, else the two halves."""
    size = states.shape[-1]
    speeds = base ** -(torch.arange(0, size, 2, device=states.device).float() / size)
    angles = places[:, None].float() * speeds
    if pairs:
        cos, sin = angles.cos().repeat_interleave(2, -1), angles.sin().repeat_interleave(2, -1)
        other = torch.stack((-states[..., 1::2], states[..., ::2]), -1).flatten(-2)
    else:
        cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
        other = torch.cat((-states[..., size // 2 :], states[..., : size // 2]), -1)
    return states * cos.to(states.dtype) + other * sin.to(states.dtype)


def heads(states: Tensor, count: int) -> Tensor:
    """States (1, tokens, width) as (1, heads, tokens, size)."""
    return states.unflatten(-1, (count, -1)).transpose(1, 2)


def joined(states: Tensor) -> Tensor:
    """Back to (1, tokens, width)."""
    return states.transpose(1, 2).flatten(-2)
