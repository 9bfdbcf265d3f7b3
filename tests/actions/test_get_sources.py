"""`get` from an OCI registry and from Ollama: digests held, terms asked for, policies obeyed."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from freehold.actions.acceptance import require, terms_of
from freehold.actions.get import get
from freehold.actions.get_terms import Agreement
from freehold.actions.policed import decision
from freehold.actions.run import Wishes, prepare
from freehold.core.errors import BrokenInput, NotAllowed
from freehold.knowledge.base import KnowledgeBase
from tests.engines.stubs import stub, tiny
from tests.sources.registry import Layer, Registry, digest_of, running
from tests.sources.test_oci import DOC, FILEPATH, RAW
from tests.sources.test_ollama import DOCKER, KIND

TERMS = b"You may use the model for non-commercial research only.\n"


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    return tiny(tmp_path).read_bytes()


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as made:
        yield made


def pack(registry: Registry, weights: bytes, terms: bytes | None = None) -> str:
    """A model in the registry; what to ask for."""
    layers: list[Layer] = [(RAW, weights, {FILEPATH: "model.gguf"})]
    if terms:
        layers.append((DOC, terms, {FILEPATH: "LICENSE"}))
    registry.artifact("lab/small", "1b", layers)
    return f"oci:{registry.host}/lab/small:1b"


def test_a_model_pack_comes_by_digest(
    registry: Registry, weights: bytes, shipped: KnowledgeBase
) -> None:
    registry.secret = "token"
    came = get(pack(registry, weights), base=shipped)
    folder = Path(came.manifest.folder)
    assert (folder / "model.gguf").read_bytes() == weights
    assert came.manifest.source == "oci"
    assert came.manifest.files[0].sha256 == sha256(weights).hexdigest()


def test_a_blob_with_other_bytes_is_never_seen_as_complete(
    registry: Registry, weights: bytes, shipped: KnowledgeBase, home: Path
) -> None:
    what = pack(registry, weights)
    registry.blobs[digest_of(weights)] = weights[:-1] + bytes([weights[-1] ^ 1])
    with pytest.raises(BrokenInput, match=r"model\.gguf"):
        get(what, base=shipped)
    assert not list(home.rglob("model.gguf"))


def test_a_blob_that_breaks_off_is_not_taken_for_whole(
    registry: Registry, weights: bytes, shipped: KnowledgeBase, home: Path
) -> None:
    what = pack(registry, weights)
    registry.blobs[digest_of(weights)] = weights[:-1]
    with pytest.raises(BrokenInput):
        get(what, base=shipped)
    assert not list(home.rglob("model.gguf"))


def test_terms_are_asked_for_before_the_weights_come(
    registry: Registry, weights: bytes, shipped: KnowledgeBase, home: Path
) -> None:
    what, digest = pack(registry, weights, TERMS), sha256(TERMS).hexdigest()
    with pytest.raises(NotAllowed, match="must be accepted first") as stopped:
        get(what, base=shipped)
    assert f"freehold get {what} --accept {digest}" in str(stopped.value.hint)
    assert not list(home.rglob("model.gguf"))
    seen: list[str] = []

    def agree(one: Agreement) -> bool:
        seen.append(one.terms)
        return True

    get(what, base=shipped, ask=agree)
    assert seen == [TERMS.decode()]
    get(what, base=shipped)


def test_a_model_of_ollama_is_shared_with_it_and_not_copied(
    weights: bytes, shipped: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    root = tmp_path / "ollama"
    monkeypatch.setenv("OLLAMA_MODELS", str(root))
    blob = root / "blobs" / digest_of(weights).replace(":", "-")
    blob.parent.mkdir(parents=True)
    blob.write_bytes(weights)
    layer = {"mediaType": f"{KIND}model", "digest": digest_of(weights), "size": len(weights)}
    table = {"schemaVersion": 2, "mediaType": DOCKER, "config": layer, "layers": [layer]}
    place = root / "manifests/registry.ollama.ai/library/small/1b"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(table))
    came = get("ollama:small:1b", base=shipped)
    assert came.how["model.gguf"] in ("hard link", "reflink")
    assert came.fetched == 0
    if came.how["model.gguf"] == "hard link":
        assert os.path.samefile(Path(came.manifest.folder) / "model.gguf", blob)


def test_get_and_run_say_the_same_of_one_model(
    registry: Registry, weights: bytes, shipped: KnowledgeBase, home: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("FREEHOLD_LLAMA_SERVER", str(stub(tmp_path)))
    what = pack(registry, weights, TERMS)
    rules = '[licenses]\nallow = ["osi"]\n[sources]\nallow = ["huggingface"]\n'
    (home / "policy.toml").write_text(f'schema = 1\nmode = "advise"\n{rules}')
    came = get(what, base=shipped, accept=[sha256(TERMS).hexdigest()])
    told = [note for note in came.notes if note.startswith("policy")]
    assert {"licenses.allow", "sources.allow"} == {n.split()[2].rstrip(":") for n in told}
    file = Path(came.manifest.folder) / "model.gguf"
    found = decision(file, base=shipped)
    assert found
    assert [str(o) for o in found.objections] == told
    assert [n for n in prepare(file, Wishes()).notes if n.startswith("policy")] == told
    (home / "policy.toml").write_text(f'schema = 1\nmode = "enforce"\n{rules}')
    for ask in (lambda: get(what, base=shipped), lambda: prepare(file, Wishes())):
        with pytest.raises(NotAllowed, match=r"licenses\.allow"):
            ask()


def test_accept_asks_for_what_get_asks_for(
    registry: Registry, weights: bytes, shipped: KnowledgeBase
) -> None:
    what = pack(registry, weights, TERMS)
    (one,) = terms_of(what, base=shipped)
    assert (one.model, one.text) == (what, TERMS.decode())
    require((one,), given=[one.agreement.digest])
    came = get(what, base=shipped)
    (held,) = terms_of(came.manifest.name, base=shipped)
    assert held.accepted


def test_a_policy_judges_an_artifact_by_what_get_would_bring(
    registry: Registry, weights: bytes, shipped: KnowledgeBase, home: Path
) -> None:
    what = pack(registry, weights, TERMS)
    rules = '[licenses]\nallow = ["osi"]\n[sources]\ndeny = ["oci"]\n'
    (home / "policy.toml").write_text(f'schema = 1\nmode = "advise"\n{rules}')
    found = decision(what, base=shipped)
    assert found
    assert [o.rule for o in found.objections] == ["licenses.allow", "sources.deny"]
    came = get(what, base=shipped, accept=[sha256(TERMS).hexdigest()])
    assert decision(came.manifest.name, base=shipped) == found
