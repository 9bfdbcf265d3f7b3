"""What a Prithvi-EO tuned with TerraTorch is told: floods, burn scars, crops.

The published config.json (`"architectures": ["Terratorch"]`) holds TerraTorch's own settings of the
task, the model and the data under `pretrained_cfg`. Sizes are read from the weights.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.pictures.prithvi_told import Told
from freehold.formats.structured import as_table, read_json

HEADS = {"100": 12, "300": 16, "600": 16}
"""Heads of attention of the published encoders, by their millions of parameters."""
FLOODS = {
    "BLUE": (0.1412956, 0.07406382), "GREEN": (0.13795798, 0.07370365),
    "RED": (0.12353792, 0.08692279), "NIR_NARROW": (0.30902815, 0.11798815),
    "SWIR_1": (0.2044958, 0.09772074), "SWIR_2": (0.11912015, 0.07659938),
}  # fmt: skip
"""Mean and deviation of bands in Sen1Floods11: TerraTorch knows them, its settings are silent."""
FLOODS_SCALE = 0.0001


class Tuned(Struct, frozen=True, kw_only=True):
    """The encoder, the layers that are looked at, and how numbers become what it was tuned on.

    `scale` is what the numbers of a picture are multiplied with, `instead` stands where nothing
    was seen.
    """

    told: Told
    looked_at: tuple[int, ...]
    labels: dict[int, str]
    scale: float
    instead: float


def read_tuned(folder: Path, weights: Mapping[str, Any]) -> Tuned:
    """The settings that lie in a folder; UsageError for another task or another encoder."""
    table = as_table(read_json(folder / "config.json", "config.json").get("pretrained_cfg"))
    task, data = as_table(table.get("model")), as_table(table.get("data"))
    if not str(task.get("class_path")).endswith(".SemanticSegmentationTask"):
        raise UsageError(f"{folder.name}: of TerraTorch's tasks only segmentation is known here")
    said = as_table(task.get("init_args"))
    model, given = as_table(said.get("model_args")), as_table(data.get("init_args"))
    floods = str(data.get("class_path")).endswith("Sen1Floods11NonGeoDataModule")
    means, deviations = _spread(model, given, floods, folder.name)
    names = said.get("class_names") or given.get("class_names")
    scale = given.get("constant_scale", FLOODS_SCALE if floods else 1.0)
    return Tuned(
        told=_told(weights, model, means, deviations, folder.name),
        looked_at=_indices(model, folder.name),
        labels=dict(enumerate(map(str, names))) if isinstance(names, list) else {},
        scale=float(scale),
        instead=float(given.get("no_data_replace") or 0.0),
    )


def _spread(
    model: Mapping[str, Any], data: Mapping[str, Any], floods: bool, name: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and deviations of the bands."""
    bands = model.get("backbone_bands") or data.get("bands") or ()
    if floods and all(band in FLOODS for band in bands):
        pairs = [FLOODS[band] for band in bands or FLOODS]
        return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    means, deviations = data.get("means"), data.get("stds")
    if not isinstance(means, list) or not isinstance(deviations, list):
        raise BrokenInput(
            f"{name}: its config.json does not say means and deviations of bands",
            hint="the section data of the published config.yaml belongs into pretrained_cfg, too",
        )
    return tuple(map(float, means)), tuple(map(float, deviations))


def _indices(model: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """The layers that are looked at."""
    necks = [as_table(neck) for neck in model.get("necks") or ()]
    found = next((n.get("indices") for n in necks if n.get("name") == "SelectIndices"), None)
    if not isinstance(found, list) or len(found) != 4:
        raise BrokenInput(f"{name}: its config.json does not say which four layers are looked at")
    return tuple(map(int, found))


def _told(
    weights: Mapping[str, Any], model: Mapping[str, Any], means: Sequence[float],
    deviations: Sequence[float], name: str,
) -> Told:  # fmt: skip
    """The encoder, by its weights and its name."""
    known = re.match(r"prithvi_eo_v\d_(100|300|600)(_tl)?$", str(model.get("backbone")))
    if known is None:
        raise UsageError(f"{name}: the encoder {model.get('backbone')} is not known here")
    try:
        patches = weights["encoder.patch_embed.proj.weight"].shape
        inner = weights["encoder.blocks.0.mlp.fc1.weight"].shape
    except KeyError as error:
        raise BrokenInput(f"{name}: {error} is missing") from error
    depth = 0
    while f"encoder.blocks.{depth}.norm1.weight" in weights:
        depth += 1
    if not len(means) == len(deviations) == patches[1]:
        raise BrokenInput(f"{name}: {len(means)} means for {patches[1]} bands")
    scales = {"time": "temporal", "location": "location"}
    return Told(
        num_frames=int(model.get("backbone_num_frames") or 1),
        in_chans=patches[1],
        embed_dim=patches[0],
        depth=depth,
        num_heads=HEADS[known[1]],
        mean=tuple(means),
        std=tuple(deviations),
        img_size=int(model.get("backbone_img_size") or 224),
        patch_size=(patches[2], patches[3], patches[4]),
        mlp_ratio=inner[0] / inner[1],
        coords_encoding=tuple(
            said for said, kind in scales.items() if f"encoder.{kind}_embed_enc.scale" in weights
        ),
    )
