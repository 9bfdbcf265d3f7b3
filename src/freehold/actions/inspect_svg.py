"""The map of what moved as SVG: layers from left to right, roles from top to bottom.

Light, dark and on paper; lightness alone tells the scale, and every field says its value.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from freehold.actions.inspect_against import Difference, Pair, Shift, summed
from freehold.actions.inspect_map import (
    CLASSES,
    Panel,
    Row,
    Scale,
    outside_rows,
    panels,
    scale_of,
    values,
)
from freehold.actions.page_parts import Markup, el, join
from freehold.core.errors import EnvironmentProblem, UsageError

WIDE, LEFT, RIGHT, TOP, ROW = 960, 284, 76, 92, 22
LIGHT = ("#f3ead7", "#f1d3a4", "#ecb274", "#e18b55", "#cc6249", "#a8414b", "#7a2850", "#46154a")
DARK = ("#35233c", "#54294a", "#783650", "#a04751", "#c76450", "#e28d58", "#f2b877", "#fce6b4")

STYLE = (
    """
.fi { --paper: #fff; --ink: #16191f; --soft: #545c69; --line: #c9ced6; """
    + " ".join(f"--h{n}: {color};" for n, color in enumerate(LIGHT))
    + """
  font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
.fi .ground { fill: var(--paper); }
.fi text { fill: var(--ink); }
.fi .soft { fill: var(--soft); } .fi .small { font-size: 11px; }
.fi .title { font-size: 18px; font-weight: 650; } .fi .strong { font-weight: 650; }
.fi .end { text-anchor: end; } .fi .middle { text-anchor: middle; }
.fi .still { fill: var(--paper); stroke: var(--line); }
.fi .unknown { fill: none; stroke: var(--line); stroke-dasharray: 2 3; }
"""
    + "".join(f".fi .h{n} {{ fill: var(--h{n}); }}\n" for n in range(CLASSES))
    + """@media screen and (prefers-color-scheme: dark) {
  .fi { --paper: #171a1f; --ink: #e8eaee; --soft: #a4acb8; --line: #434a54; """
    + " ".join(f"--h{n}: {color};" for n, color in enumerate(DARK))
    + """ }
}
"""
)


def check_target(target: Path, against: str | None) -> None:
    """Refuse a file that no map can be written to, before weights are read."""
    if not against:
        raise UsageError("a map shows what moved", hint="--against MODEL names the other model")
    if target.suffix.lower() != ".svg":
        raise UsageError(f"{target} does not end with .svg")
    if not target.parent.is_dir():
        raise EnvironmentProblem(f"the folder {target.parent} is not there")


def write_map(found: Difference, target: Path) -> None:
    """Write the map; what was there before is replaced as a whole."""
    made = target.with_name(f".{target.name}.part")
    try:
        made.write_text(picture(found), encoding="utf-8")
        made.replace(target)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise EnvironmentProblem(f"{target} cannot be written: {error.strerror}") from error


def picture(found: Difference) -> str:
    """A whole SVG file."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(found) + "\n"


def drawing(found: Difference) -> Markup:
    """The `svg` element, also to stand in a page."""
    shown, loose = panels(found.pairs), outside_rows(found.pairs)
    scale, parts, y = scale_of(values(shown, loose)), list[Markup](), float(TOP)
    for panel in shown:
        drawn, y = _panel(panel, scale, y)
        parts += drawn
    still, y = _not_drawn(found.pairs, shown, y)
    outside, y = _outside(loose, scale, y)
    legend, y = _legend(scale, y)
    title = f"What moved from {found.base} to {found.tuned}"
    words = join(el("title", title, id="fi-title"), el("desc", described(found), id="fi-desc"))
    return el(
        "svg", words, el("style", Markup(STYLE)),
        el("rect", class_="ground", width=f"{WIDE}", height=f"{y:.0f}"),
        *_heading(found, title), *parts, *still, *outside, *legend,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDE} {y:.0f}", class_="fi",
        role="img", aria_labelledby="fi-title fi-desc",
    )  # fmt: skip


def described(found: Difference) -> str:
    """What the picture shows, in sentences."""
    whole = found.whole
    said = [f"{len(found.moved):,} of {len(found.pairs):,} tensors moved",
            f"relative L2 distance of all weights: {percent(whole.relative)}"]  # fmt: skip
    said += [f"{kind}: {percent(shift.relative)}" for kind, shift in found.by_kind().items()]
    if found.moved:
        said.append(f"furthest: {found.moved[0].name}")
    return ". ".join(said) + "."


def percent(value: float | None) -> str:
    """A share of the norm of the base, in two digits."""
    if value is None or not math.isfinite(value):
        return "from zero"
    text = f"{100 * value:.2g}"
    return f"{float(text):.10f}".rstrip("0").rstrip(".") + " %" if "e" in text else f"{text} %"


def _heading(found: Difference, title: str) -> Iterator[Markup]:
    """What is compared, and what the colors mean."""
    whole = found.whole
    yield el("text", _cut(title, 92), x="24", y="36", class_="title")
    line = (
        f"{len(found.moved):,} of {len(found.pairs):,} tensors moved; all weights together by "
        f"{percent(whole.relative)}"
    )
    more = [f"{len(names):,} {word}" for word, names in (
        ("added", found.added), ("removed", found.removed), ("reshaped", found.reshaped),
    ) if names]  # fmt: skip
    yield el("text", "; ".join([line, *more]), x="24", y="60", class_="soft")


def _panel(panel: Panel, scale: Scale, y: float) -> tuple[list[Markup], float]:
    """One stack of layers, and where the next thing may begin."""
    wide = min(34.0, (WIDE - LEFT - RIGHT) / len(panel.layers))
    drawn = [el("text", _cut(panel.stack, 34), x="24", y=f"{y + 15:.1f}",
                class_="strong"), *_numbers(panel, wide, y + 15)]  # fmt: skip
    y += ROW + 2
    before = ""
    for kind, role, fields in panel.rows:
        y += 6 if before and kind != before else 0
        if kind != before:
            drawn.append(el("text", kind, x="24", y=f"{y + 15:.1f}", class_="soft"))
        before = kind
        drawn += _row(role, panel.layers, fields, scale, y, wide)
        y += ROW
    y += 8
    whole: dict[int, Shift | None] = dict(panel.whole)
    drawn += _row("whole layer", panel.layers, whole, scale, y, wide, "strong")
    return drawn, y + ROW + 20


def _numbers(panel: Panel, wide: float, y: float) -> Iterator[Markup]:
    """The numbers of the layers, as many as have room."""
    step = next(s for s in (1, 2, 4, 5, 10, 20, 50, 100, 500, 10**7) if s * wide >= 20)
    for n, layer in enumerate(panel.layers):
        if n % step == 0:
            x = LEFT + wide * (n + 0.5)
            yield el("text", f"{layer}", x=f"{x:.1f}", y=f"{y:.1f}", class_="soft small middle")
    x = LEFT + wide * len(panel.layers) + 10
    yield el("text", "all", x=f"{x:.1f}", y=f"{y:.1f}", class_="soft small")


def _row(
    role: str, layers: Sequence[int], fields: dict[int, Shift | None], scale: Scale, y: float,
    wide: float, weight: str = "",
) -> Iterator[Markup]:  # fmt: skip
    """The fields of one role, its name before and its sum after them."""
    name = el("text", _end(role, 25), x=f"{LEFT - 10}", y=f"{y + 15:.1f}", class_=f"end {weight}")
    yield el("g", el("title", role), name)
    for n, layer in enumerate(layers):
        if layer in fields:
            words = f"layer {layer}, {role}"
            yield _field(fields[layer], words, scale, LEFT + wide * n, y, wide)
    total = percent(summed(s for s in fields.values() if s).relative)
    x = LEFT + wide * len(layers) + 10
    yield el("text", total, x=f"{x:.1f}", y=f"{y + 15:.1f}", class_=f"soft small {weight}")


def _field(
    shift: Shift | None, words: str, scale: Scale, x: float, y: float, wide: float
) -> Markup:
    """One field; hollow where nothing moved, dashed where it is not known."""
    gap = 1.0 if wide > 6 else 0.25
    value = shift.relative if shift else None
    if shift is None:
        kind, told = "unknown", "not read"
    elif not shift.changed:
        kind, told = "still", "not moved"
    else:
        kind, told = f"h{scale.class_of(value if value else math.inf)}", percent(value)
    inset = 0.5 if kind in ("still", "unknown") else 0.0
    side = wide - 2 * gap - 2 * inset
    return el(
        "rect", el("title", f"{words}: {told}"), class_=kind, x=f"{x + gap + inset:.2f}",
        y=f"{y + 1 + inset:.2f}", width=f"{side:.2f}", height=f"{ROW - 2 - 2 * inset:.2f}", rx="2",
    )  # fmt: skip


def _not_drawn(
    pairs: Sequence[Pair], shown: Sequence[Panel], y: float
) -> tuple[list[Markup], float]:
    """The stacks of layers that have no panel, and why."""
    stacks: dict[str, bool] = {}
    for pair in pairs:
        if pair.place.layer is not None:
            stacks[pair.place.stack] = stacks.get(pair.place.stack, False) or pair.moved
    drawn = {panel.stack for panel in shown}
    still = [name for name, moved in stacks.items() if not moved and name not in drawn]
    small = [name for name, moved in stacks.items() if moved and name not in drawn]
    lines = [("did not move", still), ("moved, and are too small to be drawn", small)]
    found = []
    for words, names in lines:
        if names:
            text = _cut(f"{len(names):,} stacks of layers {words}: {', '.join(names)}", 130)
            found.append(el("text", text, x="24", y=f"{y + 6:.1f}", class_="soft small"))
            y += ROW
    return found, y + (10 if found else 0)


def _outside(rows: Sequence[Row], scale: Scale, y: float) -> tuple[list[Markup], float]:
    """What lies outside of all layers, one line each."""
    if not rows:
        return [], y
    drawn = [el("text", "outside of layers", x="24", y=f"{y + 15:.1f}", class_="strong")]
    y += ROW + 2
    for kind, role, fields in rows:
        drawn.append(el("text", kind, x="24", y=f"{y + 15:.1f}", class_="soft"))
        drawn += _row(role, (0,), fields, scale, y, 34.0)
        y += ROW
    return drawn, y + 20


def _legend(scale: Scale, y: float) -> tuple[list[Markup], float]:
    """The classes with their bounds, and the unit."""
    unit = "Relative L2 distance: norm of the difference, in percent of the norm of the base"
    drawn = [el("text", unit, x="24", y=f"{y + 15:.1f}", class_="soft")]
    y += ROW + 4
    for n, bound in enumerate(scale.bounds):
        x = 24 + 62 * n
        box = {"x": f"{x}", "y": f"{y:.1f}", "width": "60", "height": "16", "rx": "2"}
        drawn.append(el("rect", class_=f"h{n}", **box))
        words = f"≤ {percent(bound)}"
        drawn.append(el("text", words, x=f"{x + 30}", y=f"{y + 31:.1f}",
                        class_="soft small middle"))  # fmt: skip
    for n, (kind, words) in enumerate((("still", "not moved"), ("unknown", "not read"))):
        x = 24 + 62 * CLASSES + 24 + 96 * n
        box = {"x": f"{x}.5", "y": f"{y + 0.5:.1f}", "width": "59", "height": "15", "rx": "2"}
        drawn.append(el("rect", class_=kind, **box))
        drawn.append(el("text", words, x=f"{x + 30}", y=f"{y + 31:.1f}",
                        class_="soft small middle"))  # fmt: skip
    return drawn, y + 56


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _end(text: str, most: int) -> str:
    """The end of a text, which tells more of a name than its beginning."""
    return text if len(text) <= most else "…" + text[1 - most :]
