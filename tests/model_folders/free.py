"""Folders after models under open terms."""

from tests.folders import (
    apache,
    bsd,
    card,
    config,
    generation,
    mit,
    pickled,
    pipeline,
    shards,
    text,
    tokenizer,
    weights,
)
from tests.model_folders.shape import CLEAN, Example

FREE = (
    Example(
        "t5-base",
        card("T5 Base", "T5 casts every task on language as text in and text out.",
             "It was trained on the Colossal Clean Crawled Corpus.",
             license="apache-2.0", language=["en", "fr", "ro", "de"], datasets=["c4"],
             pipeline_tag="translation")
        | config("t5", "T5ForConditionalGeneration", d_model=768, d_ff=3072, num_layers=12,
                 num_heads=12, vocab_size=32128, n_positions=512)
        | generation() | tokenizer("T5Tokenizer") | weights(),
        "open weights", "conditional", ("tag-without-text",), ("open-washing", "remote-code"),
    ),
    Example(
        "pythia-1b",
        card("Pythia-1B", "One of a suite of models for the study of how training proceeds; 154 "
             "checkpoints from along the way lie in the branches of this repository.",
             license="apache-2.0", language=["en"], tags=["pytorch", "pythia"],
             datasets=["EleutherAI/pile"])
        | config("gpt_neox", "GPTNeoXForCausalLM", hidden_size=2048, intermediate_size=8192,
                 num_hidden_layers=16, num_attention_heads=8, rotary_pct=0.25, vocab_size=50304,
                 max_position_embeddings=2048)
        | tokenizer("GPTNeoXTokenizer") | weights() | {"LICENSE": apache()},
        "open weights", "yes", (), CLEAN,
    ),
    Example(
        "OLMo-2-1124-7B",
        card("OLMo 2 7B", "OLMo 2 comes with its training code, its data, all checkpoints and "
             "the logs of the training.",
             "### Model Sources",
             "- **Repositories:**\n"
             "    - Core repo (training, inference, tuning): https://github.com/allenai/OLMo\n"
             "    - Evaluation code: https://github.com/allenai/OLMo-Eval\n"
             "- **Paper:** https://arxiv.org/abs/2501.00656",
             "## Model Details",
             "| Size | Tokens | Layers | Hidden Size | Attention Heads | Context Length |\n"
             "|---|---|---|---|---|---|\n| 7B | 4 T | 32 | 4096 | 32 | 4096 |",
             "We release all intermediate checkpoints as branches of this repository, each named "
             "after its stage, its step and its tokens.",
             "## Evaluation",
             "| Task | Score |\n|---|---|\n| ARC | 79.8 |\n| MMLU | 63.7 |\n| DROP | 60.8 |",
             "## Training",
             "The first stage saw four trillion tokens of "
             "[OLMo-mix-1124](https://huggingface.co/datasets/allenai/olmo-mix-1124), the second "
             "[Dolmino-mix-1124](https://huggingface.co/datasets/allenai/dolmino-mix-1124).",
             "## Bias, Risks, and Limitations",
             "Like any base model it can be led to write what is harmful or wrong; check facts.",
             license="apache-2.0", language=["en"], library_name="transformers",
             datasets=["allenai/dolmino-mix-1124", "allenai/olmo-mix-1124"])
        | config("olmo2", "Olmo2ForCausalLM", hidden_size=4096, intermediate_size=11008,
                 num_hidden_layers=32, num_attention_heads=32, vocab_size=100352,
                 max_position_embeddings=4096, rope_theta=500000)
        | generation() | tokenizer("GPT2Tokenizer") | shards(3) | {"LICENSE": apache()},
        "open weights", "yes", (), CLEAN,
    ),
    Example(
        "falcon-7b",
        card("Falcon-7B", "Falcon-7B is a causal model with 7B parameters trained on 1,500B "
             "tokens of RefinedWeb. It is made available under the Apache 2.0 license.",
             license="apache-2.0", language=["en"], datasets=["tiiuae/falcon-refinedweb"])
        | config("falcon", "FalconForCausalLM", hidden_size=4544, num_hidden_layers=32,
                 num_attention_heads=71, multi_query=True, parallel_attn=True, vocab_size=65024,
                 auto_map={"AutoConfig": "configuration_falcon.FalconConfig",
                           "AutoModelForCausalLM": "modeling_falcon.FalconForCausalLM"})
        | text("configuration_falcon.py", "class FalconConfig: ...")
        | text("modeling_falcon.py", "class FalconForCausalLM: ...")
        | tokenizer("PreTrainedTokenizerFast") | shards(),
        "open weights", "conditional", ("tag-without-text", "remote-code"), ("open-washing",),
    ),
    Example(
        "dolly-v2-3b",
        card("dolly-v2-3b Model Card", "A model that follows instructions, licensed for "
             "commercial use, tuned from `EleutherAI/pythia-2.8b` on 15k records that "
             "employees wrote.",
             license="mit", language=["en"], library_name="transformers", inference=False,
             datasets=["databricks/databricks-dolly-15k"], base_model="EleutherAI/pythia-2.8b")
        | config("gpt_neox", "GPTNeoXForCausalLM", hidden_size=2560, num_hidden_layers=32,
                 num_attention_heads=32, vocab_size=50280, _name_or_path="EleutherAI/pythia-2.8b")
        | tokenizer("GPTNeoXTokenizer") | pickled() | {"LICENSE": mit()},
        "open weights", "yes", ("executable-format",), (*CLEAN, "unknown-base"),
    ),
    Example(
        "gpt-neox-20b",
        card("GPT-NeoX-20B", "A model of 20 billion parameters trained on the Pile.",
             license="apache-2.0", language=["en"], datasets=["EleutherAI/pile"])
        | config("gpt_neox", "GPTNeoXForCausalLM", hidden_size=6144, intermediate_size=24576,
                 num_hidden_layers=44, num_attention_heads=64, vocab_size=50432)
        | tokenizer("GPTNeoXTokenizer") | shards(4),
        "open weights", "conditional", ("tag-without-text",), ("no-license",),
    ),
    Example(
        "granite-3.0-2b-base",
        card("Granite-3.0-2B-Base", "A decoder trained from scratch in two stages.",
             "- **License:** [Apache 2.0](https://www.apache.org/licenses/LICENSE-2.0)",
             license="apache-2.0", library_name="transformers", pipeline_tag="text-generation",
             inference=False)
        | config("granite", "GraniteForCausalLM", hidden_size=2048, intermediate_size=8192,
                 num_hidden_layers=40, num_attention_heads=32, num_key_value_heads=8,
                 vocab_size=49155, max_position_embeddings=4096)
        | generation() | tokenizer("GPT2Tokenizer") | shards() | {"LICENSE": apache()},
        "open weights", "yes", (), CLEAN,
    ),
    Example(
        "Phi-3-mini-4k-instruct",
        card("Phi-3 Mini 4K Instruct", "The model is licensed under the MIT license.",
             license="mit", license_link="LICENSE", language=["en"],
             pipeline_tag="text-generation", tags=["nlp", "code"])
        | config("phi3", "Phi3ForCausalLM", hidden_size=3072, intermediate_size=8192,
                 num_hidden_layers=32, num_attention_heads=32, vocab_size=32064,
                 max_position_embeddings=4096, sliding_window=2047,
                 auto_map={"AutoConfig": "configuration_phi3.Phi3Config",
                           "AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"})
        | tokenizer("LlamaTokenizer", chat_template="{{ messages }}") | shards()
        | {"LICENSE": mit()},
        "open weights", "yes", ("remote-code",), CLEAN,
    ),
    Example(
        "Mixtral-8x7B-v0.1",
        card("Model Card for Mixtral-8x7B", "A sparse mixture of experts.",
             license="apache-2.0", language=["fr", "it", "de", "es", "en"],
             extra_gated_description="How we treat your data is told in our privacy policy.")
        | config("mixtral", "MixtralForCausalLM", hidden_size=4096, intermediate_size=14336,
                 num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
                 num_local_experts=8, num_experts_per_tok=2, vocab_size=32000,
                 max_position_embeddings=32768, rope_theta=1000000.0)
        | generation() | tokenizer("LlamaTokenizer") | shards(),
        "open weights", "conditional", ("tag-without-text", "gated"), ("no-license",),
    ),
    Example(
        "Mistral-7B-v0.1",
        card("Model Card for Mistral-7B-v0.1", "A pretrained model with 7 billion parameters "
             "and no moderation.", license="apache-2.0", language=["en"], tags=["pretrained"],
             pipeline_tag="text-generation", inference=False)
        | config("mistral", "MistralForCausalLM", hidden_size=4096, intermediate_size=14336,
                 num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8,
                 vocab_size=32000, sliding_window=4096)
        | tokenizer("LlamaTokenizer") | shards(),
        "open weights", "conditional", ("tag-without-text",), ("gated", "open-washing"),
    ),
    Example(
        "grok-1",
        card("Grok-1", "This repository holds the weights of the Grok-1 open-weights model.",
             license="apache-2.0", library_name="grok", pipeline_tag="text-generation",
             tags=["grok-1"])
        | pickled("ckpt-0/tensor00000.pt") | {"LICENSE.txt": apache()},
        "open weights", "yes", ("executable-format",), CLEAN,
    ),
    Example(
        "FLUX.1-schnell",
        card("FLUX.1 [schnell]", "A rectified flow transformer of 12 billion parameters that "
             "makes images from text in one to four steps.",
             "Under the `apache-2.0` license the model can be used for personal, scientific and "
             "commercial purposes.",
             license="apache-2.0", language=["en"], tags=["text-to-image", "flux"])
        | pipeline("FluxPipeline",
                   scheduler=("diffusers", "FlowMatchEulerDiscreteScheduler"),
                   text_encoder=("transformers", "CLIPTextModel"),
                   text_encoder_2=("transformers", "T5EncoderModel"),
                   tokenizer=("transformers", "CLIPTokenizer"),
                   transformer=("diffusers", "FluxTransformer2DModel"),
                   vae=("diffusers", "AutoencoderKL"))
        | weights("flux1-schnell.safetensors") | {"LICENSE.md": apache()},
        "open weights", "yes", (), CLEAN,
    ),
    Example(
        "sam2.1-hiera-large",
        card("SAM 2.1", "Repository of a foundation model for promptable segmentation in images "
             "and videos. See the code for details.",
             license="apache-2.0", library_name="transformers", pipeline_tag="mask-generation")
        | text("sam2.1_hiera_l.yaml", "model:\n  image_size: 1024\n  num_maskmem: 7")
        | pickled("sam2.1_hiera_large.pt"),
        "open weights", "conditional", ("tag-without-text", "executable-format"), ("broken-file",),
    ),
    Example(
        "clip-vit-large-patch14",
        card("Model Card: CLIP", "CLIP was made by researchers to learn what makes computer "
             "vision robust.", "Any deployed use of the model is out of scope.",
             tags=["vision"], widget=[{"src": "cat.png"}])
        | config("clip", "CLIPModel", projection_dim=768,
                 text_config={"hidden_size": 768, "num_hidden_layers": 12},
                 vision_config={"hidden_size": 1024, "num_hidden_layers": 24, "patch_size": 14})
        | tokenizer("CLIPTokenizer") | weights() | pickled(),
        "unknown", "unknown", ("no-license", "executable-format"), ("tag-without-text",),
    ),
    Example(
        "whisper-large-v3",
        card("Whisper", "Whisper is a model for speech recognition and translation.",
             license="apache-2.0", language=["en", "zh", "de"], library_name="transformers",
             tags=["audio"], pipeline_tag="automatic-speech-recognition")
        | config("whisper", "WhisperForConditionalGeneration", d_model=1280, encoder_layers=32,
                 decoder_layers=32, num_mel_bins=128, vocab_size=51866)
        | generation() | tokenizer("WhisperTokenizer") | weights(),
        "open weights", "conditional", ("tag-without-text",), ("no-license", "open-washing"),
    ),
    Example(
        "bge-m3",
        card("BGE-M3", "BGE-M3 stands for many functions, many languages and texts of many "
             "lengths.", license="mit", pipeline_tag="sentence-similarity",
             tags=["sentence-transformers"])
        | config("xlm-roberta", "XLMRobertaModel", hidden_size=1024, num_hidden_layers=24,
                 num_attention_heads=16, vocab_size=250002, max_position_embeddings=8194)
        | tokenizer("XLMRobertaTokenizer") | pickled(),
        "open weights", "conditional", ("tag-without-text", "executable-format"), ("no-license",),
    ),
    Example(
        "tiny-segmenter",
        card("Tiny segmenter", "A small model for the segmentation of images.",
             license="bsd-3-clause", library_name="timm")
        | weights() | {"LICENSE": bsd()},
        "open weights", "yes", (), CLEAN,
    ),
)  # fmt: skip
