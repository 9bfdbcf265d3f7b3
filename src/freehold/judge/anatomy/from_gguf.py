"""From the metadata of a GGUF file to the anatomy of a language model, as llama.cpp reads it."""

from collections.abc import Mapping, Sequence
from typing import Literal

from freehold.core.errors import BrokenInput
from freehold.core.tensors import Tensor
from freehold.judge.anatomy.gguf_layers import Reader, mixers, mixing_weights, recurrent_layers
from freehold.judge.anatomy.gguf_windows import windows
from freehold.judge.anatomy.keys import MOST_LAYERS, Keys
from freehold.judge.anatomy.shapes import Anatomy, Feed, Layer

ENCODERS = frozenset((
    "bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3", "neo-bert",
    "modern-bert", "eurobert", "gemma-embedding", "t5encoder",
))  # fmt: skip
PLAIN = frozenset((
    "gpt2", "gptneox", "gptj", "falcon", "bloom", "mpt", "phi2", "starcoder2", "bert", "nemotron",
    "nemotron_h", "nemotron_h_moe", "jina-bert-v2", "codeshell", "arcee", "apertus", "refact",
))  # fmt: skip
"""Architectures whose feed-forward part has no gate."""
LOOKED_UP = ("per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")


def anatomy(metadata: Mapping[str, object], tensors: Sequence[Tensor]) -> Anatomy:
    """The anatomy of the language model in this file; `tensors` may be empty.

    BrokenInput where the file does not say what it is, how wide, or with how many layers.
    """
    arch = Keys(metadata).get("general.architecture")
    if not isinstance(arch, str) or not arch:
        raise BrokenInput("the file does not say which architecture it is: general.architecture")
    reader = Reader(metadata, arch)
    width, blocks = _size(reader)
    guessing = min(reader.whole("nextn_predict_layers") or 0, blocks - 1)
    rows = _layers(reader, width, blocks, tensors)
    names = {tensor.name for tensor in tensors}
    return Anatomy(
        architecture=arch, kind=_kind(reader), width=width, vocabulary=_vocabulary(reader, tensors),
        layers=rows[: blocks - guessing], context=reader.number("context_length"),
        tied=bool(names) and "output.weight" not in names, drafts=rows[blocks - guessing :],
        lookups=sum(t.count for t in tensors if t.name in LOOKED_UP),
        headless=arch in ENCODERS, sure=not reader.keys.doubts, notes=tuple(reader.keys.doubts),
    )  # fmt: skip


def _size(reader: Reader) -> tuple[int, int]:
    width, blocks = reader.number("embedding_length"), reader.number("block_count")
    if width is None or blocks is None:
        raise BrokenInput("the file does not say how wide the model is or how many layers it has")
    if blocks > MOST_LAYERS:
        raise BrokenInput(f"the file says that the model has {blocks:,} layers")
    return width, blocks


def _kind(reader: Reader) -> Literal["decoder", "encoder", "encoder-decoder"]:
    if reader.arch in ENCODERS or reader.keys.get(f"{reader.arch}.attention.causal") is False:
        return "encoder"
    return "encoder-decoder" if reader.arch == "t5" else "decoder"


def _vocabulary(reader: Reader, tensors: Sequence[Tensor]) -> int:
    table = next((t for t in tensors if t.name == "token_embd.weight" and len(t.shape) == 2), None)
    return table.shape[0] if table else reader.number("vocab_size") or 0


def _layers(
    reader: Reader, width: int, blocks: int, tensors: Sequence[Tensor]
) -> tuple[Layer, ...]:
    seen = windows(reader.keys, reader.arch, blocks)
    recurs, weights = recurrent_layers(reader, blocks), mixing_weights(tensors)
    return tuple(
        Layer(
            mixers(reader, n, width, seen[n], recurs[n], weights.get(n, 0)),
            _feed(reader, n),
        )
        for n in range(blocks)
    )


def _feed(reader: Reader, index: int) -> Feed | None:
    """The feed-forward part: experts after the leading dense layers."""
    experts = reader.whole("expert_count") or 0
    width = reader.at("feed_forward_length", index) or 0
    matrices = 2 if reader.arch in PLAIN else 3
    lead = reader.whole("leading_dense_block_count") or 0
    step = reader.number("interleave_moe_layer_step") or reader.number("moe_every_n_layers") or 1
    if experts < 2 or index < lead or (index + 1) % step:
        return Feed(width, matrices=matrices) if width else None
    own = reader.at("expert_feed_forward_length", index) or width
    used = min(reader.number("expert_used_count") or experts, experts)
    shared = reader.number("expert_shared_feed_forward_length")
    shared = shared or own * (reader.whole("expert_shared_count") or 0)
    inner = reader.number("moe_latent_size") or 0
    return Feed(own, experts, used, shared, matrices, inner) if own else None
