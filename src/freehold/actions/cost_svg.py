"""The picture of `cost` as SVG: light, dark and on paper, with words for those who hear it."""

from collections.abc import Iterator, Sequence

from freehold.actions.cost import Cost
from freehold.actions.cost_words import amount, axis_title, cheapest_words, volume_words
from freehold.actions.page_parts import Markup, el, join
from freehold.judge.costing.chart import Chart, Line, Point

WIDE, LEFT, RIGHT, TOP, TALL, ROW = 720, 76, 24, 40, 300, 24
DASHES = ("", "7 4", "2 4", "12 4 2 4", "14 5", "4 3 1 3")
COLORS = 6

STYLE = (
    """
.fc { --paper: #fff; --ink: #16191f; --soft: #545c69; --line: #d9dde3; --c0: #0a5230;
  --c1: #8c1420; --c2: #0b4a72; --c3: #6b4300; --c4: #5b2a86; --c5: #424954;
  font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
.fc .ground { fill: var(--paper); }
.fc text { fill: var(--ink); }
.fc .soft { fill: var(--soft); }
.fc .grid { stroke: var(--line); }
.fc .axis, .fc .now { stroke: var(--soft); }
.fc .now { stroke-dasharray: 3 3; }
.fc .curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.fc .dot { fill: var(--paper); stroke-width: 1.75; }
.fc .meet { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; }
.fc .letter { font-size: 11px; font-weight: 700; text-anchor: middle; }
.fc .end { text-anchor: end; } .fc .middle { text-anchor: middle; }
.fc .area { stroke: none; fill-opacity: .1; } .fc .band { stroke: none; fill-opacity: .22; }
"""
    + "".join(
        f".fc .c{n} {{ stroke: var(--c{n}); }} .fc .f{n} {{ fill: var(--c{n}); }}\n"
        for n in range(COLORS)
    )
    + """@media screen and (prefers-color-scheme: dark) {
  .fc { --paper: #171a1f; --ink: #e8eaee; --soft: #a4acb8; --line: #333941; --c0: #8fe3b4;
    --c1: #ffaaaa; --c2: #95d0f5; --c3: #f6cf7c; --c4: #d3b5f5; --c5: #c3c9d2; }
}
"""
)


def picture(found: Cost) -> str:
    """A whole SVG file; one that says so where no cost is known."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + drawing(found) + "\n"


def drawing(found: Cost) -> Markup:
    """The `svg` element, also to stand in a page."""
    title = f"Monthly cost over volume, around {volume_words(found.volume)}"
    words = join(el("title", title, id="fc-title"), el("desc", described(found), id="fc-desc"))
    chart = found.chart
    tall = TOP + TALL + 62 + ROW * (len(chart.lines) if chart else 0)
    inner = _plot(chart, found) if chart else el("text", "No cost is known.", x="20", y="40")
    return el(
        "svg",
        words,
        el("style", Markup(STYLE)),
        el("rect", class_="ground", width=str(WIDE), height=str(tall)),
        inner,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDE} {tall}",
        class_="fc",
        role="img",
        aria_labelledby="fc-title fc-desc",
    )


def described(found: Cost) -> str:
    """What the picture shows, in sentences."""
    costs = [f"{o.name} ${o.month.value:,.2f}" for o in found.options if o.month]
    meets = [
        f"{m.site} costs no more than {m.against} from {m.even.times:.3g} times that volume"
        if m.even
        else f"{m.site} never costs less than {m.against}"
        for m in found.meetings
    ]
    said = [f"At {volume_words(found.volume)} a month: {', '.join(costs) or 'nothing known'}"]
    return ". ".join([*said, cheapest_words(found), *meets]) + "."


def _plot(chart: Chart, found: Cost) -> Markup:
    return join(
        *_grid(chart),
        *_volumes(chart, found),
        *_areas(chart),
        *_curves(chart),
        *_meets(chart),
        *_letters(chart),
        *_legend(chart, found),
    )


def _x(chart: Chart, x: float) -> float:
    return LEFT + (WIDE - LEFT - RIGHT) * x / chart.right


def _y(chart: Chart, y: float) -> float:
    return TOP + TALL * (1 - y / chart.top)


def _at(chart: Chart, points: Sequence[Point]) -> str:
    return " ".join(f"{_x(chart, x):.1f},{_y(chart, y):.1f}" for x, y in points)


def _grid(chart: Chart) -> Iterator[Markup]:
    """Levels of cost."""
    yield el("text", "US dollars a month", x="14", y="22", class_="soft")
    for n in range(5):
        dollars = chart.top * n / 4
        y = _y(chart, dollars)
        kind = "axis" if n == 0 else "grid"
        yield _line(LEFT, y, WIDE - RIGHT, y, kind)
        text = f"${dollars:,.0f}" if chart.top >= 8 or n == 0 else f"${dollars:,.2g}"
        yield el("text", text, x=f"{LEFT - 8}", y=f"{y + 4:.1f}", class_="soft end")


def _volumes(chart: Chart, found: Cost) -> Iterator[Markup]:
    """Marks of volume, the stated one among them."""
    foot = TOP + TALL
    for n in range(1, 5):
        times = chart.right * n / 4
        x = _x(chart, times)
        yield _line(x, foot, x, foot + 5, "axis")
        place = "end" if n == 4 else "middle"
        words = amount(found.volume, times)
        yield el("text", words, x=f"{x:.1f}", y=f"{foot + 20}", class_=f"soft {place}")
    name = axis_title(found.volume)
    yield el("text", name, x=f"{LEFT}", y=f"{foot + 40}", class_="soft")
    x = _x(chart, 1)
    yield _line(x, TOP - 4, x, foot, "now")
    yield el("text", "your volume", x=f"{x:.1f}", y=f"{TOP - 10}", class_="soft middle")


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    places = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return el("line", class_=kind, **{name: f"{v:.1f}" for name, v in places.items()})


def _areas(chart: Chart) -> Iterator[Markup]:
    """What lies under the first staircase, and the interval around each."""
    for n, line in enumerate(chart.lines):
        if line.steps and not any(before.steps for before in chart.lines[:n]):
            ground = ((0.0, 0.0), *inside(line.points, chart.top), (chart.right, 0.0))
            yield el("polygon", points=_at(chart, ground), class_=f"area f{n % COLORS}")
        if line.low:
            ring = (*inside(line.low, chart.top), *reversed(inside(line.high, chart.top)))
            yield el("polygon", points=_at(chart, ring), class_=f"band f{n % COLORS}")


def _curves(chart: Chart) -> Iterator[Markup]:
    for n, line in enumerate(chart.lines):
        seen = _at(chart, inside(line.points, chart.top))
        dash = {"stroke_dasharray": d} if (d := DASHES[n % len(DASHES)]) else {}
        yield el("polyline", points=seen, class_=f"curve c{n % COLORS}", **dash)


def inside(points: Sequence[Point], top: float) -> tuple[Point, ...]:
    """The part of a line that stays under the top; it ends where it leaves."""
    kept: list[Point] = []
    for x, y in points:
        if y > top:
            if kept and kept[-1][1] < top:
                x0, y0 = kept[-1]
                kept.append((x0 + (x - x0) * (top - y0) / (y - y0), top))
            break
        kept.append((x, y))
    return tuple(kept)


def _meets(chart: Chart) -> Iterator[Markup]:
    """A ring where a machine and an API cost the same."""
    for x, words in chart.meets:
        name = words.split(" = ", maxsplit=1)[0]
        line = next((line for line in chart.lines if line.name == name), None)
        if line and (y := line.at(x)) <= chart.top:
            place = {"cx": f"{_x(chart, x):.1f}", "cy": f"{_y(chart, y):.1f}", "r": "4"}
            yield el("circle", el("title", words), class_="meet", **place)


def _letters(chart: Chart) -> Iterator[Markup]:
    """The letter of each line, on it."""
    for n, line in enumerate(chart.lines):
        seen = inside(line.points, chart.top)
        if seen:
            x = seen[-1][0] * (0.93 - 0.11 * (n % 5))
            yield _badge(n, line, _x(chart, x), _y(chart, min(line.at(x), chart.top)))


def _badge(n: int, line: Line, x: float, y: float) -> Markup:
    circle = el("circle", class_=f"dot c{n % COLORS}", cx=f"{x:.1f}", cy=f"{y:.1f}", r="9")
    return join(circle, el("text", line.letter, x=f"{x:.1f}", y=f"{y + 4:.1f}", class_="letter"))


def _legend(chart: Chart, found: Cost) -> Iterator[Markup]:
    """Letter, dashes and name of each line, and what it costs at the stated volume."""
    months = {o.letter: o.month.value for o in found.options if o.month}
    for n, line in enumerate(chart.lines):
        y = TOP + TALL + 66 + ROW * n
        dash = {"stroke_dasharray": d} if (d := DASHES[n % len(DASHES)]) else {}
        sample = f"{LEFT + 16},{y} {LEFT + 52},{y}"
        yield el("polyline", points=sample, class_=f"curve c{n % COLORS}", **dash)
        yield _badge(n, line, LEFT, y)
        beyond = ", rises out of the picture" if line.at(chart.right) > chart.top else ""
        near = "; shaded: the interval of its speed" if line.low else ""
        words = f"{line.name}: ${months[line.letter]:,.2f} a month at your volume{near}{beyond}"
        yield el("text", words, x=f"{LEFT + 62}", y=f"{y + 4}")
