"""Options of the command line from the flags that tasks declare as data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._size import Number

if TYPE_CHECKING:
    from freehold.tasks.base import Flag


class TaskCommand(click.Command):
    """A command that has the flags of all tasks beside its own; they are read when it is used."""

    def __init__(self, *words: Any, **settings: Any) -> None:
        self._own = list[click.Parameter]()
        self._all: list[click.Parameter] | None = None
        super().__init__(*words, **settings)

    @property
    def params(self) -> list[click.Parameter]:
        """Arguments, then the command's own options, then the flags of tasks."""
        if self._all is None:
            self._all = [*self._own, *(option(flag) for flag in flags())]
        return self._all

    @params.setter
    def params(self, own: list[click.Parameter]) -> None:
        self._own, self._all = own, None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options, then those of each task below what it does."""
        own = [found for p in (*self._own, *self._helps(ctx)) if (found := p.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(own)
        known: set[str] = set()
        for task in _tasks():
            records = [option(f).get_help_record(ctx) for f in task.flags if f.name not in known]
            again = ", ".join(f"--{f.name}" for f in task.flags if f.name in known)
            known |= {flag.name for flag in task.flags}
            with formatter.section(f"{task.id}: {task.says[0].lower()}{task.says[1:]}"):
                lines = [record for record in records if record]
                formatter.write_dl([*lines, *([(again, "As above.")] if again else [])])

    def _helps(self, ctx: click.Context) -> list[click.Parameter]:
        found = self.get_help_option(ctx)
        return [found] if found else []


def flags() -> list["Flag"]:
    """The flags of all tasks, each name once."""
    found: dict[str, Flag] = {}
    for task in _tasks():
        for flag in task.flags:
            found.setdefault(flag.name, flag)
    return list(found.values())


def _tasks() -> list[Any]:
    """All tasks, that of text first."""
    from freehold.tasks.base import TASKS

    names = TASKS.names()
    return [TASKS.get(name) for name in sorted(names, key=lambda n: (n != "text_generation", n))]


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
