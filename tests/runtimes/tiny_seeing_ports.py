"""Makes tiny models that see, of architectures that we assembled, and computes them a second way.

Run as a script in the Python of the runtime: `tiny_seeing_ports.py FOLDER NAME...`. The second way
goes through all of the text again for each token, from the bare weights, without the library.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.functional import gelu, layer_norm, silu, softmax

sys.path.insert(0, str(Path(__file__).parent))
tiny: Any = __import__("tiny_text")
seeing: Any = __import__("tiny_seeing")

WIDTH, HEADS, FEW, LAYERS, INNER, WORDS = 32, 4, 2, 2, 48, 200
SIGHT, SEEN_HEADS, TILE, PATCH = 24, 3, 32, 8
ATTENDED = 32
"""The published weights have more heads than the configuration counts; here one more."""
QUESTION = "the quick brown fox"
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Weights = dict[str, Any]


def main(makers: dict[str, Any]) -> None:
    """Make each of the models that are named, by the function of its name."""
    place, *names = sys.argv[1:]
    for name in names:
        torch.manual_seed(4)
        folder = Path(place) / name
        folder.mkdir(parents=True)
        makers[name](folder)


def drawn(shapes: dict[str, tuple[int, ...]]) -> Weights:
    """Random weights of these shapes; those of norms are near one."""
    return {
        name: 1 + 0.1 * torch.randn(shape) if "norm" in name and name.endswith("weight")
        else torch.randn(shape) * (0.1 if "embed" in name else 0.3)
        for name, shape in shapes.items()
    }  # fmt: skip


def shown(folder: Path, width: int, height: int) -> Any:
    """A picture of random colors, saved beside the model."""
    pixels = numpy.random.default_rng(3).integers(0, 255, (height, width, 3), dtype=numpy.uint8)
    picture = Image.fromarray(pixels)
    picture.save(folder / "picture.png")
    return picture


def finished(
    folder: Path, config: Any, w: Weights, tokenizer: Any, given: list[int],
    scores: Callable[[list[int]], Any],
) -> None:  # fmt: skip
    """Save the model, and what it says token by token; `scores` takes the tokens so far."""
    (folder / "config.json").write_text(json.dumps(config))
    save_file(w, folder / "model.safetensors", {"format": "pt"})
    tokenizer.save_pretrained(folder)
    ids = [token for token in tokenizer.all_special_ids if token < WORDS]
    unknown = sorted({1, *ids, *range(len(tokenizer), WORDS)})
    tokens, logs = list(given), []
    for _ in range(tiny.LENGTH):
        last = scores(tokens)
        likely = torch.log_softmax(last, 0)
        last[unknown] = -1e9
        tokens.append(int(last.argmax()))
        logs.append(float(likely[tokens[-1]]))
    made = tokens[len(given) :]
    told = {"prompt": QUESTION, "count": len(given), "unknown": unknown, "tokens": made,
            "logs": logs, "text": tokenizer.decode(made)}  # fmt: skip
    (folder / "expected.json").write_text(json.dumps(told))


def rms(x: Any, weight: Any) -> Any:
    """Divided by the root of the mean square."""
    return x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt() * weight


def looked(q: Any, k: Any, v: Any, heads: int, few: int, causal: bool) -> Any:
    """What each head sees at each place; `few` heads of keys and values."""
    size, found = q.shape[1] // heads, torch.zeros_like(q)
    for h in range(heads):
        cut = slice(h * size, (h + 1) * size)
        share = slice(h * few // heads * size, (h * few // heads + 1) * size)
        for place in range(len(q)):
            end = place + 1 if causal else len(k)
            chances = softmax(k[:end, share] @ q[place, cut] / size**0.5, 0)
            found[place, cut] = chances @ v[:end, share]
    return found


def turned(x: Any, heads: int, base: float) -> Any:
    """Rotary places, number by number: the first half of a head turns with the second."""
    found, size = x.clone(), x.shape[1] // heads
    for place in range(len(x)):
        for h in range(heads):
            for n in range(size // 2):
                angle = torch.tensor(place * base ** (-2 * n / size))
                one, two = h * size + n, h * size + n + size // 2
                a, b = x[place, one], x[place, two]
                found[place, one] = a * angle.cos() - b * angle.sin()
                found[place, two] = b * angle.cos() + a * angle.sin()
    return found


def qwen_shapes(at: str) -> dict[str, tuple[int, ...]]:
    """The weights of a Qwen2 with this before its names."""
    shapes: dict[str, tuple[int, ...]] = {
        f"{at}model.embed_tokens.weight": (WORDS, WIDTH),
        f"{at}model.norm.weight": (WIDTH,),
        f"{at}lm_head.weight": (WORDS, WIDTH),
    }
    for n in range(LAYERS):
        layer = f"{at}model.layers.{n}."
        for name, rows in (("q", WIDTH), ("k", WIDTH // 2), ("v", WIDTH // 2)):
            shapes[f"{layer}self_attn.{name}_proj.weight"] = (rows, WIDTH)
            shapes[f"{layer}self_attn.{name}_proj.bias"] = (rows,)
        shapes[f"{layer}self_attn.o_proj.weight"] = (WIDTH, WIDTH)
        shapes[f"{layer}mlp.gate_proj.weight"] = shapes[f"{layer}mlp.up_proj.weight"] = (
            INNER, WIDTH)  # fmt: skip
        shapes[f"{layer}mlp.down_proj.weight"] = (WIDTH, INNER)
        for name in ("input", "post_attention"):
            shapes[f"{layer}{name}_layernorm.weight"] = (WIDTH,)
    return shapes


def qwen_scores(w: Weights, at: str, states: Any) -> Any:
    """The scores after the last of these states."""
    for n in range(LAYERS):
        layer = f"{at}model.layers.{n}."
        inner = rms(states, w[layer + "input_layernorm.weight"])
        q, k, v = (
            inner @ w[f"{layer}self_attn.{x}_proj.weight"].T + w[f"{layer}self_attn.{x}_proj.bias"]
            for x in "qkv"
        )
        seen = looked(turned(q, HEADS, 1e6), turned(k, FEW, 1e6), v, HEADS, FEW, causal=True)
        states = states + seen @ w[layer + "self_attn.o_proj.weight"].T
        inner = rms(states, w[layer + "post_attention_layernorm.weight"])
        gate = silu(inner @ w[layer + "mlp.gate_proj.weight"].T)
        wide = gate * (inner @ w[layer + "mlp.up_proj.weight"].T)
        states = states + wide @ w[layer + "mlp.down_proj.weight"].T
    return w[f"{at}lm_head.weight"] @ rms(states[-1], w[f"{at}model.norm.weight"])


def nvlm_v1(folder: Path) -> None:
    """NVLM-D with its tiles read column by column, as the first version of the shuffle does."""
    nvlm(folder, "v1")


def nvlm(folder: Path, version: str = "v2") -> None:
    """NVLM-D: InternViT, a projector and Qwen2."""
    text = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": WORDS,
        "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": FEW, "rope_theta": 1e6,
        "rms_norm_eps": 1e-6, "max_position_embeddings": 256, "tie_word_embeddings": False,
        "bos_token_id": 0, "eos_token_id": 1, "torch_dtype": "float32",
    }  # fmt: skip
    sight = {
        "architectures": ["InternVisionModel"], "model_type": "intern_vit_6b",
        "hidden_size": SIGHT, "intermediate_size": 40, "num_hidden_layers": LAYERS,
        "num_attention_heads": SEEN_HEADS, "image_size": TILE, "patch_size": PATCH,
        "hidden_act": "gelu",
        "norm_type": "rms_norm", "layer_norm_eps": 1e-6, "qk_normalization": True,
        "qkv_bias": False, "initializer_factor": 0.1, "drop_path_rate": 0.0,
    }  # fmt: skip
    config = {
        "architectures": ["NVLM_D"], "model_type": "NVLM_D", "torch_dtype": "float32",
        "auto_map": {"AutoModelForCausalLM": "modeling_nvlm_d.NVLM_D_Model"},
        "downsample_ratio": 0.5, "dynamic_image_size": True, "force_image_size": TILE,
        "llm_config": text, "vision_config": sight, "min_dynamic_patch": 1,
        "max_dynamic_patch": 6, "use_thumbnail": True, "ps_version": version, "select_layer": -1,
        "use_backbone_lora": 0, "use_llm_lora": 0, "template": "chatml",
    }  # fmt: skip
    colors = {"image_mean": MEAN, "image_std": SPREAD, "crop_size": TILE, "size": TILE,
              "feature_extractor_type": "CLIPFeatureExtractor", "resample": 3}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(colors))
    w = drawn({**qwen_shapes("language_model."), **nvlm_shapes()})
    picture = shown(folder, 2 * TILE + 4, TILE - 1)
    wide = picture.resize((2 * TILE, TILE), Image.Resampling.BICUBIC)
    tiles = [wide.crop((0, 0, TILE, TILE)), wide.crop((TILE, 0, 2 * TILE, TILE)),
             picture.resize((TILE, TILE), Image.Resampling.BICUBIC)]  # fmt: skip
    seen = torch.cat([nvlm_seen(w, tile, version) for tile in tiles])
    tokenizer = seeing.words("<|im_start|>", "<|im_end|>", "<|vision_pad|>")
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
        "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    pads = "<|vision_pad|>" * 4
    given = tokenizer(
        f"<|im_start|>user\n<Image><tile_1>{pads}<tile_2>{pads}<tile_global_thumbnail>{pads}"
        f"</Image>\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n",
        add_special_tokens=False,
    )["input_ids"]
    pad = tokenizer.convert_tokens_to_ids("<|vision_pad|>")

    def scores(tokens: list[int]) -> Any:
        states = w["language_model.model.embed_tokens.weight"][torch.tensor(tokens)].clone()
        states[torch.tensor(tokens) == pad] = seen
        return qwen_scores(w, "language_model.", states)

    finished(folder, config, w, tokenizer, given, scores)


def nvlm_shapes() -> dict[str, tuple[int, ...]]:
    """The weights of the sight and the projector."""
    at, count = "vision_model.embeddings.", (TILE // PATCH) ** 2 + 1
    shapes: dict[str, tuple[int, ...]] = {
        f"{at}class_embedding": (1, 1, SIGHT),
        f"{at}patch_embedding.weight": (SIGHT, 3, PATCH, PATCH),
        f"{at}patch_embedding.bias": (SIGHT,),
        f"{at}position_embedding": (1, count, SIGHT),
        "mlp1.0.weight": (4 * SIGHT,), "mlp1.0.bias": (4 * SIGHT,),
        "mlp1.1.weight": (INNER, 4 * SIGHT), "mlp1.3.weight": (WIDTH, INNER),
    }  # fmt: skip
    for n in range(LAYERS):
        layer = f"vision_model.encoder.layers.{n}."
        shapes |= {
            f"{layer}attn.qkv.weight": (3 * ATTENDED, SIGHT),
            f"{layer}attn.q_norm.weight": (ATTENDED,), f"{layer}attn.k_norm.weight": (ATTENDED,),
            f"{layer}attn.proj.weight": (SIGHT, ATTENDED), f"{layer}attn.proj.bias": (SIGHT,),
            f"{layer}mlp.fc1.weight": (40, SIGHT), f"{layer}mlp.fc1.bias": (40,),
            f"{layer}mlp.fc2.weight": (SIGHT, 40), f"{layer}mlp.fc2.bias": (SIGHT,),
            f"{layer}norm1.weight": (SIGHT,), f"{layer}norm2.weight": (SIGHT,),
            f"{layer}ls1": (SIGHT,), f"{layer}ls2": (SIGHT,),
        }  # fmt: skip
    return shapes


def nvlm_seen(w: Weights, tile: Any, version: str) -> Any:
    """What a tile becomes: four tokens of the decoder."""
    colors = torch.from_numpy(numpy.asarray(tile).copy()).float() / 255
    colors = (colors - torch.tensor(MEAN)) / torch.tensor(SPREAD)
    at, side = "vision_model.embeddings.", TILE // PATCH
    states = [w[at + "class_embedding"][0, 0]]
    for row in range(side):
        for column in range(side):
            cut = colors[row * PATCH :, column * PATCH :][:PATCH, :PATCH].permute(2, 0, 1)
            kernel = w[at + "patch_embedding.weight"]
            states.append((kernel * cut).sum((1, 2, 3)) + w[at + "patch_embedding.bias"])
    x = torch.stack(states) + w[at + "position_embedding"][0]
    for n in range(LAYERS):
        layer = f"vision_model.encoder.layers.{n}."
        q, k, v = (rms(x, w[layer + "norm1.weight"]) @ w[layer + "attn.qkv.weight"].T).chunk(3, 1)
        q, k = (
            y * w[f"{layer}attn.{name}_norm.weight"]
            / (y[:, :SIGHT].pow(2).mean(1, keepdim=True) + 1e-6).sqrt()
            for y, name in ((q, "q"), (k, "k"))
        )  # fmt: skip
        seen = looked(q, k, v, SEEN_HEADS + 1, SEEN_HEADS + 1, causal=False)
        mixed = seen @ w[layer + "attn.proj.weight"].T + w[layer + "attn.proj.bias"]
        x = x + mixed * w[layer + "ls1"]
        inner = rms(x, w[layer + "norm2.weight"])
        wide = gelu(inner @ w[layer + "mlp.fc1.weight"].T + w[layer + "mlp.fc1.bias"])
        x = x + (wide @ w[layer + "mlp.fc2.weight"].T + w[layer + "mlp.fc2.bias"]) * w[
            layer + "ls2"]  # fmt: skip
    grid = x[1:].view(side, side, SIGHT)
    found = [
        torch.cat([grid[2 * r, 2 * c], grid[2 * r, 2 * c + 1],
                   grid[2 * r + 1, 2 * c], grid[2 * r + 1, 2 * c + 1]])
        for r in range(side // 2) for c in range(side // 2)
    ]  # fmt: skip
    if version == "v1":
        found = [found[0], found[2], found[1], found[3]]
    joined = layer_norm(torch.stack(found), (4 * SIGHT,), w["mlp1.0.weight"], w["mlp1.0.bias"])
    return gelu(joined @ w["mlp1.1.weight"].T) @ w["mlp1.3.weight"].T


if __name__ == "__main__":
    main(globals())
