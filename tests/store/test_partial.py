"""Bytes on their way: digests as they are, whatever the pieces and wherever it was cut."""

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, EnvironmentProblem, UsageError
from freehold.store import catalog, digests
from freehold.store.adopt import adopt, here
from freehold.store.digests import Digests, digest_file, pieces, wrong
from freehold.store.layout import hub_cache, plain_name
from freehold.store.locks import locked
from freehold.store.manifest import Manifest, Stored
from freehold.store.offer import Offered
from freehold.store.partial import Partial

SMALL = 64


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "CHUNK", SMALL)


def offered(data: bytes) -> Offered:
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    return Offered(path="a", size=len(data), sha256=hashlib.sha256(data).hexdigest(), git=git)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.binary(max_size=200), max_size=8), cut=st.integers(0, 7))
def test_any_pieces_and_any_cut_give_the_digests_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], cut: int
) -> None:
    data, place = b"".join(parts), tmp_path_factory.mktemp("x") / "file"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "CHUNK", SMALL)
        with Partial(place, offered(data)) as first:
            for part in parts[:cut]:
                first.add(part)
        with Partial(place, offered(data)) as second:
            assert second.count == sum(map(len, parts[:cut]))
            for part in parts[cut:]:
                second.add(part)
            stored = second.finish()
    chunks = [data[at : at + SMALL] for at in range(0, len(data), SMALL)]
    assert stored.chunks == tuple(hashlib.sha256(chunk).hexdigest() for chunk in chunks)
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert place.read_bytes() == data
    assert [path.name for path in place.parent.iterdir()] == ["file"]


@given(data=st.binary(max_size=300), at=st.integers(0, 500))
def test_pieces_end_where_chunks_end(data: bytes, at: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "CHUNK", SMALL)
        found = [bytes(piece) for piece in pieces(data, at)]
    assert b"".join(found) == data
    for piece in found[:-1]:
        at += len(piece)
        assert at % SMALL == 0


@pytest.mark.usefixtures("small_chunks")
def test_a_file_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    with Partial(tmp_path / "f", offered(b"one" * 50)) as first:
        first.add(b"one" * 30)
    with Partial(tmp_path / "f", offered(b"two" * 50)) as second:
        assert second.count == 0


def test_bytes_that_nothing_vouches_for_are_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "f.incomplete").write_bytes(b"whose?")
    with Partial(tmp_path / "f", Offered(path="f", size=10)) as found:
        assert found.count == 0
        found.restart('"tag"')
        found.add(b"12345")
    with Partial(tmp_path / "f", Offered(path="f", size=10)) as found:
        assert (found.count, found.mark) == (5, '"tag"')


def test_what_another_tool_left_is_gone_on_with_and_proven(tmp_path: Path) -> None:
    data = b"x" * 100
    (tmp_path / "f.incomplete").write_bytes(data[:60])
    with Partial(tmp_path / "f", offered(data)) as found:
        assert found.count == 60
        found.add(data[60:])
        found.finish()
    (tmp_path / "g.incomplete").write_bytes(b"y" * 60)
    with Partial(tmp_path / "g", offered(data)) as found:
        found.add(data[60:])
        with pytest.raises(BrokenInput):
            found.finish()
    assert not (tmp_path / "g").exists()


@pytest.mark.parametrize("change", ["size", "sha256", "git"])
def test_the_strongest_known_digest_decides(change: str) -> None:
    good = offered(b"data")
    known = {"path": "a", "size": 4, "sha256": good.sha256, "git": good.git}
    if change == "git":
        known["sha256"] = None
    counted = Digests(4, git=True)
    counted.add(b"data")
    assert wrong(Offered(**known), counted) is None  # type: ignore[arg-type]
    known[change] = 5 if change == "size" else "0" * len(str(known[change]))
    assert wrong(Offered(**known), counted) is not None  # type: ignore[arg-type]


def test_importing_shares_or_copies_and_refuses_other_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"data")
    found = adopt(source, tmp_path / "one", offered(b"data"))
    assert found
    assert found[1] in ("reflink", "hard link")
    monkeypatch.setattr("freehold.store.adopt._reflink", lambda *_: False)
    assert adopt(source, tmp_path / "two", offered(b"data"))
    assert (tmp_path / "two").samefile(source)

    def refuse(*_: object) -> None:
        raise OSError("another disk")

    monkeypatch.setattr("os.link", refuse)
    copied = adopt(source, tmp_path / "three", offered(b"data"))
    assert copied
    assert copied[1] == "copy"
    assert adopt(source, tmp_path / "four", offered(b"else")) is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home", "one", "source", "three", "two"]
    assert here(tmp_path / "one", offered(b"else")) is None


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    from freehold.store.locks import _try

    with locked(tmp_path / "a.lock"), (tmp_path / "a.lock").open("a+b") as other:
        assert not _try(other)
    with (tmp_path / "a.lock").open("a+b") as other:
        assert _try(other)


def test_a_store_that_may_only_be_read_needs_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "of-another.lock").touch()
    monkeypatch.setattr("freehold.store.locks.os.open", refuse)
    with locked(tmp_path / "none.lock"):
        pass
    with locked(tmp_path / "of-another.lock"):
        pass


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match="cannot be read"):
        digest_file(tmp_path / "gone", Offered(path="gone"))


def test_the_cache_is_where_the_tools_of_the_hub_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/a/hub")
    monkeypatch.setenv("HF_HOME", "/b")
    assert hub_cache() == Path("/a/hub")
    monkeypatch.delenv("HF_HUB_CACHE")
    assert hub_cache() == Path("/b/hub")
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert hub_cache() == Path("/c/huggingface/hub")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert hub_cache() == Path("~/.cache/huggingface/hub").expanduser()


@given(st.text(max_size=200))
def test_a_folder_name_is_always_one_plain_part(name: str) -> None:
    try:
        plain = plain_name(name)
    except UsageError:
        return
    assert plain not in ("", ".", "..")
    assert not set(plain) & set('/\\:*?"<>| \n\0')
    assert plain.isascii()


@pytest.mark.parametrize(
    ("said", "bytes"), [("200GB", 200 * 10**9), ("1.5 TiB", int(1.5 * 2**40)), ("7", 7), ("", None)]
)
def test_a_quota_is_a_size(monkeypatch: pytest.MonkeyPatch, said: str, bytes: int | None) -> None:
    monkeypatch.setenv("FREEHOLD_STORE_QUOTA", said)
    assert catalog.quota() == bytes
    monkeypatch.setenv("FREEHOLD_STORE_QUOTA", "much")
    with pytest.raises(UsageError, match="is no size"):
        catalog.quota()


def manifest(name: str, source: str = "huggingface", commit: str = "a" * 40) -> Manifest:
    file = Stored(path="x", size=1, sha256="0" * 64)
    return Manifest(name=name, source=source, origin=f"hf:{name}@{commit}", folder="/x",
                    files=(file,), commit=commit, fetched=commit)  # fmt: skip


def test_a_model_is_found_by_its_name_or_the_end_of_it() -> None:
    for name in ("one/model", "two/model", "two/other"):
        catalog.save(manifest(name))
    newer = catalog.save(manifest("two/other", commit="b" * 40))
    assert catalog.find("two/OTHER") == catalog.find("other") == newer
    assert catalog.find("hf:one/model") is not None
    with pytest.raises(UsageError, match="may mean several models: one/model, two/model"):
        catalog.find("model")
    assert catalog.find("nothing") is None


def test_a_second_precision_joins_the_manifest() -> None:
    import msgspec

    catalog.save(manifest("one/model"))
    more = Stored(path="y", size=2, sha256="1" * 64)
    catalog.save(msgspec.structs.replace(manifest("one/model"), files=(more,)))
    found = catalog.find("one/model")
    assert found is not None
    assert [file.path for file in found.files] == ["x", "y"]


@given(data=st.binary(max_size=200))
@settings(max_examples=30)
def test_no_bytes_of_a_manifest_end_in_anything_but_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.mktemp("m") / "m.json"
    file.write_bytes(data)
    with suppress(BrokenInput, EnvironmentProblem):
        assert isinstance(catalog.read(file), Manifest)
