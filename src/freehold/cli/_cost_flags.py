"""The options of `freehold cost` and what they become: machines, speeds, volumes."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._size import F, Size

if TYPE_CHECKING:
    from freehold.actions.cost_options import Own, Rent
    from freehold.judge.costing.work import Capacity


class Speed(click.ParamType[Any]):
    """A speed, 40, or the interval it lies in, 35-45."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The speed meant; fails with an example of the form."""
        from freehold.judge.costing.work import Rate

        number = r"(\d[\d,_]*(?:\.\d+)?)"
        match = re.fullmatch(rf"\s*{number}\s*(?:(?:-|–|\.\.)\s*{number})?\s*", str(value))
        if match is None:
            self.fail(f"{value!r} is not a speed; write 40 or 35-45", param, ctx)
        low, high = (float(re.sub("[,_]", "", part or match[1])) for part in match.groups())
        if not 0 < low <= high:
            self.fail(f"{value!r} is not a speed: it must be above 0 and rise", param, ctx)
        return Rate((low + high) / 2, low, high)


SPEED, MONEY, NUMBER = Speed(), click.FLOAT, click.FLOAT

OPTIONS: tuple[Callable[[F], F], ...] = (
    click.option("--tokens-in", type=Size("tokens", "50M", least=0), help="Tokens read a month."),
    click.option("--tokens-out", type=Size("tokens", "10M", least=0), help="Tokens written."),
    click.option("--images", type=Size("images", "20k", least=0), help="Images made a month."),
    click.option("--audio-minutes", type=Size("minutes", "5k", least=0), help="Minutes of sound."),
    click.option("--compare", metavar="MODELS", help="Models behind an API: gpt-4o,claude-opus-5."),
    click.option("--model", metavar="MODEL", help="The open model; its cheapest host is compared."),
    click.option("--cached", type=NUMBER, help="Part of the input that an API saw before, 0 to 1."),
    click.option("--batch", is_flag=True, help="Answers may wait: take the batch prices of APIs."),
    click.option("--prompt-tokens", type=NUMBER, help="What one request reads, for price tiers."),
    click.option("--purchase", type=MONEY, help="What your machine cost, in US dollars."),
    click.option("--resale", type=MONEY, help="What it will still be worth after the months."),
    click.option("--months", type=NUMBER, help="Over how many months it pays off (36)."),
    click.option("--watts", type=NUMBER, help="What it draws at work."),
    click.option("--idle-watts", type=NUMBER, help="What it draws when idle."),
    click.option("--kwh", type=MONEY, help="Price of a kWh in US dollars."),
    click.option("--pue", type=NUMBER, help="kWh the building takes for one of the machine (1)."),
    click.option("--ops-hours", type=NUMBER, help="Hours a month that somebody looks after it."),
    click.option("--ops-rate", type=MONEY, help="What such an hour costs."),
    click.option("--decode-speed", type=SPEED, help="Tokens written per second, as 40 or 35-45."),
    click.option("--prefill-speed", type=SPEED, help="Tokens read per second."),
    click.option("--image-speed", type=SPEED, help="Images made per minute."),
    click.option("--audio-speed", type=SPEED, help="Minutes of sound done per minute."),
    click.option("--rent", metavar="NAME", help="A rented machine, such as h100."),
    click.option("--rent-price", type=MONEY, help="What it costs per hour in US dollars."),
    click.option("--rent-decode-speed", type=SPEED, help="Its tokens written per second."),
    click.option("--rent-prefill-speed", type=SPEED, help="Its tokens read per second."),
    click.option("--rent-image-speed", type=SPEED, help="Its images made per minute."),
    click.option("--rent-audio-speed", type=SPEED, help="Its minutes of sound per minute."),
    click.option("--hours-per-month", type=NUMBER, help="Hours that machines are on (730)."),
    click.option("--utilization", type=NUMBER, help="Part of them they can work (0.2)."),
)  # fmt: skip

OWN = ("purchase", "resale", "months", "watts", "idle_watts", "kwh", "pue", "ops_hours", "ops_rate")
SPEEDS = ("decode_speed", "prefill_speed", "image_speed", "audio_speed")


def cost_options(function: F) -> F:
    """Every option above, in that order."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def own_machine(flags: Mapping[str, Any]) -> "Own | None":
    """One's own machine, where an option speaks of one."""
    from freehold.actions.cost_options import Own

    said = {name: flags[name] for name in OWN if flags[name] is not None}
    speeds = any(flags[name] is not None for name in SPEEDS)
    if not said and (flags["rent"] or not speeds):
        return None
    return Own(**said, **_use(flags), capacity=_capacity(flags, ""))


def rented_machine(flags: Mapping[str, Any], base: Any, alone: bool) -> "Rent | None":
    """The rented machine; `alone` when there is no other that the plain speeds could mean."""
    from msgspec.structs import replace

    from freehold.actions.cost import rented
    from freehold.actions.cost_options import Rent

    if not flags["rent"]:
        if flags["rent_price"] is not None:
            raise click.UsageError("--rent-price needs --rent NAME")
        return None
    name, price = flags["rent"], flags["rent_price"]
    rent = rented(name, base) if price is None else Rent(name=name, price=price)
    its = {f"rent_{s}": flags[f"rent_{s}"] or (flags[s] if alone else None) for s in SPEEDS}
    return replace(rent, **_use(flags), capacity=_capacity(its, "rent_"))


def _use(flags: Mapping[str, Any]) -> dict[str, float]:
    names = {"hours": "hours_per_month", "utilization": "utilization"}
    return {key: flags[name] for key, name in names.items() if flags[name] is not None}


def _capacity(flags: Mapping[str, Any], prefix: str) -> "Capacity":
    """What was stated by hand."""
    from freehold.judge.costing.work import Capacity, Rate

    decode, prefill, image, audio = (flags[prefix + name] for name in SPEEDS)
    if image:
        image = Rate(image.value / 60, image.low / 60, image.high / 60)
    return Capacity(prefill=prefill, decode=decode, images=image, audio=audio, source="as stated")
