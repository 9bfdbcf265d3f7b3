"""What lies around a model is fetched at one commit, within bounds, and nothing is trusted."""

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    NotFound,
    UsageError,
)
from freehold.formats.gguf import read_gguf_metadata
from freehold.formats.onnx import read_onnx
from freehold.formats.safetensors import read_safetensors
from freehold.sources import huggingface
from freehold.sources.huggingface import fetch_papers
from freehold.sources.listing import LIST, Listed, read_listing
from tests.formats import layouts
from tests.sources.hub import COMMIT, REPO, Hub, running

CARD = b"---\nlicense: mit\n---\n# Small\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with running() as hub:
        hub.files = {"README.md": CARD, "LICENSE": b"Do what is fair.\n", "config.json": b"{}"}
        yield hub


class Fetch:
    """Fetches into a new folder, and writes down how long it would have slept."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub, self.folder, self.slept = hub, folder / "papers", list[float]()

    def __call__(self, repo: str = REPO, revision: str = "main", **more: Any) -> Path:
        given: dict[str, Any] = {"endpoint": self.hub.url, "sleep": self.slept.append} | more
        return fetch_papers(repo, revision, into=self.folder, **given)

    def listed(self, path: str) -> Listed:
        listing = read_listing(self.folder)
        assert listing is not None
        return next(file for file in listing.files if file.path == path)


@pytest.fixture
def fetch(hub: Hub, tmp_path: Path) -> Fetch:
    return Fetch(hub, tmp_path)


def written(folder: Path) -> set[str]:
    """The paths of all files of a folder."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}


def test_only_what_check_reads_is_fetched(hub: Hub, fetch: Fetch) -> None:
    wanted = {
        "README.md", "LICENSE", "config.json", "USE_POLICY.md", "NOTICE.txt", "LICENSE-MODEL",
        "adapter_config.json", "unet/config.json", "mergekit_config.yml",
    }  # fmt: skip
    hub.files = dict.fromkeys([*wanted, "pytorch_model.bin", "run.py", "vocab.txt"], b"{}")
    assert written(fetch()) == wanted | {LIST}
    assert fetch.listed("pytorch_model.bin") == Listed("pytorch_model.bin", 2, "other")


def test_everything_comes_from_the_commit_that_the_hub_named(hub: Hub, fetch: Fetch) -> None:
    folder = fetch()
    assert (folder / "README.md").read_bytes() == CARD
    files = [path for path in hub.paths()[1:] if not path.endswith("/refs")]
    assert all(f"/resolve/{COMMIT}/" in path for path in files)
    told = json.loads((folder / LIST).read_text())
    assert (told["commit"], told["total"], told["gated"]) == (COMMIT, 3, False)


def test_freehold_says_its_name(hub: Hub, fetch: Fetch) -> None:
    fetch()
    assert all(h["user-agent"].startswith("freehold/") for _, h in hub.asked)


def test_the_environment_names_hub_and_token(
    hub: Hub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url + "/")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(endpoint=None)
    assert {h.get("authorization") for _, h in hub.asked} == {"Bearer hf_secret"}


def test_a_file_that_is_stored_apart_is_followed(hub: Hub, fetch: Fetch) -> None:
    hub.stored_apart = {"LICENSE"}
    assert (fetch() / "LICENSE").read_bytes() == hub.files["LICENSE"]
    assert any(path.startswith("/cdn/LICENSE") for path in hub.paths())


def test_the_token_never_goes_to_another_server(hub: Hub, fetch: Fetch) -> None:
    with running() as other:
        other.files = hub.files
        hub.acts["/LICENSE"] = [lambda h: h.go(f"{other.url}/cdn/LICENSE")]
        fetch(token="hf_secret")
        assert [path for path, _ in other.asked] == ["/cdn/LICENSE"]
        assert "authorization" not in other.asked[0][1]


@pytest.mark.parametrize(
    "to", ["file:///etc/hostname", "ftp://127.0.0.1/x", "http://192.0.2.1/x", "data:,x", "https://"]
)
def test_redirects_lead_to_https_or_nowhere(hub: Hub, fetch: Fetch, to: str) -> None:
    hub.acts["/LICENSE"] = [lambda h: h.go(to)]
    with pytest.raises(BrokenInput, match="leads to"):
        fetch()


def test_redirects_end(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/LICENSE"] = [lambda h: h.go(h.path)] * 20
    with pytest.raises(BrokenInput, match="more than 5 times"):
        fetch()
    assert len(hub.asked) == 1 + 1 + 6


@pytest.mark.parametrize(("token", "status"), [(None, "401"), ("hf_stranger", "403")])
def test_a_gated_repository_says_how_to_get_in(
    hub: Hub, fetch: Fetch, token: str | None, status: str
) -> None:
    hub.gated = "manual"
    with pytest.raises(NotAllowed, match=r"gated.*restricted") as caught:
        fetch(token=token)
    assert caught.value.hint
    assert "accept the terms" in caught.value.hint
    assert "freehold check hf:lab/small" in caught.value.hint
    assert "hf_stranger" not in str(caught.value) + caught.value.hint


def test_who_was_granted_access_gets_in(hub: Hub, fetch: Fetch) -> None:
    hub.gated, hub.members = "auto", {"hf_friend"}
    fetch(token="hf_friend")
    listing = read_listing(fetch.folder)
    assert listing is not None
    assert listing.gated


def test_gated_weights_beside_open_papers_are_noted(hub: Hub, fetch: Fetch) -> None:
    hub.files["model.safetensors"] = layouts.safetensors({})
    hub.acts["/model.safetensors"] = [lambda h: h.error(403, "GatedRepo", "Ask first.")]
    fetch()
    assert "Ask first." in str(fetch.listed("model.safetensors").problem)


def test_a_refusal_without_a_code_may_be_a_wrong_name(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/main"] = [lambda h: h.table(401, {"error": "Invalid username or password."})]
    with pytest.raises(NotAllowed, match=r"no such repository.*Invalid username"):
        fetch()


def test_what_is_not_there_is_not_found(fetch: Fetch) -> None:
    with pytest.raises(NotFound, match="no repository on the Hub 'lab/other'"):
        fetch("lab/other")
    with pytest.raises(NotFound, match="no revision of lab/small 'v9'"):
        fetch(revision="v9")


def test_a_license_that_is_listed_but_gone_ends_everything(hub: Hub, fetch: Fetch) -> None:
    hub.siblings = [{"rfilename": "README.md"}, {"rfilename": "LICENSE"}]
    del hub.files["LICENSE"]
    with pytest.raises(NotFound):
        fetch()


def test_too_many_requests_are_waited_for_as_asked(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/main"] = [lambda h: h.send(429, b"", {"Retry-After": "7"})]
    fetch()
    assert fetch.slept == [7.0]


def test_a_wait_too_long_is_told(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/main"] = [lambda h: h.send(429, b"", {"Retry-After": "3600"})]
    with pytest.raises(EnvironmentProblem, match="429") as caught:
        fetch()
    assert caught.value.hint == "ask again in 3,600 seconds"
    assert fetch.slept == []


def test_a_stumbling_server_is_asked_again(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/LICENSE"] = [lambda h: h.send(500, b""), lambda h: h.send(503, b"")]
    fetch()
    assert fetch.slept == [1.0, 2.0]


def test_a_fallen_server_is_left_alone_in_the_end(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/main"] = [lambda h: h.send(500, b"")] * 9
    with pytest.raises(EnvironmentProblem, match="500"):
        fetch()
    assert len(hub.asked) == 4


def test_a_body_that_breaks_off_is_asked_for_again(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/LICENSE"] = [lambda h: h.send(200, b"Do what", length=17)]
    assert (fetch() / "LICENSE").read_bytes() == hub.files["LICENSE"]
    hub.acts["/LICENSE"] = [lambda h: h.send(200, b"Do what", length=17)] * 9
    fetch.folder = fetch.folder.with_name("again")
    with pytest.raises(EnvironmentProblem, match="breaks off after 7 of 17 bytes"):
        fetch()


def test_a_body_cut_short_by_its_length_is_not_taken_for_the_file(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/LICENSE"] = [lambda h: h.send(200, hub.files["LICENSE"], length=5)]
    with pytest.raises(BrokenInput, match="came with 5 bytes; the list says 17"):
        fetch()


BAD_NAMES = [
    "../LICENSE", "/LICENSE", "a/../../LICENSE", "LICENSE\0", "LICENSE\n", "a\\..\\LICENSE",
    "C:LICENSE", "LICENSE.", "con/LICENSE", "./LICENSE", "a//LICENSE", "x/" * 9 + "LICENSE",
    "LICENSE" + "x" * 300, ".git/LICENSE", "LICENSE\u202e", "~/../LICENSE", "..", "", " /LICENSE",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_hostile_names_are_never_written(hub: Hub, fetch: Fetch, name: str) -> None:
    hub.siblings = [{"rfilename": "README.md", "size": len(CARD)}, {"rfilename": name, "size": 1}]
    folder = fetch()
    around = {p for p in written(folder.parent) if not p.startswith("home/")}
    assert around == {"papers/README.md", f"papers/{LIST}"}
    listing = read_listing(folder)
    assert listing is not None
    assert listing.files[1].problem
    assert len(hub.asked) == 3, "the list, the card, the branches"


@pytest.mark.parametrize("pair", [("LICENSE", "license"), ("LICENSE", "LICENSE/LICENSE")])
def test_two_files_never_share_a_place(hub: Hub, fetch: Fetch, pair: tuple[str, str]) -> None:
    hub.files = dict.fromkeys(pair, b"text")
    assert written(fetch()) == {pair[0], LIST}
    assert "another file" in str(fetch.listed(pair[1]).problem)


def test_a_large_text_leaves_an_empty_stand_in_that_nobody_overlooks(
    hub: Hub, fetch: Fetch
) -> None:
    hub.siblings = [{"rfilename": "LICENSE", "size": 100_000_000}]
    folder = fetch()
    assert "more than 2,000,000 bytes" in str(fetch.listed("LICENSE").problem)
    assert (folder / "LICENSE").stat().st_size == 100_000_000
    assert len(hub.asked) == 2, "the list and the branches"


def test_a_large_table_is_skipped(hub: Hub, fetch: Fetch) -> None:
    hub.files["config.json"] = b" " * 2_000_001
    assert "config.json" not in written(fetch())
    assert "more than 2,000,000" in str(fetch.listed("config.json").problem)


def test_a_body_larger_than_promised_is_not_read(hub: Hub, fetch: Fetch) -> None:
    hub.siblings = [{"rfilename": "LICENSE"}]
    hub.files["LICENSE"] = b" " * 3_000_000
    with pytest.raises(BrokenInput, match="3,000,000 bytes; more than"):
        fetch()


def test_at_most_2000_files_are_listed_and_none_that_matters_is_lost(
    hub: Hub, fetch: Fetch
) -> None:
    hub.siblings = [{"rfilename": f"data/{n:05}.bin", "size": 1} for n in range(5_000)]
    hub.siblings.append({"rfilename": "LICENSE", "size": 17})
    assert (fetch() / "LICENSE").exists()
    listing = read_listing(fetch.folder)
    assert listing is not None
    assert (len(listing.files), listing.total) == (2_000, 5_001)


def test_all_bytes_together_are_bounded(
    hub: Hub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface, "MOST_BYTES", 2_000)
    hub.files["adapter_config.json"] = b" " * 1_900
    fetch()
    assert fetch.listed("adapter_config.json").got == "none"


def big_safetensors(tensors: int) -> bytes:
    header: dict[str, Any] = {
        f"layer.{n}.weight": layouts.tensor("U8", [100], n * 100, n * 100 + 100)
        for n in range(tensors)
    }
    header["__metadata__"] = {"license": "mit"}
    return layouts.safetensors(header, b"\1" * (100 * tensors))


@pytest.mark.parametrize("tensors", [1, 800, 5_000])
def test_of_safetensors_only_the_header_is_fetched(hub: Hub, fetch: Fetch, tensors: int) -> None:
    hub.files["model.safetensors"] = big_safetensors(tensors)
    head = read_safetensors(fetch() / "model.safetensors")
    assert (head.metadata, head.parameters) == ({"license": "mit"}, 100 * tensors)
    assert (fetch.folder / "model.safetensors").stat().st_size == len(
        hub.files["model.safetensors"]
    )


def test_a_header_too_long_is_left_away(hub: Hub, fetch: Fetch) -> None:
    hub.files["model.safetensors"] = struct.pack("<Q", 5 * 2**20) + b" " * (6 * 2**20)
    fetch()
    assert "stay away" in str(fetch.listed("model.safetensors").problem)


def test_of_gguf_the_first_megabyte_tells_enough(hub: Hub, fetch: Fetch) -> None:
    hub.stored_apart = {"small.Q4.gguf"}
    hub.files["small.Q4.gguf"] = (
        layouts.gguf({"general.license": "mit", "tokenizer.ggml.tokens": ["word"] * 200_000})
        + b"\1" * 100_000
    )
    assert read_gguf_metadata(fetch() / "small.Q4.gguf").license == "mit"
    assert fetch.listed("small.Q4.gguf").got == "head"


def test_of_onnx_the_license_behind_the_graph_is_fetched(hub: Hub, fetch: Fetch) -> None:
    hub.files["model.onnx"] = layouts.message(
        (1, 10), (7, b"\x0a\x03abc" * 100_000), (8, layouts.message((1, ""), (2, 21))),
        (14, layouts.message((1, "license"), (2, "MIT"))),
    )  # fmt: skip
    assert read_onnx(fetch() / "model.onnx").metadata == {"license": "MIT"}


def test_a_server_without_ranges_still_gives_beginnings(hub: Hub, fetch: Fetch) -> None:
    hub.ranges = False
    hub.files["model.safetensors"] = big_safetensors(300)
    hub.files["long.safetensors"] = big_safetensors(5_000)
    folder = fetch()
    assert read_safetensors(folder / "model.safetensors").tensors == 300
    assert "no parts of files" in str(fetch.listed("long.safetensors").problem)


def test_another_part_than_asked_for_is_refused(hub: Hub, fetch: Fetch) -> None:
    hub.files["a.gguf"] = b"GGUF" + b"\0" * 100_000
    wrong = {"Content-Range": "bytes 5-10/100004"}
    hub.acts["/a.gguf"] = [lambda h: h.send(206, b"GGUF..", wrong)]
    fetch()
    assert "another part" in str(fetch.listed("a.gguf").problem)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"sha": 5}', b'{"sha": "../.."}', b"\xff", b"[" * 100_000],
)
def test_an_answer_that_is_no_listing_is_broken_input(hub: Hub, fetch: Fetch, body: bytes) -> None:
    hub.acts["/main"] = [lambda h: h.send(200, body)]
    with pytest.raises(BrokenInput):
        fetch()


def test_no_network_is_a_problem_of_the_environment(fetch: Fetch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EnvironmentProblem, match="takes no connections") as caught:
        fetch(endpoint=f"http://127.0.0.1:{port}")
    assert caught.value.hint
    assert fetch.slept == []


def test_offline_by_choice_asks_nobody(
    hub: Hub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EnvironmentProblem, match="HF_HUB_OFFLINE"):
        fetch()
    assert hub.asked == []


@pytest.mark.parametrize(
    "given",
    [
        {"repo": "../x"}, {"repo": "a/b/c"}, {"repo": "a/.."}, {"repo": ""}, {"repo": "a b"},
        {"repo": "https://x/y"}, {"revision": "a/../b"}, {"revision": "a?b"}, {"revision": ""},
        {"endpoint": "http://example.org"}, {"endpoint": "file:///tmp"}, {"endpoint": "hub"},
        {"endpoint": "https://user:word@example.org"}, {"token": "two\nlines"},
        {"endpoint": "http://127.0.0.1.example.org"}, {"endpoint": "https://x.org:99999"},
    ],
)  # fmt: skip
def test_words_that_make_no_sense_ask_nobody(hub: Hub, fetch: Fetch, given: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(**given)
    assert hub.asked == []
    assert "word@" not in str(caught.value)
    assert "lines" not in str(caught.value)


def test_a_folder_with_files_is_left_as_it_is(hub: Hub, fetch: Fetch) -> None:
    fetch.folder.mkdir()
    (fetch.folder / "README.md").write_text("mine")
    with pytest.raises(FreeholdError, match="is not empty"):
        fetch()
    assert (fetch.folder / "README.md").read_text() == "mine"


def test_branches_and_tags_are_kept_beside_the_files(hub: Hub, fetch: Fetch) -> None:
    hub.branches = ["main", "step1000", "step2000"]
    hub.tags = ["base_model:finetune:lab/base", "arxiv:2501.00656"]
    listing = read_listing(fetch())
    assert listing is not None
    assert listing.branches == ["main", "step1000", "step2000"]
    assert listing.tags == hub.tags


def test_a_hub_that_tells_no_branches_is_no_problem(hub: Hub, fetch: Fetch) -> None:
    hub.acts["/refs"] = [lambda h: h.send(200, b"[1, 2")]
    listing = read_listing(fetch())
    assert listing is not None
    assert listing.branches == []
