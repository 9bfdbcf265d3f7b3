"""Asks picklescan and modelaudit-picklescan about pickles, where somebody installed them.

Neither is needed, and they look only on request, because they bound neither time nor memory as
we do. What they find makes a file unsafe; what they do not find proves nothing.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from freehold.formats.pickled.layouts import LOOKED_INTO
from freehold.formats.text import plain
from freehold.scanners.base import UNCHECKED, Contract, Looked, Remark

LARGEST = 64 * 2**20
"""Bytes of the largest file that others are asked about: they read it whole."""


class Scanner(Contract):
    """Second opinions."""

    on_request = True

    def look(self, file: Looked) -> Iterator[Remark]:
        """What others warn of."""
        if file.kind not in LOOKED_INTO or file.size > LARGEST:
            return
        for package, ask in (("picklescan", _picklescan), ("modelaudit_picklescan", _modelaudit)):
            if _is_here(package):
                yield from _asked(package, ask, str(file.path))


@cache
def _is_here(package: str) -> bool:
    return find_spec(package) is not None


def _asked(package: str, ask: Callable[[str], str | None], path: str) -> Iterator[Remark]:
    try:
        found = ask(path)
    except Exception as error:  # their errors are of any kind, and prove nothing of the file
        yield Remark("second-opinion", f"{package} cannot read it: {plain(str(error))[:100]}")
        return
    if found:
        yield Remark("second-opinion", f"{package} warns: {found}", UNCHECKED)


def _picklescan(path: str) -> str | None:
    found: Any = import_module("picklescan.scanner").scan_file_path(path)
    bad = [f"{g.module}.{g.name}" for g in found.globals if str(g.safety.value) == "dangerous"]
    return ", ".join(bad[:3]) or None


def _modelaudit(path: str) -> str | None:
    found: Any = import_module("modelaudit_picklescan").scan_file(path)
    verdict = str(getattr(found.verdict, "value", found.verdict))
    return verdict if verdict == "malicious" else None
