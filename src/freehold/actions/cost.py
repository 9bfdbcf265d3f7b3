"""`cost`: own or rent? What a month costs at this volume, each way, and where the ways meet."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from freehold.actions.capacities import capacity
from freehold.actions.cost_limits import check
from freehold.actions.cost_options import (
    KINDS,
    Meeting,
    Option,
    Own,
    Rent,
    meeting,
    own_option,
    rent_option,
)
from freehold.core.errors import NotFound, UsageError
from freehold.judge.costing.chart import Chart, Line, reach, staircase, straight, top
from freehold.judge.costing.offers import OLD_AFTER, Listed, Offer, Terms, cheapest
from freehold.judge.costing.work import Span, Volume
from freehold.knowledge.base import KnowledgeBase, open_base

MOST_COMPARED = 12


class Cost(Struct, frozen=True, kw_only=True):
    """The answer: every way to pay, the cheapest that can be said first, and where they meet."""

    volume: Volume
    model: str | None
    options: tuple[Option, ...]
    meetings: tuple[Meeting, ...]
    chart: Chart | None
    notes: tuple[str, ...]

    @property
    def cheapest(self) -> Option | None:
        """The cheapest way at the stated volume."""
        known = [option for option in self.options if option.month]
        return min(known, key=lambda o: o.month.value if o.month else 0.0, default=None)

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "model": self.model,
            "volume": asdict(self.volume),
            "cheapest": self.cheapest.name if self.cheapest else None,
            "options": [option.form(self.volume) for option in self.options],
            "break_even": [m.form() for m in self.meetings],
            "notes": list(self.notes),
        }


def cost(
    volume: Volume,
    *,
    compare: Sequence[str] = (),
    model: str | None = None,
    own: Own | None = None,
    rent: Rent | None = None,
    terms: Terms | None = None,
    today: date | None = None,
    base: KnowledgeBase | None = None,
) -> Cost:
    """Hold a month on one's own machine, a rented one and through APIs against each other.

    The `capacity` of a machine is what one gets done (`judge/costing/work.py`). Where none is
    stated, that of `model` is taken: measured by runs here, else expected by its plan. `model`
    is the open model that would run there; the cheapest host of the same model is compared, too.
    UsageError for volumes and prices that cannot be, NotFound for a model that no fact names.
    """
    base, today, terms = base or open_base(), today or date.today(), terms or Terms()
    if model:
        own, rent = _with_speeds(base, model, own, rent)
    check(volume, own, rent, terms)
    listed = [(makes, price) for makes in base.prices() for price in makes.prices]
    options = [*_machines(volume, own, rent, today)]
    options += _paid(base, listed, volume, terms, model, compare, today)
    if not options:
        says = "nothing to hold against each other"
        raise UsageError(says, hint="say --compare MODEL, --purchase DOLLARS or --rent NAME")
    meets = [m for a in options for b in options if a.site and b.offer and (m := meeting(a, b))]
    return Cost(
        volume=volume,
        model=model,
        options=tuple(options),
        meetings=tuple(meets),
        chart=_chart(options, meets),
        notes=tuple(_notes(options, own, rent)),
    )


def _with_speeds(
    base: KnowledgeBase, model: str, own: Own | None, rent: Rent | None
) -> tuple[Own | None, Rent | None]:
    """The machines, with speeds as measured or expected where none were stated."""
    if own and own.capacity.silent:
        own = replace(own, capacity=capacity(base, model))
    if rent and rent.capacity.silent:
        rent = replace(rent, capacity=capacity(base, model, on=rent.name))
    return own, rent


def rented(name: str, base: KnowledgeBase | None = None) -> Rent:
    """A rented machine at the cheapest price that the price lists have for it.

    UsageError where none has one: what is not known is not guessed.
    """
    base = base or open_base()
    rows = [(m, p) for m in base.prices() for p in m.prices if p.unit == "gpu-hour"]
    wanted = name.casefold()
    found = [(m, p) for m, p in rows if wanted in (p.model.casefold(), p.api_name.casefold())]
    found = [(m, p) for m, p in found if p.input is not None]
    if not found:
        says = f"no price list has a price for renting {name[:60]!r} by the hour"
        raise UsageError(says, hint="say it with --rent-price, or add it to your own facts")
    makes, price = min(found, key=lambda row: row[1].input or 0.0)
    source = makes.sources[price.source]
    return Rent(
        name=price.model,
        price=price.input or 0.0,
        source=f"{makes.provider}, {source.by}",
        checked=source.checked,
    )


def _machines(volume: Volume, own: Own | None, rent: Rent | None, today: date) -> Iterator[Option]:
    if own:
        yield own_option(own, volume)
    if rent:
        old = rent.checked is not None and today - rent.checked > OLD_AFTER
        yield rent_option(rent, volume, old=old)


def _paid(
    base: KnowledgeBase,
    listed: list[Listed],
    volume: Volume,
    terms: Terms,
    model: str | None,
    compare: Sequence[str],
    today: date,
) -> Iterator[Option]:
    """The open model on its cheapest host, and each model to compare with."""
    wanted = [("host", id) for id in (priced_as(base, listed, model) if model else ())]
    for name in compare:
        wanted += [("api", id) for id in priced_as(base, listed, name)]
    wanted = list(dict.fromkeys(wanted))
    if len(wanted) > MOST_COMPARED:
        names = ", ".join(id for _, id in wanted)
        raise UsageError(f"at most {MOST_COMPARED} models are compared at once; these are {names}")
    for n, (kind, id) in enumerate(wanted):
        found = cheapest(id, listed, volume, terms)
        yield _option("CDEFGHIJKLMNO"[n], id, kind, found, today)


def _option(letter: str, id: str, kind: str, found: Offer | list[str], today: date) -> Option:
    if isinstance(found, list):
        return Option(letter=letter, name=id, kind=kind, notes=tuple(found))
    count = f"the cheapest of {found.offers} providers" if found.offers > 1 else ""
    total = Span(found.dollars, found.dollars, found.dollars)
    return Option(
        letter=letter,
        name=f"{id} at {found.provider}" if kind == "host" else id,
        kind=kind,
        month=total,
        offer=found,
        checked=found.checked,
        old=found.old(today),
        notes=tuple(filter(None, (f"by {found.provider}", count, *found.notes))),
    )


def priced_as(base: KnowledgeBase, listed: Sequence[Listed], name: str) -> list[str]:
    """The ids under which the price lists name a model: its own, or those of its family.

    A model that is known but has no price keeps its id; NotFound for one that nothing names.
    """
    priced = {price.model for _, price in listed}
    if name in priced:
        return [name]
    by_api = {price.api_name.casefold(): price.model for _, price in listed}
    if name.casefold() in by_api:
        return [by_api[name.casefold()]]
    hit = base.find(name)
    if hit is None:
        raise NotFound("model", name, {*priced, *base.names})
    family, member = hit
    ids = [member.id] if member else [m.id for m in family.members]
    return [id for id in ids if id in priced] or [member.id if member else family.id]


def _chart(options: Sequence[Option], meets: Sequence[Meeting]) -> Chart | None:
    """The lines of every option that has one."""
    shown = [option for option in options if option.month]
    if not shown:
        return None
    right = reach([m.even.times for m in meets if m.even])
    lines = tuple(_line(option, right) for option in shown)
    places = tuple((m.even.times, f"{m.site} = {m.against}") for m in meets if m.even)
    return Chart(lines, right, top(lines, right), tuple(p for p in places if p[0] <= right))


def _line(option: Option, right: float) -> Line:
    if option.site and option.work:
        work = (option.work.value, option.work.low, option.work.high)
        return staircase(option.letter, option.site, work, right)
    return straight(option.letter, option.name, option.month.value if option.month else 0, right)


def _notes(options: Sequence[Option], own: Own | None, rent: Rent | None) -> Iterator[str]:
    machines: list[Own | Rent] = [machine for machine in (own, rent) if machine]
    for machine in machines:
        yield (
            f"{'your machine' if machine is own else 'the rented machine'} is on for "
            f"{machine.hours:g} hours a month and can be kept at work for "
            f"{machine.utilization:.0%} of them"
        )
    if any(option.old for option in options):
        yield "prices marked old were looked at more than 90 days ago"
    if own or rent:
        yield "whether the models answer equally well is not said here; compare like with like"


__all__ = ["KINDS", "Cost", "Own", "Rent", "cost", "priced_as", "rented"]
