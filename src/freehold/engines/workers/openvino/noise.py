"""Draws noise from a seed as PyTorch does, so that one seed means the same image on both engines.

PyTorch fills a tensor on a processor with a Mersenne Twister (Matsumoto and Nishimura, 1998) and
the transform of Box and Muller (1958), sixteen numbers at a time: eight radii, then eight angles.
"""

from importlib import import_module
from typing import Any

AT_ONCE = 16
BITS = 24
"""Of each 32 bits drawn, so many become a number from 0 to 1."""


class Noise:
    """Normal numbers, 32-bit floats, in the order in which PyTorch would draw them."""

    def __init__(self, seed: int) -> None:
        self._numpy = import_module("numpy")
        self._twister = self._numpy.random.RandomState(seed & 0xFFFFFFFF)

    def normal(self, count: int) -> Any:
        """So many numbers; PyTorch draws fewer than sixteen in another way, so at least that."""
        drawn, whole = self._uniform(count), count - count % AT_ONCE
        found = self._numpy.empty(count, dtype=self._numpy.float32)
        found[:whole] = self._turned(drawn[:whole])
        if whole < count:
            found[-AT_ONCE:] = self._turned(self._uniform(AT_ONCE))
        return found

    def _uniform(self, count: int) -> Any:
        numpy = self._numpy
        bits = self._twister.randint(0, 2**32, count, dtype=numpy.uint32) & (2**BITS - 1)
        return bits.astype(numpy.float32) * numpy.float32(2**-BITS)

    def _turned(self, drawn: Any) -> Any:
        """Radii and angles as points, whose coordinates are normal."""
        numpy, pairs = self._numpy, drawn.reshape(-1, 2, AT_ONCE // 2)
        radius = numpy.sqrt(-2 * numpy.log(1 - pairs[:, 0]))
        angle = numpy.float32(2 * numpy.pi) * pairs[:, 1]
        points = (radius * numpy.cos(angle), radius * numpy.sin(angle))
        return numpy.stack(points, axis=1).reshape(-1)


def generator(seed: int) -> Any:
    """The same as OpenVINO GenAI takes it."""
    library, tensor = import_module("openvino_genai"), import_module("openvino").Tensor
    noise = Noise(seed)

    class Drawn(library.Generator):  # type: ignore[misc, name-defined]
        """Noise in the shapes that are asked for."""

        def next(self) -> float:
            """One number."""
            return float(noise.normal(AT_ONCE)[0])

        def randn_tensor(self, shape: Any) -> Any:
            """A tensor of this shape."""
            sizes = tuple(map(int, shape))
            count = 1
            for size in sizes:
                count *= size
            return tensor(noise.normal(count).reshape(sizes))

    return Drawn()
