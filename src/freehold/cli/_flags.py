"""Options of the command line from the flags that a task declares as data."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._size import Number

if TYPE_CHECKING:
    from freehold.tasks.base import Flag


class TaskCommand(click.Command):
    """A command that has the flags of a task beside its own; they are read when it is used."""

    def __init__(self, *words: Any, task: str, **settings: Any) -> None:
        self._task, self._own = task, list[click.Parameter]()
        self._all: list[click.Parameter] | None = None
        super().__init__(*words, **settings)

    @property
    def params(self) -> list[click.Parameter]:
        """Arguments, then the flags of the task, then the command's own options."""
        if self._all is None:
            flags = import_module(f"freehold.tasks.{self._task}").TASK.flags
            arguments = [p for p in self._own if isinstance(p, click.Argument)]
            options = [p for p in self._own if not isinstance(p, click.Argument)]
            self._all = [*arguments, *map(option, flags), *options]
        return self._all

    @params.setter
    def params(self, own: list[click.Parameter]) -> None:
        self._own, self._all = own, None


def option(flag: "Flag") -> click.Option:
    """The option for one flag; its value arrives under the flag's name."""
    settings: dict[str, Any] = {"help": flag.help, "metavar": flag.metavar}
    if flag.sort == "switch":
        settings["is_flag"] = True
    elif flag.sort == "several":
        settings["multiple"] = True
    else:
        settings["type"] = _type(flag)
    return click.Option((f"--{flag.name}", flag.parameter), **settings)


def _type(flag: "Flag") -> click.ParamType[Any] | type:
    if flag.sort == "whole":
        least, most = (None if x is None else int(x) for x in (flag.least, flag.most))
        return click.IntRange(least, most)
    if flag.sort == "number":
        return Number(flag.least, flag.most)
    if flag.sort == "choice":
        return click.Choice(flag.choices)
    return click.Path(path_type=Path) if flag.sort == "file" else str
