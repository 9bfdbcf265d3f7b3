"""Tiny Prithvi models tuned with TerraTorch, in its names, and the labels that plain sums give.

Run by the Python of the runtime: `python tiny_prithvi_masks.py FOLDER`; `floods` has UperNet and
`crops` a U-Net, each with config.json and a checkpoint as Lightning writes it.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.runtimes import tiny_prithvi as base

HERE = Path(sys.argv[1])
WIDTH = 48
base.WIDTH, base.HEADS, base.DEPTH = WIDTH, 12, 4
CHANNELS, CLASSES, STEPS = 6, 3, [8, 7, 6, 5]
MEANS, SPREADS = [0.1412956, 0.13795798, 0.12353792], [0.07406382, 0.07370365, 0.08692279]
Weights = dict[str, Any]


def numbers(*shape: int, wide: float = 0.3) -> Any:
    return torch.randn(*shape) * wide


def spread(name: str, size: int) -> Weights:
    """What a norm over a batch keeps."""
    return {
        f"{name}.weight": 1 + numbers(size), f"{name}.bias": numbers(size),
        f"{name}.running_mean": numbers(size), f"{name}.running_var": 1 + torch.rand(size),
        f"{name}.num_batches_tracked": torch.tensor(7),
    }  # fmt: skip


def block(name: str, kind: str, sizes: tuple[int, int, int]) -> Weights:
    """A convolution without bias and a norm; `kind` names both."""
    high, wide, side = sizes
    conv, norm = kind.split()
    scale = 1.5 / (wide * side * side) ** 0.5
    held = {f"{name}.{conv}.weight": numbers(high, wide, side, side, wide=scale)}
    return held | spread(f"{name}.{norm}", high)


def larger(name: str, before: int, after: int) -> Weights:
    scale = 1.5 / before**0.5
    return {f"{name}.weight": numbers(before, after, 2, 2, wide=scale),
            f"{name}.bias": numbers(after)}  # fmt: skip


def outer(decoder: str, width: int) -> Weights:
    """All weights but those of the encoder."""
    half, quarter = width // 2, width // 4
    held = larger("neck.2.fpn1.0", width, half) | spread("neck.2.fpn1.1", half)
    held |= larger("neck.2.fpn1.3", half, quarter) | larger("neck.2.fpn2.0", width, half)
    sizes = [quarter, half, width, width]
    if decoder == "UNetDecoder":
        before = width
        for step, (after, other) in enumerate(zip(STEPS, [*sizes[2::-1], 0], strict=True)):
            at = f"decoder.decoder.blocks.{step}"
            held |= block(f"{at}.conv1", "0 1", (after, before + other, 3))
            held |= block(f"{at}.conv2", "0 1", (after, after, 3))
            before = after
    else:
        kind, before = "conv norm", CHANNELS
        for step in range(4):
            held |= block(f"decoder.psp_modules.{step}.1", kind, (CHANNELS, width, 1))
        held |= block("decoder.bottleneck", kind, (CHANNELS, width + 4 * CHANNELS, 3))
        for step in range(3):
            held |= block(f"decoder.lateral_convs.{step}", kind, (CHANNELS, sizes[step], 1))
            held |= block(f"decoder.fpn_convs.{step}", kind, (CHANNELS, CHANNELS, 3))
        held |= block("decoder.fpn_bottleneck", kind, (CHANNELS, 4 * CHANNELS, 3))
    return held | {"head.head.2.weight": numbers(CLASSES, before, 1, 1),
                   "head.head.2.bias": numbers(CLASSES)}  # fmt: skip


def normal(x: Any, name: str, held: Weights) -> Any:
    mean, var, weight, bias = (
        held[f"{name}.{kind}"].view(1, -1, 1, 1)
        for kind in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def done(x: Any, name: str, kind: str, held: Weights) -> Any:
    conv, norm = kind.split()
    weight = held[f"{name}.{conv}.weight"]
    return normal(functional.conv2d(x, weight, padding=weight.shape[-1] // 2), f"{name}.{norm}",
                  held).relu()  # fmt: skip


def twice(x: Any, name: str, held: Weights) -> Any:
    """Each place becomes four, by its own sums."""
    weight = held[f"{name}.weight"]
    found = torch.einsum("bchw,cdij->bdhiwj", x, weight).flatten(4, 5).flatten(2, 3)
    return found + held[f"{name}.bias"].view(1, -1, 1, 1)


def pyramid(maps: list[Any], held: Weights) -> list[Any]:
    first = normal(twice(maps[0], "neck.2.fpn1.0", held), "neck.2.fpn1.1", held)
    first = twice(functional.gelu(first), "neck.2.fpn1.3", held)
    last = maps[3].unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
    return [first, twice(maps[1], "neck.2.fpn2.0", held), maps[2], last]


def stretched(x: Any, like: Any) -> Any:
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)


def upernet(maps: list[Any], held: Weights) -> Any:
    kind, top = "conv norm", maps[3]
    pooled = [
        stretched(done(functional.adaptive_avg_pool2d(top, side), f"decoder.psp_modules.{n}.1",
                       kind, held), top)
        for n, side in enumerate((1, 2, 3, 6))
    ]  # fmt: skip
    sides = [done(maps[n], f"decoder.lateral_convs.{n}", kind, held) for n in range(3)]
    sides.append(done(torch.cat([top, *pooled], 1), "decoder.bottleneck", kind, held))
    for n in (2, 1, 0):
        sides[n] = sides[n] + stretched(sides[n + 1], sides[n])
    sides[:3] = [done(sides[n], f"decoder.fpn_convs.{n}", kind, held) for n in range(3)]
    together = torch.cat([stretched(side, sides[0]) for side in sides], 1)
    return done(together, "decoder.fpn_bottleneck", kind, held)


def unet(maps: list[Any], held: Weights) -> Any:
    x = maps[3]
    for step, other in enumerate([maps[2], maps[1], maps[0], None]):
        x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = x if other is None else torch.cat([x, other], 1)
        for part in ("conv1", "conv2"):
            x = done(x, f"decoder.decoder.blocks.{step}.{part}", "0 1", held)
    return x


def likely(pictures: list[Any], inner: Weights, held: Weights, decoder: str) -> Any:
    """A number for each label and pixel of times of bands x height x width, filled to 16 rows."""
    times = numpy.stack(pictures, 1)
    filled = numpy.concatenate([times, times[:, :, -2:-6:-1]], 2).astype("float64")
    level, deviation = (numpy.array(n)[:, None, None, None] for n in (MEANS, SPREADS))
    ready = (numpy.where(filled == -9999, 0, filled) * 1e-4 - level) / deviation
    maps = []
    for layer in base.states(ready, inner, high=16):
        planes = [layer[1 + 8 * n : 9 + 8 * n].T.reshape(WIDTH, 4, 2) for n in range(len(pictures))]
        maps.append(torch.tensor(numpy.concatenate(planes)).float()[None])
    find = unet if decoder == "UNetDecoder" else upernet
    found = find(pyramid(maps, held), held)
    found = functional.conv2d(found, held["head.head.2.weight"], held["head.head.2.bias"])
    found = functional.interpolate(found, (16, 8), mode="bilinear")
    return found[0, :, :12]


def config(decoder: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A configuration as TerraTorch writes it for a server."""
    model = {
        "backbone": "prithvi_eo_v2_100_tl", "backbone_pretrained": True, "backbone_img_size": 8,
        "backbone_bands": ["BLUE", "GREEN", "RED"], "decoder": decoder, "num_classes": CLASSES,
        "necks": [{"name": "SelectIndices", "indices": [0, 1, 2, 3]},
                  {"name": "ReshapeTokensToImage"}, {"name": "LearnedInterpolateToPyramidal"}],
    }  # fmt: skip
    said = {"model_args": model, "model_factory": "EncoderDecoderFactory"} | more
    task = {"class_path": "terratorch.tasks.SemanticSegmentationTask", "init_args": said}
    settings = {"model": task, "data": data}
    return {"architectures": ["Terratorch"], "num_classes": 0, "pretrained_cfg": settings}


def main() -> None:
    """One model for one time and one for two, the pictures, and the labels of their pixels."""
    torch.manual_seed(5)
    random = numpy.random.default_rng(1)
    picture = random.integers(200, 4000, (3, 12, 8)).astype("int16")
    picture[:, 0, 0] = -9999
    later = random.integers(200, 4000, (3, 12, 8)).astype("int16")
    numpy.save(HERE / "flood.npy", picture)
    numpy.save(HERE / "later.npy", later)
    floods = {"class_path": "terratorch.datamodules.Sen1Floods11NonGeoDataModule",
              "init_args": {"constant_scale": 0.0001, "no_data_replace": 0}}  # fmt: skip
    crops = {"class_path": "terratorch.datamodules.GenericNonGeoSegmentationDataModule",
             "init_args": {"constant_scale": 0.0001, "means": MEANS, "stds": SPREADS}}  # fmt: skip
    names = ["none", "corn", "rice"]
    kinds = {
        "floods": config("UperNetDecoder", floods),
        "crops": config("UNetDecoder", crops, class_names=names),
    }
    found = {}
    for name, told in kinds.items():
        model = told["pretrained_cfg"]["model"]["init_args"]["model_args"]
        decoder = model["decoder"]
        pictures = [picture] if name == "floods" else [picture, later]
        model["backbone_num_frames"] = len(pictures)
        inner, held = base.weights("", True), outer(decoder, WIDTH * len(pictures))
        del inner["decoder_embed.weight"]
        scores = likely(pictures, inner, held, decoder)
        usual, wide = scores.mean((1, 2)), scores.std((1, 2))  # so that no label is rare
        held["head.head.2.bias"] = (held["head.head.2.bias"] - usual) / wide
        held["head.head.2.weight"] /= wide.view(-1, 1, 1, 1)
        found[name] = likely(pictures, inner, held, decoder).argmax(0).tolist()
        state = {f"model.encoder.{k}": torch.from_numpy(v) for k, v in inner.items()}
        state |= {f"model.{k}": v for k, v in held.items()}
        (HERE / name).mkdir()
        (HERE / name / "config.json").write_text(json.dumps(told))
        torch.save({"state_dict": state, "epoch": 3}, HERE / name / "Prithvi.pt")
    (HERE / "labels.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
