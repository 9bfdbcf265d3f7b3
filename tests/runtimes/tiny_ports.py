"""Makes tiny models of architectures that we wrote anew, and computes them a second way.

Run as a script in the Python of the runtime: `tiny_ports.py FOLDER NAME...`. The second way knows
nothing of the first: it goes through the whole text again for each token, from the bare weights.
"""

import json
import math
import sys
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from torch.nn.functional import gelu, layer_norm, silu, softmax

sys.path.insert(0, str(Path(__file__).parent))
tiny: Any = __import__("tiny_text")

SIZE, WIDTH, HEADS, LAYERS = tiny.SIZE, 32, 4, 2
SIZE_OF_HEAD = WIDTH // HEADS
Weights = dict[str, Any]


def main() -> None:
    """Make each of the models that are named."""
    transformers.logging.set_verbosity_error()
    place, *names = sys.argv[1:]
    for name in names:
        torch.manual_seed(6)
        config, weights, scores = globals()[name]()
        folder = Path(place) / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({**config, "torch_dtype": "float32"}))
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        if name == "qwen":
            tokenizer = Ranks(folder)
        else:
            tokenizer = tiny.words_tokenizer()
            tokenizer.save_pretrained(folder)
        tokens = tokenizer(tiny.PROMPT)["input_ids"]
        count, logs = len(tokens), []
        for _ in range(tiny.LENGTH):
            last = scores(config, weights, torch.tensor(tokens))
            logs.append(torch.log_softmax(last, 0))
            last[tokenizer.eos_token_id] = -math.inf
            tokens.append(int(last.argmax()))
        told = {"prompt": tiny.PROMPT, "tokens": tokens[count:],
                "logs": [float(x[t]) for x, t in zip(logs, tokens[count:], strict=True)],
                "text": tokenizer.decode(tokens[count:], skip_special_tokens=True)}  # fmt: skip
        (folder / "expected.json").write_text(json.dumps(told))


class Ranks:
    """Qwen's file of ranks, and texts joined by rank, pair after pair."""

    eos_token_id = 262

    def __init__(self, folder: Path) -> None:
        self.ranks = {bytes([n]): n for n in range(256)}
        for token in (b"th", b"the", b"qu", b" b", b" br", b"xyz"):
            self.ranks[token] = len(self.ranks)
        lines = [f"{b64encode(t).decode()} {r}" for t, r in self.ranks.items()]
        (folder / "qwen.tiktoken").write_text("\n".join(lines) + "\n")
        told = {
            "tokenizer_class": "QWenTokenizer",
            "auto_map": {"AutoTokenizer": ["tokenization_qwen.QWenTokenizer", None]},
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(told))

    def __call__(self, text: str) -> dict[str, list[int]]:
        found = []
        for word in ("the", " quick", " brown", " fox"):
            parts = [bytes([byte]) for byte in word.encode()]
            while True:
                joins = [
                    (self.ranks[parts[n] + parts[n + 1]], n)
                    for n in range(len(parts) - 1)
                    if parts[n] + parts[n + 1] in self.ranks
                ]
                if not joins:
                    break
                _, n = min(joins)
                parts[n : n + 2] = [parts[n] + parts[n + 1]]
            found += [self.ranks[part] for part in parts]
        assert text == "the quick brown fox"
        return {"input_ids": found}

    def decode(self, tokens: list[int], **_: Any) -> str:
        names = {rank: token for token, rank in self.ranks.items()}
        return b"".join(names.get(token, b"") for token in tokens).decode(errors="replace")


def qwen() -> tuple[dict[str, Any], Weights, Any]:
    """Qwen 1."""
    config = {
        "model_type": "qwen",
        "architectures": ["QWenLMHeadModel"],
        "vocab_size": 480,
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "kv_channels": SIZE_OF_HEAD,
        "intermediate_size": 96,
        "layer_norm_epsilon": 1e-6,
        "rotary_emb_base": 10000,
        "rotary_pct": 1.0,
        "seq_length": 256,
        "no_bias": True,
        "use_dynamic_ntk": True,
        "use_logn_attn": True,
        "tie_word_embeddings": False,
        "auto_map": {"AutoModelForCausalLM": "modeling_qwen.QWenLMHeadModel"},
    }
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (480, WIDTH),
        "lm_head.weight": (480, WIDTH),
        "transformer.ln_f.weight": (WIDTH,),
    }
    for n in range(LAYERS):
        at = f"transformer.h.{n}."
        shapes |= {
            at + "ln_1.weight": (WIDTH,),
            at + "ln_2.weight": (WIDTH,),
            at + "attn.c_attn.weight": (3 * WIDTH, WIDTH),
            at + "attn.c_attn.bias": (3 * WIDTH,),
            at + "attn.c_proj.weight": (WIDTH, WIDTH),
            at + "mlp.w1.weight": (48, WIDTH),
            at + "mlp.w2.weight": (48, WIDTH),
            at + "mlp.c_proj.weight": (WIDTH, 48),
        }
    return config, random(shapes), qwen_scores


def qwen_scores(config: dict[str, Any], w: Weights, tokens: Any) -> Any:
    """The scores after the last token."""
    states = w["transformer.wte.weight"][tokens]

    def normed(x: Any, at: str) -> Any:
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt() * w[at + ".weight"]

    for layer in range(LAYERS):
        at = f"transformer.h.{layer}."
        all_ = normed(states, at + "ln_1") @ w[at + "attn.c_attn.weight"].T
        q, k, v = (all_ + w[at + "attn.c_attn.bias"]).split(WIDTH, 1)
        seen = torch.zeros_like(states)
        for h in range(HEADS):
            cut = slice(h * SIZE_OF_HEAD, (h + 1) * SIZE_OF_HEAD)
            mine, theirs = by_halves(q[:, cut]), by_halves(k[:, cut])
            for place in range(len(tokens)):
                seen[place, cut] = looked(mine, theirs, v[:, cut], place, partial(sloped, 0.0))
        states = states + seen @ w[at + "attn.c_proj.weight"].T
        inner = normed(states, at + "ln_2")
        wide = (inner @ w[at + "mlp.w1.weight"].T) * silu(inner @ w[at + "mlp.w2.weight"].T)
        states = states + wide @ w[at + "mlp.c_proj.weight"].T
    return w["lm_head.weight"] @ normed(states, "transformer.ln_f")[-1]


def by_halves(x: Any) -> Any:
    """Rotary places of one head, number by number: the first half turns with the second."""
    found, half = x.clone(), SIZE_OF_HEAD // 2
    for place in range(len(x)):
        for n in range(half):
            angle = torch.tensor(place * 10000.0 ** (-2 * n / SIZE_OF_HEAD))
            a, b = x[place, n], x[place, n + half]
            found[place, n] = a * angle.cos() - b * angle.sin()
            found[place, n + half] = b * angle.cos() + a * angle.sin()
    return found


def random(shapes: dict[str, tuple[int, ...]]) -> Weights:
    """Random weights of these shapes."""
    return {
        name: 1 + 0.1 * torch.randn(shape) if "norm" in name or "ln_" in name or "_ln" in name
        else torch.randn(shape) * (0.05 if "wte" in name or "embed" in name else 0.3)
        for name, shape in shapes.items()
    }  # fmt: skip


def looked(q: Any, k: Any, v: Any, place: int, change: Callable[[Any, Any], Any]) -> Any:
    """What one head sees at one place; `change` makes scores of products and distances."""
    back = torch.arange(place + 1) - place
    return softmax(change(k[: place + 1] @ q[place], back), 0) @ v[: place + 1]


def crystalcoder() -> tuple[dict[str, Any], Weights, Any]:
    """CrystalCoder."""
    config = {
        "model_type": "crystalcoder", "architectures": ["CrystalCoderLMHeadModel"],
        "auto_map": {"AutoModelForCausalLM": "modeling_crystalcoder.CrystalCoderLMHeadModel"},
        "vocab_size": SIZE, "n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_inner": 48,
        "n_positions": 256, "rotary_dim": 4, "mup_embeddings_scale": 14.6,
        "mup_output_alpha": 2.22, "mup_width_scale": 0.0625, "mup_scale_qk_dot_by_d": True,
        "activation_function": "swiglu", "position_embedding_type": "rotary",
        "layer_norm_epsilon": 1e-5, "tie_word_embeddings": False,
        "bos_token_id": 0, "eos_token_id": 1,
    }  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (SIZE, WIDTH), "lm_head.weight": (SIZE, WIDTH),
        "transformer.ln_f.weight": (WIDTH,), "transformer.ln_f.bias": (WIDTH,),
    }  # fmt: skip
    for n in range(LAYERS):
        at = f"transformer.h.{n}."
        for name, shape in (
            ("ln_1", (WIDTH,)), ("ln_2", (WIDTH,)), ("attn.c_attn", (WIDTH, 3 * WIDTH)),
            ("attn.c_proj", (WIDTH, WIDTH)), ("mlp.c_fc", (WIDTH, 48)),
            ("mlp.c_fc2", (WIDTH, 48)), ("mlp.c_proj", (48, WIDTH)),
        ):  # fmt: skip
            shapes[f"{at}{name}.weight"] = shape
            shapes[f"{at}{name}.bias"] = shape[-1:]
    return config, random(shapes), crystal_scores


def crystal_scores(config: dict[str, Any], w: Weights, tokens: Any) -> Any:
    """The scores after the last token."""
    states = w["transformer.wte.weight"][tokens] * config["mup_embeddings_scale"]

    def normed(x: Any, at: str) -> Any:
        return layer_norm(x, (WIDTH,), w[at + ".weight"], w[at + ".bias"])

    def mixed(x: Any, at: str) -> Any:
        return x @ w[at + ".weight"] + w[at + ".bias"]

    for n in range(LAYERS):
        at = f"transformer.h.{n}."
        all_ = mixed(normed(states, at + "ln_1"), at + "attn.c_attn")
        seen = torch.zeros_like(states)
        for h in range(HEADS):
            cut = slice(h * SIZE_OF_HEAD, (h + 1) * SIZE_OF_HEAD)
            q, k, v = (all_[:, p * WIDTH : (p + 1) * WIDTH][:, cut].clone() for p in range(3))
            for place in range(len(tokens)):
                for pair in range(2):
                    angle = torch.tensor(place * 10000.0 ** (-2 * pair / 4))
                    for x in (q, k):
                        a, b = x[place, 2 * pair].clone(), x[place, 2 * pair + 1].clone()
                        x[place, 2 * pair] = a * angle.cos() - b * angle.sin()
                        x[place, 2 * pair + 1] = b * angle.cos() + a * angle.sin()
            for place in range(len(tokens)):
                seen[place, cut] = looked(q, k, v, place, lambda s, _: s / SIZE_OF_HEAD)
        states = states + mixed(seen, at + "attn.c_proj")
        inner = normed(states, at + "ln_2")
        wide = mixed(inner, at + "mlp.c_fc") * silu(mixed(inner, at + "mlp.c_fc2"))
        states = states + mixed(wide, at + "mlp.c_proj")
    scale = config["mup_output_alpha"] * config["mup_width_scale"]
    return normed(states, "transformer.ln_f")[-1] @ w["lm_head.weight"].T * scale


def grok() -> tuple[dict[str, Any], Weights, Any]:
    """Grok-1."""
    config = {
        "model_type": "grok-1", "architectures": ["Grok1ModelForCausalLM"], "vocab_size": SIZE,
        "hidden_size": WIDTH, "intermediate_size": 48, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": 2, "num_experts": 4,
        "num_experts_per_tok": 2, "max_position_embeddings": 256, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_attn_value": 3.0, "attn_output_multiplier": 0.35,
        "embedding_multiplier_scale": 5.6, "output_multiplier_scale": 0.57,
        "tie_word_embeddings": True, "bos_token_id": 0, "eos_token_id": 1,
    }  # fmt: skip
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (SIZE, WIDTH),
        "model.norm.scale": (WIDTH,),
    }
    for n in range(LAYERS):
        at = f"model.layers.{n}."
        for name, rows in (("q", WIDTH), ("k", WIDTH // 2), ("v", WIDTH // 2), ("o", WIDTH)):
            shapes[f"{at}attn.{name}_proj.weight"] = (rows, WIDTH)
        shapes[f"{at}moe_block.gate.weight"] = (4, WIDTH)
        for e in range(4):
            for name in ("linear", "linear_v"):
                shapes[f"{at}moe_block.experts.{e}.{name}.weight"] = (48, WIDTH)
            shapes[f"{at}moe_block.experts.{e}.linear_1.weight"] = (WIDTH, 48)
        for name in ("pre_attn", "post_attn", "pre_moe", "post_moe"):
            shapes[f"{at}{name}_norm.scale"] = (WIDTH,)
    return config, random(shapes), grok_scores


def grok_scores(config: dict[str, Any], w: Weights, tokens: Any) -> Any:
    """The scores after the last token."""
    states = w["model.embed_tokens.weight"][tokens] * config["embedding_multiplier_scale"]

    def normed(x: Any, at: str) -> Any:
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * w[at + ".scale"]

    def bounded(scores: Any, _: Any) -> Any:
        most = config["max_attn_value"]
        return most * (scores * config["attn_output_multiplier"] / most).tanh()

    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        inner = normed(states, at + "pre_attn_norm")
        q, k, v = (inner @ w[f"{at}attn.{p}_proj.weight"].T for p in "qkv")
        seen = torch.zeros_like(states)
        for h in range(HEADS):
            cut = slice(h * SIZE_OF_HEAD, (h + 1) * SIZE_OF_HEAD)
            few = slice(h // 2 * SIZE_OF_HEAD, (h // 2 + 1) * SIZE_OF_HEAD)
            mine, theirs = by_halves(q[:, cut]), by_halves(k[:, few])
            for place in range(len(tokens)):
                seen[place, cut] = looked(mine, theirs, v[:, few], place, bounded)
        states = states + normed(seen @ w[at + "attn.o_proj.weight"].T, at + "post_attn_norm")
        inner, mixed = normed(states, at + "pre_moe_norm"), torch.zeros_like(states)
        for place in range(len(tokens)):
            chances = softmax(w[at + "moe_block.gate.weight"] @ inner[place], 0)
            for e in sorted(range(4), key=lambda e: -float(chances[e]))[:2]:
                expert = f"{at}moe_block.experts.{e}."
                gate = gelu(w[expert + "linear.weight"] @ inner[place], approximate="tanh")
                wide = gate * (w[expert + "linear_v.weight"] @ inner[place])
                mixed[place] += chances[e] * (w[expert + "linear_1.weight"] @ wide)
        states = states + normed(mixed, at + "post_moe_norm")
    last = normed(states, "model.norm")[-1]
    return w["model.embed_tokens.weight"] @ last * config["output_multiplier_scale"]


def sea_lion() -> tuple[dict[str, Any], Weights, Any]:
    """SEA-LION v1: MPT with learned places, biases, and norms of queries and keys."""
    config = {
        "model_type": "mpt", "architectures": ["MPTForCausalLM"],
        "auto_map": {"AutoModelForCausalLM": "modeling_mpt.MPTForCausalLM"},
        "vocab_size": SIZE, "d_model": WIDTH, "n_layers": LAYERS, "n_heads": HEADS,
        "expansion_ratio": 4, "max_seq_len": 256, "no_bias": False, "learned_pos_emb": True,
        "attn_config": {"alibi": False, "attn_impl": "triton", "qk_ln": True, "clip_qkv": None},
        "norm_type": "low_precision_layernorm", "bos_token_id": 0, "eos_token_id": 1,
    }  # fmt: skip
    return config, mpt_weights(places=True, normed=True), mpt_scores


def sloped_mpt() -> tuple[dict[str, Any], Weights, Any]:
    """MPT with slopes as the library has it, but with biases, which it has not."""
    config, _, scores = sea_lion()
    config["attn_config"] = {"alibi": True, "qk_ln": False, "clip_qkv": 1.0}
    return config, mpt_weights(places=False, normed=False), scores


def mpt_weights(places: bool, normed: bool) -> Weights:
    """Random weights of MPT."""
    shapes: dict[str, tuple[int, ...]] = {"transformer.wte.weight": (SIZE, WIDTH)}
    if places:
        shapes["transformer.wpe.weight"] = (256, WIDTH)
    parts: list[tuple[str, tuple[int, ...]]] = [("transformer.norm_f", (WIDTH,))]
    for n in range(LAYERS):
        at = f"transformer.blocks.{n}."
        parts += [(at + "norm_1", (WIDTH,)), (at + "norm_2", (WIDTH,))]
        parts += [(at + f"attn.{x}_ln", (WIDTH,)) for x in "qk" if normed]
        parts += [(at + "attn.Wqkv", (3 * WIDTH, WIDTH)), (at + "attn.out_proj", (WIDTH, WIDTH)),
                  (at + "ffn.up_proj", (4 * WIDTH, WIDTH)),
                  (at + "ffn.down_proj", (WIDTH, 4 * WIDTH))]  # fmt: skip
    for name, shape in parts:
        shapes[name + ".weight"], shapes[name + ".bias"] = shape, shape[:1]
    return random(shapes)


def mpt_scores(config: dict[str, Any], w: Weights, tokens: Any) -> Any:
    """The scores after the last token."""
    told = config["attn_config"]
    states = w["transformer.wte.weight"][tokens]
    if not told["alibi"]:
        states = states + w["transformer.wpe.weight"][: len(tokens)]

    def normed(x: Any, at: str) -> Any:
        return layer_norm(x, (WIDTH,), w[at + ".weight"], w[at + ".bias"])

    def mixed(x: Any, at: str) -> Any:
        return x @ w[at + ".weight"].T + w[at + ".bias"]

    for n in range(LAYERS):
        at = f"transformer.blocks.{n}."
        all_ = mixed(normed(states, at + "norm_1"), at + "attn.Wqkv")
        if told["clip_qkv"]:
            all_ = all_.clip(-told["clip_qkv"], told["clip_qkv"])
        q, k, v = all_.split(WIDTH, 1)
        if told["qk_ln"]:
            q, k = normed(q, at + "attn.q_ln"), normed(k, at + "attn.k_ln")
        seen = torch.zeros_like(states)
        for h in range(HEADS):
            cut = slice(h * SIZE_OF_HEAD, (h + 1) * SIZE_OF_HEAD)
            slope = 2.0 ** (-8 * (h + 1) / HEADS) if told["alibi"] else 0.0
            change = partial(sloped, slope)
            for place in range(len(tokens)):
                seen[place, cut] = looked(q[:, cut], k[:, cut], v[:, cut], place, change)
        states = states + mixed(seen, at + "attn.out_proj")
        wide = gelu(mixed(normed(states, at + "norm_2"), at + "ffn.up_proj"))
        states = states + mixed(wide, at + "ffn.down_proj")
    return w["transformer.wte.weight"] @ normed(states, "transformer.norm_f")[-1]


def sloped(slope: float, scores: Any, back: Any) -> Any:
    """The scores of a head, less for what is further back."""
    return scores / SIZE_OF_HEAD**0.5 + slope * back


if __name__ == "__main__":
    main()
