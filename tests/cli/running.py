"""Runs the command line inside the test, as a shell would see it."""

import sys
from typing import NamedTuple

import pytest

from freehold.cli import _out
from freehold.cli.main import main


class Done(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def freehold(capsys: pytest.CaptureFixture[str], *words: str) -> Done:
    """Run `freehold WORDS`."""
    _out.base.cache_clear()
    before, sys.argv = sys.argv, ["freehold", *words]
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    printed = capsys.readouterr()
    return Done(int(ended.value.code or 0), printed.out, printed.err)
