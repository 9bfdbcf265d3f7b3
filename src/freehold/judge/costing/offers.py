"""What an API takes for a month's volume, from the price lists."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from msgspec import Struct

from freehold.judge.costing.work import Volume
from freehold.knowledge.types import Price, PriceList

OLD_AFTER = timedelta(days=90)
UNITS = ("million-tokens", "image", "minute")
"""The units of a price that a volume can be held against."""

Listed = tuple[PriceList, Price]


class Terms(Struct, frozen=True):
    """How an API is used: the part of the input that it has seen before (0 to 1), whether answers
    may wait, and how many tokens one request reads on average."""

    cached: float = 0.0
    batch: bool = False
    prompt: float | None = None


class Charge(Struct, frozen=True):
    """What one entry of a price list takes for its part of the volume."""

    api_name: str
    unit: str
    dollars: float
    notes: tuple[str, ...] = ()


class Offer(Struct, frozen=True):
    """What one provider takes for a month; `checked` is when its oldest price was looked at."""

    model: str
    provider: str
    charges: tuple[Charge, ...]
    checked: date
    offers: int

    @property
    def dollars(self) -> float:
        """What the month costs."""
        return sum(charge.dollars for charge in self.charges)

    @property
    def notes(self) -> list[str]:
        """What to know about the prices, once each."""
        return list(dict.fromkeys(note for charge in self.charges for note in charge.notes))

    def old(self, today: date) -> bool:
        """Whether a price was looked at too long ago to rely on."""
        return today - self.checked > OLD_AFTER


def cheapest(
    model: str, listed: Iterable[Listed], volume: Volume, terms: Terms
) -> Offer | list[str]:
    """The cheapest provider that prices everything asked for, or why there is none."""
    mine = [(makes, price) for makes, price in listed if price.model == model]
    by_provider: dict[str, list[Listed]] = {}
    for makes, price in mine:
        by_provider.setdefault(makes.id, []).append((makes, price))
    whole = [_offer(model, rows, volume, terms) for rows in by_provider.values()]
    offers = sorted((o for o in whole if o), key=lambda o: (o.dollars, o.provider))
    if not offers:
        return list(_why_not(mine, volume, terms))
    best = offers[0]
    return Offer(best.model, best.provider, best.charges, best.checked, len(offers))


def _offer(model: str, rows: list[Listed], volume: Volume, terms: Terms) -> Offer | None:
    """What one provider takes, where it prices everything: the cheapest entry for each unit."""
    charges: list[Charge] = []
    seen: list[date] = []
    for unit, amount in _asked(volume):
        found = [
            (charge, makes.sources[price.source].checked)
            for makes, price in rows
            if price.unit == unit and (charge := _charge(price, volume, amount, terms))
        ]
        if not found:
            return None
        charge, checked = min(found, key=lambda pair: (pair[0].dollars, pair[0].api_name))
        charges.append(charge)
        seen.append(checked)
    return Offer(model, rows[0][0].provider, tuple(charges), min(seen), 1)


def _asked(volume: Volume) -> Iterator[tuple[str, float]]:
    amounts = (volume.tokens, volume.images, volume.audio_minutes)
    return (pair for pair in zip(UNITS, amounts, strict=True) if pair[1])


def _charge(price: Price, volume: Volume, amount: float, terms: Terms) -> Charge | None:
    if price.unit == "million-tokens":
        return _tokens(price, volume, terms)
    both = (price.output, price.input) if price.unit == "image" else (price.input, price.output)
    each = next((dollars for dollars in both if dollars is not None), None)
    if each is None:
        return None
    return Charge(price.api_name, price.unit, each * amount, _said(price))


def _tokens(price: Price, volume: Volume, terms: Terms) -> Charge | None:
    """Tokens in and out, with the cached part, the batch discount and the tier of long inputs."""
    into, cached, out, notes = price.input, price.cached_input, price.output, list(_said(price))
    if price.long_from is not None and terms.prompt is None:
        notes.append(f"inputs above {price.long_from:,} tokens cost more; counted as shorter")
    elif price.long_from is not None and (terms.prompt or 0) > price.long_from:
        into, cached, out = price.long_input, price.long_cached_input, price.long_output
        notes.append(f"the price of inputs above {price.long_from:,} tokens")
    elif terms.batch and price.batch_input is not None:
        into, out = price.batch_input, price.batch_output
        notes.append("the price of answers that may wait (batch)")
    if terms.batch and price.batch_input is None:
        notes.append("no price for answers that may wait is listed")
    if terms.cached and cached is None:
        notes.append("no price for repeated input is listed; counted in full")
    if (volume.tokens_in and into is None) or (volume.tokens_out and out is None):
        return None
    into, out = into or 0.0, out or 0.0
    again = terms.cached if cached is not None else 0.0
    read = volume.tokens_in * ((1 - again) * into + again * min(cached or 0.0, into))
    return Charge(price.api_name, price.unit, (read + volume.tokens_out * out) / 1e6, tuple(notes))


def _said(price: Price) -> tuple[str, ...]:
    return (price.note.rstrip("."),) if price.note else ()


def _why_not(mine: list[Listed], volume: Volume, terms: Terms) -> Iterator[str]:
    """What of the volume no entry prices."""
    if not mine:
        yield "no price list names it"
        return
    units = ", ".join(sorted({price.unit.replace("-", " ") for _, price in mine}))
    for unit, amount in _asked(volume):
        if not any(p.unit == unit and _charge(p, volume, amount, terms) for _, p in mine):
            asked = "tokens in and out" if unit == "million-tokens" else f"each {unit}"
            yield f"no price for {asked}; it is priced by {units}"
            return
    yield "no provider prices all of it"
