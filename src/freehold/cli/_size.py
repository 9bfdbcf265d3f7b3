"""Numbers with units on the command line, and the options that say who asks."""

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

UNITS = {"": 0, "k": 1, "m": 2, "b": 3, "g": 3, "t": 4}
"""The unit as a power of a thousand."""

F = TypeVar("F", bound=Callable[..., Any])


class Size(click.ParamType[int]):
    """A number with a unit, such as 8GB, 16GiB, 7B, 500M, 32k; `binary` counts k as 1024."""

    def __init__(self, name: str, example: str, *, binary: bool = False, least: int = 1) -> None:
        self.name = name
        self.example = example
        self.binary = binary
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number meant; fails with an example of the form."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"\s*([\d_,]*\.?\d+)\s*([kmbgt]?)(i?)b?\s*", value.lower())
        if match is None:
            self.fail(f"{value!r} is not a size; write for example {self.example}", param, ctx)
        number, unit, binary = match.groups()
        base = 1024 if binary or self.binary else 1000
        amount = float(number.replace(",", "").replace("_", "")) * base ** UNITS[unit]
        if not self.least <= amount < 1e18:
            self.fail(f"{value!r} is out of range", param, ctx)
        return int(amount)


class Number(click.FloatRange):
    """A number between two bounds; `nan`, which is in no order, is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; fails with what it may be."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def who_asks(function: F) -> F:
    """Options for the facts about a person that licenses make things depend on."""
    for option in (
        click.option("--territory", metavar="CODE", help="Where you are: US, DE, EU, ..."),
        click.option("--revenue", type=Size("dollars", "2M"), help="Your yearly revenue in USD."),
        click.option("--users", type=Size("users", "50k"), help="Your monthly users."),
    ):
        function = option(function)
    return function
