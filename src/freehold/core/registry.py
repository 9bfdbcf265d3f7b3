"""Finds things by their file name: one file in a folder is one engine, source, scanner, ....

Foreign packages add theirs by the entry point group `freehold.<folder>`. Listing imports nothing.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module, metadata
from importlib.metadata import EntryPoint, EntryPoints
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from freehold.core.errors import Contradiction, EnvironmentProblem, NotFound


class Registry:
    """The members of one folder; `maker` is the name that each file gives to its class."""

    def __init__(self, kind: str, package: str, maker: str) -> None:
        self.kind, self.package, self.maker = kind, package, maker

    def names(self) -> list[str]:
        """Every name, sorted; Contradiction when two are the same."""
        own, foreign = dict(self._files()), list(entry_points(group=self.package))
        homes = {name: str(path) for name, path in own.items()}
        for point in foreign:
            name = plain(point.name)
            if name in homes:
                raise Contradiction(
                    f"two {self.kind}s are named {name!r}: {homes[name]} and {_home(point)}",
                    hint="uninstall the package that brings one of them",
                )
            homes[name] = _home(point)
        return sorted(homes)

    def get(self, name: str) -> Any:
        """A new member of this name; NotFound offers the nearest ones."""
        wanted, known = plain(name), self.names()
        if wanted not in known:
            raise NotFound(self.kind, name, known)
        if wanted in dict(self._files()):
            found = getattr(import_module(f"{self.package}.{wanted}"), self.maker)
            return found() if callable(found) else found
        (point,) = (p for p in entry_points(group=self.package) if plain(p.name) == wanted)
        try:
            return point.load()()
        except (ImportError, AttributeError) as error:
            says = f"the {self.kind} {name!r} of {_home(point)} cannot be loaded: {error}"
            raise EnvironmentProblem(says) from error

    def all(self) -> list[Any]:
        """One of each."""
        return [self.get(name) for name in self.names()]

    def _files(self) -> Iterator[tuple[str, Path]]:
        spec = find_spec(self.package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in Path(folder).glob("[a-z]*.py"):
                if path.stem != "base":
                    yield path.stem, path


def entry_points(group: str) -> EntryPoints:
    """What installed packages offer under this group; all are looked up once, which takes time."""
    found: EntryPoints = _installed().select(group=group)
    return found


@cache
def _installed() -> Any:
    return metadata.entry_points()


def plain(name: str) -> str:
    """A name as a file carries it: `llama.cpp` is in `llamacpp.py`."""
    return "".join(x for x in name.lower().replace("-", "_") if x.isalnum() or x == "_")


def _home(point: EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist else point.value
