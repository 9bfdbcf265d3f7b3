"""Reads the sizes of weights, for models whose configuration leaves some of them out."""

from pathlib import Path

from safetensors import safe_open


def shapes(folder: Path, within: str) -> dict[str, list[int]]:
    """The shapes of the weights whose names hold this text; no weight is read."""
    found: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            names = [name for name in file.keys() if within in name]  # noqa: SIM118
            found |= {name: file.get_slice(name).get_shape() for name in names}
    return found
