"""Folders after models whose weights can be had, under limits."""

from tests.folders import (
    GATE,
    POLICY,
    RESEARCH,
    as_json,
    card,
    config,
    generation,
    pickled,
    pipeline,
    shards,
    text,
    tokenizer,
    weights,
)
from tests.model_folders.shape import Example

HELD = "restricted weights"

RESTRICTED = (
    Example(
        "bloom-560m",
        card("BLOOM 560m", "A model for 46 languages and 13 programming languages.",
             "License: RAIL License v1.0, at https://huggingface.co/spaces/bigscience/license",
             license="bigscience-bloom-rail-1.0", language=["ar", "en", "fr", "zh"],
             pipeline_tag="text-generation")
        | config("bloom", "BloomForCausalLM", hidden_size=1024, n_layer=24,
                 num_attention_heads=16, vocab_size=250880)
        | tokenizer("BloomTokenizerFast") | weights(),
        HELD, "conditional", ("tag-without-text",), ("no-license", "open-washing"),
    ),
    Example(
        "starcoder2-3b",
        card("StarCoder2", "Trained on 17 programming languages from The Stack v2.",
             "The model is licensed under the BigCode OpenRAIL-M v1 license agreement.",
             license="bigcode-openrail-m", library_name="transformers", tags=["code"],
             datasets=["bigcode/the-stack-v2-train"], pipeline_tag="text-generation")
        | config("starcoder2", "Starcoder2ForCausalLM", hidden_size=3072, num_hidden_layers=30,
                 intermediate_size=12288, num_attention_heads=24, num_key_value_heads=2,
                 vocab_size=49152, max_position_embeddings=16384)
        | tokenizer("GPT2Tokenizer") | weights(),
        HELD, "conditional", ("tag-without-text",), ("no-license", "open-washing"),
    ),
    Example(
        "gemma-2-2b",
        card("Gemma 2 model card", "**Terms of Use**: the page of terms", license="gemma",
             library_name="transformers", pipeline_tag="text-generation",
             extra_gated_heading="Access Gemma",
             extra_gated_prompt="Review and agree to the usage license.",
             extra_gated_button_content="Acknowledge license")
        | config("gemma2", "Gemma2ForCausalLM", hidden_size=2304, intermediate_size=9216,
                 num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4,
                 head_dim=256, vocab_size=256000)
        | generation() | tokenizer("GemmaTokenizer") | shards(),
        HELD, "conditional", ("tag-without-text", "gated"), ("no-license", "open-washing"),
    ),
    Example(
        "Llama-3.2-1B",
        card("Llama 3.2", "The Llama 3.2 collection holds models of 1B and 3B parameters.",
             "**License:** use is governed by the Llama 3.2 Community License.",
             language=["en", "de", "fr"], license="llama3.2", tags=["facebook", "meta", "llama"],
             library_name="transformers", pipeline_tag="text-generation", **GATE)
        | config("llama", "LlamaForCausalLM", hidden_size=2048, intermediate_size=8192,
                 num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8,
                 head_dim=64, vocab_size=128256, rope_theta=500000.0)
        | generation() | tokenizer("PreTrainedTokenizerFast") | weights()
        | text("USE_POLICY.md", *POLICY),
        HELD, "conditional", ("tag-without-text", "gated"), ("no-license", "naming-duty"),
    ),
    Example(
        "Llama-3.2-11B-Vision",
        card("Llama 3.2 Vision", "Models that read images and text.",
             "Persons and companies in the European Union get no rights to these models.",
             language=["en"], license="llama3.2", library_name="transformers",
             pipeline_tag="image-text-to-text",
             extra_gated_eu_disallowed=True, **GATE)
        | config("mllama", "MllamaForConditionalGeneration",
                 text_config={"hidden_size": 4096, "num_hidden_layers": 40, "model_type":
                              "mllama_text_model", "vocab_size": 128256},
                 vision_config={"hidden_size": 1280, "num_hidden_layers": 32})
        | as_json("preprocessor_config.json", {"image_processor_type": "MllamaImageProcessor"})
        | shards(5) | text("USE_POLICY.md", *POLICY),
        HELD, "conditional", ("tag-without-text", "gated"), ("no-license",),
    ),
    Example(
        "NVLM-D-72B",
        card("NVLM 1.0 D 72B", "We open-source the weights and the code for the community.",
             "License: CC BY-NC 4.0; use of the model is also governed by the Qwen terms.",
             license="cc-by-nc-4.0", language=["en"], base_model=["Qwen/Qwen2-72B-Instruct"],
             pipeline_tag="image-text-to-text", library_name="transformers")
        | config("NVLM_D", "NVLM_D_Model",
                 auto_map={"AutoConfig": "configuration_nvlm_d.NVLM_D_Config",
                           "AutoModel": "modeling_nvlm_d.NVLM_D_Model"},
                 llm_config={"_name_or_path": "Qwen/Qwen2-72B-Instruct", "hidden_size": 8192,
                             "architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 80})
        | text("modeling_nvlm_d.py", "class NVLM_D_Model: ...") | shards(4),
        HELD, "no", ("tag-without-text", "open-washing", "remote-code"), ("no-license",),
    ),
    Example(
        "stable-diffusion-3.5-large",
        card("Stable Diffusion 3.5 Large", "Free for research, non-commercial use, and "
             "commercial use by those with less than one million dollars in yearly revenue.",
             license="other", license_name="stabilityai-ai-community", license_link="LICENSE.md",
             language=["en"], pipeline_tag="text-to-image", **GATE)
        | pipeline("StableDiffusion3Pipeline",
                   scheduler=("diffusers", "FlowMatchEulerDiscreteScheduler"),
                   text_encoder=("transformers", "CLIPTextModelWithProjection"),
                   text_encoder_3=("transformers", "T5EncoderModel"),
                   tokenizer=("transformers", "CLIPTokenizer"),
                   transformer=("diffusers", "SD3Transformer2DModel"),
                   vae=("diffusers", "AutoencoderKL")),
        HELD, "conditional", ("tag-without-text", "gated"), ("no-license",),
    ),
    Example(
        "stable-diffusion-xl-base-1.0",
        card("SD-XL 1.0-base", "A latent diffusion model with two text encoders.",
             "- **License:** CreativeML Open RAIL++-M License",
             license="openrail++", tags=["text-to-image", "stable-diffusion"])
        | pipeline("StableDiffusionXLPipeline",
                   scheduler=("diffusers", "EulerDiscreteScheduler"),
                   text_encoder=("transformers", "CLIPTextModel"),
                   text_encoder_2=("transformers", "CLIPTextModelWithProjection"),
                   tokenizer=("transformers", "CLIPTokenizer"),
                   unet=("diffusers", "UNet2DConditionModel"),
                   vae=("diffusers", "AutoencoderKL")),
        HELD, "conditional", ("tag-without-text",), ("no-license", "remote-code"),
    ),
    Example(
        "FLUX.1-dev",
        card("FLUX.1 [dev]", "Open weights to drive new scientific research.",
             "Falls under a non-commercial license.",
             license="other", license_name="flux-1-dev-non-commercial-license",
             license_link="LICENSE.md", language=["en"], **GATE)
        | pipeline("FluxPipeline",
                   text_encoder=("transformers", "CLIPTextModel"),
                   transformer=("diffusers", "FluxTransformer2DModel"),
                   vae=("diffusers", "AutoencoderKL"))
        | weights("flux1-dev.safetensors") | text("LICENSE.md", *RESEARCH),
        HELD, "no", ("gated",), ("no-license", "broken-file"),
    ),
    Example(
        "musicgen-small",
        card("MusicGen - Small - 300M", "MusicGen makes music from a text. The code is released "
             "under MIT, the weights are released under CC-BY-NC 4.0.",
             license="cc-by-nc-4.0", inference=True, tags=["musicgen"],
             pipeline_tag="text-to-audio", library_name="transformers")
        | config("musicgen", "MusicgenForConditionalGeneration",
                 audio_encoder={"_name_or_path": "facebook/encodec_32khz"},
                 text_encoder={"_name_or_path": "t5-base"}, decoder={"hidden_size": 1024})
        | weights() | pickled("state_dict.bin"),
        HELD, "no", ("tag-without-text", "executable-format"), ("no-license", "open-washing"),
    ),
    Example(
        "CodeLlama-7b-hf",
        card("Code Llama", "A custom commercial license is at the page of resources of Meta.",
             license="llama2", language=["code"], pipeline_tag="text-generation",
             tags=["llama-2"])
        | config("llama", "LlamaForCausalLM", hidden_size=4096, intermediate_size=11008,
                 num_hidden_layers=32, num_attention_heads=32, vocab_size=32016,
                 rope_theta=1000000)
        | tokenizer("CodeLlamaTokenizer") | shards() | text("USE_POLICY.md", *POLICY),
        HELD, "conditional", ("tag-without-text",), ("no-license", "open-washing"),
    ),
    Example(
        "shieldgemma-2b",
        card("ShieldGemma model card", "Models that moderate content, built on Gemma 2.",
             license="gemma", base_model="google/gemma-2-2b", library_name="transformers",
             extra_gated_heading="Access Gemma", extra_gated_prompt="Agree to the license.")
        | config("gemma2", "Gemma2ForCausalLM", hidden_size=2304, num_hidden_layers=26,
                 num_attention_heads=8, vocab_size=256000)
        | tokenizer("GemmaTokenizer") | shards(),
        HELD, "conditional", ("tag-without-text", "gated"), ("unknown-base",),
    ),
    Example(
        "dbrx-base",
        card("DBRX Base", "DBRX is an open-weights mixture of experts with 132B parameters.",
             license="other", license_name="databricks-open-model-license",
             license_link="https://www.databricks.com/legal/open-model-license",
             extra_gated_heading="Acknowledge license to get access", inference=False)
        | config("dbrx", "DbrxForCausalLM", d_model=6144, n_heads=48, n_layers=40,
                 max_seq_len=32768, vocab_size=100352,
                 ffn_config={"moe_num_experts": 16, "moe_top_k": 4})
        | tokenizer("GPT2Tokenizer") | shards(4)
        | text("NOTICE.txt", "DBRX is provided under and subject to its own license."),
        HELD, "conditional", ("gated",), ("no-license", "missing-notice"),
    ),
    Example(
        "harbor-1",
        card("Harbor 1", "An invented model with terms that nobody has seen before.",
             license="other", license_name="harbor-research", license_link="LICENSE")
        | weights() | text("LICENSE", *RESEARCH),
        HELD, "no", ("unknown-license",), ("no-license", "tag-without-text"),
    ),
)  # fmt: skip
