"""Makes tiny checkpoints with random weights in their publishers' layout, and tells what they say.

Run as a script in the Python of a runtime: `tiny_llama.py FOLDER NAME`. Beside the model there is
`expected.json`: the prompt and the text that Transformers gives for it, greedily, in F32.
"""

import json
import sys
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


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    {"llama": llama, "t5": t5}[sys.argv[2]](place)
