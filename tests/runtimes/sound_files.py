"""Checks how workers read, bring to another rate, cut and write sound; run in the runtime.

The arguments are a folder to work in and the folder of the sources. Each check that fails ends it.
"""

import os
import sys
import wave
from pathlib import Path
from typing import Any

import numpy
import soundfile

FOLDER, SOURCES = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, SOURCES)
os.chdir(FOLDER)

from freehold.core.errors import BrokenInput, UsageError  # noqa: E402
from freehold.engines.workers.sound.cutting import at_quiet_places  # noqa: E402
from freehold.engines.workers.sound.reading import read_sound  # noqa: E402
from freehold.engines.workers.sound.resampling import resampled  # noqa: E402
from freehold.engines.workers.sound.writing import written  # noqa: E402
from freehold.tasks.base import File  # noqa: E402


def tone(rate: int, seconds: float = 0.5, pitch: float = 440.0) -> Any:
    """A tone that fades in and out, so that its edges do not ring."""
    times = numpy.arange(round(rate * seconds)) / rate
    fade = numpy.sin(numpy.pi * times / seconds) ** 2
    return (0.5 * numpy.sin(2 * numpy.pi * pitch * times) * fade).astype("float32")


def every_kind_is_read() -> None:
    """Whole numbers of 8 to 32 bits, floats, FLAC, OGG and MP3."""
    kinds = [("wav", "PCM_U8", 0.01), ("wav", "PCM_16", 1e-4), ("wav", "PCM_24", 1e-6),
             ("wav", "PCM_32", 1e-6), ("wav", "FLOAT", 1e-7), ("wav", "DOUBLE", 1e-7),
             ("flac", "PCM_16", 1e-4), ("ogg", "VORBIS", 0.05),
             ("mp3", "MPEG_LAYER_III", 0.05)]  # fmt: skip
    for ending, kind, error in kinds:
        path = FOLDER / f"{kind}.{ending}"
        soundfile.write(path, tone(16_000), 16_000, subtype=kind)
        found = read_sound(File(path, "audio"), 16_000).samples
        least = min(len(found), 8_000)
        away = numpy.abs(found[:least] - tone(16_000)[:least]).max()
        assert away < error, (kind, away)


def channels_are_mixed_and_rates_changed_and_both_is_said() -> None:
    """Two channels at 44.1 kHz become one at 16."""
    path = FOLDER / "two.wav"
    left = tone(44_100)
    soundfile.write(path, numpy.stack([left, numpy.zeros_like(left)], 1), 44_100, "FLOAT")
    sound = read_sound(File(path, "audio"), 16_000)
    assert len(sound.samples) == 8_000
    assert numpy.abs(sound.samples - tone(16_000) / 2).max() < 1e-3
    assert sound.notes == (
        "the 2 channels of .wav were mixed to one",
        "the sound was brought from 44,100 to 16,000 samples per second",
    )


def a_tone_survives_every_change_of_rate() -> None:
    """Up and down, also between rates that share no factor."""
    for old, new in [(8_000, 16_000), (48_000, 16_000), (44_100, 24_000), (16_000, 44_100),
                     (44_101, 16_000), (16_000, 16_001)]:  # fmt: skip
        away = numpy.abs(resampled(tone(old), old, new)[: new // 2] - tone(new)).max()
        assert away < 1e-3, (old, new, away)


def what_is_too_high_for_the_new_rate_is_gone() -> None:
    """A tone of 11 kHz cannot be heard at 16 kHz: it must not come back as another."""
    loud = numpy.abs(resampled(tone(48_000, pitch=11_000), 48_000, 16_000)).max()
    assert loud < 1e-4, loud


def long_sound_is_cut_where_it_is_quiet() -> None:
    """Three seconds of noise with silence at 0.9 and 1.8."""
    noise = numpy.random.default_rng(1).normal(0, 0.2, 3_000).astype("float32")
    for at in (900, 1800):
        noise[at : at + 100] = 0
    parts = at_quiet_places(noise, 1_000, 1.0)
    assert parts == [(0, 950), (950, 1850), (1850, parts[2][1]), (parts[2][1], 3_000)], parts


def wrong_files_are_refused() -> None:
    """Nothing, junk, no samples, not numbers, too long, an array of another kind."""
    (FOLDER / "none.wav").write_bytes(b"")
    (FOLDER / "junk.ogg").write_bytes(os.urandom(2_000))
    soundfile.write(FOLDER / "empty.wav", numpy.zeros(0), 16_000)
    soundfile.write(FOLDER / "nan.wav", numpy.full(100, numpy.nan, "float32"), 16_000, "FLOAT")
    numpy.save(FOLDER / "whole.npy", numpy.arange(10))
    numpy.save(FOLDER / "object.npy", numpy.array([{}], dtype=object))
    for name in ("none.wav", "junk.ogg", "empty.wav", "nan.wav", "whole.npy", "object.npy"):
        file = File(FOLDER / name, "array" if name.endswith("npy") else "audio")
        try:
            read_sound(file, 16_000)
        except BrokenInput:
            continue
        raise AssertionError(name)
    try:
        read_sound(File(FOLDER / "PCM_16.wav", "audio"), 16_000, longest=0.1)
    except UsageError:
        return
    raise AssertionError("too long")


def loud_sound_is_clipped_and_that_is_said() -> None:
    """One sample of three is beyond what 16 bits hold."""
    file, notes = written(numpy.array([0.5, 2.0, -1.0], "float32"), 8_000)
    with wave.open(str(file.path)) as source:
        samples = numpy.frombuffer(source.readframes(3), "<i2").tolist()
    assert samples == [16384, 32767, -32767], samples
    assert notes == ("1 samples were too loud for a WAV file and were clipped",)
    for wrong in (numpy.zeros(0), numpy.array([numpy.nan])):
        try:
            written(wrong, 8_000)
        except BrokenInput:
            continue
        raise AssertionError(wrong)


if __name__ == "__main__":
    for check in [value for name, value in globals().items() if getattr(value, "__module__", "")
                  == "__main__" and name not in ("tone",)]:  # fmt: skip
        check()
        print(check.__name__)
