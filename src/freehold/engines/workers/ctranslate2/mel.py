"""What Whisper looks at: how loud each band of pitches is, every hundredth of a second.

As in Whisper's paper (Radford et al. 2022): windows of 25 ms every 10 ms, bands of equal width on
the mel scale of Slaney's Auditory Toolbox, the logarithm of their power, cut 8 below the loudest.
"""

from typing import Any

RATE, WINDOW, STEP, SECONDS = 16_000, 400, 160, 30
FLOOR, RANGE = 1e-10, 8.0


def features(samples: Any, bands: int) -> Any:
    """An array of bands x 3,000 for up to 30 seconds of sound; what is missing is silence."""
    import numpy as np

    whole = np.zeros(RATE * SECONDS, np.float32)
    whole[: len(samples)] = samples
    padded = np.pad(whole, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP][:-1]
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * shape, axis=1)) ** 2
    loud = np.log10(np.maximum(power @ filters(bands).T, FLOOR)).T
    loud = np.maximum(loud, loud.max() - RANGE)
    return np.ascontiguousarray((loud + 4) / 4, np.float32)


def filters(bands: int) -> Any:
    """How much of each frequency belongs to each band: triangles of the same area."""
    import numpy as np

    edges = hertz(np.linspace(0.0, mel(RATE / 2), bands + 2))
    pitch = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (pitch - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - pitch) / np.diff(edges)[1:, None]
    heights = 2.0 / (edges[2:] - edges[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * heights[:, None]


def mel(hertz: float) -> float:
    """A frequency on the mel scale: even below 1,000 Hz, logarithmic above."""
    import math

    return 3 * hertz / 200 if hertz < 1000 else 15 + 27 * math.log(hertz / 1000) / math.log(6.4)


def hertz(mels: Any) -> Any:
    """The frequencies of places on the mel scale."""
    import numpy as np

    return np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(np.log(6.4) * (mels - 15) / 27))
