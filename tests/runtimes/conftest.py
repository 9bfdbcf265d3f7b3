"""Engines here are asked for real: a test is skipped where the runtime is missing."""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from freehold.engines import base as contract
from freehold.engines.base import Contract, Found

OUTCOMES = Path(__file__).with_name("outcomes.json")
LOCKS = Path(contract.__file__).with_name("locks")
ended: dict[str, str] = {}


@pytest.fixture(scope="session")
def installed() -> Callable[[Contract], Found]:
    """Where an engine is, or skip the test."""

    def found(engine: Contract) -> Found:
        there = engine.find()
        if there is None:
            pytest.skip(f"the runtime of {engine.name} is not here")
        return there

    return found


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how each test ended."""
    if report.nodeid.startswith("tests/runtimes/") and (report.when == "call" or not report.passed):
        ended[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write it down where that was asked for (`make runtimes`)."""
    if "FREEHOLD_OUTCOMES" not in os.environ or hasattr(session.config, "workerinput"):
        return
    told = json.loads(OUTCOMES.read_text()) if OUTCOMES.exists() else {"tests": {}}
    tests = {**told["tests"], **{k: v for k, v in ended.items() if "test_rows" not in k}}
    found = {
        "date": date.today().isoformat(),
        "with": ", ".join(_versions()),
        "tests": dict(sorted(tests.items())),
    }
    OUTCOMES.write_text(json.dumps(found, indent=1) + "\n")


def _versions() -> list[str]:
    """The libraries that the lock lists name."""
    named = ("torch", "transformers", "diffusers", "onnxruntime", "ai-edge-litert",
             "openvino-genai", "ctranslate2", "onnxruntime-genai", "xllamacpp")  # fmt: skip
    lines = [line for path in LOCKS.glob("*.txt") for line in path.read_text().splitlines()]
    pairs = [
        line.split("#")[0].strip().split(";")[0].split(" ")[0].partition("==") for line in lines
    ]
    found = (f"{name} {version}" for name in named for n, _, version in pairs if n == name)
    return list(dict.fromkeys(found))
