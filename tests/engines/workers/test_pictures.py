"""Workers for pictures: what they decide without any library."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, Contradiction, UsageError
from freehold.engines.workers.pictures.consistory import grid, shared_words
from freehold.engines.workers.pictures.locations import around, boxes, placed, plain, texts
from freehold.engines.workers.pictures.masks import inside, takes
from freehold.engines.workers.pictures.paint_pipes import stages, variant
from freehold.engines.workers.pictures.paint_words import grain
from freehold.engines.workers.pictures.sam_shown import frames, shown
from freehold.engines.workers.pictures.segment_volume import WINDOW, moved, windows
from freehold.engines.workers.pictures.volumes import Seen
from freehold.engines.workers.torchwork import stored
from freehold.tasks.image_segmentation import Box, Point, Request


def asked(**words: Any) -> Request:
    return Request(images=(), **words)


def test_labels_of_florence_have_the_boxes_behind_them() -> None:
    text = "<s>car<loc_0><loc_500><loc_999><loc_999><loc_1><loc_2><loc_3><loc_4>sky<loc_9></s>"
    first, second = boxes(text, 1000, 100)
    assert (first.label, first.box) == ("car", (0.5, 50.05, 999.5, 99.95))
    assert (second.label, second.box) == ("car", (1.5, 0.25, 3.5, 0.45))
    assert plain("<s>a car</s><pad>") == "a car"
    assert plain("car<loc_0><loc_1>and sky") == "car and sky"


def test_texts_of_florence_have_four_corners() -> None:
    (found,) = texts("</s><s>STOP" + "".join(f"<loc_{n}>" for n in range(8)) + "</s>", 1000, 1000)
    assert found.label == "STOP"
    assert found.corners == ((0.5, 1.5), (2.5, 3.5), (4.5, 5.5), (6.5, 7.5))
    assert found.box == (0.5, 1.5, 6.5, 7.5)


@given(st.text("ab<>loc_/sp0129 ", max_size=200), st.integers(1, 5000), st.integers(1, 5000))
def test_whatever_florence_writes_its_places_lie_in_the_image(
    text: str, wide: int, high: int
) -> None:
    for region in (*boxes(text, wide, high), *texts(text, wide, high)):
        left, top, right, bottom = region.box
        assert 0 <= left <= right <= wide
        assert 0 <= top <= bottom <= high


def test_corners_lie_in_the_box_around_them() -> None:
    assert around(placed((0, 999, 999, 0), 100, 100)) == (0.05, 0.05, 99.95, 99.95)


def test_what_a_model_does_not_take_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="SegFormer takes no boxes"):
        takes(asked(boxes=(Box(0, 0, 1, 1),)), "SegFormer", "points")
    with pytest.raises(UsageError, match="1,001 points and boxes; at most 1,000"):
        takes(asked(points=(Point(0, 0),) * 1001), "SAM", "points")
    inside(asked(points=(Point(4, 4),), boxes=(Box(0, 0, 4, 4),)), 4, 4)
    for wrong in ({"points": (Point(5, 0),)}, {"boxes": (Box(0, 0, 0, 4),)}):
        with pytest.raises(UsageError):
            inside(asked(**wrong), 4, 4)


def test_points_show_one_object_and_boxes_one_each() -> None:
    a, b, inner = Box(0, 0, 2, 2), Box(1, 1, 3, 3), Point(1, 1)
    assert [one.box for one in shown(asked(boxes=(a, b)))] == [a, b]
    (one,) = shown(asked(points=(inner,), boxes=(a,)))
    assert (one.points, one.box) == ((inner,), a)
    with pytest.raises(Contradiction):
        shown(asked(points=(inner,), boxes=(a, b)))
    later = Box(0, 0, 2, 2, frame=3)
    found = frames(asked(points=(inner,), boxes=(later,)))
    assert [(number, one.box) for number, (one,) in found.items()] == [(0, None), (3, later)]


def test_the_subject_is_what_the_prompts_share() -> None:
    prompts = ("a photo of a cute fox in snow", "a cute fox, at the sea", "cute fox on a hill")
    assert shared_words(prompts) == "cute fox"
    with pytest.raises(UsageError, match="share no words"):
        shared_words(("a photo of a dog", "a photo of a cat"))


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 4))
def test_places_are_halved_as_the_network_halves_them(high: int, wide: int, times: int) -> None:
    size = (high, wide)
    for _ in range(times):
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    assert grid(size[0] * size[1], (high, wide)) == size


def test_sizes_are_multiples_of_what_a_pipeline_cuts_into() -> None:
    assert grain(SimpleNamespace(vae_scale_factor=8)) == 8
    assert grain(SimpleNamespace(vae_scale_factor=8, patch_size=2)) == 16
    assert grain(SimpleNamespace(vae_scale_factor=8, _pack_latents=None)) == 16


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("diffusion_pytorch_model.safetensors",), None),
        (("diffusion_pytorch_model.fp16.safetensors",), "fp16"),
        (("m.fp16.safetensors", "m.safetensors"), None),
        (("m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"), None),
        (("m.bf16-00001-of-00002.safetensors", "m.bf16-00002-of-00002.safetensors"), "bf16"),
        ((), None),
    ],
)
def test_weights_with_a_word_in_their_names_are_taken_where_there_are_no_others(
    tmp_path: Path, names: tuple[str, ...], found: str | None
) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert variant(tmp_path) == found


def test_the_stages_of_a_cascade_are_the_models_in_a_folder(tmp_path: Path) -> None:
    for name in ("2-large", "1-small", "papers"):
        (tmp_path / name).mkdir()
    with pytest.raises(BrokenInput, match=r"no model in diffusers' layout"):
        stages(tmp_path)
    for name in ("2-large", "1-small"):
        (tmp_path / name / "model_index.json").write_text("{}")
    assert [stage.name for stage in stages(tmp_path)] == ["1-small", "2-large"]
    (tmp_path / "model_index.json").write_text("{}")
    assert stages(tmp_path) == [tmp_path]


def test_the_number_type_of_weights_is_that_of_most_of_them(tmp_path: Path) -> None:
    assert stored(tmp_path) is None
    head = json.dumps(
        {
            "a": {"dtype": "F16", "shape": [8], "data_offsets": [0, 16]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
        }
    ).encode()
    data = len(head).to_bytes(8, "little") + head + bytes(24)
    (tmp_path / "model.safetensors").write_bytes(data)
    assert stored(tmp_path) == "f16"


@given(st.tuples(*[st.integers(1, 700)] * 3))
def test_windows_cover_a_volume_and_stay_inside(size: tuple[int, int, int]) -> None:
    seen: list[set[int]] = [set(), set(), set()]
    for window in windows(size):
        for axis, part in enumerate(window):
            assert 0 <= part.start < part.stop <= size[axis]
            assert part.stop - part.start == min(WINDOW, size[axis])
            seen[axis].update((part.start, part.stop - 1, *range(part.start, part.stop, 32)))
    assert all({0, side - 1} <= places for side, places in zip(size, seen, strict=True))


def test_a_point_is_moved_as_the_volume_is_turned() -> None:
    numbers = SimpleNamespace(shape=(10, 20, 30))
    straight = Seen(numbers, ((1.5, 0, 0, 0), (0, 1.5, 0, 0), (0, 0, 3.0, 0)), False)
    assert moved(Point(1, 2, 3), straight) == pytest.approx([1, 2, 6.5])
    turned = Seen(numbers, ((0, -1.5, 0, 0), (1.5, 0, 0, 0), (0, 0, 1.5, 0)), False)
    assert turned.axes() == ((1, 0, 2), (True, False, False))
    assert moved(Point(1, 2, 3), turned) == pytest.approx([17, 1, 3])
