"""MPT in the shapes that the library leaves out: learned places, biases, normed queries and keys.

SEA-LION v1 is such a one; its configuration says which. After MosaicML's published description:
places are told by slopes (ALiBi), else by a learned embedding; the head is the embedding again.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from freehold.engines.workers.language.ports.parts import Decoder, attended, heads, joined

IGNORED = ("model_type", "auto_map", "attn_config")


class Config(PretrainedConfig):
    """The configuration, by its published keys."""

    model_type = "mpt"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "d_model",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "max_position_embeddings": "max_seq_len",
    }

    def __init__(self, **words: Any) -> None:
        usual = {
            "vocab_size": 50368, "d_model": 2048, "n_layers": 24, "n_heads": 16,
            "expansion_ratio": 4, "max_seq_len": 2048, "no_bias": False, "logit_scale": None,
            "layer_norm_epsilon": 1e-5, "learned_pos_emb": True, "tie_word_embeddings": True,
        }  # fmt: skip
        for name, value in {**usual, **words}.items():
            if name in usual:
                setattr(self, name, value)
        self.attn_config = dict(words.get("attn_config") or {})
        super().__init__(**{k: v for k, v in words.items() if k not in IGNORED})
        if self.attn_config.get("prefix_lm") or isinstance(self.logit_scale, str):
            raise ValueError("prefixes and named scales of MPT are not known")
        if not self.alibi and not self.learned_pos_emb:
            raise ValueError("MPT with neither slopes nor learned places is not known")

    @property
    def alibi(self) -> bool:
        """Whether places are told by slopes."""
        return bool(self.attn_config.get("alibi", False))


class Attention(nn.Module):
    """Looks back."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        told, size = config.attn_config, config.d_model // config.n_heads
        self.count, self.clip = config.n_heads, told.get("clip_qkv")
        self.scale = told.get("softmax_scale") or size**-0.5
        self.steepest = told.get("alibi_bias_max", 8) if config.alibi else None
        bias = not config.no_bias
        self.Wqkv = nn.Linear(config.d_model, 3 * config.d_model, bias=bias)
        self.out_proj = nn.Linear(config.d_model, config.d_model, bias=bias)
        self.normed = bool(told.get("qk_ln"))
        if self.normed:
            self.q_ln, self.k_ln = norm(config), norm(config)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after looking back."""
        mixed = self.Wqkv(states)
        if self.clip:
            mixed = mixed.clamp(-self.clip, self.clip)
        queries, keys, values = mixed.chunk(3, -1)
        if self.normed:
            queries, keys = self.q_ln(queries), self.k_ln(keys)
        queries, keys, values = (heads(part, self.count) for part in (queries, keys, values))
        keys, values = past.update(keys, values, number)
        back = None
        if self.steepest is not None:
            back = slopes(self.count, self.steepest).to(states.device)
        found = attended(queries, keys, values, places, scale=self.scale, slopes=back)
        return self.out_proj(joined(found))


class Wide(nn.Module):
    """The part that widens."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        wide, bias = config.d_model * config.expansion_ratio, not config.no_bias
        self.up_proj = nn.Linear(config.d_model, wide, bias=bias)
        self.down_proj = nn.Linear(wide, config.d_model, bias=bias)

    def forward(self, states: Tensor) -> Tensor:
        """The states, widened and narrowed."""
        return self.down_proj(nn.functional.gelu(self.up_proj(states)))


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = norm(config), norm(config)
        self.attn, self.ffn = Attention(config), Wide(config)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after this layer."""
        states = states + self.attn(self.norm_1(states), places, past, number)
        return states + self.ffn(self.norm_2(states))


class Model(Decoder):
    """MPT; its head is its embedding."""

    config_class = Config
    base_model_prefix = "transformer"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(config.vocab_size, config.d_model)
        if not config.alibi:
            self.transformer.wpe = nn.Embedding(config.max_seq_len, config.d_model)
        self.transformer.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.transformer.norm_f = norm(config)
        self.post_init()

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embeddings of a beginning."""
        return self.embedded_at(tokens, 0)

    def embedded_at(self, tokens: Tensor, begin: int) -> Tensor:
        """The embeddings, with those of their places."""
        found = self.transformer.wte(tokens)
        if self.config.alibi:
            return found
        places = torch.arange(begin, begin + tokens.shape[1], device=tokens.device)
        return found + self.transformer.wpe(places)

    def blocks(self) -> Iterable[Any]:
        """The layers."""
        return self.transformer.blocks

    def scored(self, states: Tensor) -> Tensor:
        """The scores, by the embedding."""
        found = nn.functional.linear(self.transformer.norm_f(states), self.transformer.wte.weight)
        return found * (self.config.logit_scale or 1.0)

    def get_input_embeddings(self) -> Any:
        """The embedding."""
        return self.transformer.wte


def norm(config: Any) -> Any:
    """A layer norm, with a bias where the model has biases."""
    return nn.LayerNorm(config.d_model, config.layer_norm_epsilon, bias=not config.no_bias)


def slopes(count: int, most: int) -> Tensor:
    """How much each head takes away for each token back."""
    power = 2 ** (count - 1).bit_length()
    found = 2.0 ** (-most * torch.arange(1, power + 1).float() / power)
    return found if power == count else torch.cat((found[1::2], found[::2]))[:count]
