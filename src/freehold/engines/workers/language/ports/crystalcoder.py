"""CrystalCoder (LLM360): a GPT with rotary places, a gated linear unit and muP's scales.

After its public description: the embedding is multiplied by `mup_embeddings_scale`, scores by
`mup_output_alpha * mup_width_scale`; attention is divided by the size of a head, not its root;
the first `rotary_dim` numbers of a head are turned by place. Which numbers make a pair is not
said there: neighbors, as in GPT-J, from which its makers' code comes.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig
from transformers.pytorch_utils import Conv1D

from freehold.engines.workers.language.ports.parts import (
    Decoder,
    attended,
    heads,
    joined,
    turned,
)


class Config(PretrainedConfig):
    """The configuration, by its published keys."""

    model_type = "crystalcoder"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "n_embd",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions",
    }

    def __init__(self, **words: Any) -> None:
        usual = {
            "vocab_size": 32032, "n_embd": 4096, "n_layer": 32, "n_head": 32, "n_inner": 10922,
            "n_positions": 2048, "rotary_dim": 32, "layer_norm_epsilon": 1e-5,
            "mup_embeddings_scale": 1.0, "mup_output_alpha": 1.0, "mup_width_scale": 1.0,
            "mup_scale_qk_dot_by_d": True, "activation_function": "swiglu",
            "position_embedding_type": "rotary", "tie_word_embeddings": False,
        }  # fmt: skip
        for name, value in {**usual, **words}.items():
            if name in usual:
                setattr(self, name, value)
        super().__init__(**{k: v for k, v in words.items() if k not in ("model_type", "auto_map")})
        if self.activation_function != "swiglu" or self.position_embedding_type != "rotary":
            raise ValueError("only CrystalCoder with swiglu and rotary places is known")


class Attention(nn.Module):
    """Looks back."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.count, self.rotary = config.n_head, config.rotary_dim
        size = config.n_embd // config.n_head
        self.scale = 1 / size if config.mup_scale_qk_dot_by_d else size**-0.5
        self.c_attn = Conv1D(3 * config.n_embd, config.n_embd)
        self.c_proj = Conv1D(config.n_embd, config.n_embd)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after looking back."""
        parts = self.c_attn(states).chunk(3, -1)
        queries, keys, values = (heads(part, self.count) for part in parts)
        queries, keys = self._turned(queries, places), self._turned(keys, places)
        keys, values = past.update(keys, values, number)
        return self.c_proj(joined(attended(queries, keys, values, places, scale=self.scale)))

    def _turned(self, states: Tensor, places: Tensor) -> Tensor:
        part, rest = states[..., : self.rotary], states[..., self.rotary :]
        return torch.cat((turned(part, places, 10000.0, pairs=True), rest), -1)


class Gated(nn.Module):
    """The gated linear unit."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.c_fc = Conv1D(config.n_inner, config.n_embd)
        self.c_fc2 = Conv1D(config.n_inner, config.n_embd)
        self.c_proj = Conv1D(config.n_embd, config.n_inner)

    def forward(self, states: Tensor) -> Tensor:
        """The states, widened, gated and narrowed."""
        return self.c_proj(self.c_fc(states) * nn.functional.silu(self.c_fc2(states)))


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.attn = Attention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.mlp = Gated(config)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after this layer."""
        states = states + self.attn(self.ln_1(states), places, past, number)
        return states + self.mlp(self.ln_2(states))


class Model(Decoder):
    """CrystalCoder with its head."""

    config_class = Config
    base_model_prefix = "transformer"
    _tied_weights_keys = {"lm_head.weight": "transformer.wte.weight"}  # noqa: RUF012

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.transformer.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.transformer.ln_f = nn.LayerNorm(config.n_embd, config.layer_norm_epsilon)
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        self.post_init()

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embeddings, scaled."""
        return torch.as_tensor(self.transformer.wte(tokens) * self.config.mup_embeddings_scale)

    def blocks(self) -> Iterable[Any]:
        """The layers."""
        return self.transformer.h

    def scored(self, states: Tensor) -> Tensor:
        """The scores, scaled."""
        scale = self.config.mup_output_alpha * self.config.mup_width_scale
        return torch.as_tensor(self.lm_head(self.transformer.ln_f(states)) * scale)

    def get_input_embeddings(self) -> Any:
        """The embedding."""
        return self.transformer.wte

    def get_output_embeddings(self) -> Any:
        """The head."""
        return self.lm_head
