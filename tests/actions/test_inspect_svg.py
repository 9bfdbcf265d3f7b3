"""The map of what moved: well-formed, complete, with a legend that covers what it shows."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.inspect_against import Difference, Pair, Shift
from freehold.actions.inspect_map import CLASSES, scale_of
from freehold.actions.inspect_svg import check_target, percent, picture, write_map
from freehold.core.errors import EnvironmentProblem, UsageError

SVG = "{http://www.w3.org/2000/svg}"


def moved(relative: float) -> Shift:
    return Shift(count=100, changed=50, before=1.0, after=1.0, apart=relative**2)


def pair(name: str, shift: Shift | None) -> Pair:
    return Pair(name=name, types=("F16", "F16"), shape=(10, 10), shift=shift)


def between(*pairs: Pair) -> Difference:
    return Difference(base="base <1>", tuned="tuned & co", pairs=pairs, added=(), removed=("gone",),
                      reshaped={})  # fmt: skip


SHOWN = between(
    pair("model.embed_tokens.weight", Shift(count=100, before=1.0, after=1.0)),
    *(pair(f"model.layers.{n}.self_attn.q_proj.weight", moved(0.001 * 3**n)) for n in range(6)),
    *(pair(f"model.layers.{n}.mlp.up_proj.weight", moved(0.01)) for n in range(6)),
    pair("model.layers.5.mlp.down_proj.weight", None),
)


def fields(svg: str) -> list[tuple[str, str]]:
    """The class of each field of the map, and what it says."""
    rects = ET.fromstring(svg).iter(f"{SVG}rect")
    return [(r.get("class") or "", t.text or "") for r in rects if (t := r.find(f"{SVG}title"))
            is not None]  # fmt: skip


def test_every_layer_and_role_has_a_field_that_says_its_value() -> None:
    found = {says: kind for kind, says in fields(picture(SHOWN))}
    assert found["layer 0, self_attn.q_proj: 0.1 %"] == "h0"
    assert found["layer 5, self_attn.q_proj: 24 %"] == f"h{CLASSES - 1}"
    assert found["layer 5, mlp.down_proj: not read"] == "unknown"
    assert found["layer 0, model.embed_tokens: not moved"] == "still"
    assert len(found) == 6 + 6 + 1 + 6 + 1


def test_it_has_title_description_legend_and_both_modes() -> None:
    svg = picture(SHOWN)
    root = ET.fromstring(svg)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "What moved from base <1> to tuned & co" in texts
    assert "not moved" in texts
    assert any("1 removed" in (text or "") for text in texts)
    assert any("percent of the norm of the base" in (text or "") for text in texts)
    assert root.get("role") == "img"
    assert "prefers-color-scheme: dark" in svg


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=30))
def test_the_scale_covers_every_value_in_steps_that_rise(values: list[float]) -> None:
    bounds = scale_of(values).bounds
    assert len(bounds) == CLASSES
    assert list(bounds) == sorted(bounds)
    assert bounds[-1] >= max(values) * (1 - 1e-9)


def test_a_model_without_layers_or_moves_has_a_map_too() -> None:
    assert fields(picture(between(pair("a", Shift(count=1))))) == [
        ("still", "layer 0, a: not moved")
    ]
    assert fields(picture(between())) == []


def test_many_layers_and_roles_stay_inside() -> None:
    many = between(
        *(pair(f"l.{n}.role{m}.weight", moved(0.1)) for n in range(126) for m in range(45))
    )
    root = ET.fromstring(picture(many))
    width, height = (float(x) for x in (root.get("viewBox") or "").split()[2:])
    for rect in root.iter(f"{SVG}rect"):
        assert float(rect.get("x", 0)) + float(rect.get("width", 0)) <= width
        assert float(rect.get("y", 0)) + float(rect.get("height", 0)) <= height
    assert len(fields(picture(many))) == 2 * 126  # so many roles are one row: their kind


def test_stacks_that_are_not_drawn_are_said() -> None:
    stacks = between(*(pair(f"{name}.0.a.weight", moved(0.1)) for name in "abcdefgh"))
    texts = [text.text or "" for text in ET.fromstring(picture(stacks)).iter(f"{SVG}text")]
    said = "2 stacks of layers moved, and are too small to be drawn: "
    assert any(text.startswith(said) for text in texts)
    quiet = between(pair("a.0.x.weight", moved(0.1)), pair("b.0.x.weight", Shift(count=1)))
    assert "1 stacks of layers did not move: b" in picture(quiet)


def test_shares_are_said_in_two_digits() -> None:
    assert [percent(x) for x in (0.00001, 0.0123, 0.5, 30.0, None)] == [
        "0.001 %", "1.2 %", "50 %", "3000 %", "from zero"]  # fmt: skip


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="what moved"):
        check_target(tmp_path / "map.svg", None)
    with pytest.raises(UsageError, match=r"\.svg"):
        check_target(tmp_path / "map.png", "other")
    with pytest.raises(EnvironmentProblem, match="not there"):
        check_target(tmp_path / "none" / "map.svg", "other")
    (tmp_path / "map.svg").mkdir()
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        write_map(SHOWN, tmp_path / "map.svg")
