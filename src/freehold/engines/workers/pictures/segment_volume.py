"""VISTA-3D of MONAI: organs and what points show, in a volume of computed tomography.

A volume is turned so that its axes run to the right, the front and the top, brought to 1.5 mm,
and its numbers (Hounsfield units) are brought from -963.8 .. 1053.7 to 0 .. 1, as in the settings
published with the model (told from memory, 2026-11). It is looked at through overlapping windows
of 128 voxels whose answers are added with the weight of a bell curve around their middle.
"""

import time
from collections.abc import Callable, Generator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.engines.workers.order import Order
from freehold.engines.workers.pictures.masks import takes
from freehold.engines.workers.pictures.volumes import STEP, Seen, opened_volume, saved_volume
from freehold.engines.workers.torchwork import TYPES, finite, prepared, wanted_type
from freehold.tasks.base import Progress, Work
from freehold.tasks.image_segmentation import Mask, Point, Request, Result

Answer = Generator[Progress | Result, None, None]
DARKEST, BRIGHTEST = -963.8247715525971, 1053.678477684517
WINDOW, GRAIN = 128, 16
"""The side of a window; a smaller volume is filled up to a multiple of the grain."""
OVERLAP, BELL = 0.5, 0.125
"""How much windows share; the width of the bell curve as a part of their side."""
CLASSES, MOST_CLASSES = 132, 32
NEW = 133
"""The class that stands for what points show and the model has no class for."""
SPECIAL = (23, 24, 25, 26, 27, 57, 128)
"""Classes (tumors, lesions) whose points have labels of their own, 2 more."""


def load(order: Order) -> Callable[[Request], Answer]:
    """Read the weights, from a folder with config.json and model.safetensors."""
    return Vista(order).answer


class Vista:
    """The model."""

    def __init__(self, order: Order) -> None:
        torch, folder = prepared(order), Path(order.model)
        config = _config(folder)
        try:
            from monai.networks.nets import vista3d132
        except ImportError as error:
            raise EnvironmentProblem("MONAI is not in this runtime") from error
        wide, channels = config.get("encoder_embed_dim", 48), config.get("input_channels", 1)
        network = vista3d132(encoder_embed_dim=wide, in_channels=channels)
        _fill(network, folder)
        self.kind = getattr(torch, TYPES[wanted_type(order, folder)])
        self.network, self.device = network.to(order.device, self.kind).eval(), order.device

    def answer(self, request: Request) -> Answer:
        """A mask for each class, or for what the points show."""
        import torch

        takes(request, "VISTA-3D", "points", "classes")
        _check(request)
        started = time.monotonic()
        seen = opened_volume(request.images[0])
        _points_inside(request, seen)
        with torch.inference_mode():
            values = self.made_ready(seen)
            if request.points:
                logits, count = self._shown(values, request, seen), 1
            else:
                logits, count = yield from self._classes(values, request.classes)
        labels = [f"class {number}" for number in request.classes] or ["what the points show"]
        masks = [
            self._mask(logit, seen, label) for logit, label in zip(logits, labels, strict=True)
        ]
        work = Work(time.monotonic() - started, count, "windows")
        yield Result(masks=tuple(masks), work=work, notes=tuple(_remarks(request, seen)))

    def made_ready(self, seen: Seen) -> Any:
        """The volume as the model takes it: 1 x 1 x right x front x top."""
        import torch

        order, back = seen.axes()
        values = torch.from_numpy(seen.numbers).permute(order)
        values = values.flip([n for n in range(3) if back[n]])
        steps = seen.steps()
        size = [max(1, round(values.shape[n] * steps[order[n]] / STEP)) for n in range(3)]
        values = _resized(values, size)
        values = ((values - DARKEST) / (BRIGHTEST - DARKEST)).clamp(0, 1)
        return values[None, None].to(self.device, self.kind)

    def _classes(
        self, values: Any, classes: tuple[int, ...]
    ) -> Generator[Progress, None, tuple[Any, int]]:
        """What the model computes for each class, window by window."""
        import torch

        wanted = torch.tensor([[number] for number in classes], device=self.device)
        size, filled = values.shape[2:], _filled(values)
        sums = torch.zeros(len(classes), *filled.shape[2:], device=self.device)
        weights = torch.zeros(filled.shape[2:], device=self.device)
        places = list(windows(tuple(filled.shape[2:])))
        bell = _bell(places[0]).to(self.device)
        started = time.monotonic()
        for done, place in enumerate(places):
            left = (time.monotonic() - started) / done * (len(places) - done) if done else None
            yield Progress(done, len(places), "windows", left)
            found = self.network(filled[(..., *place)], class_vector=wanted)[:, 0].float()
            finite(found, "what the model computes")
            sums[(..., *place)] += found * bell
            weights[place] += bell
        logits = sums / weights
        return logits[:, : size[0], : size[1], : size[2]], len(places)

    def _shown(self, values: Any, request: Request, seen: Seen) -> Any:
        """What the model computes in one window around the points."""
        import torch

        places = torch.tensor([moved(point, seen) for point in request.points])
        size, filled = values.shape[2:], _filled(values)
        window = _around(places.mean(0).tolist(), tuple(filled.shape[2:]))
        coords = places - torch.tensor([part.start for part in window])
        number = request.classes[0] if request.classes else NEW
        extra = 2 if number in SPECIAL else 0
        labels = [[int(point.inside) + extra for point in request.points]]
        found = self.network(
            filled[(..., *window)],
            point_coords=coords[None].to(self.device, self.kind),
            point_labels=torch.tensor(labels, device=self.device),
            prompt_class=torch.tensor([[number]], device=self.device),
        )[:, 0].float()
        finite(found, "what the model computes")
        logits = torch.full((1, *filled.shape[2:]), -1e4, device=self.device)
        logits[(..., *window)] = found
        return logits[:, : size[0], : size[1], : size[2]]

    def _mask(self, logits: Any, seen: Seen, label: str) -> Mask:
        """Where it is above zero, as the file lies."""
        order, back = seen.axes()
        size = [seen.numbers.shape[n] for n in order]
        within = _resized(logits, size).flip([n for n in range(3) if back[n]]) > 0
        within = within.permute([order.index(n) for n in range(3)]).cpu().numpy()
        return Mask(file=saved_volume(within, seen), label=label, share=float(within.mean()))


def moved(point: Point, seen: Seen) -> list[float]:
    """The indices of a voxel of the file as the model counts them."""
    (order, back), steps = seen.axes(), seen.steps()
    told = (point.x, point.y, point.z or 0.0)
    found = []
    for axis, flipped in zip(order, back, strict=True):
        place = seen.numbers.shape[axis] - 1 - told[axis] if flipped else told[axis]
        found.append((place + 0.5) * steps[axis] / STEP - 0.5)
    return found


def windows(size: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """The windows that cover a volume, each as far from the next as the overlap allows."""

    def starts(side: int) -> list[int]:
        step = int(WINDOW * (1 - OVERLAP))
        last = max(0, side - WINDOW)
        return sorted({*range(0, last, step), last})

    for corner in product(*map(starts, size)):
        yield tuple(
            slice(start, min(start + WINDOW, side))
            for start, side in zip(corner, size, strict=True)
        )


def _around(middle: list[float], size: tuple[int, ...]) -> tuple[slice, ...]:
    """The window whose middle is nearest to a place."""
    found = []
    for place, side in zip(middle, size, strict=True):
        start = min(max(0, round(place) - WINDOW // 2), max(0, side - WINDOW))
        found.append(slice(start, min(start + WINDOW, side)))
    return tuple(found)


def _bell(place: tuple[slice, ...]) -> Any:
    """The weight of each voxel of a window; never quite zero."""
    import torch

    found = torch.ones(())
    for part in place:
        side = part.stop - part.start
        away = (torch.arange(side) - (side - 1) / 2) / (BELL * side)
        found = found[..., None] * torch.exp(-(away**2) / 2)
    return found.clamp(min=float(found.max()) * 1e-3)


def _filled(values: Any) -> Any:
    """The volume with zeros behind it, so that each side is a window or a multiple of the grain."""
    from torch.nn.functional import pad

    missing = [(-side) % GRAIN for side in values.shape[2:]]
    return pad(values, [n for side in reversed(missing) for n in (0, side)])


def _resized(values: Any, size: list[int]) -> Any:
    from torch.nn.functional import interpolate

    if list(values.shape) == size:
        return values.float()
    found = interpolate(values.float()[None, None], size, mode="trilinear", align_corners=False)
    return found[0, 0]


def _config(folder: Path) -> dict[str, Any]:
    from freehold.formats.structured import read_json

    if not (folder / "config.json").is_file():
        raise BrokenInput(f"{folder.name}: has no config.json that says what it is")
    return dict(read_json(folder / "config.json", "config.json"))


def _fill(network: Any, folder: Path) -> None:
    """Put the weights in, every one of them; a leading `network.` of their names is left out."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = {
            name.removeprefix("network."): value
            for path in sorted(folder.glob("*.safetensors"))
            for name, value in load_file(path).items()
        }
        network.load_state_dict(weights, strict=True)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise BrokenInput(f"{folder.name}: its weights do not fit: {str(error)[:300]}") from error


def _check(request: Request) -> None:
    if len(request.images) != 1 or request.images[0].kind not in ("volume", "array"):
        raise UsageError("VISTA-3D takes one volume: .nii, .nii.gz or .npy")
    if not request.points and not request.classes:
        raise UsageError("name what to find: classes from 1 to 132, or points inside of it")
    wrong = [n for n in request.classes if not 1 <= n <= CLASSES]
    if wrong or len(request.classes) > MOST_CLASSES:
        raise UsageError(f"classes are 1 to {CLASSES}, at most {MOST_CLASSES} at once: {wrong}")
    if request.points and len(request.classes) > 1:
        raise UsageError("points show one object, so at most one class goes with them")


def _points_inside(request: Request, seen: Seen) -> None:
    sides = seen.numbers.shape
    for point in request.points:
        told = (point.x, point.y, point.z)
        if point.z is None:
            raise UsageError("a point in a volume is X,Y,Z, the indices of a voxel")
        if not all(n is not None and 0 <= n < side for n, side in zip(told, sides, strict=True)):
            raise UsageError(f"the point {told} lies outside of {' x '.join(map(str, sides))}")


def _remarks(request: Request, seen: Seen) -> Iterator[str]:
    if request.points:
        yield f"only {WINDOW * STEP:.0f} mm around the points were looked at"
    if seen.is_array:
        yield f"the array says no sizes: {STEP} mm to the right, front and top were taken"
