"""Ollama as a source: its folder on this machine, and its registry."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, NotFound, UsageError
from freehold.sources.ollama import Model, installed, parse, supplier
from tests.sources.registry import Registry, digest_of, running

KIND = "application/vnd.ollama.image."
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
WEIGHTS = b"GGUF" + bytes(64)
LAYERS: list[tuple[str, bytes, dict[str, str] | None]] = [
    (f"{KIND}model", WEIGHTS, None),
    (f"{KIND}template", b"{{ .Prompt }}", None),
    (f"{KIND}license", b"First terms", None),
    (f"{KIND}license", b"Second terms", None),
    (f"{KIND}params", b'{"stop": ["<end>"]}', None),
    (f"{KIND}tensor; name=x", b"x", None),
]
PATHS = ["model.gguf", "template.txt", "LICENSE", "LICENSE-2", "params.json"]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of Ollama's that is empty at first."""
    root = tmp_path / "ollama"
    monkeypatch.setenv("OLLAMA_MODELS", str(root))
    return root


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as made:
        made.artifact("library/small", "1b", LAYERS, DOCKER)
        yield made


def fill(root: Path, name: str = "registry.ollama.ai/library/small/1b") -> dict[str, Any]:
    """Lay a model as Ollama does."""
    (root / "blobs").mkdir(parents=True, exist_ok=True)
    rows = []
    for kind, data, _ in LAYERS:
        rows.append({"mediaType": kind, "digest": digest_of(data), "size": len(data)})
        (root / "blobs" / digest_of(data).replace(":", "-")).write_bytes(data)
    table = {"schemaVersion": 2, "mediaType": DOCKER, "config": rows[0], "layers": rows}
    place = root / "manifests" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(table))
    return table


def at(registry: Registry, what: str = "ollama:small:1b") -> Model:
    return supplier(what, endpoint=registry.url, sleep=lambda _: None)


def test_the_registry_offers_layers_as_files_with_their_digests(registry: Registry) -> None:
    model = at(registry)
    offer = model.offer()
    assert [file.path for file in offer.files] == PATHS
    assert f"sha256:{offer.files[0].sha256}" == digest_of(WEIGHTS)
    assert all(file.local is None for file in offer.files)
    assert (offer.source, offer.name, offer.origin) == ("ollama", "small-1b", "ollama:small:1b")
    assert "tensor" in offer.notes[-1]
    assert model.address(offer.files[0]).url.endswith(f"/library/small/blobs/{digest_of(WEIGHTS)}")


def test_what_ollama_has_here_is_used_where_it_lies(registry: Registry, models: Path) -> None:
    fill(models)
    offer = at(registry).offer()
    assert [file.path for file in offer.files] == PATHS
    assert next(file.local.read_bytes() for file in offer.files if file.local) == WEIGHTS
    assert registry.asked == []
    assert "nothing is fetched" in offer.notes[0]


def test_a_model_that_ollama_has_in_part_is_fetched(registry: Registry, models: Path) -> None:
    fill(models)
    (models / "blobs" / digest_of(WEIGHTS).replace(":", "-")).unlink()
    assert at(registry).offer().files[0].local is None
    assert list(installed()) == []


def test_models_on_this_machine_are_listed_and_broken_ones_left_out(models: Path) -> None:
    fill(models)
    fill(models, "hf.co/lab/small-GGUF/Q4_K_M")
    (models / "manifests/registry.ollama.ai/library/small/bad").write_text("no manifest")
    (models / "manifests/registry.ollama.ai/library/small/.DS_Store").write_text("junk")
    found = {one.name: one for one in installed()}
    assert set(found) == {"small:1b", "hf.co/lab/small-GGUF:Q4_K_M"}
    assert found["small:1b"].size == sum(len(d) for k, d, _ in LAYERS if "tensor" not in k)
    assert dict(found["small:1b"].files)["LICENSE"].read_bytes() == b"First terms"


def test_without_a_name_what_is_here_is_listed(models: Path, registry: Registry) -> None:
    fill(models)
    with pytest.raises(UsageError, match="on this machine: ollama:small:1b"):
        at(registry, "ollama:")
    with pytest.raises(NotFound, match="the nearest: small:1b"):
        at(registry, "ollama:smal:1b").offer()


def test_no_folder_of_ollama_is_no_models() -> None:
    assert list(installed()) == []


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "sha256-0", f"sha512:{'0' * 64}"])
def test_a_manifest_cannot_point_out_of_the_folder(
    registry: Registry, models: Path, digest: str
) -> None:
    table = fill(models)
    table["layers"][0]["digest"] = digest
    path = models / "manifests/registry.ollama.ai/library/small/1b"
    path.write_text(json.dumps(table))
    with pytest.raises(BrokenInput):
        at(registry).offer()


def test_a_model_of_many_tensors_is_refused(registry: Registry) -> None:
    registry.artifact("library/small", "mlx", [(f"{KIND}tensor; name=a", b"1", None)], DOCKER)
    with pytest.raises(BrokenInput, match="no layer with a model in one file"):
        at(registry, "ollama:small:mlx").offer()


def test_what_is_not_there_is_said(registry: Registry) -> None:
    with pytest.raises(NotFound, match="model of Ollama 'none:latest'"):
        at(registry, "ollama:none").offer()


@pytest.mark.parametrize(
    ("what", "full"),
    [
        ("ollama:small", "registry.ollama.ai/library/small/latest"),
        ("ollama:small:1b-q4_K_M", "registry.ollama.ai/library/small/1b-q4_K_M"),
        ("ollama:ada/small", "registry.ollama.ai/ada/small/latest"),
        ("ollama:hf.co/lab/small-GGUF:Q4", "hf.co/lab/small-GGUF/Q4"),
        ("ollama:localhost:5000/lab/small:1", "localhost:5000/lab/small/1"),
    ],
)
def test_names_are_read_as_ollama_writes_them(what: str, full: str) -> None:
    name = parse(what)
    assert "/".join((name.host, name.owner, name.name, name.tag)) == full


@pytest.mark.parametrize(
    "what",
    ["ollama:", "ollama:a:b:c", "ollama:../a", "ollama:a/../b", "ollama:a/b/c/d", "ollama:.a"],
)
def test_what_is_no_name_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match="no model of Ollama"):
        parse(what)
