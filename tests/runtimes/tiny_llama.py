"""Makes tiny checkpoints with random weights in their publishers' layout, and tells what they say.

Run as a script in the Python of a runtime: `tiny_llama.py FOLDER NAME`. Beside the model there is
`expected.json`: the prompt and the text that Transformers gives for it, greedily, in F32.
"""

import json
import sys
import wave
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = "the quick brown fox jumps over a lazy dog and then it sleeps under an old tree all day"
PROMPT = "the quick brown fox"
LENGTH = 16
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer(size: int = 160) -> Any:
    """A byte-level tokenizer of a few words."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    marks = ["<s>", "</s>", "<pad>"]
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size + 128, special_tokens=marks, initial_alphabet=letters
    )
    made.train_from_iterator([WORDS] * 4, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    fast.chat_template = TEMPLATE
    return fast


def llama(folder: Path) -> None:
    """A Llama of two layers."""
    torch.manual_seed(7)
    words = tokenizer()
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
        bos_token_id=0, eos_token_id=1, pad_token_id=2, initializer_range=0.3,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    _expect(folder, model, words)


def t5(folder: Path) -> None:
    """A T5 of two layers on each side, with gates as the newer ones have."""
    torch.manual_seed(3)
    words = tokenizer()
    config = transformers.T5Config(
        vocab_size=len(words), d_model=64, d_kv=16, d_ff=128, num_layers=2, num_heads=4,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, pad_token_id=2,
        eos_token_id=1, decoder_start_token_id=2, initializer_factor=2.0,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config).eval()
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    ids = words(PROMPT, return_tensors="pt").input_ids
    with torch.no_grad():
        made = model.generate(ids, max_new_tokens=LENGTH, do_sample=False)
    text = words.decode(made[0, 1:], skip_special_tokens=True)
    (folder / "expected.json").write_text(json.dumps({"text": text}))


def bert(folder: Path) -> None:
    """A BERT that gives vectors, and how they become one."""
    words, model = _bert(folder, transformers.BertModel)
    found = []
    for text in TEXTS:
        with torch.no_grad():
            states = model(**words(text, return_tensors="pt")).last_hidden_state[0]
        found.append(states.mean(0).tolist())
    (folder / "1_Pooling").mkdir()
    pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "expected.json").write_text(json.dumps(found))


def ranker(folder: Path) -> None:
    """A BERT that says how well two texts belong together."""
    words, model = _bert(folder, transformers.BertForSequenceClassification, num_labels=1)
    found = []
    for text in TEXTS:
        with torch.no_grad():
            logits = model(**words(TEXTS[0], text, return_tensors="pt")).logits
        found.append(float(logits.sigmoid()[0, 0]))
    (folder / "expected.json").write_text(json.dumps(found))


TEXTS = ("the quick brown fox", "a lazy dog", "it sleeps under an old tree all day")


def _bert(folder: Path, kind: Any, **more: Any) -> tuple[Any, Any]:
    torch.manual_seed(11)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split()]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)))
    words = transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt"))
    words = transformers.BertTokenizerFast(vocab=words.get_vocab()) if len(words) < 9 else words
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, initializer_range=0.3, **more,
    )  # fmt: skip
    model = kind(config).eval()
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return words, model


def whisper(folder: Path) -> None:
    """A Whisper with three languages, a recording, and what it hears in it."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    torch.manual_seed(5)
    signs = bytes_to_unicode()
    vocab = {signs[byte]: number for number, byte in enumerate(range(32, 127))}
    specials = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|fr|>", "<|de|>"]
    specials += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>"]
    specials += ["<|nospeech|>", "<|notimestamps|>"]
    vocab |= {sign: len(vocab) + n for n, sign in enumerate(specials)}
    words = transformers.WhisperTokenizer(
        vocab=vocab, merges=[], additional_special_tokens=specials[1:]
    )
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    added = transformers.AddedToken
    words.add_tokens([added(t, special=False, normalized=False) for t in times])
    words.save_pretrained(folder)
    extractor = transformers.WhisperFeatureExtractor(feature_size=80)
    extractor.save_pretrained(folder)
    end, start = vocab["<|endoftext|>"], vocab["<|startoftranscript|>"]
    config = transformers.WhisperConfig(
        vocab_size=len(words), num_mel_bins=80, d_model=32, max_target_positions=64,
        encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, pad_token_id=end, bos_token_id=end,
        eos_token_id=end, decoder_start_token_id=start, suppress_tokens=None,
        begin_suppress_tokens=None,
    )  # fmt: skip
    model = transformers.WhisperForConditionalGeneration(config).eval()
    for value in model.parameters():
        if value.ndim > 1:
            torch.nn.init.normal_(value, std=0.3)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=start, eos_token_id=end, pad_token_id=end, bos_token_id=end,
        max_length=40, is_multilingual=True, no_timestamps_token_id=vocab["<|notimestamps|>"],
        lang_to_id={sign: vocab[sign] for sign in ("<|en|>", "<|fr|>", "<|de|>")},
        task_to_id={"translate": vocab["<|translate|>"], "transcribe": vocab["<|transcribe|>"]},
        return_timestamps=False, max_initial_timestamp_index=50,
        prev_sot_token_id=vocab["<|startofprev|>"], begin_suppress_tokens=[end],
        suppress_tokens=list(range(len(vocab), len(words))),  # times, or it says nothing else
    )  # fmt: skip
    model.save_pretrained(folder)
    sound = torch.sin(torch.arange(48_000) / 20) * torch.linspace(0.1, 0.5, 48_000)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((sound * 32_767).to(torch.int16).numpy().tobytes())
    heard = extractor(sound.numpy(), sampling_rate=16_000, return_tensors="pt").input_features
    found = {}
    for task in ("transcribe", "translate"):
        made = model.generate(heard, language="fr", task=task)
        found[task] = words.decode(made[0], skip_special_tokens=True)
    (folder / "expected.json").write_text(json.dumps(found))


def _expect(folder: Path, model: Any, words: Any) -> None:
    """Write what the model says to a text and to a chat."""
    chat = [{"role": "user", "content": PROMPT}]
    asked = {
        "text": words(PROMPT, return_tensors="pt").input_ids,
        "chat": words.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).input_ids,
    }
    found = {}
    for name, ids in asked.items():
        with torch.no_grad():
            made = model.generate(ids, max_new_tokens=LENGTH, do_sample=False)
        new = made[0, ids.shape[1] :]
        found[name] = words.decode(new, skip_special_tokens=True)
        found[f"{name}_ids"] = new.tolist()
        found[f"{name}_prompt"] = ids[0].tolist()
    (folder / "expected.json").write_text(json.dumps(found))


MAKERS = {"llama": llama, "t5": t5, "bert": bert, "ranker": ranker, "whisper": whisper}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    MAKERS[sys.argv[2]](place)
