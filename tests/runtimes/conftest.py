"""Engines here are asked for real: a test is skipped where the runtime is missing."""

from collections.abc import Callable

import pytest

from freehold.engines.base import Contract, Found


@pytest.fixture(scope="session")
def installed() -> Callable[[Contract], Found]:
    """Where an engine is, or skip the test."""

    def found(engine: Contract) -> Found:
        there = engine.find()
        if there is None:
            pytest.skip(f"the runtime of {engine.name} is not here")
        return there

    return found
