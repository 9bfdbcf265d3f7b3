"""The files of `deploy/`: they parse, and what they start and ask for exists."""

import configparser
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from freehold.cli.main import command as main

FOLDER = Path(__file__).parent.parent.parent / "deploy"
YAML = sorted(FOLDER.rglob("*.yaml"))
HEALTH = {"/health", "/ready"}


def commands() -> list[tuple[str, list[str]]]:
    """Every command line of ours that a file starts, and where it stands."""
    found = []
    for name in ("Dockerfile", "Dockerfile.cuda"):
        text = (FOLDER / name).read_text()
        found += [(name, json.loads(m[1])) for m in re.finditer(r"^CMD (\[.*\])$", text, re.M)]
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "freehold.service")
    found.append(("freehold.service", shlex.split(unit["Service"]["ExecStart"])[1:]))
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    found.append(("compose.yaml", compose["services"]["freehold"]["command"]))
    found.append(("kubernetes.yaml", container()["args"]))
    return found


def container() -> dict[str, Any]:
    every = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
    deployment = next(one for one in every if one["kind"] == "Deployment")
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_yaml_parses(path: Path) -> None:
    assert all(isinstance(one, dict) for one in yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize(("where", "words"), commands())
def test_what_is_started_is_a_command_with_options_that_exist(where: str, words: list[str]) -> None:
    name, *rest = words
    found = main.get_command(click.Context(main), name)
    assert found is not None
    found.make_context(name, rest)


def test_the_configurations_are_ones_that_the_server_reads(tmp_path: Path) -> None:
    pytest.importorskip("starlette")
    from freehold.server.config import read_config

    assert read_config(FOLDER / "freehold.toml").server.host == "0.0.0.0"
    every = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    text = next(one for one in every if one["kind"] == "ConfigMap")["data"]["freehold.toml"]
    assert tomllib.loads(text)["server"]["keys"] == "required"
    (tmp_path / "freehold.toml").write_text(text)
    assert read_config(tmp_path / "freehold.toml").server.host == "0.0.0.0"


def test_probes_ask_for_paths_that_are_there() -> None:
    probes = {container()[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe")}
    assert probes == HEALTH


def test_the_dashboard_shows_figures_that_the_server_gives() -> None:
    pytest.importorskip("prometheus_client")
    from freehold.server.config import Config
    from freehold.server.metrics import Metrics
    from freehold.server.pool import Pool

    told = Metrics(Pool(Config(), lambda _: None)).text().decode()
    known = set(re.findall(r"^# TYPE (\w+)", told, re.M))
    board = json.loads((FOLDER / "grafana" / "freehold.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"freehold_\w+", target["expr"])
    }
    assert {re.sub(r"_bucket$", "", name) for name in asked} <= known
