"""Makes a tiny Spirit LM as Meta publishes it, and what plain functions make of it.

Run in the runtime: the folder, in which it also puts `said.wav`. The files of the tokenizer of
speech are PyTorch's, with what they hold beside tensors; `expected.json` lies beside the models.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch
import transformers as hf
from torch.nn import functional

HERE = Path(sys.argv[1])
WIDTH, HEADS, LAYER, ALL_LAYERS, UNITS = 128, 2, 2, 3, 20
EARS = [(16, 10, 5), *[(16, 3, 2)] * 4, *[(16, 2, 2)] * 3]
RATES, KERNELS, SIZE, VOICES, STYLES, FIRST = [5, 4], [11, 8], 8, 3, 10, 16
Weights = dict[str, Any]


def numbers(*shape: int, wide: float = 0.3) -> Any:
    return torch.randn(*shape) * wide


def norm(name: str, size: int) -> Weights:
    return {f"{name}.weight": 1 + numbers(size), f"{name}.bias": numbers(size)}


def line(name: str, high: int, wide: int) -> Weights:
    scale = 2 / math.sqrt(wide)
    return {f"{name}.weight": numbers(high, wide, wide=scale), f"{name}.bias": numbers(high)}


def hubert() -> Weights:
    """Weights in the names of fairseq, with those that only training needs."""
    found: Weights = {"mask_emb": numbers(WIDTH)}
    before = 1
    for number, (size, kernel, _) in enumerate(EARS):
        found[f"feature_extractor.conv_layers.{number}.0.weight"] = numbers(
            size, before, kernel, wide=2 / math.sqrt(before * kernel)
        )
        before = size
    found |= norm("feature_extractor.conv_layers.0.2", 16) | norm("layer_norm", 16)
    found |= line("post_extract_proj", WIDTH, 16) | norm("encoder.layer_norm", WIDTH)
    found["encoder.pos_conv.0.bias"] = numbers(WIDTH)
    found["encoder.pos_conv.0.weight_g"] = 1 + numbers(1, 1, 128)
    found["encoder.pos_conv.0.weight_v"] = numbers(WIDTH, WIDTH // 16, 128)
    for number in range(ALL_LAYERS):
        at = f"encoder.layers.{number}"
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            found |= line(f"{at}.self_attn.{name}", WIDTH, WIDTH)
        found |= norm(f"{at}.self_attn_layer_norm", WIDTH) | norm(f"{at}.final_layer_norm", WIDTH)
        found |= line(f"{at}.fc1", 64, WIDTH) | line(f"{at}.fc2", WIDTH, 64)
    return found | {"label_embs_concat": numbers(4, 8)} | line("final_proj", 8, WIDTH)


def states(held: Weights, samples: Any) -> Any:
    """What the listened-to layer of fairseq's HuBERT gives for each 25th of a second."""
    x = samples[None, None]
    for number, (_, _, stride) in enumerate(EARS):
        x = functional.conv1d(
            x, held[f"feature_extractor.conv_layers.{number}.0.weight"], stride=stride
        )
        if number == 0:
            at = "feature_extractor.conv_layers.0.2"
            x = functional.group_norm(x, 16, held[f"{at}.weight"], held[f"{at}.bias"])
        x = functional.gelu(x)
    x = linear(normal(x.transpose(1, 2), "layer_norm", held), "post_extract_proj", held)
    v, g = held["encoder.pos_conv.0.weight_v"], held["encoder.pos_conv.0.weight_g"]
    kernel = v * g / v.norm(dim=(0, 1), keepdim=True)
    places = functional.conv1d(
        x.transpose(1, 2), kernel, held["encoder.pos_conv.0.bias"], padding=64, groups=16
    )
    x = normal(x + functional.gelu(places[..., :-1]).transpose(1, 2), "encoder.layer_norm", held)
    for number in range(LAYER):
        at = f"encoder.layers.{number}"
        x = normal(x + attended(x, f"{at}.self_attn", held), f"{at}.self_attn_layer_norm", held)
        inner = functional.gelu(linear(x, f"{at}.fc1", held))
        x = normal(x + linear(inner, f"{at}.fc2", held), f"{at}.final_layer_norm", held)
    return x[0]


def normal(x: Any, name: str, held: Weights) -> Any:
    weight = held[f"{name}.weight"]
    return functional.layer_norm(x, weight.shape, weight, held[f"{name}.bias"])


def linear(x: Any, name: str, held: Weights) -> Any:
    return x @ held[f"{name}.weight"].T + held[f"{name}.bias"]


def attended(x: Any, at: str, held: Weights) -> Any:
    size, parts = WIDTH // HEADS, []
    q, k, v = (linear(x, f"{at}.{name}_proj", held) for name in "qkv")
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        shares = (q[..., own] @ k[..., own].transpose(1, 2) / math.sqrt(size)).softmax(-1)
        parts.append(shares @ v[..., own])
    return linear(torch.cat(parts, -1), f"{at}.out_proj", held)


def scores(held: Weights, x: Any) -> Any:
    for number in (0, 2, 4):
        x = linear(x, str(number), held)
        x = functional.leaky_relu(x) if number < 4 else x
    return x


def chosen(held: Weights, x: Any) -> list[int]:
    """The units, blanks filled by rolling as long as there are any, doubles left out."""
    codes = scores(held, x).argmax(-1)
    assert (codes == UNITS).any(), "the test has a blank"
    while (codes == UNITS).any() and (codes != UNITS).any():
        codes = torch.where(codes == UNITS, codes.roll(1), codes)
    return [int(c) for n, c in enumerate(codes) if n == 0 or c != codes[n - 1]]


def apart(name: str, *shape: int) -> Weights:
    """A weight as lengths and directions, and its bias."""
    ups = name.startswith("ups.")
    wide = 2 / math.sqrt(math.prod(shape[1:]))
    return {
        f"{name}.weight_g": wide * (1 + torch.rand(shape[0], *[1] * (len(shape) - 1))) * 2,
        f"{name}.weight_v": numbers(*shape),
        f"{name}.bias": numbers(shape[1] if ups else shape[0], wide=0.1),
    }


def voice() -> tuple[dict[str, Any], Weights]:
    """The configuration and the weights of the HiFi-GAN for units."""
    told = {
        "sampling_rate": 16_000, "model_in_dim": 3 * SIZE, "embedding_dim": SIZE,
        "num_embeddings": UNITS, "multispkr": "from_input_file", "num_speakers": VOICES,
        "multistyle": "from_input_file", "num_styles": STYLES, "upsample_rates": RATES,
        "upsample_kernel_sizes": KERNELS, "upsample_initial_channel": FIRST,
        "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
        "dur_predictor_params": {"encoder_embed_dim": SIZE, "var_pred_hidden_dim": SIZE,
                                 "var_pred_kernel_size": 3, "var_pred_dropout": 0.5},
    }  # fmt: skip
    held: Weights = {"dict.weight": numbers(UNITS, SIZE), "spkr.weight": numbers(VOICES, SIZE),
                     "style.weight": numbers(STYLES, SIZE)}  # fmt: skip
    held |= apart("conv_pre", FIRST, 3 * SIZE, 7) | apart("conv_post", 1, FIRST // 4, 7)
    for number, kernel in enumerate(KERNELS):
        size = FIRST // 2 ** (number + 1)
        held |= apart(f"ups.{number}", 2 * size, size, kernel)
        for block, wide in enumerate((3, 5)):
            for part in ("convs1", "convs2"):
                for n in range(3):
                    held |= apart(f"resblocks.{2 * number + block}.{part}.{n}", size, size, wide)
    for name in ("conv1", "conv2"):
        held[f"dur_predictor.{name}.0.weight"] = numbers(SIZE, SIZE, 3)
        held[f"dur_predictor.{name}.0.bias"] = numbers(SIZE)
    held |= norm("dur_predictor.ln1", SIZE) | norm("dur_predictor.ln2", SIZE)
    held |= {
        "dur_predictor.proj.weight": numbers(1, SIZE),
        "dur_predictor.proj.bias": torch.ones(1),
    }
    return told, held


def whole(held: Weights, name: str) -> Any:
    """A weight from its lengths and directions."""
    return torch._weight_norm(held[f"{name}.weight_v"], held[f"{name}.weight_g"], 0)


def spoken(held: Weights, units: list[int], speaker: int) -> Any:
    """The samples of units, layer by layer."""
    words = held["dict.weight"][units]
    x = words.T[None]
    for name in ("1", "2"):
        at = f"dur_predictor.conv{name}.0"
        x = functional.conv1d(x, held[f"{at}.weight"], held[f"{at}.bias"], padding=1).relu()
        x = normal(x.transpose(1, 2), f"dur_predictor.ln{name}", held).transpose(1, 2)
    long = linear(x[0].T, "dur_predictor.proj", held)[:, 0].exp().sub(1).round().long().clamp(1)
    x = torch.repeat_interleave(words, long, 0).T[None]
    more = [held["spkr.weight"][speaker], held["style.weight"][8]]
    x = torch.cat([x, *(m[None, :, None].repeat(1, 1, x.shape[-1]) for m in more)], 1)
    x = functional.conv1d(x, whole(held, "conv_pre"), held["conv_pre.bias"], padding=3)
    for number, (rate, kernel) in enumerate(zip(RATES, KERNELS, strict=True)):
        at = f"ups.{number}"
        x = functional.conv_transpose1d(
            functional.leaky_relu(x, 0.1), whole(held, at), held[f"{at}.bias"], stride=rate,
            padding=(kernel - rate) // 2,
        )  # fmt: skip
        x = sum(block(held, x, 2 * number + n, wide) for n, wide in enumerate((3, 5))) / 2
    x = functional.leaky_relu(x)
    x = functional.conv1d(x, whole(held, "conv_post"), held["conv_post.bias"], padding=3)
    return x.tanh()[0, 0]


def block(held: Weights, x: Any, number: int, wide: int) -> Any:
    for n, far in enumerate((1, 3, 5)):
        inner = x
        for part, step in (("convs1", far), ("convs2", 1)):
            at = f"resblocks.{number}.{part}.{n}"
            inner = functional.conv1d(
                functional.leaky_relu(inner, 0.1), whole(held, at), held[f"{at}.bias"],
                dilation=step, padding=(wide - 1) * step // 2,
            )  # fmt: skip
        x = x + inner
    return x


def language(folder: Path, more: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """A Llama whose vocabulary ends with units, and whose table of words is a little larger."""
    signs = ["<unk>", "<s>", "</s>", "\u2581", *(chr(97 + n) for n in range(26))]
    tokenizer = hf.LlamaTokenizer(
        vocab={sign: n for n, sign in enumerate(signs)}, merges=[], add_bos_token=True
    )
    tokenizer.add_tokens(["[Text]", "[Speech]", *(f"[Hu{n}]" for n in range(UNITS + 1)), *more])
    config = hf.LlamaConfig(
        vocab_size=len(tokenizer) + 5, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = hf.LlamaForCausalLM(config).eval()
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def chirps() -> Any:
    """A second and a half of noise and of tones, each a tenth of a second and as loud as it is."""
    at = torch.arange(1_600) / 16_000
    parts = [
        (torch.sin(2 * math.pi * 150 * 1.4**n * at) if n % 2 else torch.randn(1_600) / 4) * loud
        for n, loud in enumerate(torch.rand(15).tolist())
    ]
    return torch.cat(parts).clamp(-1, 1)


def goes_on(model: Any, tokenizer: Any, prompt: str, allowed: list[int], most: int) -> list[int]:
    """The likeliest of the tokens that are allowed, one after the other."""
    ids: list[int] = [1, *tokenizer(prompt, add_special_tokens=False)["input_ids"]]
    begin = len(ids)
    while len(ids) < begin + most and ids[-1] != 2:
        scores = model(torch.tensor([ids])).logits[0, -1]
        ids.append(max(allowed, key=lambda token: float(scores[token])))
    return ids[begin:]


def main() -> None:
    """The models, and what comes out of each of four ways in and out."""
    torch.manual_seed(4)
    base, parts = HERE / "base", HERE / "base" / "speech_tokenizer"
    for name in ("hubert_25hz", "hifigan_spiritlm_base"):
        (parts / name).mkdir(parents=True)
    ear, choose, (told, speaks) = hubert(), Weights(), voice()
    choose |= line("0", 100, WIDTH) | line("2", 60, 100) | line("4", UNITS + 1, 60)
    soundfile.write(HERE / "said.wav", chirps().numpy(), 16_000)
    samples = torch.from_numpy(soundfile.read(HERE / "said.wav", dtype="float32")[0])
    before = scores(choose, states(ear, samples))
    choose["4.bias"] -= before.mean(0)  # so that units differ
    choose["4.bias"][UNITS] += before.std(0).mean()  # and some are blank
    torch.save(
        {"model_weight": ear, "model_cfg": {"encoder_layers": 3}, "task_cfg": {"normalize": False}},
        parts / "hubert_25hz" / "mhubert_base_25hz.pt",
    )
    torch.save({"model_weight": choose, "model_cfg": {"vocab_size": UNITS}},
               parts / "hubert_25hz" / f"L{LAYER}_quantizer_{UNITS}.pt")  # fmt: skip
    torch.save({"generator": speaks}, parts / "hifigan_spiritlm_base" / "generator.pt")
    (parts / "hifigan_spiritlm_base" / "config.json").write_text(json.dumps(told))
    (parts / "hifigan_spiritlm_base" / "speakers.txt").write_text("ann\nbea\ncyd\n")
    language(HERE / "expressive", ("[Pi0]", "[St0]"))
    model, tokenizer = language(base)
    units = {tokenizer.convert_tokens_to_ids(f"[Hu{n}]"): n for n in range(UNITS)}
    words = list(range(30))
    with torch.inference_mode():
        heard = chosen(choose, states(ear, samples))
        speech = "[Speech]" + "".join(f"[Hu{n}]" for n in heard)
        found: dict[str, Any] = {"heard": heard}
        for name, prompt in (("spoken", speech), ("read", "[Text]a fox[Speech]")):
            said = [units[n] for n in goes_on(model, tokenizer, prompt, list(units), 12)]
            found[name] = {"units": said, "wave": spoken(speaks, said, 1).tolist()}
        for name, prompt in (("told", speech + "[Text]"), ("written", "[Text]a fox")):
            ids = goes_on(model, tokenizer, prompt, words, 12)
            found[name] = tokenizer.decode(ids, skip_special_tokens=True).strip()
    (HERE / "expected.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
