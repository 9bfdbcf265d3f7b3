"""Makes tiny models of language in the layouts of their publishers, and lets the library speak.

Run as a script in the Python of the runtime: `tiny_text.py FOLDER NAME...`. Beside each model
there is `expected.json`: the prompts and the text that `generate` gives for them, greedily.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = "the quick brown fox jumps over a lazy dog and then it sleeps under an old tree all day"
PROMPT = "the quick brown fox"
SIZE = 160
LENGTH = 12
SMALL = {
    "vocab_size": SIZE,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
LOCAL = {"num_local_experts": 4, "num_experts_per_tok": 2}
OLD = {"vocab_size": SIZE, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
ROPE3 = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {**SMALL, "rope_parameters": ROPE3}),
    "gpt_neox": ("GPTNeoX", {**SMALL, "num_key_value_heads": 4}),
    "olmo": ("Olmo", SMALL),
    "olmo2": ("Olmo2", SMALL),
    "olmo3": ("Olmo3", SMALL),
    "olmoe": ("Olmoe", {**SMALL, **EXPERTS}),
    "bloom": ("Bloom", {**OLD, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "starcoder2": ("Starcoder2", SMALL),
    "gpt_bigcode": ("GPTBigCode", {**OLD, "n_embd": 32, "n_layer": 2, "n_head": 4,
                                   "n_positions": 256}),
    "falcon": ("Falcon", {**OLD, "hidden_size": 32, "num_hidden_layers": 2,
                          "num_attention_heads": 4, "multi_query": True}),
    "falcon_40b": ("Falcon", {**OLD, "hidden_size": 32, "num_hidden_layers": 2,
                              "num_attention_heads": 4, "num_kv_heads": 2,
                              "new_decoder_architecture": True}),
    "falcon_mamba": ("FalconMamba", {**OLD, "hidden_size": 32, "state_size": 4,
                                     "num_hidden_layers": 2}),
    "falcon_h1": ("FalconH1", {**SMALL, "mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8,
                               "mamba_n_groups": 1, "mamba_d_state": 8}),
    "jamba": ("Jamba", {**SMALL, "num_hidden_layers": 4, "attn_layer_period": 2,
                        "attn_layer_offset": 1, "expert_layer_period": 2,
                        "expert_layer_offset": 1, "mamba_d_state": 4, "mamba_dt_rank": 4,
                        **EXPERTS}),
    "mpt": ("Mpt", {**OLD, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256}),
    "qwen2": ("Qwen2", SMALL),
    "qwen2_moe": ("Qwen2Moe", {**SMALL, **EXPERTS, "moe_intermediate_size": 32,
                               "shared_expert_intermediate_size": 32}),
    "qwen3": ("Qwen3", {**SMALL, "head_dim": 8}),
    "qwen3_moe": ("Qwen3Moe", {**SMALL, **EXPERTS, "moe_intermediate_size": 32, "head_dim": 8}),
    "gptj": ("GPTJ", {**OLD, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256,
                      "rotary_dim": 4}),
    "gemma2": ("Gemma2", {**SMALL, "head_dim": 8, "sliding_window": 8}),
    "gemma3": ("Gemma3Text", {**SMALL, "head_dim": 8, "sliding_window": 8}),
    "granite": ("Granite", SMALL),
    "granitemoe": ("GraniteMoe", {**SMALL, **LOCAL}),
    "granitemoehybrid": ("GraniteMoeHybrid", {**SMALL, **LOCAL,
                                              "layer_types": ["mamba", "attention"],
                                              "mamba_n_heads": 8, "mamba_d_head": 8,
                                              "mamba_d_state": 8, "mamba_n_groups": 1,
                                              "shared_intermediate_size": 32}),
    "phi": ("Phi", SMALL),
    "phi3": ("Phi3", SMALL),
    "phimoe": ("Phimoe", {**SMALL, **LOCAL}),
    "mixtral": ("Mixtral", {**SMALL, **LOCAL}),
    "mistral": ("Mistral", {**SMALL, "sliding_window": 8}),
    "mamba2": ("Mamba2", {**OLD, "hidden_size": 32, "num_heads": 8, "head_dim": 8,
                          "state_size": 8, "n_groups": 2, "num_hidden_layers": 2}),
    "dbrx": ("Dbrx", {**OLD, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 256,
                      "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8},
                      "ffn_config": {"ffn_hidden_size": 32, "moe_num_experts": 4, "moe_top_k": 2}}),
    "cohere": ("Cohere", SMALL),
    "deepseek_v3": ("DeepseekV3", {**SMALL, "num_key_value_heads": 4, "q_lora_rank": 16,
                                   "kv_lora_rank": 16, "qk_rope_head_dim": 4,
                                   "qk_nope_head_dim": 8, "v_head_dim": 8, "n_group": 1,
                                   "topk_group": 1, "n_routed_experts": 4,
                                   "num_experts_per_tok": 2, "moe_intermediate_size": 16,
                                   "first_k_dense_replace": 1}),
    "t5": ("T5", {"vocab_size": SIZE, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2,
                  "num_heads": 4, "pad_token_id": 1, "eos_token_id": 1,
                  "decoder_start_token_id": 1}),
    "t5_1.1": ("T5", {"vocab_size": SIZE, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2,
                      "num_heads": 4, "pad_token_id": 1, "eos_token_id": 1,
                      "decoder_start_token_id": 1, "feed_forward_proj": "gated-gelu",
                      "tie_word_embeddings": False}),
}  # fmt: skip
CHAT = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def main() -> None:
    """Make each of the models that are named."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder, *names = sys.argv[1:]
    for name in names:
        if name in KINDS:
            make(Path(folder) / name, *KINDS[name])
        else:
            globals()[name](Path(folder) / name)


def make(folder: Path, kind: str, words: dict[str, Any]) -> None:
    """One model with its tokenizer, and what it says."""
    torch.manual_seed(1)
    config = getattr(transformers, f"{kind}Config")(**words)
    encodes = config.is_encoder_decoder
    name = kind.removesuffix("Text") + ("ForConditionalGeneration" if encodes else "ForCausalLM")
    model = getattr(transformers, name)(config).eval()
    spread(model)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    tokenizer = words_tokenizer()
    tokenizer.chat_template = None if encodes else CHAT
    tokenizer.save_pretrained(folder)
    as_published(folder)
    tokens = tokenizer(PROMPT, return_tensors="pt").input_ids
    with torch.no_grad():
        made = (
            getattr(transformers, name)
            .from_pretrained(folder)
            .generate(
                tokens,
                max_new_tokens=LENGTH,
                do_sample=False,
                eos_token_id=None,
                pad_token_id=1,
                suppress_tokens=[1],
            )[0]
            .tolist()
        )
    new = made[1:] if encodes else made[tokens.shape[1] :]
    expected = {
        "prompt": PROMPT,
        "tokens": new,
        "text": tokenizer.decode(new, skip_special_tokens=True),
    }
    (folder / "expected.json").write_text(json.dumps(expected))


def lora(folder: Path) -> None:
    """An adapter for the model `llama` beside it, and what both say together."""
    import peft

    torch.manual_seed(3)
    base = folder.parent / "llama"
    model = transformers.LlamaForCausalLM.from_pretrained(base)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(model, config)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.normal_(0, 0.5)
    adapted.save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokens = tokenizer(PROMPT, return_tensors="pt").input_ids
    with torch.no_grad():
        made = adapted.eval().generate(
            input_ids=tokens, max_new_tokens=LENGTH, do_sample=False, eos_token_id=None,
            pad_token_id=1, suppress_tokens=[1],
        )[0].tolist()[tokens.shape[1]:]  # fmt: skip
    told = {"text": tokenizer.decode(made, skip_special_tokens=True)}
    (folder / "expected.json").write_text(json.dumps(told))


def broken(folder: Path) -> None:
    """A model with weights that are no numbers, and beside it one that lacks some."""
    from safetensors.torch import load_file, save_file

    for name, change in (("nan", None), ("lacking", "model.norm.weight")):
        there = folder / name
        shutil.copytree(folder.parent / "llama", there)
        weights = load_file(there / "model.safetensors")
        if change is None:
            weights["model.layers.0.mlp.up_proj.weight"][0, 0] = float("nan")
        else:
            del weights[change]
        save_file(weights, there / "model.safetensors", {"format": "pt"})


def half(folder: Path) -> None:
    """A model that is stored in 16 bits, and its next scores in both precisions."""
    shutil.copytree(folder.parent / "llama", folder)
    model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    as_published(folder)
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(PROMPT, return_tensors="pt")
    told = {}
    for name, dtype in (("bf16", torch.bfloat16), ("f32", torch.float32)):
        model = transformers.LlamaForCausalLM.from_pretrained(folder, dtype=dtype)
        with torch.no_grad():
            scores = model(**tokens).logits[0, -1].float()
        told[name] = torch.log_softmax(scores, -1).max().item()
    (folder / "expected.json").write_text(json.dumps(told))


def code(folder: Path) -> None:
    """A model of code with the marks of StarCoder for filling in."""
    make(folder, *KINDS["starcoder2"])
    marks = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")
    tokenizer = words_tokenizer(("<s>", "</s>", *marks))
    tokenizer.save_pretrained(folder)
    text = f"<fim_prefix>{PROMPT}<fim_suffix> dog<fim_middle>"
    tokens = tokenizer(text, return_tensors="pt").input_ids
    with torch.no_grad():
        model = transformers.Starcoder2ForCausalLM.from_pretrained(folder)
        made = model.generate(
            tokens, max_new_tokens=LENGTH, do_sample=False, eos_token_id=None, pad_token_id=1,
            suppress_tokens=[1],
        )[0].tolist()[tokens.shape[1]:]  # fmt: skip
    told = {"text": tokenizer.decode(made, skip_special_tokens=True)}
    (folder / "expected.json").write_text(json.dumps(told))


def codellama(folder: Path) -> None:
    """Code Llama: a Llama whose tokenizer knows where to fill in."""
    from transformers import CodeLlamaTokenizer

    marks = ["<unk>", "<s>", "</s>", "▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"]
    names = [*marks, *(f"<0x{byte:02X}>" for byte in range(256)), *"▁abcdefghijklmnopqrstuvwxyz"]
    merges = [("▁", "f"), ("o", "x"), ("▁f", "ox")]
    names += [one + other for one, other in merges]
    tokenizer = CodeLlamaTokenizer(vocab={n: k for k, n in enumerate(names)}, merges=merges)
    config = transformers.LlamaConfig(
        **{**SMALL, "vocab_size": len(names), "bos_token_id": 1, "eos_token_id": 2}
    )
    torch.manual_seed(1)
    model = transformers.LlamaForCausalLM(config).eval()
    spread(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tokens = tokenizer(f"{PROMPT}<FILL_ME> dog", return_tensors="pt").input_ids
    outside = [*range(7), *range(7, 263)]
    with torch.no_grad():
        made = model.generate(
            tokens, max_new_tokens=LENGTH, do_sample=False, eos_token_id=None, pad_token_id=2,
            suppress_tokens=outside,
        )[0].tolist()[tokens.shape[1]:]  # fmt: skip
    told = {"text": tokenizer.decode(made, skip_special_tokens=True), "outside": outside,
            "count": tokens.shape[1]}  # fmt: skip
    (folder / "expected.json").write_text(json.dumps(told))


def spread(model: Any) -> None:
    """Larger random weights, so that tokens differ; less for what tokens begin with."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            first = any(word in name for word in ("embed", "wte", "shared"))
            if weight.dim() > 1 and "conv" not in name:
                weight.normal_(0, 0.05 if first else 0.3)


def words_tokenizer(specials: tuple[str, ...] = ("<s>", "</s>")) -> Any:
    """A byte-level tokenizer of printable letters only, so that every token is whole letters."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = [letter for letter in pre_tokenizers.ByteLevel.alphabet() if letter.isascii()]
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=list(specials),
        initial_alphabet=[*letters, "Ġ"],
        show_progress=False,
        min_frequency=0,
    )
    tokenizer.train_from_iterator([WORDS, WORDS.title()], trainer)
    rest = SIZE - tokenizer.get_vocab_size()
    tokenizer.add_tokens([f"<{n}>" for n in range(rest)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>"
    )


def as_published(folder: Path) -> None:
    """Write the configuration with the older words that published files have."""
    path = folder / "config.json"
    said = json.loads(path.read_text())
    said["torch_dtype"] = said.pop("dtype")
    rope = said.pop("rope_parameters", None)
    if isinstance(rope, dict) and "rope_type" in rope:
        said["rope_theta"] = rope.pop("rope_theta", 10000.0)
        if rope["rope_type"] != "default":
            said["rope_scaling"] = rope
    elif rope is not None:
        said["rope_parameters"] = rope
    said["transformers_version"] = "4.44.0"
    path.write_text(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
