"""What the tests share: the shipped facts, a home of their own, and invented facts."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from freehold.formats.invented_llama import Shape
from freehold.knowledge.base import KnowledgeBase

MEASURED = (Shape(layers=2, width=128, feed=256, heads=4, kv_heads=2, context=2048),)

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No test is about a time, so a machine that is busy with something else fails none."""
settings.register_profile("quick", PATIENT, max_examples=40, derandomize=True)
settings.register_profile("thorough", PATIENT, max_examples=300)
settings.load_profile(os.environ.get("FREEHOLD_EXAMPLES", "quick"))


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: a test that waits for a process needs none."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def shipped() -> KnowledgeBase:
    """The knowledge base as it ships, without anybody's overlay."""
    return KnowledgeBase()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a home of its own, with a bandwidth that need not be measured.

    The models that `machine --measure` makes are tiny here, and our own small model counts as
    not installed, so that it makes no difference whether it is.
    """
    home = tmp_path / "home"
    (home / "state").mkdir(parents=True)
    monkeypatch.setenv("FREEHOLD_HOME", str(home))
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("freehold.core.bandwidth.known", lambda: (30_000_000_000, "2026-11-21"))
    monkeypatch.setattr("freehold.actions.calibrate.SHAPES", MEASURED)
    monkeypatch.setattr("freehold.actions.seed.PACKAGE", "not_installed_here")
    for name in ("FREEHOLD_LLAMA_SERVER", "FREEHOLD_OFFLINE", "FREEHOLD_MODELS"):
        monkeypatch.delenv(name, raising=False)
    return home
