"""The spectrum of a sound as a picture: time to the right, pitch upwards, bright is loud.

Each column looks at 1,024 samples through a Hann window; each row is one pitch, an equal musical
step above the one below, whose strength is computed alone (Goertzel, 1958).
"""

import math
import struct
import wave
from pathlib import Path

from freehold.core.errors import BrokenInput
from freehold.formats.png import Picture

ROWS, WINDOW = 24, 1024
LOWEST, HIGHEST = 80.0, 0.45
"""The lowest pitch in hertz, and the highest as a part of the sampling rate."""
RANGE = 60.0
"""Decibels between black and white."""


def spectrum(path: Path, columns: int) -> Picture:
    """The picture; BrokenInput for a file that is no WAV of 16 bits."""
    samples, rate = _samples(path, columns)
    if not samples:
        raise BrokenInput(f"{path.name}: holds no sound")
    top = rate * HIGHEST
    pitches = [LOWEST * (top / LOWEST) ** (n / (ROWS - 1)) for n in reversed(range(ROWS))]
    levels = [[_loudness(part, pitch / rate) for part in samples] for pitch in pitches]
    most = max(max(row) for row in levels)
    rows = tuple(bytes(_gray(level - most) for level in row) for row in levels)
    return Picture(len(samples), ROWS, 1, rows)


def _samples(path: Path, columns: int) -> tuple[list[list[float]], int]:
    """The samples of the first channel at each column, spread evenly over the sound; the rate."""
    try:
        with wave.open(str(path)) as sound:
            channels, rate, count = sound.getnchannels(), sound.getframerate(), sound.getnframes()
            if sound.getsampwidth() != 2 or rate <= 0:
                raise BrokenInput(f"{path.name}: not a WAV file of 16 bits")
            found = []
            for column in range(min(columns, count)):
                sound.setpos(column * count // columns)
                data = sound.readframes(WINDOW)
                data = data[: len(data) // (2 * channels) * 2 * channels]
                values = struct.unpack(f"<{len(data) // 2}h", data)[::channels]
                found.append([value / 32768 for value in values])
            return found, rate
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise BrokenInput(f"{path.name}: not a WAV file: {error}") from error


def _loudness(samples: list[float], turns: float) -> float:
    """The strength of one pitch, `turns` for each sample, in decibels."""
    double, one, two = 2 * math.cos(2 * math.pi * turns), 0.0, 0.0
    step = 2 * math.pi / max(1, len(samples))
    for n, sample in enumerate(samples):
        one, two = sample * (0.5 - 0.5 * math.cos(step * n)) + double * one - two, one
    power = one * one + two * two - double * one * two
    return 10 * math.log10(max(power, 1e-12))


def _gray(below: float) -> int:
    return round(255 * min(1.0, max(0.0, 1 + below / RANGE)))
