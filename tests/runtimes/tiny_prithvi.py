"""Tiny Prithvi models as IBM and NASA publish them, and their vectors by plain sums in numpy.

Run by the Python of the runtime: `python tiny_prithvi.py FOLDER`; each model gets a folder with
config.json and a file of PyTorch's, the pictures and `vectors.json` lie beside them.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.runtimes import tiff

HERE = Path(sys.argv[1])
BANDS, WIDTH, DEPTH, HEADS, SIDE = 3, 32, 2, 4, 8
SPREAD = [100.0, 200.0, 50.0]
LEVEL = [1000.0, 1200.0, 900.0]
DATES, PLACE = [(2018, 13), (2020, 366)], (47.5, -122.25)
Weights = dict[str, Any]


def config(name: str, **more: Any) -> dict[str, Any]:
    """A configuration as it is published."""
    told = {
        "img_size": SIDE, "num_frames": 2, "patch_size": [1, 4, 4], "in_chans": BANDS,
        "embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS, "decoder_embed_dim": 16,
        "decoder_depth": 1, "decoder_num_heads": 2, "mlp_ratio": 2, "coords_encoding": [],
        "coords_scale_learn": False, "mask_ratio": 0.75, "norm_pix_loss": False,
        "bands": ["B02", "B03", "B04"], "mean": LEVEL, "std": SPREAD,
    }  # fmt: skip
    return {"architecture": name, "num_features": WIDTH, "pretrained_cfg": told | more}


def weights(prefix: str, scales: bool) -> Weights:
    """Random weights under the published names; some of the decoder, which must not disturb."""
    random = numpy.random.default_rng(3)

    def numbers(*shape: int) -> Any:
        return random.normal(0, 0.3, shape).astype("float32")

    found: Weights = {
        "cls_token": numbers(1, 1, WIDTH),
        "pos_embed": numbers(1, 9, WIDTH),
        "patch_embed.proj.weight": numbers(WIDTH, BANDS, 1, 4, 4),
        "patch_embed.proj.bias": numbers(WIDTH),
        "norm.weight": numbers(WIDTH) + 1,
        "norm.bias": numbers(WIDTH),
    }
    if scales:
        found |= {"temporal_embed_enc.scale": numbers(1), "location_embed_enc.scale": numbers(1)}
    for number in range(DEPTH):
        sizes = {"norm1": (WIDTH,), "norm2": (WIDTH,), "attn.qkv": (3 * WIDTH, WIDTH),
                 "attn.proj": (WIDTH, WIDTH), "mlp.fc1": (2 * WIDTH, WIDTH),
                 "mlp.fc2": (WIDTH, 2 * WIDTH)}  # fmt: skip
        for name, shape in sizes.items():
            found[f"blocks.{number}.{name}.weight"] = numbers(*shape) + (len(shape) == 1)
            found[f"blocks.{number}.{name}.bias"] = numbers(shape[0])
    named = {prefix + name: value for name, value in found.items()}
    apart = "decoder." if prefix else ""
    return named | {f"{apart}decoder_embed.weight": numbers(16, WIDTH)}


def wave(number: float, width: int) -> list[float]:
    """Sines and cosines of a number at falling speeds."""
    angles = [number / 10_000 ** (n / (width / 2)) for n in range(width // 2)]
    return [*map(math.sin, angles), *map(math.cos, angles)]


def norm(values: Any, name: str, held: Weights) -> Any:
    away = values - values.mean(-1, keepdims=True)
    scaled = away / numpy.sqrt((away**2).mean(-1, keepdims=True) + 1e-5)
    return scaled * held[f"{name}.weight"] + held[f"{name}.bias"]


def linear(values: Any, name: str, held: Weights) -> Any:
    return values @ held[f"{name}.weight"].T + held[f"{name}.bias"]


def attended(values: Any, at: str, held: Weights) -> Any:
    """Head by head, place by place."""
    q, k, v = numpy.split(linear(values, f"{at}.attn.qkv", held), 3, -1)
    size, parts = WIDTH // HEADS, []
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        scores = q[:, own] @ k[:, own].T / math.sqrt(size)
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        parts.append(shares / shares.sum(-1, keepdims=True) @ v[:, own])
    return linear(numpy.concatenate(parts, -1), f"{at}.attn.proj", held)


def tokens(picture: Any, held: Weights, coordinates: bool = False, high: int = SIDE) -> Any:
    """What the last layer gives for bands x times x height x width, patch by patch."""
    ready = (picture - numpy.array(LEVEL)[:, None, None, None]) / numpy.array(SPREAD)[
        :, None, None, None]  # fmt: skip
    ready = numpy.where(picture == -9999, 0.0001, ready)
    return states(ready, held, coordinates, high)[-1]


def states(ready: Any, held: Weights, coordinates: bool = False, high: int = SIDE) -> list[Any]:
    """What each layer gives, the last one brought to a norm."""
    kernel, places = held["patch_embed.proj.weight"][:, :, 0], []
    for when in range(ready.shape[1]):
        for row in range(high // 4):
            for column in range(SIDE // 4):
                cut = ready[:, when, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
                value = (kernel * cut).sum((1, 2, 3)) + held["patch_embed.proj.bias"]
                # a picture twice as high has its rows between those the model was trained on
                value = value + located(row * (SIDE - 4) / (high - 4), column, when)
                if coordinates:
                    year, day = DATES[when]
                    when_wave = numpy.array(wave(year, 16) + wave(day, 16))
                    where_wave = numpy.array(wave(PLACE[0], 16) + wave(PLACE[1], 16))
                    value = value + when_wave * held["temporal_embed_enc.scale"]
                    value = value + where_wave * held["location_embed_enc.scale"]
                places.append(value)
    values, found = numpy.stack([held["cls_token"][0, 0], *places]), []
    for number in range(DEPTH):
        at = f"blocks.{number}"
        values = values + attended(norm(values, f"{at}.norm1", held), at, held)
        inner = linear(norm(values, f"{at}.norm2", held), f"{at}.mlp.fc1", held)
        error = numpy.vectorize(math.erf)(inner / math.sqrt(2))
        values = values + linear(inner * (1 + error) / 2, f"{at}.mlp.fc2", held)
        found.append(values)
    return [*found[:-1], norm(values, "norm", held)]


def located(row: float, column: int, when: int) -> Any:
    """The wave of a place; between two rows as cubic interpolation makes it of both."""
    if row == int(row):
        part = WIDTH // 16
        return numpy.array(wave(column, 6 * part) + wave(row, 6 * part) + wave(when, 4 * part))
    near, far = located(0, column, when), located(1, column, when)
    share = cubic(row)
    return near * (1 - share) + far * share


def cubic(x: float, a: float = -0.75) -> float:
    """The part of the second of two rows, which stand for all rows before and after them."""

    def part(d: float) -> float:
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a

    return part(1 - x) + part(2 - x)


def tiffs(picture: Any) -> None:
    """The same picture with one band on each page, as Pillow writes it, and with all on each."""
    pages = [Image.fromarray(picture[band, when]) for when in (0, 1) for band in range(BANDS)]
    for name, way in (("pages", None), ("packed", "tiff_lzw")):
        pages[0].save(HERE / f"{name}.tif", save_all=True, append_images=pages[1:], compression=way)
    (HERE / "times.tif").write_bytes(
        tiff.written([picture[:, when] for when in (0, 1)], differences=True, piece=(16, 16))
    )


def main() -> None:
    """Version 2 with coordinates, and version 1; pictures; what comes out."""
    random = numpy.random.default_rng(0)
    picture = random.integers(500, 3000, (BANDS, 2, SIDE, SIDE)).astype("int16")
    picture[1, 0, 2, 3] = -9999
    numpy.save(HERE / "field.npy", picture)
    tiffs(picture)
    high = random.integers(500, 3000, (BANDS, 2, 16, SIDE)).astype("int16")
    numpy.save(HERE / "high.npy", high)
    two = config("prithvi_eo_v2_300_tl", coords_encoding=["time", "location"])
    one = config("prithvi_eo_v1_100", patch_size=4, tubelet_size=1)
    found = {}
    for name, told, prefix in (("two", two, "encoder."), ("one", one, "")):
        (HERE / name).mkdir()
        (HERE / name / "config.json").write_text(json.dumps(told))
        all_weights = weights(prefix, name == "two")
        state = {key: torch.from_numpy(value) for key, value in all_weights.items()}
        torch.save(state, HERE / name / "Prithvi_EO.pt")
        held = {key.removeprefix(prefix): value for key, value in all_weights.items()}
        found[name] = tokens(picture, held).tolist()
        if name == "two":
            found["said"] = tokens(picture, held, coordinates=True).tolist()
            found["high"] = tokens(high, held, high=16).tolist()
    (HERE / "vectors.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
