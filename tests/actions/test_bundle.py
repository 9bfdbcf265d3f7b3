"""Bundles: what was created here is installed there, whole or not at all, without a network."""

import io
import pickle
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from freehold.actions.bundle import Contents, create, show
from freehold.actions.bundle_install import install
from freehold.actions.get import get
from freehold.actions.store import verify
from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed, NotFound, UsageError
from freehold.formats.bundle import Entry, Index, read_index, write_bundle
from freehold.knowledge.base import KnowledgeBase
from freehold.store import catalog
from freehold.store.ledger import Ledger
from freehold.store.manifest import Manifest, Stored
from tests.actions.test_get import gguf, hub
from tests.engines.stubs import tiny
from tests.sources.hub import COMMIT, Hub

TERMS = b"You may use the model for non-commercial research only.\n"
DIGEST = sha256(TERMS).hexdigest()
Move = Callable[[], Path]
__all__ = ["gguf", "hub"]  # fixtures that are shared


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a small model and terms of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    tiny(folder)
    (folder / "LICENSE").write_bytes(TERMS)
    (folder / "README.md").write_text("# Small\n")
    return folder


@pytest.fixture
def bundle(model: Path, shipped: KnowledgeBase, tmp_path: Path, home: Path) -> Path:
    """A bundle of it, with a policy and a wheel."""
    (home / "policy.toml").write_text('schema = 1\nmode = "advise"\n[licenses]\nallow = ["osi"]\n')
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "engine-1.0-py3-none-any.whl").write_bytes(b"PK wheel")
    get(model, base=shipped, accept=[DIGEST])
    create(["small"], tmp_path / "models.tar", wheels=wheels, base=shipped)
    return tmp_path / "models.tar"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Move:
    """Goes to another machine, where nothing was got, accepted or forbidden yet."""

    def go() -> Path:
        home = tmp_path / "elsewhere"
        home.mkdir(exist_ok=True)
        monkeypatch.setenv("FREEHOLD_HOME", str(home))
        monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
        return home

    return go


def left(home: Path) -> list[str]:
    """Every file of the store that is on a machine."""
    shown = ("share/models", "share/store", "share/bundles", "hub/models")
    return [str(p) for p in home.rglob("*") if p.is_file() and any(s in str(p) for s in shown)]


def test_a_bundle_says_what_is_in_it(bundle: Path) -> None:
    found = show(bundle, verify=True)
    (manifest,) = found.contents.models
    assert {f.path for f in manifest.files} == {"LICENSE", "README.md", "tiny.gguf"}
    assert manifest.folder == ""
    assert {(p.kind, p.name) for p in found.contents.papers} == {
        ("notice", "small/NOTICE"), ("bom", "small/bom.cdx.json"), ("bom", "small/bom.spdx.json"),
        ("policy", "policy-user.toml"), ("wheel", "wheels/engine-1.0-py3-none-any.whl"),
    }  # fmt: skip
    with bundle.open("rb") as stream:
        assert read_index(stream, bundle.stat().st_size)[1] == found.digest


def test_what_was_made_here_is_installed_there(
    bundle: Path, model: Path, elsewhere: Move, shipped: KnowledgeBase
) -> None:
    home = elsewhere()
    digest = show(bundle).digest
    came = install(bundle, digest=digest, accept=[DIGEST], base=shipped)
    (manifest,) = came.models
    for file in model.iterdir():
        assert (Path(manifest.folder) / file.name).read_bytes() == file.read_bytes()
    assert catalog.get("small") == manifest
    assert all(one.good for one in verify("small"))
    assert (came.papers / "small" / "NOTICE").read_text().startswith("NOTICE")
    assert came.wheels
    assert (came.wheels / "engine-1.0-py3-none-any.whl").read_bytes() == b"PK wheel"
    assert not (home / "policy.toml").exists()
    with Ledger.open(reading=True) as ledger:
        assert [r.facts["bundle"] for r in ledger.rows("fetch")] == [digest]
        assert [r.facts["digest"] for r in ledger.rows("acceptance")] == [DIGEST]
    install(bundle, base=shipped)
    assert [m.name for m in catalog.manifests()] == ["small"]


def test_a_model_of_the_hub_comes_to_lie_where_other_tools_look_for_it(
    hub: Hub, elsewhere: Move, shipped: KnowledgeBase, tmp_path: Path
) -> None:
    there = Path(get("hf:lab/small", base=shipped).manifest.folder)
    create(["lab/small"], tmp_path / "models.tar", base=shipped)
    home = elsewhere()
    asked = len(hub.asked)
    (manifest,) = install(tmp_path / "models.tar", base=shipped).models
    here = home / "hub" / "models--lab--small"
    assert Path(manifest.folder) == here / "snapshots" / COMMIT
    assert (here / "refs" / "main").read_text() == COMMIT
    for file in manifest.files:
        seen = here / "snapshots" / COMMIT / file.path
        assert seen.resolve() == here / "blobs" / str(file.mark)
        assert seen.read_bytes() == (there / file.path).read_bytes()
    assert all(one.good for one in verify("lab/small"))
    assert len(hub.asked) == asked


def test_terms_are_asked_for_anew_on_the_other_machine(
    bundle: Path, elsewhere: Move, shipped: KnowledgeBase
) -> None:
    home = elsewhere()
    with pytest.raises(NotAllowed, match="must be accepted first") as stopped:
        install(bundle, base=shipped)
    assert DIGEST in str(stopped.value.hint)
    assert left(home) == []


def test_the_policy_of_the_other_machine_holds(
    bundle: Path, elsewhere: Move, shipped: KnowledgeBase
) -> None:
    home = elsewhere()
    (home / "policy.toml").write_text(
        'schema = 1\nmode = "enforce"\n[sources]\ndeny = ["folder"]\n'
    )
    with pytest.raises(NotAllowed, match=r"sources\.deny"):
        install(bundle, accept=[DIGEST], base=shipped)
    assert left(home) == []


def test_a_changed_byte_leaves_nothing_behind(
    bundle: Path, elsewhere: Move, shipped: KnowledgeBase
) -> None:
    data = bytearray(bundle.read_bytes())
    data[-2_000] ^= 1
    bundle.write_bytes(data)
    home = elsewhere()
    with pytest.raises(BrokenInput, match=r"models\.tar: files/"):
        install(bundle, accept=[DIGEST], base=shipped)
    assert left(home) == []
    assert not list(home.rglob(".freehold-bundle-*/files"))


def test_another_bundle_than_was_told_is_refused(bundle: Path, shipped: KnowledgeBase) -> None:
    with pytest.raises(BrokenInput, match="another bundle"):
        install(bundle, digest="0" * 64, base=shipped)
    with pytest.raises(UsageError):
        install(bundle, digest="0", base=shipped)


def forged(bundle: Path, change: Callable[[Contents], Contents], body: bytes = b"x") -> None:
    """Write a bundle anew that says something else of its one file."""
    with bundle.open("rb") as stream:
        index, _ = read_index(stream, bundle.stat().st_size)
    files = (Entry(sha256(body).hexdigest(), len(body)),)
    manifest = Manifest(
        name="evil", source="folder", origin="x", folder="",
        files=(Stored(path="a.txt", size=1, sha256=files[0].sha256),),
    )  # fmt: skip
    about = msgspec.Raw(msgspec.json.encode(change(Contents((manifest,)))))
    made = Index(schema=1, tool=index.tool, made=index.made, files=files, about=about)
    with bundle.open("wb") as out:
        write_bundle(out, made, [io.BytesIO(body)])


def of(**fields: object) -> Callable[[Contents], Contents]:
    return lambda c: Contents((replace(c.models[0], **fields),))


def path(name: str, digest: str = sha256(b"x").hexdigest()) -> Callable[[Contents], Contents]:
    return of(files=(Stored(path=name, size=1, sha256=digest),))


@pytest.mark.parametrize(
    "change",
    [path("model.bin"), path("../a"), path("/etc/a"), path("a/../../b"), path("C:\\a"),
     path("a.txt", "0" * 64),
     path("a.txt", "../x"), of(name="../../x"), of(name=".."), of(name=""), of(source="web"),
     of(name="a", source="huggingface", commit="0" * 40),
     of(name="a/b", source="huggingface", commit="../x"),
     of(name="../b", source="huggingface", commit="0" * 40),
     of(name="a/b", source="huggingface", commit="0" * 40, revision="../../x"),
     of(files=()),
     of(files=(Stored(path="a", size=1, sha256=sha256(b"x").hexdigest(), mark="../../x"),)),
     of(files=(Stored(path="a", size=1, sha256=sha256(b"x").hexdigest()),
               Stored(path="A", size=1, sha256=sha256(b"x").hexdigest())))],
)  # fmt: skip
def test_what_no_bundle_of_ours_would_say_is_refused(
    bundle: Path, elsewhere: Move, shipped: KnowledgeBase, tmp_path: Path,
    change: Callable[[Contents], Contents],
) -> None:  # fmt: skip
    forged(bundle, change)
    home = elsewhere()
    before = {p for p in tmp_path.rglob("*") if home not in p.parents}
    with pytest.raises((BrokenInput, UsageError)):
        install(bundle, base=shipped)
    assert left(home) == []
    assert {p for p in tmp_path.rglob("*") if home not in p.parents} == before


def test_weights_that_are_no_weights_are_not_installed(
    bundle: Path, elsewhere: Move, shipped: KnowledgeBase
) -> None:
    data = pickle.dumps(print)
    file = Stored(path="model.safetensors", size=len(data), sha256=sha256(data).hexdigest())
    forged(bundle, of(files=(file,)), data)
    home = elsewhere()
    with pytest.raises(BrokenInput, match=r"model\.safetensors"):
        install(bundle, base=shipped)
    assert left(home) == []


def test_a_policy_refuses_to_bundle_and_nothing_is_written(
    model: Path, shipped: KnowledgeBase, tmp_path: Path, home: Path
) -> None:
    get(model, base=shipped, accept=[DIGEST])
    (home / "policy.toml").write_text('schema = 1\nmode = "enforce"\n[licenses]\nallow = ["osi"]\n')
    with pytest.raises(NotAllowed, match="bundle of small is refused"):
        create(["small"], tmp_path / "models.tar", base=shipped)
    assert not list(tmp_path.glob("*models.tar*"))


def test_a_damaged_model_is_not_bundled(
    model: Path, shipped: KnowledgeBase, tmp_path: Path
) -> None:
    came = get(model, base=shipped, accept=[DIGEST])
    (Path(came.manifest.folder) / "README.md").unlink()
    (Path(came.manifest.folder) / "README.md").write_text("# Smell\n")
    with pytest.raises(BrokenInput, match="other bytes"):
        create(["small"], tmp_path / "models.tar", base=shipped)
    assert not list(tmp_path.glob("*models.tar*"))


def test_what_cannot_be_bundled_is_said(
    bundle: Path, shipped: KnowledgeBase, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        create(["none"], tmp_path / "x.tar", base=shipped)
    with pytest.raises(EnvironmentProblem, match="is there already"):
        create(["small"], bundle, base=shipped)
    with pytest.raises(UsageError, match="no wheels"):
        create(["small"], tmp_path / "x.tar", wheels=tmp_path, base=shipped)
    with pytest.raises(BrokenInput, match="cannot be opened"):
        show(tmp_path / "none.tar")


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_whole_model_or_none(
    model: Path, shipped: KnowledgeBase, tmp_path: Path, elsewhere: Move
) -> None:
    (model / "vocabulary.txt").write_bytes(random.Random(7).randbytes(24 * 2**20))
    get(model, base=shipped, accept=[DIGEST], files=["tiny.gguf", "vocabulary.txt"])
    create(["small"], tmp_path / "models.tar", base=shipped)
    home, seen = elsewhere(), set[bool]()
    words = ["bundle", "install", str(tmp_path / "models.tar"), "--accept", DIGEST]
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "freehold", *words], capture_output=True, check=True)
    whole = time.monotonic() - began
    for number in range(25):
        shutil.rmtree(home)
        elsewhere()
        with subprocess.Popen(
            [sys.executable, "-m", "freehold", *words], stdout=subprocess.DEVNULL
        ) as process:
            time.sleep(whole * (0.3 + number / 25))
            process.kill()
        found = catalog.manifests()
        assert all(one.good for one in verify())
        assert bool(found) or not list((home / "share" / "store").glob("*.json"))
        seen.add(bool(found))
        install(tmp_path / "models.tar", accept=[DIGEST], base=shipped)
        assert all(one.good for one in verify("small"))
        assert not list(home.rglob(".freehold-bundle-*/files"))
    assert False in seen


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("unshare"), reason="no network namespaces here")
def test_a_machine_without_any_network_installs_and_verifies(bundle: Path, elsewhere: Move) -> None:
    elsewhere()
    alone = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces are not permitted here")
    freehold = [*alone, sys.executable, "-m", "freehold"]
    for words in (
        ["bundle", "show", str(bundle), "--verify"],
        ["bundle", "install", str(bundle), "--accept", DIGEST],
        ["store", "verify", "small"],
        ["store", "list"],
    ):
        done = subprocess.run([*freehold, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
    route = subprocess.run([*alone, "cat", "/proc/net/route"], capture_output=True, check=True)
    assert route.stdout.count(b"\n") <= 1
