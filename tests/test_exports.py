"""The public names: all there, sorted, documented, and fetched only when used."""

import subprocess
import sys

import freehold


def test_every_public_name_can_be_fetched() -> None:
    for name in freehold.__all__:
        assert getattr(freehold, name) is not None


def test_the_public_names_are_sorted_and_match_their_homes() -> None:
    assert freehold.__all__ == sorted(freehold.__all__)
    assert set(freehold.__all__) == set(freehold._HOMES)


def test_every_public_name_has_a_docstring() -> None:
    assert [n for n in freehold.__all__ if not getattr(freehold, n).__doc__] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(freehold, "download_everything")


def test_importing_freehold_imports_nothing_heavy() -> None:
    code = "import sys, freehold; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "numpy", "rich", "click", "rtoml", "msgspec", "psutil"}


def test_choosing_imports_neither_torch_nor_numpy() -> None:
    code = "import sys, freehold; freehold.choose('chat', memory=8*2**30); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"torch", "numpy"}
