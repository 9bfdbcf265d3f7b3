"""How much memory llama.cpp takes for a GGUF file, by parts, from the head of the file alone.

Each part is computed as llama.cpp's own allocator does (b11549, 2026-10; measured in
`benchmarks/fit_gguf.py`): weights tensor by tensor, the state in cells, and the compute buffer by
playing the allocator over the sizes of what one batch computes. `outputs` is how many tokens of a
batch get logits: the server needs one per sequence, a caller of the library may ask for all.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from freehold.core.tensors import Tensor
from freehold.judge.anatomy.shapes import (
    Anatomy,
    Attention,
    Compressed,
    Cross,
    Latent,
    Layer,
    Mixer,
    Recurrent,
)
from freehold.judge.fitting import state
from freehold.judge.fitting.llamacpp_graph import DEEP, Batch, Block, Builder, is_near
from freehold.judge.fitting.llamacpp_streams import Streams
from freehold.judge.fitting.parts import Parts, Setting

MIB = 2**20
PROCESS = 40 * MIB
"""What the process takes without a model: interpreter, library, threads, graphs."""
PER_WORD = 480
"""Bytes per entry of the vocabulary: its text, its merges and the tables that find them."""
PADDING = 64
"""Every tensor starts at a multiple of this in the engine's own buffers."""
REPACKED = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
"""What is kept in another order in main memory on x86 with AVX2 (seen with b11549)."""
GRAPHS = frozenset((
    "arcee", "baichuan", "bailingmoe2", "bert", "bloom", "chatglm", "codeshell", "cohere2",
    "command-r", "dbrx", "deci", "deepseek", "deepseek2", "dots1", "ernie4_5", "ernie4_5-moe",
    "exaone", "exaone4", "falcon", "gemma", "gemma2", "gemma3", "gemma3n", "glm4", "glm4moe",
    "gpt-oss", "gpt2", "gptneox", "granite", "granitehybrid", "granitemoe", "hunyuan-dense",
    "hunyuan-moe", "internlm2", "jamba", "lfm2", "llama", "llama4", "maincoder", "mamba", "mamba2",
    "minicpm", "mistral3", "nemotron", "nemotron_h", "nomic-bert", "olmo2", "olmoe", "orion",
    "phi2", "phi3", "phimoe", "qwen", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen35",
    "qwen3moe", "qwen3next", "qwen3vl", "qwen3vlmoe", "rwkv7", "seed_oss", "smollm3", "stablelm",
    "starcoder", "starcoder2", "xverse",
))  # fmt: skip
"""The architectures whose compute buffer was held against the engine's own."""
SMALL = 64
"""Bytes per token for inputs that only some models have: scales, positions in four directions."""
UNKNOWN = 1.5
"""By how much the compute buffer of any other architecture is raised."""


class Buffers(Struct, frozen=True):
    """Bytes of weights: all that is held, what of the file is reordered, the copy of a table."""

    held: int
    repacked: int
    copied: int


def memory(
    anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting, *, outputs: int | None = None,
    unified: bool = False, mapped: bool = True, repacks: frozenset[str] = REPACKED,
) -> Parts:  # fmt: skip
    """The memory of the whole model on the processor.

    `outputs` defaults to one per sequence; `unified` sequences share one set of cells; `mapped`
    says that the file is mapped, not read; `repacks` are the formats that this processor's
    instructions want in another order (empty with `--no-repack`).
    """
    weights = buffers(tensors, repacks)
    outputs = min(outputs or setting.parallel, setting.batch)
    buffer, sure = compute(anatomy, tensors, setting, outputs=outputs, unified=unified)
    largest = max((tensor.size for tensor in tensors), default=0)
    return Parts(
        weights=weights.held, state=state.llamacpp(anatomy, setting, unified=unified),
        compute=buffer, overhead=overhead(anatomy, tensors, setting, outputs),
        loading=weights.repacked if mapped else largest if weights.repacked else 0,
        bound=not (sure and anatomy.sure), notes=tuple(_notes(anatomy, weights, sure, mapped)),
    )  # fmt: skip


def buffers(tensors: Sequence[Tensor], repacks: frozenset[str] = REPACKED) -> Buffers:
    """What the weights take in main memory; a tied table is held twice if its copy is reordered."""
    held = repacked = copied = 0
    names = {tensor.name for tensor in tensors}
    for tensor in tensors:
        size = -(-tensor.size // PADDING) * PADDING
        held += size
        if is_repacked(tensor, repacks):
            repacked += size
        if tensor.name == "token_embd.weight" and "output.weight" not in names:
            copied = size if _fits(tensor, repacks) else 0
    return Buffers(held + copied, repacked, copied)


def is_repacked(tensor: Tensor, repacks: frozenset[str]) -> bool:
    """Whether this tensor is multiplied with, in a format that the processor wants reordered."""
    looked_up = "embd" in tensor.name or "token_types" in tensor.name
    return not looked_up and _fits(tensor, repacks)


def _fits(tensor: Tensor, repacks: frozenset[str]) -> bool:
    return tensor.dtype in repacks and len(tensor.shape) > 1 and tensor.shape[-2] % 8 == 0


def compute(
    anatomy: Anatomy, tensors: Sequence[Tensor], setting: Setting, *, outputs: int,
    unified: bool = False, alignment: int = 64,
) -> tuple[int, bool]:  # fmt: skip
    """Bytes of the compute buffer, and whether the graph is known (else they are an upper bound).

    Where layers differ, some steps run somewhat earlier than is followed here, which moves what
    comes after by up to a vector per token; that much is added.
    """
    asked = batch(anatomy, setting, outputs, unified)
    vector = 4 * anatomy.width * asked.tokens
    try:
        room = _played(anatomy, tensors, asked, alignment)
    except KeyError:  # a layer without the tensors of any kind that is known here
        return rough(anatomy, asked), False
    room += SMALL * asked.tokens + vector * _apart(anatomy)
    if anatomy.architecture in GRAPHS:
        return room, True
    if anatomy.kind == "encoder-decoder":
        room += _biases(anatomy, asked)
    return int(room * UNKNOWN) + 4 * vector, False


def _played(anatomy: Anatomy, tensors: Sequence[Tensor], asked: Batch, alignment: int) -> int:
    """The room that the allocator takes for all layers, one after the other."""
    kind = Streams if anatomy.architecture == "gemma3n" else Builder
    builder = kind(anatomy, asked, alignment)
    blocks = _blocks(tensors)
    result = builder.start()
    for index, layer in enumerate(anatomy.layers):
        last = index == len(anatomy.layers) - 1
        result = builder.layer(layer, blocks[index], result, last=last)
    builder.end(result)
    return builder.graph.room()


def rough(anatomy: Anatomy, asked: Batch) -> int:
    """An upper bound without a graph: all results of the largest layer at once, and the logits."""
    cells = asked.cells * (4 if asked.flash else 8)
    heads = max((getattr(p, "heads", 0) for x in anatomy.layers for p in x.mixers), default=1)
    wide = max(map(_wide, anatomy.layers), default=0)
    values = 16 * anatomy.width + wide + (0 if asked.flash else 2 * heads * asked.cells)
    logits = 4 * anatomy.vocabulary * asked.outputs
    return 2 * (4 * values * asked.tokens + cells * asked.tokens) + logits


def _wide(layer: Layer) -> int:
    """How many values per token one layer makes beside those of the model's width."""
    feed = layer.feed
    inner = 4 * feed.width * max(feed.used, 1) + 4 * feed.shared if feed else 0
    return inner + sum(4 * heads_of(part) for part in layer.mixers)


def heads_of(part: Mixer) -> int:
    """The values of all heads together; of a recurrent layer, what its convolution remembers."""
    if isinstance(part, Attention | Cross):
        return part.heads * (part.key + part.value)
    if isinstance(part, Latent):
        return part.heads * (2 * part.rank + part.rope + part.nope + part.value)
    if isinstance(part, Compressed):
        return 2 * part.heads * part.entry
    return 2 * part.convolution


def _biases(anatomy: Anatomy, batch: Batch) -> int:
    """T5 adds a bias to every pair of tokens and head, which is turned and copied."""
    parts = [p for layer in anatomy.layers for p in layer.mixers if isinstance(p, Attention)]
    heads = max((part.heads for part in parts), default=1)
    return 3 * 4 * heads * batch.cells * batch.tokens


def _apart(anatomy: Anatomy) -> int:
    """How many vectors per token the order of steps may cost: none where layers are all alike."""
    parts = [(part, layer.feed) for layer in anatomy.layers for part in layer.mixers]
    recurrent = [feed for part, feed in parts if isinstance(part, Recurrent)]
    if any(feed and feed.experts for feed in recurrent):
        return 2
    if anatomy.architecture in DEEP:
        return 5
    several = len({(type(part), is_near(part)) for part, _ in parts}) > 1
    several = several or anatomy.architecture == "phi2"
    return 1 if recurrent or several or any(feed and feed.shared for _, feed in parts) else 0


def batch(anatomy: Anatomy, setting: Setting, outputs: int, unified: bool) -> Batch:
    """What llama.cpp computes at once at most: it makes room for that before it starts."""
    whole = setting.context * setting.parallel
    most = state.padded(setting.context) * setting.parallel
    tokens = min(setting.batch, most if anatomy.kind == "encoder" else whole)
    cells = state.padded(whole if unified else setting.context)
    parts = [p for layer in anatomy.layers for p in layer.mixers if isinstance(p, Attention)]
    window = max((part.window or 0 for part in parts), default=0)
    shared = setting.parallel if unified else 1
    near = min(cells, state.padded(window * shared + tokens))
    return Batch(
        tokens=tokens, sequences=1 if unified else setting.parallel, outputs=min(outputs, tokens),
        cells=cells, near=cells if setting.full_window else near, flash=setting.flash,
        rotated=(_is_rotated(parts, setting.keys), _is_rotated(parts, setting.values)),
    )  # fmt: skip


def _is_rotated(parts: Sequence[Attention], precision: str) -> bool:
    """Quantized keys and values are mixed first, where heads are multiples of 64 values."""
    quantized = precision.startswith("q")
    return quantized and bool(parts) and all(part.key % 64 == 0 for part in parts)


def block_of(name: str) -> tuple[int, str] | None:
    """The number of the layer that a tensor belongs to, and the rest of its name."""
    head, _, rest = name.removeprefix("dec.").partition(".")
    number, _, part = rest.partition(".")
    return (int(number), part) if head == "blk" and number.isdecimal() else None


def _blocks(tensors: Iterable[Tensor]) -> dict[int, Block]:
    found: dict[int, dict[str, Tensor]] = {}
    for tensor in tensors:
        block = block_of(tensor.name)
        if block is not None:
            found.setdefault(block[0], {})[block[1]] = tensor
    return dict(found)


def overhead(anatomy: Anatomy, tensors: Iterable[Tensor], setting: Setting, outputs: int) -> int:
    """What no allocator of the engine counts: the process, the vocabulary, logits, work space.

    The work space holds one batch of the widest input, in the format in which it is multiplied
    (two bytes per value at most), and a list of who goes to which expert.
    """
    tokens = min(setting.batch, setting.context * setting.parallel)
    widest = max((t.shape[-1] for t in tensors if len(t.shape) > 1), default=anatomy.width)
    routed = max(
        (layer.feed.experts * layer.feed.used for layer in anatomy.layers if layer.feed), default=0
    )
    work = tokens * (2 * widest + 8 * routed)
    return PROCESS + (PER_WORD + 4 * outputs) * anatomy.vocabulary + work


def _notes(anatomy: Anatomy, weights: Buffers, sure: bool, mapped: bool) -> Iterable[str]:
    yield from anatomy.notes
    if not sure:
        yield f"the graph of {anatomy.architecture} is not known: compute is an upper bound"
    if weights.copied:
        yield f"the table of words is held twice ({weights.copied / MIB:,.0f} MiB)"
    if mapped and weights.repacked:
        size = f"{weights.repacked / MIB:,.0f} MiB"
        yield f"weights are reordered; the file stays mapped, {size} that the system can drop"
