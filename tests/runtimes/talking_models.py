"""Makes tiny models that translate speech and converse, and lets the library answer.

Run in the runtime: the folder (with `short.wav` in it), then the names of the functions below.
"""

import json
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch
import transformers as hf

HERE = Path(sys.argv[1])
LANGUAGES = ("eng", "fra", "deu")


def samples() -> Any:
    """The recording."""
    return soundfile.read(HERE / "short.wav", dtype="float32")[0]


def wide(model: Any, seed: int, std: float = 0.3) -> Any:
    """The model with weights that are drawn wide enough to let it say different things."""
    torch.manual_seed(seed)
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=std)
    return model.eval()


SIZE = {
    "hidden_size": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "speech_encoder_layers": 1,
    "speech_encoder_attention_heads": 2,
    "speech_encoder_intermediate_size": 32,
    "t2u_encoder_layers": 1,
    "t2u_decoder_layers": 1,
    "t2u_encoder_ffn_dim": 32,
    "t2u_decoder_ffn_dim": 32,
    "t2u_encoder_attention_heads": 2,
    "t2u_decoder_attention_heads": 2,
    "t2u_vocab_size": 24,
    "unit_hifi_gan_vocab_size": 24,
    "unit_embed_dim": 16,
    "lang_embed_dim": 8,
    "spkr_embed_dim": 8,
    "vocoder_num_langs": 3,
    "vocoder_num_spkrs": 2,
    "upsample_initial_channel": 16,
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "vocoder_offset": 0,
    "conv_depthwise_kernel_size": 3,
}


def seamless(folder: Path, version: str = "", seed: int = 1) -> dict[str, Any]:
    """SeamlessM4T: a text, a speech and a unit model, and a vocoder."""
    signs = ["<pad>", "<unk>", "<s>", "</s>", "\u2581", *(chr(97 + n) for n in range(26))]
    vocab = {sign: n for n, sign in enumerate(signs)}
    tokenizer = hf.SeamlessM4TTokenizer(
        vocab=vocab, merges=[], additional_special_tokens=[f"__{name}__" for name in LANGUAGES]
    )
    extractor = hf.SeamlessM4TFeatureExtractor()
    tokenizer.save_pretrained(folder)
    extractor.save_pretrained(folder)
    processor = hf.SeamlessM4TProcessor(extractor, tokenizer)
    kinds = (getattr(hf, f"SeamlessM4T{version}{part}") for part in ("Config", "Model"))
    config_kind, model_kind = kinds
    more = (
        {
            "char_vocab_size": 40,
            "t2u_variance_predictor_embed_dim": 32,
            "t2u_variance_predictor_hidden_dim": 8,
        }
        if version
        else {}
    )
    model = wide(model_kind(config_kind(vocab_size=len(tokenizer), **SIZE, **more)), seed)
    codes = {name: tokenizer.convert_tokens_to_ids(f"__{name}__") for name in LANGUAGES}
    small = {name: n for n, name in enumerate(LANGUAGES)}
    model.generation_config = hf.GenerationConfig(
        decoder_start_token_id=3,
        eos_token_id=3,
        pad_token_id=0,
        bos_token_id=2,
        max_new_tokens=12,
        min_new_tokens=6,
        text_decoder_lang_to_code_id=codes,
        t2u_lang_code_to_id={name: n + 5 for name, n in small.items()},
        vocoder_lang_code_to_id=small,
        char_to_id={sign: n for n, sign in enumerate(signs)},
        id_to_text={str(n): sign for sign, n in tokenizer.get_vocab().items()},
    )
    model.save_pretrained(folder)
    heard = processor(audio=samples(), sampling_rate=16_000, return_tensors="pt")
    written = processor(text="good day", src_lang="eng", return_tensors="pt")
    answers = {}
    for name, given in (("heard", heard), ("written", written)):
        voice = {"speaker_id" if version else "spkr_id": 1}
        out = model.generate(**given, tgt_lang="fra", return_intermediate_token_ids=True, **voice)
        answers[name] = {
            "text": processor.decode(out.sequences[0], skip_special_tokens=True).strip(),
            "wave": out.waveform.reshape(-1).tolist(),
        }
    return answers


def seamless_v2(folder: Path) -> dict[str, Any]:
    """SeamlessM4T v2, whose unit model spells letters."""
    return seamless(folder, "v2", 2)


def qwen2_audio(folder: Path) -> dict[str, Any]:
    """Qwen2-Audio: Whisper's encoder and a language model."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    signs = bytes_to_unicode()
    vocab = {signs[byte]: n for n, byte in enumerate(range(10, 127))}
    inner = Tokenizer(models.BPE(vocab, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    specials = ["<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]
    tokenizer = hf.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        additional_special_tokens=specials,
    )
    template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n"
        "{% for part in message.content %}{% if part.type == 'audio' %}"
        "Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n{% else %}{{ part.text }}{% endif %}"
        "{% endfor %}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
    )
    processor = hf.Qwen2AudioProcessor(
        hf.WhisperFeatureExtractor(feature_size=16), tokenizer, chat_template=template
    )
    processor.save_pretrained(folder)
    config = hf.Qwen2AudioConfig(
        audio_config={
            "num_mel_bins": 16,
            "d_model": 16,
            "encoder_layers": 1,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16,
            "model_type": "qwen2_audio_encoder",
        },
        text_config={
            "model_type": "qwen2",
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
        },
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    model = wide(hf.Qwen2AudioForConditionalGeneration(config), 1)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    text = processor.apply_chat_template(
        [{"role": "user", "content": [{"type": "audio", "audio_url": "x"}]}],
        add_generation_prompt=True,
        tokenize=False,
    )
    made = processor(text=text, audio=[samples()], sampling_rate=16_000, return_tensors="pt")
    out = model.generate(**made, max_new_tokens=12)[0, made["input_ids"].shape[1] :]
    return {"text": processor.decode(out, skip_special_tokens=True).strip()}


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            told = globals()[name](target)
        (target / "expected.json").write_text(json.dumps(told))
        print(name, str(told)[:300])
