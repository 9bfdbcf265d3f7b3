"""Qwen 1 (Alibaba): its successors are in the library, this first one came as code.

A decoder like Llama with biases in attention and one matrix for queries, keys and values. Beyond
`seq_length` its makers' code changes the places and the attention; here that is the longest
text, so that nothing changes. Its vocabulary is a file of ranks (`qwen.tiktoken`).
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from freehold.engines.workers.language.loading import said
from freehold.engines.workers.language.ports.parts import (
    Decoder,
    attended,
    heads,
    joined,
    turned,
)
from freehold.engines.workers.language.ranks import halves, read_ranks, visible

CHATML = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant."
    "<|im_end|>\n{% endif %}{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
"""The words that its chat models were trained on."""
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How a text is divided before letters are joined."""
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
EXTRA = 205


class Config(PretrainedConfig):
    """The configuration, by its published keys."""

    model_type = "qwen"

    def __init__(self, **words: Any) -> None:
        usual = {
            "vocab_size": 151936, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "intermediate_size": 22016, "layer_norm_epsilon": 1e-6,
            "rotary_emb_base": 10000, "seq_length": 2048, "kv_channels": 128, "no_bias": True,
            "tie_word_embeddings": False,
        }  # fmt: skip
        for name, value in {**usual, **words}.items():
            if name in usual:
                setattr(self, name, value)
        super().__init__(**{k: v for k, v in words.items() if k not in ("model_type", "auto_map")})
        self.max_position_embeddings = self.seq_length
        if not self.no_bias or words.get("rotary_pct", 1.0) != 1.0:
            raise ValueError("Qwen with more biases or partly turned heads is not known")


class Norm(nn.Module):
    """Root mean square norm."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.hidden_size))
        self.least = config.layer_norm_epsilon

    def forward(self, states: Tensor) -> Tensor:
        """The states with a mean square of 1, scaled."""
        wide = states.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.least)
        return wide.to(states.dtype) * self.weight


class Attention(nn.Module):
    """Looks back."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        wide = config.kv_channels * config.num_attention_heads
        self.count, self.base = config.num_attention_heads, float(config.rotary_emb_base)
        self.scale = config.kv_channels**-0.5
        self.c_attn = nn.Linear(config.hidden_size, 3 * wide)
        self.c_proj = nn.Linear(wide, config.hidden_size, bias=False)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after looking back."""
        parts = self.c_attn(states).chunk(3, -1)
        queries, keys, values = (heads(part, self.count) for part in parts)
        queries = turned(queries, places, self.base, pairs=False)
        keys, values = past.update(turned(keys, places, self.base, pairs=False), values, number)
        return self.c_proj(joined(attended(queries, keys, values, places, scale=self.scale)))


class Gated(nn.Module):
    """The gated part; the second matrix is the gate."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        wide = config.intermediate_size // 2
        self.w1 = nn.Linear(config.hidden_size, wide, bias=False)
        self.w2 = nn.Linear(config.hidden_size, wide, bias=False)
        self.c_proj = nn.Linear(wide, config.hidden_size, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """The states, widened, gated and narrowed."""
        return self.c_proj(self.w1(states) * nn.functional.silu(self.w2(states)))


class Block(nn.Module):
    """One layer."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = Norm(config), Norm(config)
        self.attn, self.mlp = Attention(config), Gated(config)

    def forward(self, states: Tensor, places: Tensor, past: Any, number: int) -> Tensor:
        """The states after this layer."""
        states = states + self.attn(self.ln_1(states), places, past, number)
        return states + self.mlp(self.ln_2(states))


class Model(Decoder):
    """Qwen 1 with its head."""

    config_class = Config
    base_model_prefix = "transformer"
    _tied_weights_keys = {"lm_head.weight": "transformer.wte.weight"}  # noqa: RUF012

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(config.vocab_size, config.hidden_size)
        self.transformer.h = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.transformer.ln_f = Norm(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embeddings."""
        return self.transformer.wte(tokens)

    def blocks(self) -> Iterable[Any]:
        """The layers."""
        return self.transformer.h

    def scored(self, states: Tensor) -> Tensor:
        """The scores."""
        return self.lm_head(self.transformer.ln_f(states))

    def get_input_embeddings(self) -> Any:
        """The embedding."""
        return self.transformer.wte

    def get_output_embeddings(self) -> Any:
        """The head."""
        return self.lm_head


def tokenizer(folder: Path) -> Any:
    """The tokenizer from its file of ranks, with the words of a chat where it is made for chats."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    ranks = read_ranks(folder / "qwen.tiktoken")
    letters = visible()
    named = {"".join(letters[byte] for byte in token): rank for token, rank in ranks.items()}
    joins = (halves(token, ranks) for token in ranks if len(token) > 1)
    pairs = [
        tuple("".join(letters[byte] for byte in part) for part in pair) for pair in joins if pair
    ]
    inner = Tokenizer(models.BPE(named, pairs))
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    extra = (f"<|extra_{number}|>" for number in range(EXTRA))
    inner.add_special_tokens([AddedToken(mark, special=True) for mark in (*MARKS, *extra)])
    chats = said(folder, "generation_config.json").get("chat_format") == "chatml"
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>" if chats else "<|endoftext|>",
        pad_token="<|endoftext|>",
        chat_template=CHATML if chats else None,
    )
