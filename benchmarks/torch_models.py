"""Small random models in their publishers' layout, and runs of them, under a Python with torch.

    PYTHON_WITH_TORCH benchmarks/torch_models.py make NAME FOLDER
    PYTHON_WITH_TORCH benchmarks/torch_models.py measure NAME FOLDER SETTING_AS_JSON

`make` writes configuration and safetensors. `measure` loads and runs the model in this process
and prints one JSON object: resident bytes after the imports (`bare`), the highest while loading
(`loading`), after loading (`loaded`), and the highest while running (`running`).
"""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Setting = dict[str, Any]
Loaded = tuple[Any, Callable[[], object]]


# --- what is made: names of classes in transformers or diffusers, and their configuration -----

TEXT: dict[str, tuple[str, str, Setting]] = {
    "llama": (
        "LlamaForCausalLM",
        "LlamaConfig",
        {
            "hidden_size": 1024,
            "intermediate_size": 2816,
            "num_hidden_layers": 8,
            "num_attention_heads": 16,
            "num_key_value_heads": 4,
            "vocab_size": 32000,
            "max_position_embeddings": 16384,
        },
    ),
    "qwen3-moe": (
        "Qwen3MoeForCausalLM",
        "Qwen3MoeConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 2048,
            "moe_intermediate_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "num_key_value_heads": 4,
            "head_dim": 64,
            "num_experts": 16,
            "num_experts_per_tok": 4,
            "decoder_sparse_step": 1,
            "norm_topk_prob": True,
            "vocab_size": 32000,
            "max_position_embeddings": 16384,
        },
    ),
    "gemma3": (
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 8,
            "num_attention_heads": 8,
            "num_key_value_heads": 2,
            "head_dim": 128,
            "sliding_window": 512,
            "vocab_size": 65536,
            "max_position_embeddings": 16384,
        },
    ),
    "mamba": (
        "MambaForCausalLM",
        "MambaConfig",
        {"hidden_size": 768, "state_size": 16, "num_hidden_layers": 8, "vocab_size": 32000},
    ),
    "bert": (
        "BertForSequenceClassification",
        "BertConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 8,
            "num_attention_heads": 12,
            "vocab_size": 30522,
            "max_position_embeddings": 512,
        },
    ),
    "xlm-roberta": (
        "XLMRobertaForSequenceClassification",
        "XLMRobertaConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "vocab_size": 100000,
            "max_position_embeddings": 2050,
            "num_labels": 1,
        },
    ),
    "modernbert": (
        "ModernBertForSequenceClassification",
        "ModernBertConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 1152,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "vocab_size": 50368,
            "max_position_embeddings": 8192,
        },
    ),
    "t5": (
        "T5ForConditionalGeneration",
        "T5Config",
        {
            "d_model": 768,
            "d_ff": 3072,
            "d_kv": 64,
            "num_layers": 6,
            "num_decoder_layers": 6,
            "num_heads": 12,
            "vocab_size": 32128,
            "feed_forward_proj": "gated-gelu",
            "tie_word_embeddings": False,
            "decoder_start_token_id": 0,
        },
    ),
    "chronos": (
        "T5ForConditionalGeneration",
        "T5Config",
        {
            "d_model": 512,
            "d_ff": 2048,
            "d_kv": 64,
            "num_layers": 6,
            "num_decoder_layers": 6,
            "num_heads": 8,
            "vocab_size": 4096,
            "feed_forward_proj": "relu",
            "tie_word_embeddings": True,
            "decoder_start_token_id": 0,
        },
    ),
    "whisper": (
        "WhisperForConditionalGeneration",
        "WhisperConfig",
        {
            "d_model": 512,
            "encoder_layers": 6,
            "decoder_layers": 6,
            "encoder_attention_heads": 8,
            "decoder_attention_heads": 8,
            "encoder_ffn_dim": 2048,
            "decoder_ffn_dim": 2048,
            "vocab_size": 51865,
            "num_mel_bins": 80,
        },
    ),
    "clip-vision": (
        "CLIPVisionModel",
        "CLIPVisionConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 8,
            "num_attention_heads": 12,
            "image_size": 336,
            "patch_size": 14,
        },
    ),
    "llava": (
        "LlavaForConditionalGeneration",
        "LlavaConfig",
        {
            "text_config": {
                "model_type": "llama",
                "hidden_size": 1024,
                "intermediate_size": 2816,
                "num_hidden_layers": 6,
                "num_attention_heads": 16,
                "num_key_value_heads": 4,
                "vocab_size": 32000,
                "max_position_embeddings": 16384,
            },
            "vision_config": {
                "model_type": "clip_vision_model",
                "hidden_size": 768,
                "intermediate_size": 3072,
                "num_hidden_layers": 6,
                "num_attention_heads": 12,
                "image_size": 336,
                "patch_size": 14,
            },
            "image_token_index": 31999,
        },
    ),
    "encodec": ("EncodecModel", "EncodecConfig", {"num_filters": 32}),
    "dac": ("DacModel", "DacConfig", {}),
    "patchtst": (
        "PatchTSTForPrediction",
        "PatchTSTConfig",
        {
            "num_input_channels": 7,
            "context_length": 2048,
            "patch_length": 16,
            "patch_stride": 8,
            "d_model": 512,
            "num_attention_heads": 8,
            "num_hidden_layers": 6,
            "ffn_dim": 2048,
            "prediction_length": 96,
        },
    ),
    "timesfm": (
        "TimesFmModelForPrediction",
        "TimesFmConfig",
        {
            "hidden_size": 768,
            "intermediate_size": 1280,
            "num_hidden_layers": 8,
            "num_attention_heads": 12,
            "head_dim": 64,
            "context_length": 512,
        },
    ),
}

HALF = ("qwen3-moe",)
"""Stored in bf16, as most are published; the others in f32."""
CLIP: Setting = {
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "vocab_size": 49408,
    "max_position_embeddings": 77,
    "projection_dim": 512,
}
VAE: Setting = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [64, 128, 256, 256],
    "layers_per_block": 2,
    "latent_channels": 4,
    "sample_size": 512,
}
UNET: Setting = {
    "block_out_channels": [160, 320, 640, 640],
    "layers_per_block": 2,
    "cross_attention_dim": 512,
    "attention_head_dim": 8,
    "sample_size": 64,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}
UNET_XL: Setting = {
    "block_out_channels": [160, 320, 640],
    "layers_per_block": 2,
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20],
    "transformer_layers_per_block": [1, 2, 4],
    "sample_size": 64,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 64,
    "use_linear_projection": True,
    "projection_class_embeddings_input_dim": 512 + 6 * 64,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
}
T5_SMALL: Setting = {
    "d_model": 512,
    "d_ff": 1024,
    "d_kv": 64,
    "num_layers": 8,
    "num_heads": 8,
    "vocab_size": 32128,
    "feed_forward_proj": "gated-gelu",
}
SD3: Setting = {
    "sample_size": 64,
    "patch_size": 2,
    "in_channels": 16,
    "out_channels": 16,
    "num_layers": 8,
    "attention_head_dim": 64,
    "num_attention_heads": 8,
    "joint_attention_dim": 1024,
    "caption_projection_dim": 512,
    "pooled_projection_dim": 1024,
    "pos_embed_max_size": 96,
}
FLUX: Setting = {
    "patch_size": 1,
    "in_channels": 64,
    "num_layers": 3,
    "num_single_layers": 6,
    "attention_head_dim": 64,
    "num_attention_heads": 12,
    "joint_attention_dim": 512,
    "pooled_projection_dim": 512,
    "guidance_embeds": False,
    "axes_dims_rope": [8, 28, 28],
}
PIXART: Setting = {
    "num_attention_heads": 12,
    "attention_head_dim": 64,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 8,
    "cross_attention_dim": 768,
    "sample_size": 64,
    "caption_channels": 512,
    "use_additional_conditions": False,
    "norm_type": "ada_norm_single",
    "norm_elementwise_affine": False,
}
TOKENIZERS = {
    "sd15": ("",),
    "sdxl": ("", "_2"),
    "sd3": ("", "_2", "_3"),
    "flux": ("", "_2"),
    "pixart": ("",),
}
PIPELINES = tuple(TOKENIZERS)
CLASSES = {
    "sd15": "StableDiffusionPipeline",
    "sdxl": "StableDiffusionXLPipeline",
    "sd3": "StableDiffusion3Pipeline",
    "flux": "FluxPipeline",
    "pixart": "PixArtAlphaPipeline",
}


def make(name: str, folder: Path) -> None:
    """Write the model with small random weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    if name in PIPELINES:
        _pipeline(name).save_pretrained(folder)
        return
    model, config, values = TEXT[name]
    made = getattr(transformers, config)(**values)
    random = getattr(transformers, model)(made)
    (random.bfloat16() if name in HALF else random).save_pretrained(folder)


def _pipeline(name: str) -> Any:
    import diffusers as d
    import transformers as t

    def clip(**more: Any) -> Any:
        return t.CLIPTextModel(t.CLIPTextConfig(**(CLIP | more)))

    def projecting(**more: Any) -> Any:
        return t.CLIPTextModelWithProjection(t.CLIPTextConfig(**(CLIP | more)))

    if name == "sd15":
        return d.StableDiffusionPipeline(
            vae=d.AutoencoderKL(**VAE),
            text_encoder=clip(),
            tokenizer=None,
            unet=d.UNet2DConditionModel(**UNET),
            scheduler=d.DDIMScheduler(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    if name == "sdxl":
        return d.StableDiffusionXLPipeline(
            vae=d.AutoencoderKL(**VAE),
            text_encoder=clip(),
            text_encoder_2=projecting(),
            tokenizer=None,
            tokenizer_2=None,
            unet=d.UNet2DConditionModel(**UNET_XL),
            scheduler=d.EulerDiscreteScheduler(),
        )
    flow = d.FlowMatchEulerDiscreteScheduler()
    vae16 = dict(
        VAE,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.1,
        scaling_factor=1.5,
    )
    t5 = t.T5EncoderModel(t.T5Config(**T5_SMALL))
    if name == "sd3":
        t5 = t.T5EncoderModel(t.T5Config(**dict(T5_SMALL, d_model=1024)))
        return d.StableDiffusion3Pipeline(
            transformer=d.SD3Transformer2DModel(**SD3),
            scheduler=flow,
            vae=d.AutoencoderKL(**vae16),
            text_encoder=projecting(),
            tokenizer=None,
            text_encoder_2=projecting(),
            tokenizer_2=None,
            text_encoder_3=t5,
            tokenizer_3=None,
        )
    if name == "flux":
        return d.FluxPipeline(
            scheduler=flow,
            vae=d.AutoencoderKL(**vae16),
            text_encoder=clip(),
            tokenizer=None,
            text_encoder_2=t5,
            tokenizer_2=None,
            transformer=d.FluxTransformer2DModel(**FLUX),
        )
    return d.PixArtAlphaPipeline(
        tokenizer=None,
        text_encoder=t5,
        vae=d.AutoencoderKL(**VAE),
        transformer=d.PixArtTransformer2DModel(**PIXART),
        scheduler=d.DDIMScheduler(),
    )


# --- what is run -------------------------------------------------------------------------------


def load(name: str, folder: Path, setting: Setting) -> Loaded:
    """The model as its library loads it, and the run that is asked for."""
    import torch

    dtype = getattr(
        torch, {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}[setting["dtype"]]
    )
    if name in PIPELINES:
        return _load_pipeline(name, folder, setting, dtype)
    import transformers

    kind = getattr(transformers, TEXT[name][0])
    more = {"attn_implementation": setting["attention"]} if "attention" in setting else {}
    model = kind.from_pretrained(folder, dtype=dtype, **more).eval()
    return model, lambda: RUNS.get(name, _classify)(model, setting)


def _ids(batch: int, tokens: int, vocabulary: int = 30000) -> Any:
    """Random words of the whole vocabulary, so that the table of words is really read."""
    import torch

    return torch.randint(3, vocabulary - 3, (batch, tokens))


def _generate(model: Any, s: Setting) -> object:
    ids = _ids(s.get("parallel", 1), s["prompt"], model.config.vocab_size)
    if s.get("logits") == "all":
        return model(input_ids=ids)
    return model.generate(
        ids,
        max_new_tokens=s.get("new", 4),
        min_new_tokens=s.get("new", 4),
        do_sample=False,
        num_beams=s.get("beams", 1),
    )


def _classify(model: Any, s: Setting) -> object:
    import torch

    ids = _ids(s["batch"], s["tokens"], model.config.vocab_size)
    return model(input_ids=ids, attention_mask=torch.ones_like(ids))


def _look(model: Any, s: Setting) -> object:
    import torch

    return model(pixel_values=torch.rand(s["batch"], 3, 336, 336, dtype=model.dtype))


def _answer(model: Any, s: Setting) -> object:
    import torch

    ids = _ids(1, s["prompt"])
    ids[:, 1 : 1 + 576 * s["images"]] = 31999
    pixels = torch.rand(s["images"], 3, 336, 336, dtype=model.dtype)
    return model.generate(
        input_ids=ids,
        pixel_values=pixels,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=4,
        min_new_tokens=4,
        do_sample=False,
    )


def _transcribe(model: Any, s: Setting) -> object:
    import torch

    sound = torch.rand(s["batch"], 80, 3000, dtype=model.dtype)
    return model.generate(
        sound,
        max_new_tokens=s["new"],
        min_new_tokens=s["new"],
        num_beams=s["beams"],
        do_sample=False,
    )


def _translate(model: Any, s: Setting) -> object:
    import torch

    ids = _ids(s["batch"], s["tokens"], model.config.vocab_size)
    return model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=s.get("samples", 1) > 1,
        num_return_sequences=s.get("samples", 1),
        num_beams=s.get("beams", 1),
        max_new_tokens=s["new"],
        min_new_tokens=s["new"],
    )


def _recode(model: Any, s: Setting) -> object:
    import torch

    rate = model.config.sampling_rate
    sound = torch.rand(s["batch"], 1, int(rate * s["seconds"]), dtype=model.dtype)
    return model(sound)


def _forecast(model: Any, s: Setting) -> object:
    import torch

    c = model.config
    return model(
        past_values=torch.rand(
            s["batch"], c.context_length, c.num_input_channels, dtype=model.dtype
        )
    )


def _forecast_each(model: Any, s: Setting) -> object:
    import torch

    series = [torch.rand(model.config.context_length, dtype=model.dtype)] * s["batch"]
    return model(past_values=series, freq=[0] * s["batch"])


RUNS: dict[str, Callable[[Any, Setting], object]] = {
    "llama": _generate,
    "qwen3-moe": _generate,
    "gemma3": _generate,
    "mamba": _generate,
    "whisper": _transcribe,
    "clip-vision": _look,
    "llava": _answer,
    "encodec": _recode,
    "dac": _recode,
    "t5": _translate,
    "chronos": _translate,
    "patchtst": _forecast,
    "timesfm": _forecast_each,
}


def _load_pipeline(name: str, folder: Path, s: Setting, dtype: Any) -> Loaded:
    import diffusers

    without: Setting = {f"tokenizer{i}": None for i in TOKENIZERS[name]}
    if name == "sd15":
        without |= {"safety_checker": None, "feature_extractor": None}
    pipe = diffusers.DiffusionPipeline.from_pretrained(folder, torch_dtype=dtype, **without)
    pipe.set_progress_bar_config(disable=True)
    if s.get("tiled"):
        pipe.vae.enable_tiling()
    return pipe, lambda: _paint(name, pipe, s)


def _paint(name: str, pipe: Any, s: Setting) -> object:
    """Encode with the pipeline's own text encoders, then denoise and decode."""
    import torch

    n, size = s["batch"], {"height": s["height"], "width": s["width"]}
    with torch.no_grad():
        encoders = [
            getattr(pipe, part)
            for part in ("text_encoder", "text_encoder_2", "text_encoder_3")
            if getattr(pipe, part, None) is not None
        ]
        lengths = [
            512
            if "T5" in type(e).__name__ and name == "flux"
            else 256
            if "T5" in type(e).__name__
            else 77
            for e in encoders
        ]
        if name == "pixart":
            lengths = [120]
        seen = [
            e(_ids(n, t), output_hidden_states=True) for e, t in zip(encoders, lengths, strict=True)
        ]
    given = _given(name, seen, n)
    del seen
    return pipe(
        **given, **size, num_inference_steps=2, output_type="latent" if s.get("latent") else "np"
    ).images


def _given(name: str, seen: list[Any], n: int) -> Setting:
    """Prompt embeddings as each pipeline wants them."""
    import torch

    last = [
        out.last_hidden_state if "last_hidden_state" in out else out.hidden_states[-1]
        for out in seen
    ]
    if name == "sd15":
        return {"prompt_embeds": last[0], "negative_prompt_embeds": last[0]}
    if name == "sdxl":
        both, pooled = torch.cat([last[0], last[1]], -1), seen[1].text_embeds
        return {
            "prompt_embeds": both,
            "negative_prompt_embeds": both,
            "pooled_prompt_embeds": pooled,
            "negative_pooled_prompt_embeds": pooled,
        }
    if name == "sd3":
        clip = torch.cat([last[0], last[1]], -1)
        both, pooled = (
            torch.cat([clip, last[2]], 1),
            torch.cat([s.text_embeds for s in seen[:2]], -1),
        )
        return {
            "prompt_embeds": both,
            "negative_prompt_embeds": both,
            "pooled_prompt_embeds": pooled,
            "negative_pooled_prompt_embeds": pooled,
        }
    if name == "flux":
        return {"prompt_embeds": last[1], "pooled_prompt_embeds": seen[0].pooler_output}
    ones = torch.ones(n, last[0].shape[1])
    return {
        "prompt_embeds": last[0],
        "prompt_attention_mask": ones,
        "negative_prompt": None,
        "negative_prompt_embeds": last[0],
        "negative_prompt_attention_mask": ones,
    }


# --- what is measured --------------------------------------------------------------------------


def _status(field: str) -> int:
    """A line of /proc/self/status in bytes: VmRSS is now, VmHWM the highest since the reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def _reset() -> None:
    """Forget the highest so far (writing 5 to clear_refs does only that)."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(name: str, folder: Path, setting: Setting) -> dict[str, int]:
    """Load and run once in this process."""
    import torch

    _import_for(name)
    torch.rand(64, 64) @ torch.rand(64, 64)
    gc.collect()
    bare = _status("VmRSS")
    _reset()
    model, run = load(name, folder, setting)
    loading, loaded = _status("VmHWM"), _status("VmRSS")
    _reset()
    with torch.inference_mode():
        run()
    running = _status("VmHWM")
    del model
    return {"bare": bare, "loading": loading, "loaded": loaded, "running": running}


def _import_for(name: str) -> None:
    """All the code that the model needs; the parts of a pipeline come with its class."""
    import transformers

    if name not in PIPELINES:
        getattr(transformers, TEXT[name][0])
        return
    import diffusers

    assert getattr(diffusers, CLASSES[name])
    for part in ("CLIPTextModel", "T5EncoderModel"):
        getattr(transformers, part)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], Path(sys.argv[3]))
    else:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4]))))
