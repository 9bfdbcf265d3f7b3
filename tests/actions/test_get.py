"""A model comes with its papers, only if it may, and every tool of this machine finds it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.actions import store
from freehold.actions.get import Brought, get, plan_get
from freehold.actions.local_model import find
from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    NotFound,
    UsageError,
)
from freehold.store import catalog
from freehold.store.ledger import Ledger
from freehold.store.manifest import CHUNK
from tests.engines.stubs import tiny
from tests.sources.hub import COMMIT, REPO, Handler, Hub, running
from tests.waiting import LONG, until

CARD = b"---\nlicense: mit\n---\n# Small\n"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def gguf(tmp_path: Path) -> bytes:
    return tiny(tmp_path).read_bytes()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, gguf: bytes) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with running() as hub:
        hub.files = {
            "README.md": CARD,
            "LICENSE": (ROOT / "LICENSE").read_bytes(),
            "small-Q4_K_M.gguf": gguf,
            "small-Q8_0.gguf": gguf + b"\0" * 32,
            "pytorch_model.bin": b"\x80\x04.",
            "picture.png": b"png",
        }
        hub.stored_apart = {"small-Q4_K_M.gguf", "small-Q8_0.gguf"}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def paths(came: Brought) -> list[str]:
    return [file.path for file in came.manifest.files]


def safetensors(count: int) -> bytes:
    """One tensor of so many bytes."""
    head = json.dumps({"x": {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}})
    return len(head).to_bytes(8, "little") + head.encode() + os.urandom(count)


def test_a_model_of_the_hub_comes_with_its_card_and_license_in_one_precision(hub: Hub) -> None:
    came = get("hf:lab/small")
    assert paths(came) == ["LICENSE", "README.md", "small-Q4_K_M.gguf"]
    assert (came.manifest.commit, came.manifest.license) == (COMMIT, "Apache-2.0")
    assert [note for note in came.notes if "small-Q8_0.gguf" in note]


def test_a_precision_or_a_file_can_be_named(hub: Hub) -> None:
    assert "small-Q8_0.gguf" in paths(get("hf:lab/small", precision="q8_0"))
    assert "small-Q8_0.gguf" in paths(get(f"hf:lab/small@{COMMIT}/small-Q8_0.gguf"))
    assert "small-Q8_0.gguf" in paths(get("hf:lab/small", files=("small-Q8_0.gguf",)))
    with pytest.raises(NotFound, match="q5_1") as error:
        get("hf:lab/small", precision="q5_1")
    assert "small-Q4_K_M.gguf" in str(error.value.hint)


def test_weights_that_execute_code_are_not_fetched(hub: Hub) -> None:
    with pytest.raises(BrokenInput, match="executes code"):
        get("hf:lab/small", files=("pytorch_model.bin",))
    del hub.files["small-Q4_K_M.gguf"], hub.files["small-Q8_0.gguf"]
    with pytest.raises(BrokenInput, match="only weights that execute code"):
        get("hf:lab/small")
    assert not any("pytorch_model.bin" in path for path in hub.paths())


def test_what_was_fetched_is_found_by_its_name_and_runs(hub: Hub) -> None:
    get("hf:lab/small")
    for name in ("small", "lab/small", "hf:lab/small", "hf:lab/small/small-Q4_K_M.gguf"):
        assert find(name).architecture == "llama"
    with pytest.raises(EnvironmentProblem) as error:
        find("other")
    assert error.value.hint == "bring it here: freehold get other"


def test_a_row_of_the_ledger_says_what_came(hub: Hub) -> None:
    get("hf:lab/small")
    with Ledger.open() as ledger:
        (row,) = ledger.rows("fetch")
    assert row.facts["commit"] == COMMIT
    digest = hashlib.sha256(hub.files["small-Q4_K_M.gguf"]).hexdigest()
    assert row.facts["weights"] == {"small-Q4_K_M.gguf": digest}


def test_a_second_time_nothing_but_papers_is_fetched(hub: Hub) -> None:
    get("hf:lab/small")
    hub.asked.clear()
    again = get("hf:lab/small")
    assert (again.fetched, set(again.how.values())) == (0, {"there"})


def test_a_policy_refuses_before_any_weight_is_fetched(hub: Hub, home: Path) -> None:
    (home / "policy.toml").write_text(
        'schema = 1\nmode = "enforce"\n[licenses]\ndeny = ["Apache-2.0"]\n'
    )
    with pytest.raises(NotAllowed, match=r"licenses\.deny"):
        get("hf:lab/small")
    (home / "policy.toml").write_text(
        'schema = 1\nmode = "enforce"\n[sources]\nallow = ["folder"]\n'
    )
    with pytest.raises(NotAllowed, match="huggingface is not among folder"):
        get("hf:lab/small")
    assert catalog.manifests() == []
    (home / "policy.toml").write_text(
        'schema = 1\nmode = "enforce"\n[formats]\ndeny = ["pytorch"]\n'
    )
    assert get("hf:lab/small").fetched


def test_a_dry_run_stores_nothing(hub: Hub, home: Path) -> None:
    plan = plan_get("hf:lab/small")
    assert plan.size == plan.missing > 400_000
    assert (plan.license, plan.form()["policy"]) == ("Apache-2.0", None)
    assert not (home / "hub").exists()
    assert not (home / "share").exists()


def test_terms_must_be_accepted_once(hub: Hub) -> None:
    card = "---\nlicense: other\nlicense_name: health-ai-developer-foundations\n---\n# Small\n"
    hub.files["README.md"] = card.encode()
    del hub.files["LICENSE"]
    plan = plan_get("hf:lab/small")
    (one,) = plan.agreements
    assert one.license == "LicenseRef-freehold-health-ai-developer-foundations"
    assert one.duties
    with pytest.raises(NotAllowed, match="must be accepted first") as error:
        get("hf:lab/small")
    digest = one.digest
    assert digest in str(error.value.hint)
    get("hf:lab/small", accept=[digest])
    with Ledger.open() as ledger:
        assert [row.facts["digest"] for row in ledger.rows("acceptance")] == [digest]
    get("hf:lab/small")


def test_a_header_that_lies_is_refused_before_and_after(hub: Hub, gguf: bytes) -> None:
    hub.files["small-Q4_K_M.gguf"] = gguf[:8] + b"\xff" * 8 + gguf[16:]
    with pytest.raises(BrokenInput, match=r"small-Q4_K_M\.gguf"):
        get("hf:lab/small")
    assert not any("/cdn/" in path and "Range" not in path for path in hub.paths()[9:])
    assert catalog.manifests() == []


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.json", "/etc/evil.json", "a/../../evil.json", "C:\\evil.json", "nul.json",
        "a\u202egpj.json", ".git/config.json", "x/" * 40 + "evil.json", "con.json", " .json",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_left_out_and_told(hub: Hub, home: Path, name: str) -> None:
    listed = hub.listing()["siblings"]
    hub.siblings = [*listed, {"rfilename": name, "size": 3, "blobId": "0" * 40}]
    came = get("hf:lab/small")
    assert any("left out for their names" in note for note in came.notes)
    assert len(paths(came)) == 3
    assert not list(home.parent.rglob("*evil*"))


def test_a_huge_list_is_bounded(hub: Hub) -> None:
    listed = hub.listing()["siblings"]
    many = [{"rfilename": f"z/{n}.txt", "size": 1, "blobId": "0" * 40} for n in range(5_000)]
    hub.siblings = [*listed, *many]
    assert any("2,000 of its 5,006 files" in note for note in plan_get("hf:lab/small").notes)


def test_a_digest_of_the_list_that_is_no_digest_names_no_file(hub: Hub, home: Path) -> None:
    hub.siblings = hub.listing()["siblings"]
    for row in hub.siblings:
        row["blobId"] = "../../../../evil"
        row.pop("lfs", None)
    get("hf:lab/small")
    assert not list(home.parent.rglob("*evil*"))


def test_offline_the_store_answers_and_the_rest_says_why(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    get("hf:lab/small")
    hub.asked.clear()
    monkeypatch.setenv("FREEHOLD_OFFLINE", "1")
    monkeypatch.delenv("HF_ENDPOINT")
    assert get("hf:lab/small").fetched == 0
    assert hub.asked == []
    with pytest.raises(EnvironmentProblem, match="FREEHOLD_OFFLINE"):
        get("hf:lab/other")


def test_an_address_comes_as_a_named_folder(hub: Hub, home: Path) -> None:
    digest = hashlib.sha256(hub.files["small-Q8_0.gguf"]).hexdigest()
    url = f"{hub.url}/cdn/small-Q8_0.gguf?token=secret"
    came = get(url, sha256=digest)
    assert came.manifest.folder == str(home / "share" / "models" / "small-Q8_0")
    assert find("small-Q8_0").size == len(hub.files["small-Q8_0.gguf"])
    assert "secret" not in json.dumps(came.form())
    with pytest.raises(BrokenInput, match="has the SHA-256"):
        get(url.replace("Q8_0", "Q4_K_M"), sha256=digest)


def test_a_folder_is_shared_and_links_out_of_it_stay_out(tmp_path: Path, gguf: bytes) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.gguf").write_bytes(gguf)
    (folder / "README.md").write_bytes(CARD)
    (folder / "secrets.json").symlink_to("/etc/passwd")
    came = get(folder)
    assert paths(came) == ["README.md", "a.gguf"]
    assert came.how["a.gguf"] in ("hard link", "reflink")
    assert any("secrets.json" in note for note in came.notes)
    assert find("mine").file.parent == Path(came.manifest.folder)


def test_a_name_stays_with_its_model(tmp_path: Path, gguf: bytes) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.gguf").write_bytes(gguf)
    get(tmp_path / "one" / "model.gguf")
    with pytest.raises(UsageError, match="in the store already") as error:
        get(tmp_path / "two" / "model.gguf")
    assert "--name" in str(error.value.hint)
    assert get(tmp_path / "two" / "model.gguf", name="two").manifest.name == "two"


def test_a_model_of_the_knowledge_base_is_its_repository() -> None:
    from freehold.actions.get_names import resolved
    from freehold.knowledge.base import open_base

    base = open_base()
    assert resolved("llama-3.2-1b", base) == "hf:meta-llama/Llama-3.2-1B"
    with pytest.raises(NotFound) as error:
        resolved("nobody/knows-this", base)
    assert error.value.hint == "on the Hub: freehold get hf:nobody/knows-this"


def test_a_disk_or_quota_without_room_is_told_before(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    get("hf:lab/small")
    monkeypatch.setenv("FREEHOLD_STORE_QUOTA", "500kB")
    with pytest.raises(EnvironmentProblem, match="may hold 500,000") as error:
        get("hf:lab/small", precision="q8_0")
    assert error.value.hint == "longest not used: freehold store remove lab/small"
    monkeypatch.delenv("FREEHOLD_STORE_QUOTA")
    monkeypatch.setattr("freehold.actions.get._free", lambda path: 1000)
    with pytest.raises(EnvironmentProblem, match="the disk has room for 1,000"):
        get("hf:lab/small", precision="q8_0")


def test_only_bad_ranges_are_fetched_to_repair(hub: Hub) -> None:
    hub.files = {"README.md": CARD, "model.safetensors": safetensors(2 * CHUNK + 100)}
    hub.stored_apart = {"model.safetensors"}
    came = get("hf:lab/small")
    blob = (Path(came.manifest.folder) / "model.safetensors").resolve()
    with blob.open("r+b") as file:
        file.seek(CHUNK + 5)
        file.write(b"rot")
    (found,) = store.verify("small")
    assert [c.bad for c in found.checked if c.problem] == [(1,)]
    hub.sent = 0
    (mended,) = store.verify("small", repair=True)
    assert (mended.good, mended.repaired) == (True, CHUNK)
    assert hub.sent < CHUNK + 5_000
    assert blob.read_bytes() == hub.files["model.safetensors"]


def test_what_is_gone_comes_back_with_a_repair(hub: Hub) -> None:
    came = get("hf:lab/small")
    (Path(came.manifest.folder) / "small-Q4_K_M.gguf").resolve().unlink()
    (found,) = store.verify()
    assert not found.good
    (mended,) = store.verify(repair=True)
    assert mended.good
    assert mended.repaired == len(hub.files["small-Q4_K_M.gguf"])


def test_removing_frees_only_what_nobody_else_shows(hub: Hub, home: Path) -> None:
    get("hf:lab/small")
    other = home / "hub" / "models--lab--small" / "snapshots" / ("f" * 40)
    other.mkdir()
    (other / "README.md").symlink_to(
        os.path.relpath((other.parent / COMMIT / "README.md").resolve(), other)
    )
    _, gone, freed = store.remove("small", dry_run=True)
    assert catalog.manifests()
    assert store.remove("small")[1:] == (gone, freed)
    assert catalog.manifests() == []
    assert (other / "README.md").read_bytes() == CARD
    assert not (home / "hub" / "models--lab--small" / "snapshots" / COMMIT).exists()


def test_removing_the_last_leaves_nothing(hub: Hub, home: Path) -> None:
    get("hf:lab/small")
    store.remove("lab/small")
    assert not (home / "hub" / "models--lab--small").exists()


def test_links_show_a_model_to_other_tools(hub: Hub, tmp_path: Path) -> None:
    get("hf:lab/small")
    made = store.link("small", tmp_path / "out")
    assert (tmp_path / "out" / "small-Q4_K_M.gguf") in made
    assert (tmp_path / "out" / "README.md").read_bytes() == CARD


def fetching(hub: Hub, **more: str) -> subprocess.Popen[bytes]:
    """`freehold get` in a process of its own."""
    code = "from freehold.cli.main import main; main()"
    env = {**os.environ, "HF_ENDPOINT": hub.url, "PYTHONPATH": str(ROOT / "src"), **more}
    return subprocess.Popen(
        [sys.executable, "-c", code, "get", f"hf:{REPO}", "--json"], env=env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def test_a_killed_fetch_goes_on_where_it_was(hub: Hub, home: Path, gguf: bytes) -> None:
    name, half = "small-Q4_K_M.gguf", len(gguf) // 2
    reached: list[int] = []
    killed = threading.Event()

    def stall(handler: Handler) -> None:
        if "Range" in handler.headers:  # the head, before anything is fetched
            hub.acts["/cdn/" + name].append(stall)
            handler.data(gguf)
            return
        handler.send(200, gguf[:half], length=len(gguf))
        handler.wfile.flush()
        reached.append(1)
        killed.wait(LONG)

    hub.acts["/cdn/" + name] = [stall]
    blobs = home / "hub" / "models--lab--small" / "blobs"
    process = fetching(hub)
    until(lambda: any(p.stat().st_size == half for p in blobs.glob("*.incomplete")))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    killed.set()
    assert reached
    assert catalog.manifests() == []
    with pytest.raises(FreeholdError):
        find("small")
    hub.acts.clear()
    came = get("hf:lab/small")
    assert came.how[name] == "download"
    assert came.fetched < len(gguf) - half + 20_000
    assert (Path(came.manifest.folder) / name).read_bytes() == gguf


def test_two_processes_share_one_download(hub: Hub, gguf: bytes) -> None:
    whole: list[str] = []

    def slowly(handler: Handler) -> None:
        hub.acts["/cdn/small-Q4_K_M.gguf"].append(slowly)
        if "Range" not in handler.headers:
            whole.append(handler.path)
            time.sleep(0.4)
        handler.data(gguf)

    hub.acts["/cdn/small-Q4_K_M.gguf"] = [slowly]
    both = [fetching(hub), fetching(hub)]
    done: list[dict[str, Any]] = [json.loads(one.communicate()[0]) for one in both]
    assert len(whole) == 1
    assert sum(one["fetched"] > 400_000 for one in done) == 1


def test_a_card_that_is_shown_for_the_verdict_alone_is_refused(hub: Hub) -> None:
    hub.acts["README.md"] = [lambda handler: handler.data(CARD.replace(b"mit", b"bsd"))]
    with pytest.raises(BrokenInput, match=r"README\.md: has the git digest"):
        get("hf:lab/small")
    assert catalog.manifests() == []


def test_nothing_is_repaired_with_another_commit(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    came = get("hf:lab/small")
    blob = (Path(came.manifest.folder) / "README.md").resolve()
    blob.write_bytes(b"x" * len(CARD))
    listed = {**hub.listing(), "sha": "f" * 40}
    monkeypatch.setattr(hub, "listing", lambda: listed)
    with pytest.raises(BrokenInput, match="is another commit by now"):
        store.verify(repair=True)
    assert blob.read_bytes() == b"x" * len(CARD)


def test_code_of_its_own_is_named_and_stays_away(hub: Hub) -> None:
    hub.files["modeling_small.py"] = b"import os"
    came = get("hf:lab/small")
    assert "code of its own stays away: modeling_small.py" in came.notes
    assert "modeling_small.py" not in paths(came)


def test_terms_that_are_known_of_a_model_must_be_accepted_too(hub: Hub) -> None:
    from freehold.actions.acceptance import known_terms
    from freehold.actions.get_terms import agreements
    from freehold.knowledge.base import open_base

    known = known_terms("huggingface", "allenai/wildguard", open_base())
    (one,) = agreements(plan_get("hf:lab/small").judged, known)
    assert one.license == "LicenseRef-freehold-ai2-research-consent"
    assert known_terms("oci", "allenai/wildguard", open_base()) is None


def test_a_file_of_unknown_length_is_not_begun(hub: Hub) -> None:
    hub.siblings = hub.listing()["siblings"]
    for row in hub.siblings:
        del row["size"]
    with pytest.raises(BrokenInput, match="does not say how large"):
        get("hf:lab/small")


@pytest.mark.skipif(sys.platform != "linux", reason="takes the network away as Linux can")
def test_without_any_network_the_store_works(hub: Hub) -> None:
    get("hf:lab/small")
    code = (
        "from freehold.actions.get import get; from freehold.actions.store import verify;"
        "from freehold.actions.local_model import find;"
        "print(get('hf:lab/small').fetched, verify()[0].good, find('small').format)"
    )
    env = {k: v for k, v in os.environ.items() if k != "HF_ENDPOINT"}
    env |= {"FREEHOLD_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")}
    words = ["unshare", "--map-root-user", "--net", sys.executable, "-c", code]
    probe = subprocess.run([*words[:3], "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this system makes no network namespace for a user")
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "True", "gguf"], done.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_an_interrupt_ends_it_at_once_and_keeps_the_bytes(
    hub: Hub, home: Path, gguf: bytes
) -> None:
    def drip(handler: Handler) -> None:
        hub.acts["/cdn/small-Q4_K_M.gguf"].append(drip)
        if "Range" in handler.headers:
            handler.data(gguf)
            return
        handler.send(200, gguf[:1000], length=len(gguf))
        for at in range(1000, len(gguf), 100):
            handler.wfile.write(gguf[at : at + 100])
            time.sleep(0.1)

    hub.acts["/cdn/small-Q4_K_M.gguf"] = [drip]
    process = fetching(hub)
    blobs = home / "hub" / "models--lab--small" / "blobs"
    part = blobs / f"{hashlib.sha256(gguf).hexdigest()}.incomplete"
    until(lambda: part.exists() and part.stat().st_size > 1000)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LONG)
    assert process.returncode == 130, err
    assert catalog.manifests() == []
    assert part.stat().st_size > 1000
