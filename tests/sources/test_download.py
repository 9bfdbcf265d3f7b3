"""A file comes whole, at the byte and proven, whatever the server and the disk do meanwhile."""

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from freehold.core.errors import BrokenInput, EnvironmentProblem, NotAllowed
from freehold.sources.download import Got, Stopped, Watch, bring
from freehold.sources.hub import HubFiles
from freehold.store import partial
from freehold.store.layout import folder_of, spot
from freehold.store.offer import Offer
from tests.sources.hub import REPO, Act, Handler, Hub, running
from tests.waiting import LONG, until

DATA = bytes(range(256)) * 4096
NAME = "model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with running() as hub:
        hub.files = {NAME: DATA, "README.md": b"# Small\n"}
        hub.stored_apart = {NAME}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


class Fetch:
    """Brings one file, and writes down how long it would have slept and what was said."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.slept, self.said, self.bytes = hub, list[float](), list[str](), 0
        self.watch = Watch(bytes=self._count, says=self.said.append, stop=Event(),
                           sleep=self.slept.append)  # fmt: skip

    def _count(self, path: str, count: int) -> None:
        self.bytes += count

    def offer(self) -> tuple[HubFiles, Offer]:
        source = HubFiles(f"hf:{REPO}", None, self.hub.url, self.slept.append)
        return source, source.offer()

    def __call__(self, name: str = NAME) -> Got:
        source, offer = self.offer()
        file = offer.by_path[name]
        self.hub.sent = 0
        return bring(source, file, spot(offer, file), self.watch)

    def seen(self, name: str = NAME) -> Path:
        return folder_of(self.offer()[1]) / name

    def partial(self) -> Path:
        _, offer = self.offer()
        at = spot(offer, offer.by_path[NAME]).data
        return at.with_name(at.name + ".incomplete")


@pytest.fixture
def fetch(hub: Hub) -> Fetch:
    return Fetch(hub)


def cut(count: int) -> Act:
    """Send only the beginning, and hang up."""

    def act(handler: Handler) -> None:
        start = int((handler.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])
        rest = DATA[start:]
        told = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"} if start else {}
        handler.send(206 if start else 200, rest[:count], told, length=len(rest))

    return act


def say(status: int, body: bytes = b"", **headers: str) -> Act:
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda handler: handler.send(status, body, told)


def test_a_file_lies_in_the_cache_of_the_hub_under_its_digest_and_its_name(fetch: Fetch) -> None:
    got = fetch()
    assert (got.how, got.fetched) == ("download", len(DATA))
    assert got.stored.sha256 == hashlib.sha256(DATA).hexdigest()
    assert fetch.seen().read_bytes() == DATA
    assert fetch.seen().resolve().name == got.stored.sha256
    assert fetch.bytes == len(DATA)


def test_a_file_that_is_there_with_the_right_digest_is_not_asked_for(fetch: Fetch) -> None:
    fetch()
    again = fetch()
    assert (again.how, again.fetched, fetch.hub.sent) == ("there", 0, 0)


def test_a_damaged_file_in_the_cache_is_found_and_fetched_anew(fetch: Fetch) -> None:
    fetch()
    fetch.seen().resolve().write_bytes(DATA[:-1] + b"\0")
    assert fetch().how == "download"
    assert fetch.seen().read_bytes() == DATA


def test_a_dropped_connection_goes_on_at_the_byte(fetch: Fetch) -> None:
    fetch.hub.acts["/cdn/" + NAME] = [cut(300_000), cut(200_001)]
    got = fetch()
    assert got.fetched == len(DATA)
    starts = [h.get("range", "") for p, h in fetch.hub.asked if "/cdn/" in p]
    assert starts == ["", *(f"bytes={at}-{len(DATA) - 1}" for at in (300_000, 500_001))]
    assert fetch.hub.sent == len(DATA)
    assert fetch.seen().read_bytes() == DATA


def test_a_server_that_drops_every_time_is_given_up_and_the_bytes_are_kept(fetch: Fetch) -> None:
    fetch.hub.acts["/cdn/" + NAME] = [cut(1000), *[cut(0)] * 50]
    with pytest.raises(EnvironmentProblem, match="breaks the connection off"):
        fetch()
    assert fetch.partial().stat().st_size == 1000
    assert not fetch.seen().exists()
    fetch.hub.acts.clear()
    assert fetch().fetched == len(DATA) - 1000


def test_a_later_process_goes_on_at_the_byte_only_if_the_bytes_are_the_same(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.store.digests.CHUNK", 2**16)
    fetch.hub.acts["/cdn/" + NAME] = [cut(300_000), *[cut(0)] * 50]
    with pytest.raises(EnvironmentProblem):
        fetch()
    fetch.hub.acts.clear()
    with fetch.partial().open("r+b") as file:
        file.write(b"broken by the disk")
    assert fetch().fetched == len(DATA)
    assert fetch.seen().read_bytes() == DATA


def test_wrong_bytes_are_fetched_once_more_and_never_seen(fetch: Fetch) -> None:
    bad = say(200, b"x" * len(DATA))
    fetch.hub.acts["/cdn/" + NAME] = [bad]
    assert fetch().fetched == 2 * len(DATA)
    assert "wrong bytes" in fetch.said[0]
    fetch.seen().resolve().unlink()
    fetch.hub.acts["/cdn/" + NAME] = [bad, bad]
    with pytest.raises(BrokenInput, match="has the SHA-256"):
        fetch()
    assert not fetch.seen().exists()
    assert not fetch.partial().exists()


def test_a_small_file_is_held_against_the_digest_of_git(fetch: Fetch) -> None:
    fetch.hub.acts["README.md"] = [say(200, b"# Smalk\n")] * 2
    with pytest.raises(BrokenInput, match="git digest"):
        fetch("README.md")
    assert fetch("README.md").how == "download"


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (say(200, DATA + b"more"), "were listed"),
        (say(200, DATA[:-5]), "were listed"),
        (lambda h: endless(h), "more than"),
        (say(200, DATA, Content_Encoding="gzip"), "comes packed"),
    ],
    ids=["longer", "shorter", "endless", "packed"],
)
def test_a_body_of_another_length_is_cut(fetch: Fetch, act: Act, says: str) -> None:
    fetch.hub.acts["/cdn/" + NAME] = [act]
    with pytest.raises(BrokenInput, match=says):
        fetch()
    assert not fetch.seen().exists()


def endless(handler: Handler) -> None:
    """Bytes without a length and without an end."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(DATA)


def test_a_busy_server_is_asked_again_as_late_as_it_wants(fetch: Fetch) -> None:
    fetch.hub.acts["/cdn/" + NAME] = [say(429, Retry_After="7"), say(503), say(500)]
    fetch()
    assert fetch.slept == [7.0, 2.0, 4.0]


def test_an_expired_link_is_asked_for_anew(fetch: Fetch) -> None:
    fetch.hub.acts["/cdn/" + NAME] = [cut(1000), say(403, b"expired")]
    assert fetch().fetched == len(DATA)
    asked = [p for p, _ in fetch.hub.asked if "/resolve/" in p]
    assert len(asked) == 3


def test_a_server_without_ranges_is_taken_from_the_beginning(fetch: Fetch) -> None:
    fetch.hub.ranges = False
    fetch.hub.acts["/cdn/" + NAME] = [cut(1000)]
    assert fetch().fetched == len(DATA) + 1000


def test_a_server_that_falls_silent_is_left_and_asked_again(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    come = Event()

    def stall(handler: Handler) -> None:
        cut(1000)(handler)
        monkeypatch.setattr("freehold.sources.download.SILENCE", LONG)  # the next may be slow
        come.wait(LONG)

    monkeypatch.setattr("freehold.sources.download.SILENCE", 0.3)
    fetch.hub.acts["/cdn/" + NAME] = [stall]
    assert fetch().fetched == len(DATA)
    come.set()


def test_the_token_goes_to_the_hub_and_not_to_where_it_leads(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running() as other:
        other.files = fetch.hub.files
        fetch.hub.acts[NAME] = [lambda h: h.go(f"{other.url}/cdn/{NAME}")]
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        fetch()
        assert other.asked
        assert not any("authorization" in headers for _, headers in other.asked)
    assert any("authorization" in headers for _, headers in fetch.hub.asked)


def test_a_gated_repository_says_what_to_do_next(fetch: Fetch) -> None:
    fetch.hub.gated = "manual"
    with pytest.raises(NotAllowed, match="gated") as error:
        fetch()
    assert "accept the terms at" in str(error.value.hint)
    assert "freehold get hf:lab/small" in str(error.value.hint)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "may not be written")]
)
def test_a_disk_that_takes_no_more_keeps_what_is_there(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    real, left = partial._write, [300_000]

    def write(out: Any, piece: memoryview) -> None:
        real(out, piece[: left[0]])
        left[0] -= len(piece)
        if left[0] < 0:
            raise OSError(number, "no")

    monkeypatch.setattr(partial, "_write", write)
    with pytest.raises(EnvironmentProblem, match=says):
        fetch()
    kept = fetch.partial().stat().st_size
    assert kept == 300_000
    monkeypatch.setattr(partial, "_write", real)
    assert fetch().fetched == len(DATA) - kept


def test_two_at_once_share_one_download(fetch: Fetch) -> None:
    def slowly(handler: Handler) -> None:
        until(lambda: fetch.said)  # the other one waits
        handler.data(DATA)

    fetch.hub.acts["/cdn/" + NAME] = [slowly]
    source, offer = fetch.offer()
    file, got = offer.by_path[NAME], list[str]()
    threads = [
        Thread(target=lambda: got.append(bring(source, file, spot(offer, file), fetch.watch).how))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["download", "there"]
    assert len([p for p, _ in fetch.hub.asked if "/cdn/" in p]) == 1
    assert "another process" in fetch.said[0]


def test_a_stop_leaves_the_bytes_for_the_next_time(fetch: Fetch) -> None:
    fetch.watch.stop.set()
    with pytest.raises(Stopped):
        fetch()
    assert fetch.partial().exists()
