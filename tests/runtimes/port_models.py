"""Makes tiny DeepSpeech and MusicVAE models, and computes what they say by plain loops in numpy.

Run in the runtime: the folder (with `short.wav` in it), then the names of the functions below.
Nothing here is shared with the workers: it is the other opinion.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy
import soundfile
import torch
from safetensors.torch import load_file, save_file

HERE = Path(sys.argv[1])
Arrays = dict[str, Any]


def drawn(shapes: dict[str, tuple[int, ...]], seed: int, width: float) -> Arrays:
    """Random numbers of these shapes."""
    source = numpy.random.default_rng(seed)
    return {name: source.normal(0, width, shape) for name, shape in shapes.items()}


def saved(weights: Arrays, folder: Path) -> None:
    """As safetensors of 32 bits; the arrays are rounded alike."""
    save_file(
        {name: torch.from_numpy(value).float() for name, value in weights.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )


def squashed(x: Any) -> Any:
    return 1 / (1 + numpy.exp(-x))


def cell(x: Any, c: Any, h: Any, kernel: Any, bias: Any, forget: float) -> tuple[Any, Any]:
    """One step of an LSTM as TensorFlow lays it out: gates i, j, f, o."""
    i, j, f, o = numpy.split(numpy.concatenate([x, h]) @ kernel + bias, 4)
    c = squashed(f + forget) * c + squashed(i) * numpy.tanh(j)
    return c, squashed(o) * numpy.tanh(c)


def coefficients(samples: list[float]) -> list[list[float]]:
    """MFCCs by the textbook: a slow Fourier sum, triangles by their corners, a cosine sum."""
    low, high = (1127 * math.log(1 + f / 700) for f in (20, 8000))
    corners = [low + (high - low) * n / 41 for n in range(42)]
    bins = [1127 * math.log(1 + n * 16_000 / 512 / 700) for n in range(257)]
    turn = numpy.exp(-2j * numpy.pi * numpy.outer(numpy.arange(257), numpy.arange(512)) / 512)
    out = []
    for first in range(0, len(samples) - 511, 320):
        frame = [
            samples[first + n] * (0.5 - 0.5 * math.cos(2 * math.pi * n / 512)) for n in range(512)
        ]
        power = numpy.abs(turn @ numpy.array(frame))
        logs = []
        for band in range(40):
            left, middle, right = corners[band : band + 3]
            total = 0.0
            for n in range(2, 257):
                if left < bins[n] <= middle:
                    total += power[n] * (bins[n] - left) / (middle - left)
                elif middle < bins[n] < right:
                    total += power[n] * (right - bins[n]) / (right - middle)
            logs.append(math.log(max(total, 1e-12)))
        out.append(
            [
                math.sqrt(2 / 40)
                * sum(logs[n] * math.cos(math.pi / 40 * k * (n + 0.5)) for n in range(40))
                for k in range(26)
            ]
        )
    return out


def deepspeech(folder: Path) -> Any:
    """DeepSpeech with six letters and layers of 16."""
    letters = [" ", "a", "b", "c", "d", "'"]
    (folder / "alphabet.txt").write_text("# letters\n" + "\n".join(letters) + "\n")
    (folder / "config.json").write_text(json.dumps({"architectures": ["DeepSpeech"]}))
    lstm = "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell"
    weights = drawn(
        {
            "layer_1/weights": (494, 16),
            "layer_1/bias": (16,),
            "layer_2/weights": (16, 16),
            "layer_2/bias": (16,),
            "layer_3/weights": (16, 16),
            "layer_3/bias": (16,),
            f"{lstm}/kernel": (32, 64),
            f"{lstm}/bias": (64,),
            "layer_5/weights": (16, 16),
            "layer_5/bias": (16,),
            "layer_6/weights": (16, 7),
            "layer_6/bias": (7,),
        },
        11,
        0.4,
    )
    saved(weights, folder)
    samples = soundfile.read(HERE / "short.wav", dtype="float32")[0].tolist()
    made = coefficients(samples)
    edge = [[0.0] * 26] * 9
    padded = edge + made + edge
    c, h, frames = numpy.zeros(16), numpy.zeros(16), []
    for at in range(len(made)):
        x = numpy.array([value for row in padded[at : at + 19] for value in row])
        for n in (1, 2, 3):
            x = numpy.clip(x @ weights[f"layer_{n}/weights"] + weights[f"layer_{n}/bias"], 0, 20)
        c, h = cell(x, c, h, weights[f"{lstm}/kernel"], weights[f"{lstm}/bias"], 0)
        x = numpy.clip(h @ weights["layer_5/weights"] + weights["layer_5/bias"], 0, 20)
        frames.append(int((x @ weights["layer_6/weights"] + weights["layer_6/bias"]).argmax()))
    kept = [n for k, n in enumerate(frames) if n != 6 and (k == 0 or frames[k - 1] != n)]
    return {"text": "".join(letters[n] for n in kept).strip(), "mfcc": made[3]}


PARTS = {
    "encoder/cell_0/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell/kernel": (7 + 8, 32),
    "encoder/cell_0/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell/bias": (32,),
}


def musicvae(folder: Path, seed: int = 10) -> Any:
    """MusicVAE for 16 steps and five pitches, with two layers that unroll."""
    told = {"numSteps": 16, "minPitch": 60, "maxPitch": 64}
    (folder / "config.json").write_text(
        json.dumps(
            {
                "type": "MusicVAE",
                "architectures": ["MusicVAE"],
                "dataConverter": {"type": "MelodyConverter", "args": told},
            }
        )
    )
    shapes: dict[str, tuple[int, ...]] = {
        name.format(way): shape for name, shape in PARTS.items() for way in ("fw", "bw")
    }
    decoder = "decoder/multi_rnn_cell/cell_{}/lstm_cell/{}"
    shapes |= {
        "encoder/mu/kernel": (16, 4),
        "encoder/mu/bias": (4,),
        "decoder/z_to_initial_state/kernel": (4, 32),
        "decoder/z_to_initial_state/bias": (32,),
        decoder.format(0, "kernel"): (7 + 4 + 8, 32),
        decoder.format(0, "bias"): (32,),
        decoder.format(1, "kernel"): (8 + 8, 32),
        decoder.format(1, "bias"): (32,),
        "decoder/output_projection/kernel": (8, 7),
        "decoder/output_projection/bias": (7,),
    }
    weights = drawn(shapes, seed, 2.0)
    saved(weights, folder)
    melody = [2, 0, 4, 0, 1, 0, 6, 0, 0, 0, 3, 0, 1, 0, 0, 0]
    ends = []
    for way, order in (("fw", melody), ("bw", melody[::-1])):
        kernel, bias = (weights[name.format(way)] for name in PARTS)
        c = h = numpy.zeros(8)
        for sign in order:
            c, h = cell(numpy.eye(7)[sign], c, h, kernel, bias, 1)
        ends.append(h)
    z = numpy.concatenate(ends) @ weights["encoder/mu/kernel"] + weights["encoder/mu/bias"]
    first = numpy.tanh(
        z @ weights["decoder/z_to_initial_state/kernel"]
        + weights["decoder/z_to_initial_state/bias"]
    )
    c0, h0, c1, h1 = numpy.split(first, 4)
    before, signs = numpy.zeros(7), []
    for _ in range(16):
        x = numpy.concatenate([before, z])
        c0, h0 = cell(
            x, c0, h0, weights[decoder.format(0, "kernel")], weights[decoder.format(0, "bias")], 1
        )
        c1, h1 = cell(
            h0, c1, h1, weights[decoder.format(1, "kernel")], weights[decoder.format(1, "bias")], 1
        )
        out = (
            h1 @ weights["decoder/output_projection/kernel"]
            + weights["decoder/output_projection/bias"]
        )
        signs.append(int(out.argmax()))
        before = numpy.eye(7)[signs[-1]]
    return {"latents": z.tolist(), "signs": signs}


def musicvae_js(folder: Path) -> Any:
    """The same as files for TensorFlow.js, with the last layer in steps of 1/8."""
    told = musicvae(folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    manifest, data = [], b""
    for name, value in weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(value.shape), "dtype": "float32"}
        if name == "decoder/output_projection/bias":
            entry["quantization"] = {"dtype": "uint8", "min": -8.0, "scale": 0.125}
            data += ((value + 8) / 0.125).round().to(torch.uint8).numpy().tobytes()
        else:
            data += value.numpy().astype("<f4").tobytes()
        manifest.append(entry)
    half = len(data) // 2
    (folder / "group1-shard1of2").write_bytes(data[:half])
    (folder / "group1-shard2of2").write_bytes(data[half:])
    paths = ["group1-shard1of2", "group1-shard2of2"]
    (folder / "weights_manifest.json").write_text(
        json.dumps([{"paths": paths, "weights": manifest}])
    )
    return {"latents": told["latents"]}


def number(value: int) -> bytes:
    """A whole number in seven bits for each byte."""
    more = [value & 0x7F | 0x80] if value > 0x7F else [value]
    return bytes(more) + (number(value >> 7) if value > 0x7F else b"")


def field(tag: int, value: int | bytes) -> bytes:
    """A field of a message in the encoding of protocol buffers."""
    if isinstance(value, int):
        return number(tag << 3) + number(value)
    return number(tag << 3 | 2) + number(len(value)) + value


def block(entries: dict[bytes, bytes]) -> bytes:
    """A block of a sorted table, without what keys have in common."""
    body = b"".join(
        b"\0" + number(len(key)) + number(len(value)) + key + value
        for key, value in sorted(entries.items())
    )
    return body + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def musicvae_tf(folder: Path) -> Any:
    """The same as a checkpoint of TensorFlow: an index, and the numbers beside it."""
    told = musicvae(folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    entries, data = {b"": field(1, 1) + field(3, field(1, 1))}, b""
    for name, value in weights.items():
        raw = value.numpy().astype("<f4").tobytes()
        shape = b"".join(field(2, field(1, size)) for size in value.shape)
        entries[name.encode()] = (
            field(1, 1) + field(2, shape) + field(4, len(data)) + field(5, len(raw))
        )
        data += raw
    (folder / "model.ckpt-1.data-00000-of-00001").write_bytes(data)
    first = block(entries)
    table = block({b"z": b"\0" + number(len(first))})
    ending = (b"\0\0" + number(len(first) + 5) + number(len(table))).ljust(40, b"\0")
    magic = (0xDB4775248B80FB57).to_bytes(8, "little")
    (folder / "model.ckpt-1.index").write_bytes(
        first + bytes(5) + table + bytes(5) + ending + magic
    )
    return {"latents": told["latents"], "signs": told["signs"]}


if __name__ == "__main__":
    for name in sys.argv[2:]:
        target = HERE / name
        target.mkdir()
        told = globals()[name](target)
        (target / "expected.json").write_text(json.dumps(told))
        print(name, str(told)[:200])
