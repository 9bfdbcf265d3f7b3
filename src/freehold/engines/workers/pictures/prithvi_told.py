"""What Prithvi-EO is told: its published configuration, and when and where a picture was taken."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from msgspec import Struct, ValidationError, convert

from freehold.core.errors import BrokenInput, UsageError
from freehold.formats.structured import read_json

EPSILON = 1e-5
"""Of the norms, where a configuration does not say it."""


class Told(Struct, frozen=True, kw_only=True):
    """What a published configuration says."""

    num_frames: int
    in_chans: int
    embed_dim: int
    depth: int
    num_heads: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    img_size: int
    patch_size: int | tuple[int, int, int] = 16
    tubelet_size: int = 1
    mlp_ratio: float = 4.0
    coords_encoding: tuple[str, ...] = ()
    eps: float = EPSILON

    @property
    def patch(self) -> tuple[int, int, int]:
        """Times, height and width of a patch."""
        size = self.patch_size
        return (self.tubelet_size, size, size) if isinstance(size, int) else size

    @property
    def grid(self) -> tuple[int, int, int]:
        """How many patches the model was trained on: times, rows, columns."""
        deep, high, wide = self.patch
        return self.num_frames // deep, self.img_size // high, self.img_size // wide


def read_told(folder: Path) -> Told:
    """The configuration that lies in a folder."""
    table = read_json(folder / "config.json", "config.json").get("pretrained_cfg")
    try:
        told = convert(table, Told)
    except ValidationError as error:
        raise BrokenInput(f"{folder.name}: its config.json does not fit: {error}") from error
    if told.embed_dim % 16 or not len(told.mean) == len(told.std) == told.in_chans:
        raise BrokenInput(f"{folder.name}: its config.json contradicts itself")
    return told


def dates(options: Mapping[str, str], told: Told) -> list[tuple[int, int]]:
    """Year and day of the year of each date that was said."""
    said = options.get("dates", "")
    if said and "time" not in told.coords_encoding:
        raise UsageError("this model takes no dates")
    try:
        days = [date.fromisoformat(word.strip()) for word in said.split(",") if word]
    except ValueError as error:
        raise UsageError(f"dates={said}: {error}", hint="such as 2018-01-13,2018-01-29") from error
    return [(day.year, day.timetuple().tm_yday) for day in days]


def place(options: Mapping[str, str], told: Told) -> tuple[float, ...]:
    """Latitude and longitude, where they were said."""
    said = options.get("place")
    if said is None:
        return ()
    if "location" not in told.coords_encoding:
        raise UsageError("this model takes no place")
    try:
        north, east = (float(word) for word in said.split(","))
    except ValueError:
        north, east = 999.0, 999.0
    if not (abs(north) <= 90 and abs(east) <= 180):
        raise UsageError(f"place={said}: a place is latitude,longitude in degrees")
    return north, east
