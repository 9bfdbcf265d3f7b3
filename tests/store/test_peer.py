"""What `get` stored is understood by the library whose cache it is, where that is installed."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from freehold.actions.get import get
from freehold.store.layout import hub_cache
from tests.sources.hub import COMMIT, Hub, running

peer: Any = pytest.importorskip("huggingface_hub")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running() as hub:
        head = b'{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'
        weights = len(head).to_bytes(8, "little") + head + b"data"
        hub.files = {"README.md": b"# Small\n", "sub/config.json": b"{}"}
        hub.files["model.safetensors"] = weights
        hub.stored_apart = {"model.safetensors"}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_the_library_of_the_hub_finds_every_file_and_no_fault(hub: Hub) -> None:
    get("hf:lab/small")
    cache = str(hub_cache())
    for name, data in hub.files.items():
        found = peer.try_to_load_from_cache("lab/small", name, cache_dir=cache)
        with open(found, "rb") as file:
            assert file.read() == data
    scanned = peer.scan_cache_dir(cache)
    assert scanned.warnings == []
    (repo,) = scanned.repos
    (revision,) = repo.revisions
    assert (repo.repo_id, revision.commit_hash, set(revision.refs)) == (
        "lab/small", COMMIT, {"main"},
    )  # fmt: skip
    assert repo.size_on_disk == sum(map(len, hub.files.values()))


def test_it_waits_for_the_same_lock(hub: Hub) -> None:
    get("hf:lab/small")
    locks = import_module("huggingface_hub.utils")
    (lock, *_) = (hub_cache() / ".locks" / "models--lab--small").glob("*.lock")
    from freehold.store.locks import _try

    with locks.WeakFileLock(lock), lock.open("a+b") as other:
        assert not _try(other)
