"""Makes tiny models that hear, in their publishers' layouts, and asks the library itself.

Run in the runtime: the folder, then the names of the functions below. Each makes the folder of its
name and `expected.json` in it; recordings lie beside them.
"""

import json
import sys
from pathlib import Path
from typing import Any

import soundfile
import torch
import transformers as hf

HERE = Path(sys.argv[1])


def samples(name: str) -> Any:
    """A recording, read by another reader than Freehold's."""
    return soundfile.read(HERE / name, dtype="float32")[0]


def letters() -> tuple[dict[str, int], list[Any]]:
    """A vocabulary of single signs, as byte-level tokenizers write them, and no merges."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    signs = bytes_to_unicode()
    return {signs[byte]: number for number, byte in enumerate(range(32, 127))}, []


def shrunk(model: Any, seed: int) -> Any:
    """The model with weights that are drawn wide enough to let it say different things."""
    torch.manual_seed(seed)
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.3)
    return model.eval()


def whisper(folder: Path) -> dict[str, Any]:
    """Whisper with three languages, times, and heads that tell the times of words."""
    vocab, merges = letters()
    specials = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|fr|>", "<|de|>"]
    specials += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>"]
    specials += ["<|nospeech|>", "<|notimestamps|>"]
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    for sign in specials:
        vocab[sign] = len(vocab)
    tokenizer = hf.WhisperTokenizer(
        vocab=vocab, merges=merges, additional_special_tokens=specials[1:]
    )
    tokenizer.add_tokens([hf.AddedToken(t, special=False, normalized=False) for t in times])
    tokenizer.save_pretrained(folder)
    extractor = hf.WhisperFeatureExtractor(feature_size=80)
    extractor.save_pretrained(folder)
    end, start = vocab["<|endoftext|>"], vocab["<|startoftranscript|>"]
    config = hf.WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=80,
        d_model=32,
        max_target_positions=64,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=None,
        begin_suppress_tokens=None,
    )
    model = shrunk(hf.WhisperForConditionalGeneration(config), 5)
    model.generation_config = hf.GenerationConfig(
        decoder_start_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        bos_token_id=end,
        max_length=40,
        is_multilingual=True,
        no_timestamps_token_id=vocab["<|notimestamps|>"],
        lang_to_id={sign: vocab[sign] for sign in ("<|en|>", "<|fr|>", "<|de|>")},
        task_to_id={"translate": vocab["<|translate|>"], "transcribe": vocab["<|transcribe|>"]},
        return_timestamps=False,
        max_initial_timestamp_index=50,
        prev_sot_token_id=vocab["<|startofprev|>"],
        alignment_heads=[[0, 0], [1, 1]],
    )
    model.save_pretrained(folder)
    tokenizer, told = hf.WhisperTokenizer.from_pretrained(folder), {}
    short = extractor(samples("short.wav"), sampling_rate=16_000, return_tensors="pt")
    long = extractor(
        samples("long.wav"),
        sampling_rate=16_000,
        return_tensors="pt",
        truncation=False,
        padding="longest",
    )
    said = {
        "plain": model.generate(short.input_features, language="fr", task="transcribe"),
        "translated": model.generate(short.input_features, language="fr", task="translate"),
        "prompted": model.generate(
            short.input_features,
            language="de",
            task="transcribe",
            prompt_ids=tokenizer.get_prompt_ids("names: Ada", return_tensors="pt"),
        ),
        "long": model.generate(
            long.input_features, language="en", task="transcribe", return_timestamps=True
        ),
    }
    for name, tokens in said.items():
        told[name] = tokenizer.decode(tokens[0], skip_special_tokens=True).strip()
    told["heard"] = tokenizer.decode(model.detect_language(short.input_features)).strip("<|>")
    return told


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        with torch.inference_mode():
            told = globals()[name](target)
        (target / "expected.json").write_text(json.dumps(told))
