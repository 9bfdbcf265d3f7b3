"""What comes on top of a model, tiny: an adapter that turns one word into another, and an eye."""

import random
import struct
from pathlib import Path

from freehold.formats.gguf_writing import Scalar, Sheet, write_gguf
from tests.gguf_models.told import PLAIN_TOKENS, SIZE

PATCH, SIDE, INNER = 8, 16, 16


def write_adapter(path: Path, piece: int, becomes: int) -> Path:
    """A LoRA for a told model: after the piece of one number comes that of another one."""
    metadata: dict[str, Scalar] = {
        "general.type": "adapter",
        "general.architecture": "llama",
        "adapter.type": "lora",
        "adapter.lora.alpha": 1.0,
    }
    into, out = [0.0] * SIZE, [0.0] * SIZE
    into[PLAIN_TOKENS + piece], out[PLAIN_TOKENS + becomes] = 1.0, 3.0
    sheets = [
        Sheet("output.weight.lora_a", "F32", (1, SIZE), struct.pack(f"<{SIZE}f", *into)),
        Sheet("output.weight.lora_b", "F32", (SIZE, 1), struct.pack(f"<{SIZE}f", *out)),
    ]
    write_gguf(path, metadata, sheets)
    return path


def write_projector(path: Path, width: int, seed: int = 0) -> Path:
    """An eye that turns each quarter of an image into a vector of a model of this width."""
    drawn = random.Random(seed)
    metadata: dict[str, Scalar | list[Scalar]] = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": True,
        "clip.vision.image_size": SIDE,
        "clip.vision.patch_size": PATCH,
        "clip.vision.embedding_length": INNER,
        "clip.vision.feed_forward_length": INNER,
        "clip.vision.block_count": 1,
        "clip.vision.projection_dim": width,
        "clip.vision.attention.head_count": 2,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.5, 0.5, 0.5],
    }
    shapes: dict[str, tuple[int, ...]] = {
        "v.patch_embd.weight": (INNER, 3, PATCH, PATCH),
        "v.position_embd.weight": ((SIDE // PATCH) ** 2, INNER),
        "mm.0.weight": (width, INNER),
        "mm.0.bias": (width,),
        "mm.2.weight": (width, width),
        "mm.2.bias": (width,),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down"):
        shapes[f"v.blk.0.{name}.weight"] = (INNER, INNER)
        shapes[f"v.blk.0.{name}.bias"] = (INNER,)
    for name in ("ln1", "ln2"):
        shapes[f"v.blk.0.{name}.weight"] = shapes[f"v.blk.0.{name}.bias"] = (INNER,)
    write_gguf(path, metadata, [_random(name, shape, drawn) for name, shape in shapes.items()])
    return path


def write_image(path: Path, color: tuple[int, int, int]) -> Path:
    """An image of one color, as BMP: 16 x 16 pixels, blue first."""
    pixels = bytes(color[::-1]) * SIDE * SIDE
    head = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    form = struct.pack("<IiiHHIIiiII", 40, SIDE, SIDE, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    path.write_bytes(head + form + pixels)
    return path


def _random(name: str, shape: tuple[int, ...], drawn: random.Random) -> Sheet:
    count = 1
    for length in shape:
        count *= length
    values = (drawn.gauss(0, 0.3) for _ in range(count))
    return Sheet(name, "F32", shape, struct.pack(f"<{count}f", *values))
