"""Makes tiny models with random weights in the layouts of their publishers, and paints with them.

Run by the Python of the runtime: `python tiny_painters.py FOLDER NAME...`. Beside each model lies
what the library itself paints, called directly with the same seed: `NAME.png`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from PIL import Image

HERE = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
PROMPT, SEED, STEPS = "a red fox", 7, 3
BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]


def letters() -> dict[str, int]:
    """The bytes as byte-level tokenizers write them, alone and at the end of a word."""
    signs = [chr(b) for b in BYTES] + [chr(256 + n) for n in range(256 - len(BYTES))]
    words = [*signs, *(sign + "</w>" for sign in signs)]
    return {word: number for number, word in enumerate(words)}


def clip_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer with one token for each letter: `vocab.json` and `merges.txt`."""
    folder.mkdir(parents=True)
    vocab = letters()
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    said = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return transformers.CLIPTokenizer.from_pretrained(folder)


def t5_tokenizer(folder: Path) -> Any:
    """T5's tokenizer with one token for each letter: `tokenizer.json`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    pieces += [(chr(n), -3.0) for n in range(33, 127)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )


def clip_text(kind: Any = transformers.CLIPTextModel, act: str = "quick_gelu") -> Any:
    config = transformers.CLIPTextConfig(
        vocab_size=514, hidden_size=32, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=32, hidden_act=act,
        bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )  # fmt: skip
    return kind(config)


def t5_text() -> Any:
    config = transformers.T5Config(
        vocab_size=98, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", is_encoder_decoder=False, use_cache=False,
    )  # fmt: skip
    return transformers.T5EncoderModel(config)


def vae(**more: Any) -> Any:
    return diffusers.AutoencoderKL(
        block_out_channels=[16, 32], in_channels=3, out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4, norm_num_groups=8, **more,
    )  # fmt: skip


def unet(cross: int, **more: Any) -> Any:
    said = {
        "block_out_channels": (16, 32), "layers_per_block": 1, "sample_size": 16,
        "in_channels": 4, "out_channels": 4, "norm_num_groups": 8, "cross_attention_dim": cross,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 4,
    }  # fmt: skip
    return diffusers.UNet2DConditionModel(**(said | more))


def sd() -> Any:
    """Stable Diffusion 1.5 with its safety checker."""
    looks = transformers.CLIPConfig(
        text_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
                     "num_attention_heads": 2, "vocab_size": 514},
        vision_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
                       "num_attention_heads": 2, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )  # fmt: skip
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

    checker = StableDiffusionSafetyChecker(looks)
    checker.concept_embeds_weights.data.fill_(1.0)
    checker.special_care_embeds_weights.data.fill_(1.0)
    return diffusers.StableDiffusionPipeline(
        vae=vae(), unet=unet(32), text_encoder=clip_text(),
        tokenizer=clip_tokenizer(HERE / "sd-tokenizer"),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
            skip_prk_steps=True, steps_offset=1, set_alpha_to_one=False,
        ),
        safety_checker=checker,
        feature_extractor=transformers.CLIPImageProcessor(
            crop_size={"height": 32, "width": 32}, size={"shortest_edge": 32}
        ),
    )  # fmt: skip


def sd2() -> Any:
    """Stable Diffusion 2.1: another encoder of words, and steps that predict a velocity."""
    return diffusers.StableDiffusionPipeline(
        vae=vae(), unet=unet(32, attention_head_dim=(2, 4), use_linear_projection=True),
        text_encoder=clip_text(act="gelu"), tokenizer=clip_tokenizer(HERE / "sd2-tokenizer"),
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
            clip_sample=False, set_alpha_to_one=False, prediction_type="v_prediction",
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def sdxl() -> Any:
    """Stable Diffusion XL."""
    two = clip_text(transformers.CLIPTextModelWithProjection, "gelu")
    return diffusers.StableDiffusionXLPipeline(
        vae=vae(sample_size=32),
        unet=unet(
            64, attention_head_dim=(2, 4), use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8, transformer_layers_per_block=(1, 2),
            projection_class_embeddings_input_dim=80,
        ),
        text_encoder=clip_text(), tokenizer=clip_tokenizer(HERE / "sdxl-tokenizer"),
        text_encoder_2=two, tokenizer_2=clip_tokenizer(HERE / "sdxl-tokenizer-2"),
        scheduler=diffusers.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
            steps_offset=1, timestep_spacing="leading",
        ),
    )  # fmt: skip


def sd3() -> Any:
    """Stable Diffusion 3.5."""
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=16, patch_size=1, in_channels=4, out_channels=4, num_layers=1,
        attention_head_dim=8, num_attention_heads=4, joint_attention_dim=32,
        caption_projection_dim=32, pooled_projection_dim=64, qk_norm="rms_norm",
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer,
        vae=vae(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06,
                scaling_factor=1.5),
        text_encoder=clip_text(transformers.CLIPTextModelWithProjection),
        tokenizer=clip_tokenizer(HERE / "sd3-tokenizer"),
        text_encoder_2=clip_text(transformers.CLIPTextModelWithProjection, "gelu"),
        tokenizer_2=clip_tokenizer(HERE / "sd3-tokenizer-2"),
        text_encoder_3=t5_text(), tokenizer_3=t5_tokenizer(HERE / "sd3-tokenizer-3"),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )  # fmt: skip


def flux(guided: bool = False) -> Any:
    """FLUX.1 [schnell], or [dev], which takes guidance; stored in bf16 as published."""
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
        axes_dims_rope=[4, 4, 8], guidance_embeds=guided,
    )  # fmt: skip
    pipeline = diffusers.FluxPipeline(
        transformer=transformer,
        vae=vae(use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.1,
                scaling_factor=0.4),
        text_encoder=clip_text(), tokenizer=clip_tokenizer(HERE / f"flux{guided}-tokenizer"),
        text_encoder_2=t5_text(), tokenizer_2=t5_tokenizer(HERE / "flux-tokenizer-2"),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip
    return pipeline.to(torch.bfloat16)


def deepfloyd(upper: bool) -> Any:
    """A stage of DeepFloyd IF: the one that paints small, or the one that makes it larger."""
    blocks = {
        "down_block_types": ("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": ("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
    }
    more = {"class_embed_type": "timestep", "sample_size": 32} if upper else {"sample_size": 16}
    painter = unet(
        32, in_channels=6 if upper else 3, out_channels=6, encoder_hid_dim=32,
        attention_head_dim=8, addition_embed_type="text", addition_embed_type_num_heads=2,
        resnet_time_scale_shift="scale_shift", act_fn="gelu", cross_attention_norm="group_norm",
        class_embeddings_concat=False, **blocks, **more,
    )  # fmt: skip
    scheduler = diffusers.DDPMScheduler(
        beta_schedule="squaredcos_cap_v2", variance_type="learned_range", thresholding=True,
        prediction_type="epsilon",
    )  # fmt: skip
    parts = {
        "unet": painter, "text_encoder": t5_text(),
        "tokenizer": t5_tokenizer(HERE / "if-tokenizer"), "scheduler": scheduler,
        "safety_checker": None, "feature_extractor": None,
        "watermarker": None, "requires_safety_checker": False,
    }  # fmt: skip
    if not upper:
        return diffusers.IFPipeline(**parts)
    return diffusers.IFSuperResolutionPipeline(
        image_noising_scheduler=diffusers.DDPMScheduler(beta_schedule="squaredcos_cap_v2"), **parts
    )


def pixart() -> Any:
    """PixArt-Sigma."""
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=16, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=3,
        caption_channels=32, in_channels=4, cross_attention_dim=24, out_channels=8,
        attention_bias=True, activation_fn="gelu-approximate", num_embeds_ada_norm=1000,
        norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6,
        use_additional_conditions=False,
    )  # fmt: skip
    return diffusers.PixArtSigmaPipeline(
        transformer=transformer, vae=vae(), text_encoder=t5_text(),
        tokenizer=t5_tokenizer(HERE / "pixart-tokenizer"),
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )  # fmt: skip


def sana() -> Any:
    """Sana, whose words are read by Gemma 2."""
    coder = diffusers.AutoencoderDC(
        in_channels=3, latent_channels=4, attention_head_dim=2, scaling_factor=0.41407,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)), decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1), decoder_layers_per_block=(1, 1),
        downsample_block_type="conv", upsample_block_type="interpolate",
        decoder_norm_types="rms_norm", decoder_act_fns="silu",
    )  # fmt: skip
    transformer = diffusers.SanaTransformer2DModel(
        patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
        attention_head_dim=4, num_cross_attention_heads=2, cross_attention_head_dim=4,
        cross_attention_dim=8, caption_channels=8, sample_size=32,
    )  # fmt: skip
    reader = transformers.Gemma2Model(transformers.Gemma2Config(
        vocab_size=98, hidden_size=8, intermediate_size=16, num_hidden_layers=1, head_dim=8,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=1024,
        bos_token_id=1, eos_token_id=1, pad_token_id=0,
    ))  # fmt: skip
    return diffusers.SanaPipeline(
        transformer=transformer, vae=coder, text_encoder=reader,
        tokenizer=t5_tokenizer(HERE / "sana-tokenizer"),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0),
    )  # fmt: skip


def kandinsky() -> Any:
    """Kandinsky 3."""
    movq = diffusers.VQModel(
        block_out_channels=(32, 64), in_channels=3, out_channels=3, latent_channels=4,
        down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"), layers_per_block=1,
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D"), norm_num_groups=8,
        norm_type="spatial", num_vq_embeddings=12, vq_embed_dim=4,
    )  # fmt: skip
    painter = diffusers.Kandinsky3UNet(
        in_channels=4, time_embedding_dim=4, groups=2, attention_head_dim=4, layers_per_block=3,
        block_out_channels=(32, 64), cross_attention_dim=4, encoder_hid_dim=32,
    )  # fmt: skip
    return diffusers.Kandinsky3Pipeline(
        tokenizer=t5_tokenizer(HERE / "kandinsky-tokenizer"), text_encoder=t5_text(),
        unet=painter, movq=movq,
        scheduler=diffusers.DDPMScheduler(
            beta_schedule="squaredcos_cap_v2", clip_sample=True, thresholding=False,
        ),
    )  # fmt: skip


MAKERS: dict[str, Any] = {
    "sd": (sd, {"width": 32, "height": 32}),
    "sd2": (sd2, {"width": 32, "height": 32}),
    "sdxl": (sdxl, {"width": 32, "height": 32}),
    "sd3": (sd3, {"width": 32, "height": 32}),
    "schnell": (flux, {"width": 32, "height": 32}),
    "dev": (lambda: flux(True), {"width": 32, "height": 32, "guidance_scale": 2.5}),
    "sana": (sana, {"width": 32, "height": 32, "use_resolution_binning": False}),
    "kandinsky": (kandinsky, {"width": 32, "height": 32}),
    "pixart": (pixart, {"width": 32, "height": 32, "use_resolution_binning": False}),
}


def generator(seed: int = SEED) -> Any:
    return torch.Generator().manual_seed(seed)


def painted(pipeline: Any, **words: Any) -> Any:
    """An image of the library itself."""
    pipeline.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        return pipeline(
            prompt=PROMPT, num_inference_steps=STEPS, generator=generator(), **words
        ).images[0]


def made(name: str) -> None:
    """Write one model and the image that the library paints with it after reading it again."""
    torch.manual_seed(0)
    maker, words = MAKERS[name]
    maker().save_pretrained(HERE / name)
    kept = torch.bfloat16 if name in ("schnell", "dev") else torch.float32
    again = diffusers.DiffusionPipeline.from_pretrained(HERE / name, dtype=kept)
    painted(again, **words).save(HERE / f"{name}.png")
    if name in ("sd", "sdxl", "sd3", "schnell"):
        changed(name, again)


def changed(name: str, pipeline: Any) -> None:
    """The same, starting from an image, whole and inside a mask."""
    start, mask = HERE / "start.png", HERE / "mask.png"
    if not start.exists():
        Image.linear_gradient("L").resize((32, 32)).convert("RGB").save(start)
        Image.new("L", (32, 32), 0).save(mask)
        half = Image.new("L", (32, 32), 0)
        half.paste(255, (0, 0, 16, 32))
        half.save(mask)
    first, where = Image.open(start), Image.open(mask)
    other = diffusers.AutoPipelineForImage2Image.from_pipe(pipeline)
    size = {} if name in ("sd", "sdxl") else {"width": 32, "height": 32}
    painted(other, image=first, strength=0.7, **size).save(HERE / f"{name}-changed.png")
    if name in ("sd", "sdxl"):
        within = diffusers.AutoPipelineForInpainting.from_pipe(pipeline)
        painted(within, image=first, mask_image=where, strength=0.9, width=32, height=32).save(
            HERE / f"{name}-within.png"
        )


def cascade() -> None:
    """DeepFloyd IF as two stages in one folder, the second without the parts of the first."""
    import shutil

    torch.manual_seed(0)
    small, large = HERE / "if" / "1-small", HERE / "if" / "2-large"
    deepfloyd(False).save_pretrained(small)
    deepfloyd(True).save_pretrained(large)
    one = diffusers.IFPipeline.from_pretrained(small)
    shutil.rmtree(large / "text_encoder")
    shutil.rmtree(large / "tokenizer")
    two = diffusers.IFSuperResolutionPipeline.from_pretrained(
        large, text_encoder=one.text_encoder, tokenizer=one.tokenizer
    )
    first = painted(one, clean_caption=False)
    first.save(HERE / "if-small.png")
    two.set_progress_bar_config(disable=True)
    with torch.inference_mode():
        two(
            prompt=PROMPT,
            image=first,
            generator=generator(),
            clean_caption=False,
            num_inference_steps=STEPS,
        ).images[0].save(HERE / "if.png")


def half() -> None:
    """Stable Diffusion as it is also published: in 16 bits, with `fp16` in the names of files."""
    torch.manual_seed(0)
    pipeline = sd2().to(torch.float16)
    pipeline.save_pretrained(HERE / "half", variant="fp16")
    again = diffusers.StableDiffusionPipeline.from_pretrained(
        HERE / "half", variant="fp16", dtype=torch.float16
    )
    painted(again, width=32, height=32).save(HERE / "half.png")
    single = diffusers.StableDiffusionPipeline.from_pretrained(
        HERE / "half", variant="fp16", dtype=torch.float32
    )
    painted(single, width=32, height=32).save(HERE / "half-f32.png")


def adapted() -> None:
    """Stable Diffusion with a LoRA on top, as diffusers writes one."""
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    torch.manual_seed(0)
    sd2().save_pretrained(HERE / "adapted")
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(HERE / "adapted")
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"]))
    for name, weight in pipeline.unet.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 0.5)
    layers = get_peft_model_state_dict(pipeline.unet)
    diffusers.StableDiffusionPipeline.save_lora_weights(HERE / "lora", unet_lora_layers=layers)
    again = diffusers.StableDiffusionPipeline.from_pretrained(HERE / "adapted")
    painted(again, width=32, height=32).save(HERE / "adapted-without.png")
    again.load_lora_weights(HERE / "lora")
    painted(again, width=32, height=32).save(HERE / "adapted.png")


if __name__ == "__main__":
    special = {"if": cascade, "half": half, "adapted": adapted}
    for name in sys.argv[2:]:
        special[name]() if name in special else made(name)
