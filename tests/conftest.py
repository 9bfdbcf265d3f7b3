"""What the tests share: the shipped facts, a home of their own, and invented facts."""

from pathlib import Path

import pytest

from freehold.knowledge.base import KnowledgeBase


@pytest.fixture(scope="session")
def shipped() -> KnowledgeBase:
    """The knowledge base as it ships, without anybody's overlay."""
    return KnowledgeBase()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a home of its own, with a bandwidth that need not be measured."""
    home = tmp_path / "home"
    (home / "state").mkdir(parents=True)
    monkeypatch.setenv("FREEHOLD_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("freehold.core.bandwidth.known", lambda: (30_000_000_000, "2026-11-21"))
    return home
