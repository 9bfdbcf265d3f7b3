"""Trains the network on the pairs; the loss counts the answers only.

    python train.py pairs.tsv tokenizer.json weights.pt [MINUTES]
"""

import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from model import Network, Shape
from tokenizers import Tokenizer
from tokenizing import END, NEED, USER
from torch import Tensor
from torch.nn import functional as f

LENGTHS = (32, 56, 96)
"""Pairs are padded to the next of these; a longer one is left out."""
TOKENS = 5_376
"""Tokens of one step."""
STEPS = 8000
WARM = 100
MATRIX_RATE, OTHER_RATE = 0.02, 0.003
THREADS = 2
Batch = tuple[Tensor, Tensor, Tensor]


class Pairs:
    """The encoded pairs, by their length, in one array each."""

    def __init__(self, source: Path, tokenizer: Tokenizer) -> None:
        marks = [tokenizer.token_to_id(mark) for mark in (USER, NEED, END)]
        found: dict[int, tuple[list[list[int]], list[int]]] = {n: ([], []) for n in LENGTHS}
        lines = source.read_text("utf-8").splitlines()
        for start in range(0, len(lines), 20_000):
            texts, answers = zip(*(line.split("\t") for line in lines[start : start + 20_000]))
            asked = tokenizer.encode_batch_fast(list(texts))
            said = tokenizer.encode_batch_fast(list(answers))
            for a, b in zip(asked, said, strict=True):
                ids = [marks[0], *a.ids, marks[1], *b.ids, marks[2]]
                size = next((n for n in LENGTHS if len(ids) <= n + 1), None)
                if size:
                    found[size][0].append(ids + [0] * (size + 1 - len(ids)))
                    found[size][1].append(len(a.ids) + 1)
        self.ids = {n: np.array(rows, np.uint16) for n, (rows, _) in found.items()}
        self.begins = {n: np.array(begins, np.int64) for n, (_, begins) in found.items()}

    def batches(self, rng: random.Random) -> Iterator[Batch]:
        """Batches without end, each of one length; all pairs are seen before any is seen again."""
        while True:
            plan: list[tuple[int, np.ndarray]] = []
            for length, ids in self.ids.items():
                order = np.random.default_rng(rng.randrange(2**32)).permutation(len(ids))
                size = TOKENS // length
                plan += [(length, order[i : i + size]) for i in range(0, len(ids) - size + 1, size)]
            rng.shuffle(plan)
            for length, rows in plan:
                yield self._batch(length, rows)

    def _batch(self, length: int, rows: np.ndarray) -> Batch:
        ids = torch.from_numpy(self.ids[length][rows].astype(np.int64))
        place = torch.arange(length)[None]
        answer = (place >= torch.from_numpy(self.begins[length][rows])[:, None]) & (ids[:, 1:] != 0)
        places = answer.flatten().nonzero()[:, 0]
        room = TOKENS // 2
        places = places[:room]
        targets = ids[:, 1:].flatten()[places]
        lack = room - len(places)
        return ids[:, :-1].contiguous(), f.pad(places, (0, lack)), f.pad(targets, (0, lack), value=-100)


def train(pairs: Pairs, network: Network, minutes: float, kept: Path) -> None:
    """Train for that many minutes; the rate falls to nothing as the time goes by."""
    matrices = [p for n, p in network.named_parameters() if p.dim() == 2 and "embedding" not in n]
    others = [p for n, p in network.named_parameters() if p.dim() < 2 or "embedding" in n]
    optimizers = [
        torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True),
    ]
    rates = [MATRIX_RATE, OTHER_RATE]
    compiled = torch.compile(network, dynamic=False)
    began, said, losses = time.monotonic(), time.monotonic(), []
    for step, (tokens, places, targets) in enumerate(pairs.batches(random.Random(1))):
        done = max((time.monotonic() - began) / 60 / minutes, step / STEPS)
        if done >= 1:
            break
        share = min(1.0, (step + 1) / WARM) * (1.0 if done < 0.3 else (1 - done) / 0.7)
        for optimizer, rate in zip(optimizers, rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = compiled(tokens, places, targets)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        losses.append(float(loss.detach()))
        if time.monotonic() - said > 60:
            said = time.monotonic()
            mean = sum(losses[-100:]) / len(losses[-100:])
            print(f"step {step} {(said - began) / 60:.1f} min loss {mean:.4f} rate {share:.3f}", flush=True)
            torch.save(network.state_dict(), kept)
    torch.save(network.state_dict(), kept)
    print(f"{step} steps, {(time.monotonic() - began) / 60:.1f} min, loss {sum(losses[-100:]) / 100:.4f}")


def main() -> None:
    """Train and keep the weights."""
    source, tokens, kept = (Path(word) for word in sys.argv[1:4])
    minutes = float(sys.argv[4]) if len(sys.argv) > 4 else math.inf
    torch.set_num_threads(THREADS)
    torch.manual_seed(1)
    tokenizer = Tokenizer.from_file(str(tokens))
    pairs = Pairs(source, tokenizer)
    print({n: len(ids) for n, ids in pairs.ids.items()}, flush=True)
    network = Network(Shape(vocabulary=tokenizer.get_vocab_size()))
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters", flush=True)
    train(pairs, network, minutes, kept)


if __name__ == "__main__":
    main()
