"""Trains the tokenizer: byte-level BPE in which every digit stands alone, so numbers are copied.

python tokenizing.py pairs.tsv OUT [SIZE]
"""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SIZE = 4096
LINES = 200_000
"""Pairs that it is trained on: more change nothing."""
USER, NEED, END, PAD = "<|user|>", "<|need|>", "<|end|>", "<|pad|>"
MARKS = [PAD, USER, NEED, END]
TEMPLATE = (
    "{% for message in messages %}{% if message.role == 'user' %}<|user|>{{ message.content }}"
    "{% elif message.role == 'assistant' %}<|need|>{{ message.content }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|need|>{% endif %}"
)


def train(texts: Iterator[str], size: int = SIZE) -> Tokenizer:
    """The tokenizer of these texts."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=MARKS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=24,
    )
    made.train_from_iterator(texts, trainer)
    return made


def texts(pairs: Path, lines: int = LINES) -> Iterator[str]:
    """Needs and answers of the first pairs."""
    with pairs.open(encoding="utf-8") as file:
        for line in islice(file, lines):
            yield from line.rstrip("\n").split("\t")


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    train(texts(source), int(sys.argv[3]) if len(sys.argv) > 3 else SIZE).save(str(target))
