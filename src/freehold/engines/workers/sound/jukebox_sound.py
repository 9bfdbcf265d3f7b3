"""The convolutions of Jukebox: sound becomes codes, codes become sound, or longer for a prior."""

import math
from typing import Any

from torch.nn import functional

from freehold.engines.workers.aside import Tell
from freehold.engines.workers.sound.jukebox_settings import Codec, Widened
from freehold.engines.workers.sound.tensors import taken


class Part:
    """The tensors whose names begin alike."""

    def __init__(self, tensors: dict[str, Any], at: str = "") -> None:
        self.tensors, self.at = tensors, at

    def below(self, name: str) -> "Part":
        """Those one step further down."""
        return Part(self.tensors, f"{self.at}{name}.")

    def one(self, name: str, *shape: int | None) -> Any:
        """One tensor of this shape; BrokenInput when it is not there."""
        return taken(self.tensors, f"{self.at}{name}", *shape)

    def both(self, name: str, *shape: int, out: int | None = None) -> tuple[Any, Any]:
        """Weight and bias; `out` is the length of the bias, else the first of the shape."""
        width = shape[0] if out is None else out
        return self.one(f"{name}.weight", *shape), self.one(f"{name}.bias", width)


class Residual:
    """Small steps that keep a row of vectors as long and wide as it is."""

    def __init__(self, part: Part, told: Widened, inside: int, depth: int, *, back: bool) -> None:
        """Take the weights; `back` says that dilations shrink instead of grow."""
        cycle = told.res_dilation_cycle or depth
        spread = [told.res_dilation_growth_rate ** (n % cycle) for n in range(depth)]
        self.share = 1 / math.sqrt(depth) if told.conv_res_scale else 1.0
        middle = told.res_convolution_multiplier * inside
        blocks = part.below("resnet_block")
        self.steps = [
            (blocks.both(f"{n}.conv1d_1", middle, inside, 3),
             blocks.both(f"{n}.conv1d_2", inside, middle, 1), far)
            for n, far in enumerate(spread[::-1] if back else spread)
        ]  # fmt: skip

    def __call__(self, flow: Any, tell: Tell) -> Any:
        """The row after all steps."""
        for near, back, far in self.steps:
            tell(None)
            inner = functional.conv1d(flow.relu(), *near, padding=far, dilation=far).relu()
            flow = flow + self.share * functional.conv1d(inner, *back)
        return flow


class Longer:
    """Makes a row of vectors of `width` longer by 2 or so, several times."""

    def __init__(
        self, part: Part, told: Widened, level: int, width: int, times: int = 1, *, back: bool
    ) -> None:
        inside, depth = told.res_conv_width * times, told.res_conv_depth * times
        downs, self.stride = told.res_downs_t[level], told.res_strides_t[level]
        self.first = part.both("proj_in", inside, width, 3)
        self.steps: list[tuple[Residual, Any]] = []
        for number in range(downs):
            block = part.below(f"upsample_block.{2 * number}")
            out = width if number == downs - 1 else inside
            wider = part.both(
                f"upsample_block.{2 * number + 1}", inside, out, 2 * self.stride, out=out
            )
            self.steps.append((Residual(block, told, inside, depth, back=back), wider))

    def __call__(self, flow: Any, tell: Tell) -> Any:
        """From (1 x width x codes) to (1 x width x more codes)."""
        flow = functional.conv1d(flow, *self.first, padding=1)
        for residual, wider in self.steps:
            flow = functional.conv_transpose1d(
                residual(flow, tell), *wider, stride=self.stride, padding=self.stride // 2
            )
        return flow


class Shorter:
    """The way back: makes a row shorter by 2 or so, several times, and `width` wide."""

    def __init__(self, part: Part, told: Codec, level: int, before: int, times: int = 1) -> None:
        inside, depth = told.res_conv_width * times, told.res_conv_depth * times
        downs, self.stride = told.res_downs_t[level], told.res_strides_t[level]
        self.steps = [
            (part.both(f"downsample_block.{2 * n}", inside, inside if n else before,
                       2 * self.stride),
             Residual(part.below(f"downsample_block.{2 * n + 1}"), told, inside, depth, back=False))
            for n in range(downs)
        ]  # fmt: skip
        self.last = part.both("proj_out", told.embed_dim, inside, 3)

    def __call__(self, flow: Any, tell: Tell) -> Any:
        """From (1 x before x samples) to (1 x width x fewer)."""
        for closer, residual in self.steps:
            flow = functional.conv1d(flow, *closer, stride=self.stride, padding=self.stride // 2)
            flow = residual(flow, tell)
        return functional.conv1d(flow, *self.last, padding=1)


class Sounding:
    """The codec: the decoder of the finest codes, and the encoders of all levels.

    The decoders of the coarser levels are not needed, as their codes are heard by priors only.
    """

    def __init__(self, part: Part, told: Codec) -> None:
        times = told.multipliers or (1,) * told.levels
        self.books = [
            part.one(
                f"bottleneck.level_blocks.{n}.codebook", told.nb_discrete_codes, told.embed_dim
            )
            for n in range(told.levels)
        ]
        self.encoders = [
            [Shorter(part.below(f"encoders.{level}.level_blocks.{n}"), told, n,
                     told.embed_dim if n else 1, times[level])
             for n in range(level + 1)]
            for level in range(told.levels)
        ]  # fmt: skip
        decoder = part.below("decoders.0")
        block = decoder.below("level_blocks.0")
        self.longer = Longer(block, told, 0, told.embed_dim, times[0], back=True)
        self.out = decoder.both("out", 1, told.embed_dim, 3)

    def __call__(self, codes: Any, tell: Tell) -> Any:
        """The samples that the finest codes stand for."""
        flow = self.longer(self.books[0][codes].T[None], tell)
        return functional.conv1d(flow, *self.out, padding=1)[0, 0]

    def codes(self, samples: Any, tell: Tell) -> list[list[int]]:
        """The codes of a recording at each level, the coarsest first."""
        found = []
        for book, encoder in zip(self.books, self.encoders, strict=True):
            flow = samples[None, None]
            for shorter in encoder:
                flow = shorter(flow, tell)
            rows = flow[0].T
            far = rows.square().sum(1, True) - 2 * rows @ book.T + book.square().sum(1)[None]
            found.append(far.argmin(1).tolist())
        return found[::-1]
