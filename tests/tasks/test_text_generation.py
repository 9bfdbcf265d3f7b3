"""The flags of a task are data: each is a field of its request, an option of its command."""

import click
import pytest

from freehold.cli._flags import option
from freehold.cli.run import command
from freehold.tasks.base import Flag, Times
from freehold.tasks.text_generation import TASK


def test_every_flag_is_an_option_of_the_command() -> None:
    options = {p.name for p in command.params if isinstance(p, click.Option)}
    assert {flag.parameter for flag in TASK.flags} < options


@pytest.mark.parametrize(
    ("flag", "text", "value"),
    [
        (Flag(name="a-b", sort="whole", help="", least=1, most=9), "3", 3),
        (Flag(name="a", sort="number", help="", least=0), "0.5", 0.5),
        (Flag(name="a", sort="choice", help="", choices=("x", "y")), "y", "y"),
        (Flag(name="a", sort="text", help=""), "3", "3"),
    ],
)
def test_a_flag_takes_what_it_says(flag: Flag, text: str, value: object) -> None:
    found = option(flag)
    context = click.Context(click.Command("c"))
    assert found.name == flag.parameter
    assert found.type_cast_value(context, text) == value


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        (Flag(name="a", sort="whole", help="", least=1), "0"),
        (Flag(name="a", sort="number", help="", most=1), "1.5"),
        (Flag(name="a", sort="choice", help="", choices=("x",)), "y"),
    ],
)
def test_a_flag_refuses_what_lies_outside(flag: Flag, text: str) -> None:
    with pytest.raises(click.UsageError):
        option(flag).type_cast_value(click.Context(click.Command("c")), text)


def test_the_speed_of_writing_counts_single_steps_only() -> None:
    assert Times(first_token=0.1, prompt=0.1, decode=2.0, steps=10).decode_speed == 5
    assert Times(first_token=0.1, prompt=0.1, decode=0.0, steps=0).decode_speed is None
