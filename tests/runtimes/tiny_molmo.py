"""Makes tiny Molmo models as published, and computes what they say a second, slower way.

Run as a script in the Python of the runtime: `tiny_molmo.py FOLDER NAME...`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image
from torch.nn.functional import layer_norm, silu

sys.path.insert(0, str(Path(__file__).parent))
tiny: Any = __import__("tiny_seeing_ports")
seeing: Any = __import__("tiny_seeing")

WIDTH, HEADS, LAYERS, INNER, WORDS = tiny.WIDTH, tiny.HEADS, tiny.LAYERS, tiny.INNER, tiny.WORDS
SIGHT, DEEP, SEEN_INNER = 128, 9, 40
SIDE, PATCH, MARGIN, WINDOW = 24, 4, 2, 2
ROWS, COLUMNS = 2, 3
MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MARKS = ("<im_start>", "<im_end>", "<im_patch>", "<im_col>", "<|image|>")
AT, VIT = "model.vision_backbone.", "model.vision_backbone.image_vit."
Weights = dict[str, Any]


def molmo(folder: Path) -> None:
    """Molmo 7B-D: on Qwen2."""
    made(folder, {"norm_after": False, "attention_layer_norm": False, "qkv_bias": True,
                  "num_key_value_heads": 2, "rope_theta": 1000000.0})  # fmt: skip


def molmo_olmo(folder: Path) -> None:
    """Molmo 7B-O: on OLMo, with norms after and norms of queries and keys."""
    made(folder, {"norm_after": True, "attention_layer_norm": True, "qkv_bias": False,
                  "num_key_value_heads": None, "rope_theta": 500000.0})  # fmt: skip


def made(folder: Path, own: dict[str, Any]) -> None:
    """A model with these words in its configuration."""
    config = {
        "architectures": ["MolmoForCausalLM"], "model_type": "molmo", "torch_dtype": "float32",
        "auto_map": {"AutoModelForCausalLM": "modeling_molmo.MolmoForCausalLM"},
        "clip_qkv": None, "embedding_size": WORDS, "vocab_size": WORDS, "hidden_size": WIDTH,
        "initializer_range": 0.02, "intermediate_size": 2 * INNER, "layer_norm_eps": 1e-6,
        "layer_norm_type": "rms", "max_position_embeddings": 256, "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS, "tie_word_embeddings": False, "use_cache": True,
        "use_position_ids": True, "weight_tying": False, **own,
    }  # fmt: skip
    crops = {
        "auto_map": {"AutoProcessor": "preprocessing_molmo.MolmoProcessor"},
        "base_image_input_size": [SIDE, SIDE], "do_normalize": True, "image_mean": MEAN,
        "image_std": SPREAD, "image_padding_mask": True, "image_patch_size": PATCH,
        "image_processor_type": "MolmoImageProcessor", "image_token_length_h": 3,
        "image_token_length_w": 3, "max_crops": 6, "overlap_margins": [MARGIN, MARGIN],
        "processor_class": "MolmoProcessor",
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(crops))
    (folder / "processor_config.json").write_text(json.dumps({"processor_class": "MolmoProcessor"}))
    w = tiny.drawn({**decoder_shapes(config), **sight_shapes()})
    picture = tiny.shown(folder, 41, 34)
    tokenizer = seeing.words()
    tokenizer.add_tokens([f"<more {n}>" for n in range(WORDS - len(tokenizer))])
    tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS)})
    start, end, patch, column, _ = tokenizer.convert_tokens_to_ids(list(MARKS))
    whole = [start, *[*[patch] * 3, column] * 3, end]
    parts = [start, *[*[patch] * 5, column] * 4, end]
    text = tokenizer(f" User: {tiny.QUESTION} Assistant:", add_special_tokens=False)["input_ids"]
    given = [tokenizer.bos_token_id or tokenizer.eos_token_id, *whole, *parts, *text]
    seen = molmo_seen(w, picture)

    def scores(tokens: list[int]) -> Any:
        rows = [w["model.transformer.wte.embedding"], w["model.transformer.wte.new_embedding"]]
        states = torch.cat(rows)[torch.tensor(tokens)].clone()
        states[torch.tensor(tokens) == patch] += seen
        return decoded(config, w, states)

    tiny.finished(folder, config, w, tokenizer, given, scores)


def decoder_shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The weights of the decoder."""
    few = WIDTH // HEADS * (config["num_key_value_heads"] or HEADS)
    at = "model.transformer."
    shapes: dict[str, tuple[int, ...]] = {
        f"{at}wte.embedding": (WORDS, WIDTH), f"{at}wte.new_embedding": (128, WIDTH),
        f"{at}ln_f.weight": (WIDTH,), f"{at}ff_out.weight": (WORDS, WIDTH),
    }  # fmt: skip
    for n in range(LAYERS):
        layer = f"{at}blocks.{n}."
        shapes |= {
            f"{layer}att_proj.weight": (WIDTH + 2 * few, WIDTH),
            f"{layer}attn_out.weight": (WIDTH, WIDTH),
            f"{layer}ff_proj.weight": (2 * INNER, WIDTH), f"{layer}ff_out.weight": (WIDTH, INNER),
            f"{layer}attn_norm.weight": (WIDTH,), f"{layer}ff_norm.weight": (WIDTH,),
        }  # fmt: skip
        if config["qkv_bias"]:
            shapes[f"{layer}att_proj.bias"] = (WIDTH + 2 * few,)
        if config["attention_layer_norm"]:
            shapes |= {f"{layer}q_norm.weight": (WIDTH,), f"{layer}k_norm.weight": (few,)}
    return shapes


def sight_shapes() -> dict[str, tuple[int, ...]]:
    """The weights of the sight, the pooling and the projector."""
    shapes: dict[str, tuple[int, ...]] = {
        f"{VIT}class_embedding": (SIGHT,),
        f"{VIT}positional_embedding": ((SIDE // PATCH) ** 2 + 1, SIGHT),
        f"{VIT}patch_embedding.weight": (SIGHT, 3 * PATCH * PATCH),
        f"{VIT}pre_ln.weight": (SIGHT,), f"{VIT}pre_ln.bias": (SIGHT,),
        f"{AT}pad_embed": (2, 2 * SIGHT),
        f"{AT}image_projector.w1.weight": (INNER, SIGHT),
        f"{AT}image_projector.w2.weight": (WIDTH, INNER),
        f"{AT}image_projector.w3.weight": (INNER, SIGHT),
    }  # fmt: skip
    linear = {f"{AT}image_pooling_2d.w{x}": (SIGHT, 2 * SIGHT) for x in "qkv"}
    linear[f"{AT}image_pooling_2d.wo"] = (SIGHT, SIGHT)
    for n in range(DEEP):
        layer = f"{VIT}transformer.resblocks.{n}."
        linear |= {f"{layer}attention.w{x}": (SIGHT, SIGHT) for x in "qkvo"}
        linear |= {f"{layer}feed_forward.w1": (SEEN_INNER, SIGHT),
                   f"{layer}feed_forward.w2": (SIGHT, SEEN_INNER)}  # fmt: skip
        for norm in ("attention_norm", "ffn_norm"):
            shapes |= {f"{layer}{norm}.weight": (SIGHT,), f"{layer}{norm}.bias": (SIGHT,)}
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


def mixed(w: Weights, at: str, x: Any) -> Any:
    """One linear layer."""
    return x @ w[at + ".weight"].T + w[at + ".bias"]


def placed(picture: Any, height: int, width: int) -> tuple[Any, Any]:
    """The picture in the middle of black, normed, and where it is."""
    scale = min(height / picture.height, width / picture.width)
    high, wide = int(picture.height * scale), int(picture.width * scale)
    colors, there = torch.zeros(height, width, 3), torch.zeros(height, width)
    top, left = (height - high) // 2, (width - wide) // 2
    for n, band in enumerate(picture.split()):
        plane = Image.fromarray(numpy.asarray(band, dtype=numpy.float32) / 255)
        small = plane.resize((wide, high), Image.Resampling.BILINEAR)
        colors[top : top + high, left : left + wide, n] = torch.from_numpy(numpy.array(small))
    there[top : top + high, left : left + wide] = 1
    return (colors - torch.tensor(MEAN)) / torch.tensor(SPREAD), there


def molmo_seen(w: Weights, picture: Any) -> Any:
    """What each token of a patch is given, the whole picture first."""
    step, side = WINDOW * PATCH, SIDE // PATCH
    small, _ = placed(picture, SIDE, SIDE)
    large, there = placed(picture, ROWS * step + 4 * MARGIN * PATCH // 2,
                          COLUMNS * step + 2 * MARGIN * PATCH)  # fmt: skip
    cuts = [(r * step, c * step) for r in range(ROWS) for c in range(COLUMNS)]
    crops = [small] + [large[y : y + SIDE, x : x + SIDE] for y, x in cuts]
    shares = [
        [float(there[y + PATCH * r :, x + PATCH * c :][:PATCH, :PATCH].mean())
         for r in range(side) for c in range(side)] for y, x in cuts
    ]  # fmt: skip
    shares.append([-1.0] * side**2)
    assert any(0 < share < 1 for row in shares for share in row)
    pooled = [crop_seen(w, crop, share) for crop, share in zip(crops, shares, strict=True)]
    found = [pooled[0][r][c] for r in range(3) for c in range(3)]
    for row in range(ROWS * WINDOW // 2 + MARGIN):
        for column in range(COLUMNS * WINDOW // 2 + MARGIN):
            r = min(max((row - MARGIN // 2) // (WINDOW // 2), 0), ROWS - 1)
            c = min(max((column - MARGIN // 2) // (WINDOW // 2), 0), COLUMNS - 1)
            mine = pooled[1 + r * COLUMNS + c]
            found.append(mine[row - r * WINDOW // 2][column - c * WINDOW // 2])
    return torch.stack(found)


def crop_seen(w: Weights, crop: Any, shares: list[float]) -> list[list[Any]]:
    """The tokens of one crop, in rows."""
    side = SIDE // PATCH
    patches = [
        w[VIT + "patch_embedding.weight"] @ crop[r * PATCH :, c * PATCH :][:PATCH, :PATCH].flatten()
        for r in range(side) for c in range(side)
    ]  # fmt: skip
    x = torch.stack([w[VIT + "class_embedding"], *patches]) + w[VIT + "positional_embedding"]
    x = normed(w, VIT + "pre_ln", x)
    layers = []
    for n in range(DEEP):
        at = f"{VIT}transformer.resblocks.{n}."
        inner = normed(w, at + "attention_norm", x)
        q, k, v = (mixed(w, f"{at}attention.w{name}", inner) for name in "qkv")
        seen = tiny.looked(q, k, v, SIGHT // 64, SIGHT // 64, causal=False)
        x = x + mixed(w, at + "attention.wo", seen)
        wide = mixed(w, at + "feed_forward.w1", normed(w, at + "ffn_norm", x))
        x = x + mixed(w, at + "feed_forward.w2", wide * torch.sigmoid(1.702 * wide))
        layers.append(x)
    states = torch.cat([layers[-2], layers[-9]], 1)[1:].clone()
    for n, share in enumerate(shares):
        if share < 1:
            states[n] += w[AT + "pad_embed"][0 if share == 0 else 1]
    return [
        [joined(w, states[[2 * r * side + 2 * c, 2 * r * side + 2 * c + 1,
                           (2 * r + 1) * side + 2 * c, (2 * r + 1) * side + 2 * c + 1]])
         for c in range(side // 2)] for r in range(side // 2)
    ]  # fmt: skip


def normed(w: Weights, at: str, x: Any) -> Any:
    """A norm of layers with a bias."""
    return layer_norm(x, (SIGHT,), w[at + ".weight"], w[at + ".bias"], 1e-5)


def joined(w: Weights, four: Any) -> Any:
    """Four neighbors as one token of the decoder."""
    at = AT + "image_pooling_2d.w"
    q, k, v = (mixed(w, at + x, y) for x, y in zip("qkv", (four.mean(0)[None], four, four),
                                                   strict=True))  # fmt: skip
    seen = mixed(w, at + "o", tiny.looked(q, k, v, SIGHT // 64, SIGHT // 64, causal=False)[0])
    gate = silu(w[AT + "image_projector.w1.weight"] @ seen)
    wide = gate * (w[AT + "image_projector.w3.weight"] @ seen)
    return w[AT + "image_projector.w2.weight"] @ wide


def decoded(config: dict[str, Any], w: Weights, states: Any) -> Any:
    """The scores after the last of these states."""
    heads, few = HEADS, config["num_key_value_heads"] or HEADS
    share, base, after = WIDTH // HEADS * few, config["rope_theta"], config["norm_after"]
    for n in range(LAYERS):
        at = f"model.transformer.blocks.{n}."
        inner = states if after else tiny.rms(states, w[at + "attn_norm.weight"])
        all_ = inner @ w[at + "att_proj.weight"].T + w.get(at + "att_proj.bias", 0)
        q, k, v = all_.split([WIDTH, share, share], 1)
        if config["attention_layer_norm"]:
            q, k = tiny.rms(q, w[at + "q_norm.weight"]), tiny.rms(k, w[at + "k_norm.weight"])
        q, k = tiny.turned(q, heads, base), tiny.turned(k, few, base)
        mix = tiny.looked(q, k, v, heads, few, causal=True) @ w[at + "attn_out.weight"].T
        states = states + (tiny.rms(mix, w[at + "attn_norm.weight"]) if after else mix)
        inner = states if after else tiny.rms(states, w[at + "ff_norm.weight"])
        up, gate = (inner @ w[at + "ff_proj.weight"].T).chunk(2, 1)
        mix = (up * silu(gate)) @ w[at + "ff_out.weight"].T
        states = states + (tiny.rms(mix, w[at + "ff_norm.weight"]) if after else mix)
    last = tiny.rms(states[-1], w["model.transformer.ln_f.weight"])
    return w["model.transformer.ff_out.weight"] @ last


if __name__ == "__main__":
    tiny.main(globals())
