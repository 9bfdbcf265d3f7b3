"""Any row of faults, any moment of death, a disk that is really full: right bytes or no file."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.core.errors import EnvironmentProblem, FreeholdError
from freehold.sources.download import Watch, bring
from freehold.sources.hub import HubFiles
from freehold.store.layout import folder_of, spot
from tests.sources.hub import REPO, Act, Handler, Hub, running

DATA = random.Random(7).randbytes(300_000)
NAME = "model.gguf"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running() as hub:
        hub.files = {NAME: DATA}
        hub.stored_apart = {NAME}
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def start_of(handler: Handler) -> int:
    return int((handler.headers.get("Range") or "bytes=0-").split("=")[1].split("-")[0])


def cut(count: int) -> Act:
    def act(handler: Handler) -> None:
        start = start_of(handler)
        rest = DATA[start:]
        told = {"Content-Range": f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"} if start else {}
        handler.send(206 if start else 200, rest[:count], told, length=len(rest))

    return act


def wrong(place: int) -> Act:
    """Everything that was asked for, with one bit turned."""

    def act(handler: Handler) -> None:
        data = bytearray(DATA)
        data[place % len(data)] ^= 1
        handler.data(bytes(data))

    return act


def say(status: int) -> Act:
    return lambda handler: handler.send(status, b"no", {"Retry-After": "0"})


def hang_up(handler: Handler) -> None:
    handler.connection.close()


def other_part(handler: Handler) -> None:
    handler.send(206, DATA[7:], {"Content-Range": f"bytes 7-{len(DATA) - 1}/{len(DATA)}"})


FAULTS = st.one_of(
    st.integers(0, len(DATA)).map(cut),
    st.integers(0, len(DATA)).map(wrong),
    st.sampled_from((429, 500, 503, 403, 404, 416)).map(say),
    st.sampled_from((hang_up, other_part)),
)


def fetch(hub: Hub) -> Path:
    source = HubFiles(f"hf:{REPO}", None, hub.url, lambda _: None)
    offer = source.offer()
    file = offer.by_path[NAME]
    bring(source, file, spot(offer, file), Watch(stop=Event(), sleep=lambda _: None))
    return folder_of(offer) / NAME


def survives(hub: Hub, faults: list[Act], cache: Path) -> None:
    """Whatever happened, what is seen is right, and without faults it comes in the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(cache))
        hub.acts["/cdn/" + NAME] = list(faults)
        for _ in range(len(faults) + 2):
            try:
                seen = fetch(hub)
                break
            except FreeholdError:
                assert not list(cache.rglob(NAME))
        else:
            hub.acts.clear()
            seen = fetch(hub)
        assert seen.read_bytes() == DATA


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=st.lists(FAULTS, max_size=6))
def test_any_row_of_faults_ends_in_the_right_bytes(
    hub: Hub, tmp_path_factory: pytest.TempPathFactory, faults: list[Act]
) -> None:
    survives(hub, faults, tmp_path_factory.mktemp("cache"))


@pytest.mark.slow
@settings(
    max_examples=1_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=st.lists(FAULTS, max_size=20))
def test_any_long_row_of_faults_ends_in_the_right_bytes(
    hub: Hub, tmp_path_factory: pytest.TempPathFactory, faults: list[Act]
) -> None:
    survives(hub, faults, tmp_path_factory.mktemp("cache"))


CODE = """
import sys
from threading import Event
from freehold.sources.download import Watch, bring
from freehold.sources.hub import HubFiles
from freehold.store.layout import spot
source = HubFiles(sys.argv[1], None, None, lambda _: None)
offer = source.offer()
file = offer.files[0]
bring(source, file, spot(offer, file), Watch(stop=Event()))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_a_fetch_that_is_killed_at_any_moment_loses_no_proven_byte(hub: Hub, home: Path) -> None:
    def drip(handler: Handler) -> None:
        hub.acts["/cdn/" + NAME].append(drip)
        start = start_of(handler)
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        handler.end_headers()
        for at in range(start, len(DATA), 3_000):
            hub.sent += 3_000
            handler.wfile.write(DATA[at : at + 3_000])
            time.sleep(0.012)

    hub.acts["/cdn/" + NAME] = [drip]
    dice, killed = random.Random(11), 0
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    while True:
        words = [sys.executable, "-c", CODE, f"hf:{REPO}"]
        process = subprocess.Popen(words, env=env, start_new_session=True)
        try:
            process.wait(0.1 + dice.random() * 0.25)
            break
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            assert not list((home / "hub").rglob(NAME))
    assert process.returncode == 0
    assert killed > 2
    (seen,) = (home / "hub").rglob(NAME)
    assert seen.read_bytes() == DATA
    assert hub.sent < len(DATA) + (killed + 1) * 100_000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts a small disk")
def test_a_disk_that_is_really_full(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)],
        check=False, capture_output=True,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        monkeypatch.setenv("HF_HUB_CACHE", str(disk / "hub"))
        with pytest.raises(EnvironmentProblem, match="the disk is full"):
            fetch(hub)
        assert not list(disk.rglob(NAME))
        subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
        hub.sent = 0
        assert fetch(hub).read_bytes() == DATA
        assert hub.sent < len(DATA) - 100_000
    finally:
        subprocess.run(["umount", str(disk)], check=True)
