"""What Prithvi-EO is told by its published files and by options, without running it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, UsageError
from freehold.engines.workers.pictures.prithvi_told import dates, place, read_told
from freehold.engines.workers.pictures.prithvi_tuned import FLOODS, read_tuned

PUBLISHED = {
    "img_size": 224, "num_frames": 4, "patch_size": [1, 14, 14], "in_chans": 6, "embed_dim": 1280,
    "depth": 32, "num_heads": 16, "decoder_embed_dim": 512, "mlp_ratio": 4,
    "coords_encoding": ["time", "location"], "mean": [1.0] * 6, "std": [2.0] * 6,
}  # fmt: skip
BANDS = list(FLOODS)


def folder(at: Path, **config: Any) -> Path:
    (at / "config.json").write_text(json.dumps(config))
    return at


def test_a_published_configuration_says_the_patches_and_their_grid(tmp_path: Path) -> None:
    told = read_told(folder(tmp_path, pretrained_cfg=PUBLISHED))
    assert (told.patch, told.grid) == ((1, 14, 14), (4, 16, 16))
    one = {**PUBLISHED, "patch_size": 16, "tubelet_size": 2}
    told = read_told(folder(tmp_path, pretrained_cfg=one))
    assert (told.patch, told.grid) == ((2, 16, 16), (2, 14, 14))
    for wrong in ({}, {**PUBLISHED, "mean": [1.0]}, {**PUBLISHED, "embed_dim": 100}):
        with pytest.raises(BrokenInput, match=r"does not fit|contradicts itself"):
            read_told(folder(tmp_path, pretrained_cfg=wrong))


def test_dates_become_years_and_days_and_a_place_is_checked(tmp_path: Path) -> None:
    told = read_told(folder(tmp_path, pretrained_cfg=PUBLISHED))
    assert dates({"dates": "2018-01-13, 2020-12-31"}, told) == [(2018, 13), (2020, 366)]
    assert place({"place": "47.5,-122.25"}, told) == (47.5, -122.25)
    assert (dates({}, told), place({}, told)) == ([], ())
    with pytest.raises(UsageError, match="dates=yesterday"):
        dates({"dates": "yesterday"}, told)
    for wrong in ("north", "91,0", "0,181", "1,2,3", "nan,0"):
        with pytest.raises(UsageError, match="latitude,longitude in degrees"):
            place({"place": wrong}, told)


def test_settings_of_terratorch_and_shapes_of_weights_say_the_rest(tmp_path: Path) -> None:
    shapes = {
        "encoder.patch_embed.proj.weight": (1024, 6, 1, 16, 16),
        "encoder.blocks.0.mlp.fc1.weight": (4096, 1024),
        "encoder.blocks.0.norm1.weight": (1024,),
        "encoder.blocks.1.norm1.weight": (1024,),
        "encoder.location_embed_enc.scale": (1,),
    }
    weights = {name: SimpleNamespace(shape=shape) for name, shape in shapes.items()}
    model = {
        "backbone": "prithvi_eo_v2_300_tl", "backbone_bands": BANDS,
        "necks": [{"name": "SelectIndices", "indices": [5, 11, 17, 23]}],
    }  # fmt: skip
    task = {"class_path": "terratorch.tasks.SemanticSegmentationTask"}
    data = {"class_path": "terratorch.datamodules.Sen1Floods11NonGeoDataModule"}
    settings = {"model": task | {"init_args": {"model_args": model}}, "data": data}
    tuned = read_tuned(folder(tmp_path, pretrained_cfg=settings), weights)
    assert (tuned.told.depth, tuned.told.num_heads, tuned.told.mlp_ratio) == (2, 16, 4)
    assert tuned.told.coords_encoding == ("location",)
    assert (tuned.looked_at, tuned.scale) == ((5, 11, 17, 23), 0.0001)
    assert tuned.told.mean == tuple(mean for mean, _ in FLOODS.values())
    for name, value, says in (
        ("backbone", "terramind_v1_base", "the encoder terramind_v1_base is not known"),
        ("necks", [], "which four layers are looked at"),
    ):
        other = task | {"init_args": {"model_args": {**model, name: value}}}
        with pytest.raises((UsageError, BrokenInput), match=says):
            read_tuned(folder(tmp_path, pretrained_cfg=settings | {"model": other}), weights)
