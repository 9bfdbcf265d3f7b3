"""What llama.cpp computes in layers whose state does not grow, as sizes (see llamacpp_graph)."""

from typing import TYPE_CHECKING

from freehold.judge.anatomy.shapes import Recurrent
from freehold.judge.fitting.llamacpp_graph import Block, rows

if TYPE_CHECKING:
    from freehold.judge.fitting.llamacpp_graph import Builder


def recurrent(builder: "Builder", part: Recurrent, block: Block, normed: int) -> int:
    """The layer from its normed input to what is added to the stream."""
    if "ssm_x.weight" in block:
        return _mamba1(builder, part, block, normed)
    if "ssm_in.weight" in block:
        return _mamba2(builder, part, block, normed)
    if "shortconv.in_proj.weight" in block:
        return _short_convolution(builder, part, normed)
    if "time_mix_w1.weight" in block:
        return _rwkv(builder, part, normed)
    return _delta(builder, part, block, normed)


def _read_state(builder: "Builder", size: int) -> int:
    """The state of each sequence, gathered."""
    return builder.graph.node(4 * size * builder.batch.sequences, builder.copies)


def _others(builder: "Builder", part: Recurrent) -> None:
    """The states of sequences that are not in this batch, moved."""
    size = 4 * part.memory * (builder.batch.sequences - 1)
    builder.store(builder.graph.node(size, builder.copies))


def _convolved(builder: "Builder", part: Recurrent, width: int, state: int, source: int) -> int:
    """A convolution over the last tokens: what it remembers, put before what came."""
    rest = part.convolution * builder.batch.sequences
    joined = builder.vectors(width, state, source, extra=rest)
    builder.store(joined)
    return builder.vectors(width, joined)


def _mamba1(builder: "Builder", part: Recurrent, block: Block, normed: int) -> int:
    inner = block["ssm_out.weight"].shape[-1]
    state = _read_state(builder, part.convolution)
    both = builder.vectors(rows(block, "ssm_in"), normed)
    signal = _convolved(builder, part, inner, state, both)
    small = builder.vectors(rows(block, "ssm_x"), signal)
    rank = block["ssm_dt.weight"].shape[-1]
    steps = builder.vectors(inner, builder.vectors(rank, small))
    rest = part.memory * builder.batch.sequences
    scanned = builder.vectors(inner, signal, steps, small, extra=rest)
    _others(builder, part)
    builder.store(scanned)
    gate = builder.vectors(inner, both)
    skipped = builder.vectors(inner, signal)
    summed = builder.vectors(inner, scanned, skipped)
    return builder.vectors(builder.width, builder.vectors(inner, gate, summed))


def _mamba2(builder: "Builder", part: Recurrent, block: Block, normed: int) -> int:
    inner = block["ssm_out.weight"].shape[-1]
    conv = block["ssm_conv1d.weight"].shape[0]
    heads = rows(block, "ssm_in") - inner - conv
    state = _read_state(builder, part.convolution)
    both = builder.vectors(rows(block, "ssm_in"), normed)
    signal = _convolved(builder, part, conv, state, both)
    steps = builder.vectors(heads, both)
    rest = part.memory * builder.batch.sequences
    scanned = builder.vectors(inner, signal, steps, extra=rest)
    _others(builder, part)
    builder.store(scanned)
    gate = builder.vectors(inner, both)
    skipped = builder.vectors(inner, signal)
    summed = builder.vectors(inner, scanned, skipped, within=True)
    gated = builder.vectors(inner, gate, summed)
    return builder.vectors(builder.width, gated)


def _delta(builder: "Builder", part: Recurrent, block: Block, normed: int) -> int:
    conv = rows(block, "attn_qkv")
    out = block["ssm_out.weight"].shape[-1] if "ssm_out.weight" in block else builder.width
    narrow = max((conv - out) // 2, 0)
    state = _read_state(builder, part.convolution)
    mixed = builder.vectors(conv, normed)
    rest = part.convolution * builder.batch.sequences
    joined = builder.vectors(conv, state, mixed, extra=rest)
    builder.store(joined)
    memory = _read_state(builder, part.memory)
    signal = builder.vectors(conv, joined)
    sides = [builder.vectors(narrow, signal), builder.vectors(narrow, signal)]
    if "ssm_ba.weight" in block and narrow < out:
        sides = [builder.vectors(out, side) for side in sides]
    step = builder.vectors(64, normed)
    extra = part.memory * builder.batch.sequences
    made = builder.vectors(out, *sides, signal, step, memory, extra=extra)
    builder.store(made)
    plain = builder.vectors(out, made)
    gate = builder.vectors(out, normed)
    gate = builder.vectors(out, gate, within=True)
    return builder.vectors(builder.width, builder.vectors(out, plain, gate, within=True))


def _short_convolution(builder: "Builder", part: Recurrent, normed: int) -> int:
    width = builder.width
    state = _read_state(builder, part.convolution)
    three = builder.vectors(3 * width, normed)
    signal = builder.vectors(width, three, three)
    signal = _convolved(builder, part, width, state, signal)
    return builder.vectors(width, builder.vectors(width, three, signal, within=True))


def _value(builder: "Builder", value: int) -> int:
    """Values, mixed with those of the first layer, which therefore stay until the last one."""
    if builder.first_value < 0:
        builder.first_value = value
        return value
    difference = builder.vectors(builder.width, builder.first_value, value)
    share = builder.vectors(builder.width)
    difference = builder.vectors(builder.width, difference, share, within=True)
    return builder.vectors(builder.width, value, difference, within=True)


def _rwkv(builder: "Builder", part: Recurrent, normed: int) -> int:
    """RWKV 7: six mixes of each token with the one before, a state of matrices."""
    width = builder.width
    state = _read_state(builder, part.convolution)
    memory = _read_state(builder, part.memory)
    shifted = builder.vectors(width, state, normed)
    mixes = builder.vectors(6 * width, builder.vectors(width, shifted, normed, within=True))
    mixes = builder.vectors(6 * width, mixes, normed, within=True)
    receptance, decay, key = (builder.vectors(width, mixes) for _ in range(3))
    rate = builder.vectors(width, mixes)
    scaled = builder.vectors(width, key)
    key = builder.vectors(width, key, builder.vectors(width, rate, scaled), scaled, within=True)
    value = _value(builder, builder.vectors(width, mixes))
    length = builder.vectors(width, builder.vectors(width, key))
    back = builder.vectors(width, length)
    forth = builder.vectors(width, length, rate)
    extra = part.memory * builder.batch.sequences
    made = builder.vectors(width, receptance, decay, key, value, back, forth, memory, extra=extra)
    builder.store(made)
    plain = builder.vectors(width, made)
    bonus = builder.vectors(width, value, builder.vectors(width, key, receptance))
    plain = builder.vectors(width, plain, bonus, within=True)
    plain = builder.vectors(width, plain, builder.vectors(width, mixes), within=True)
    return builder.vectors(width, plain)
