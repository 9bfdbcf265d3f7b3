"""Grok-1 (xAI): a mixture of experts with norms before and after each part, and bounded attention.

After the published code of its makers: of eight experts the two with the largest probability are
asked, and their answers weighted with these probabilities as they are; attention scores are
bounded by 30 times a hyperbolic tangent; embedding and scores have fixed multipliers. Names of
weights are those of the checkpoint for PyTorch.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from freehold.engines.workers.language.ports.parts import (
    Decoder,
    attended,
    heads,
    joined,
    turned,
)


class Config(PretrainedConfig):
    """The configuration, by its published keys."""

    model_type = "grok-1"

    def __init__(self, **words: Any) -> None:
        usual = {
            "vocab_size": 131072, "hidden_size": 6144, "intermediate_size": 32768,
            "num_hidden_layers": 64, "num_attention_heads": 48, "num_key_value_heads": 8,
            "num_experts": 8, "num_experts_per_tok": 2, "max_position_embeddings": 8192,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_attn_value": 30.0,
            "attn_output_multiplier": 0.08838834764831845,
            "embedding_multiplier_scale": 78.38367176906169,
            "output_multiplier_scale": 0.5773502691896257, "tie_word_embeddings": True,
        }  # fmt: skip
        for name, value in {**usual, **words}.items():
            if name in usual:
                setattr(self, name, value)
        super().__init__(**{k: v for k, v in words.items() if k not in ("model_type", "auto_map")})


class Norm(nn.Module):
    """Root mean square norm in 32 bits; its weight is called `scale`."""

    def __init__(self, size: int, least: float) -> None:
        super().__init__()
        self.scale, self.least = nn.Parameter(torch.ones(size)), least

    def forward(self, states: Tensor) -> Tensor:
        """The states with a mean square of 1, scaled."""
        wide = states.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.least)
        return (self.scale * wide).to(states.dtype)


class Attention(nn.Module):
    """Looks back, with bounded scores."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        size = config.hidden_size // config.num_attention_heads
        few = size * config.num_key_value_heads
        self.q_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, few, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, few, bias=False)
        self.o_proj = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after looking back."""
        config = self.config
        queries = heads(self.q_proj(states), config.num_attention_heads)
        keys = heads(self.k_proj(states), config.num_key_value_heads)
        values = heads(self.v_proj(states), config.num_key_value_heads)
        queries = turned(queries, places, config.rope_theta, pairs=False)
        keys = turned(keys, places, config.rope_theta, pairs=False)
        keys, values = past.update(keys, values, number)
        found = attended(
            queries, keys, values, places,
            scale=config.attn_output_multiplier, cap=config.max_attn_value,
        )  # fmt: skip
        return torch.as_tensor(self.o_proj(joined(found)))


class Expert(nn.Module):
    """One gated unit."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.linear = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.linear_v = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.linear_1 = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """The states, widened, gated and narrowed."""
        gate = nn.functional.gelu(self.linear(states), approximate="tanh")
        return torch.as_tensor(self.linear_1(gate * self.linear_v(states)))


class Experts(nn.Module):
    """Asks the most probable experts."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.few = config.num_experts_per_tok
        self.gate = nn.Linear(config.hidden_size, config.num_experts, bias=False)
        self.experts = nn.ModuleList(Expert(config) for _ in range(config.num_experts))

    def forward(self, states: Tensor) -> Tensor:
        """The sum of the answers, weighted by the probabilities of those that were asked."""
        flat = states.flatten(0, 1)
        chances, chosen = self.gate(flat).float().softmax(-1).topk(self.few, -1)
        found = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            token, rank = torch.where(chosen == number)
            if len(token):
                weight = chances[token, rank].to(flat.dtype)
                found.index_add_(0, token, expert(flat[token]) * weight[:, None])
        return found.view_as(states)


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.attn, self.moe_block = Attention(config), Experts(config)
        for name in ("pre_attn_norm", "post_attn_norm", "pre_moe_norm", "post_moe_norm"):
            setattr(self, name, Norm(config.hidden_size, config.rms_norm_eps))

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after this layer."""
        seen = self.attn(self.pre_attn_norm(states), places, past, number)
        states = states + self.post_attn_norm(seen)
        return torch.as_tensor(
            states + self.post_moe_norm(self.moe_block(self.pre_moe_norm(states)))
        )


class Model(Decoder):
    """Grok-1 with its head."""

    config_class = Config
    base_model_prefix = "model"
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}  # noqa: RUF012

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.model.layers = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.model.norm = Norm(config.hidden_size, config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embeddings, multiplied."""
        return torch.as_tensor(
            self.model.embed_tokens(tokens) * self.config.embedding_multiplier_scale
        )

    def blocks(self) -> Iterable[Any]:
        """The layers."""
        return self.model.layers

    def scored(self, states: Tensor) -> Tensor:
        """The scores, multiplied."""
        scores = self.lm_head(self.model.norm(states))
        return torch.as_tensor(scores * self.config.output_multiplier_scale)

    def get_input_embeddings(self) -> Any:
        """The embedding."""
        return self.model.embed_tokens

    def get_output_embeddings(self) -> Any:
        """The head."""
        return self.lm_head
