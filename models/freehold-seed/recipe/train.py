"""Trains the network on the pairs with two processes of one thread; answers alone count.

    python train.py pairs.tsv tokenizer.json weights.pt [MINUTES]

Pairs are packed into rows of 128 tokens. Two processes that add their gradients up share two
cores better than two threads do when other work runs beside them.
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from model import Network, Shape
from muon import Muon
from tokenizers import Tokenizer
from tokenizing import END, NEED, USER
from torch import Tensor

ROW = 128
"""Tokens of a row; a pair that is longer is left out."""
ROWS = 22
"""Rows of one process in one step."""
ANSWERS = 1152
"""Tokens of answers that are counted in a step of one process, at most."""
STEPS = 24000
CHECKPOINTS = (1400, 9000)
"""Steps after which the weights are kept, too."""
WARM, FALL = 0.02, 0.4
"""Parts of the training: the rate rises in the first, and falls after the second."""
MATRIX_RATE, OTHER_RATE = 0.02, 0.004
PROCESSES = 2
PAIRS = 1_700_000
"""Of all pairs, the first so many are trained on."""
BLOCK = 20_000
OPEN_ROWS = 24
"""Rows that are filled side by side."""
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class Row:
    """A row that is being filled."""

    def __init__(self) -> None:
        self.cells = np.zeros((3, ROW + 1), np.uint16)
        self.used = self.pairs = 0

    def add(self, ids: list[int], answer: int) -> None:
        """One more pair, whose answer begins at this token of it."""
        start, end = self.used, self.used + len(ids)
        self.used, self.pairs = end, self.pairs + 1
        self.cells[0, start:end] = ids
        self.cells[1, start:end] = self.pairs
        self.cells[2, start + answer : end] = 1


def pack(source: Path, tokenizer: Tokenizer) -> np.ndarray:
    """Rows of (token, number of its pair, whether it belongs to an answer), as full as can be."""
    rows: list[np.ndarray] = []
    opened = [Row() for _ in range(OPEN_ROWS)]
    for ids, answer in encoded(source, tokenizer):
        fitting = [row for row in opened if row.used + len(ids) <= ROW + 1]
        if not fitting:
            fullest = max(opened, key=lambda row: row.used)
            opened.remove(fullest)
            rows.append(fullest.cells)
            fitting = [Row()]
            opened += fitting
        max(fitting, key=lambda row: row.used).add(ids, answer)
    return np.stack(rows)


def encoded(source: Path, tokenizer: Tokenizer) -> Iterator[tuple[list[int], int]]:
    """The tokens of every pair that is short enough, and where its answer begins."""
    user, need, end = (tokenizer.token_to_id(mark) for mark in (USER, NEED, END))
    with source.open(encoding="utf-8") as file:
        first = islice(file, PAIRS)
        while lines := [line.rstrip("\n").split("\t") for line in islice(first, BLOCK)]:
            asked = tokenizer.encode_batch_fast([text for text, _ in lines])
            said = tokenizer.encode_batch_fast([answer for _, answer in lines])
            for a, b in zip(asked, said, strict=True):
                ids = [user, *a.ids, need, *b.ids, end]
                if len(ids) <= ROW:
                    yield ids, len(a.ids) + 2


def batches(rows: np.ndarray, rank: int) -> Iterator[Batch]:
    """Batches without end of the rows that are this process's; each row once in every round."""
    for turn in range(10**6):
        order = np.random.default_rng(turn).permutation(len(rows))[rank::PROCESSES]
        for start in range(0, len(order) - ROWS + 1, ROWS):
            taken = torch.from_numpy(rows[order[start : start + ROWS]].astype(np.int64))
            tokens, numbers, answers = taken[:, 0], taken[:, 1], taken[:, 2]
            places = answers[:, 1:].flatten().nonzero()[:ANSWERS, 0]
            targets = tokens[:, 1:].flatten()[places]
            lack = ANSWERS - len(places)
            pad = torch.nn.functional.pad
            yield (tokens[:, :-1].contiguous(), numbers[:, :-1].contiguous(),
                   pad(places, (0, lack)), pad(targets, (0, lack), value=-100))  # fmt: skip


def rate(done: float) -> float:
    """The part of the full rate when this part of the training is done."""
    return min(1.0, done / WARM + 0.02, (1 - done) / (1 - FALL))


def add_up(network: Network) -> None:
    """The gradients of both processes, their mean in each."""
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in grads])
    dist.all_reduce(flat)
    for grad, part in zip(
        grads, flat.div_(PROCESSES).split([g.numel() for g in grads]), strict=True
    ):
        grad.copy_(part.view_as(grad))


def train(rank: int, rows: np.ndarray, size: int, minutes: float, kept: Path) -> None:
    """One of the two processes."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    store = f"file://{kept.absolute()}.meeting"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=PROCESSES)
    network = Network(Shape(vocabulary=size))
    named = list(network.named_parameters())
    muon = Muon([p for n, p in named if p.dim() == 2 and "embedding" not in n])
    others = [p for n, p in named if p.dim() < 2 or "embedding" in n]
    adam = torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
    compiled = torch.compile(network, dynamic=False)
    if rank:
        dist.barrier()
    source = batches(rows, rank)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        compiled(*next(source)).backward()
    network.zero_grad()
    if not rank:
        dist.barrier()
    began, said, losses, step = time.monotonic(), 0.0, [], 0
    while True:
        clock = torch.tensor((time.monotonic() - began) / 60)
        dist.broadcast(clock, 0)
        done = max(float(clock) / minutes, step / STEPS)
        if done >= 1:
            break
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = compiled(*next(source))
        loss.backward()
        add_up(network)
        muon.step(MATRIX_RATE * rate(done))
        adam.param_groups[0]["lr"] = OTHER_RATE * rate(done)
        adam.step()
        adam.zero_grad()
        losses.append(float(loss.detach()))
        step += 1
        if not rank and step in CHECKPOINTS:
            torch.save(network.state_dict(), kept.with_name(f"step-{step}.pt"))
        if not rank and float(clock) - said > 1:
            said = float(clock)
            mean = sum(losses[-50:]) / len(losses[-50:])
            print(
                f"step {step}, {said:.1f} min, loss {mean:.4f}, rate {rate(done):.3f}", flush=True
            )
            torch.save(network.state_dict(), kept)
    if not rank:
        torch.save(network.state_dict(), kept)
        print(
            f"{step} steps, {float(clock):.1f} min, loss {sum(losses[-50:]) / 50:.4f}", flush=True
        )
    dist.destroy_process_group()


def main() -> None:
    """Train and keep the weights."""
    source, tokens, kept = (Path(word) for word in sys.argv[1:4])
    minutes = float(sys.argv[4]) if len(sys.argv) > 4 else 10**6
    tokenizer = Tokenizer.from_file(str(tokens))
    rows = pack(source, tokenizer)
    print(f"{len(rows):,} rows, {int(rows[:, 1].max(1).sum()):,} pairs, "
          f"{(rows[:, 1] > 0).mean():.1%} full", flush=True)  # fmt: skip
    size = tokenizer.get_vocab_size()
    print(f"{sum(p.numel() for p in Network(Shape(vocabulary=size)).parameters()):,} parameters")
    Path(f"{kept}.meeting").unlink(missing_ok=True)
    child = os.fork()
    train(1 if child == 0 else 0, rows, size, minutes, kept)
    if child:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
