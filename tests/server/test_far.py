"""Engines on a real Ray cluster of three nodes on this machine, one of which is killed."""

import json
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
os.environ.setdefault("RAY_AUTH_MODE", "token")  # Ray reads these when it is imported
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

from freehold.server.batch_file import batch  # noqa: E402
from freehold.server.config import Config, Limits, Model, Server  # noqa: E402
from tests.engines.stubs import running, stub, tiny  # noqa: E402
from tests.engines.test_hosting import is_there  # noqa: E402
from tests.server.running import Here, serving  # noqa: E402
from tests.server.test_batch_file import answers, line  # noqa: E402
from tests.waiting import until  # noqa: E402

REPLICAS = 3
USUAL = {"pause": 0.02}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes; each sees the same disk, and the stand-in of llama.cpp on it."""
    folder = tmp_path_factory.mktemp("cluster")
    told = {
        "FREEHOLD_LLAMA_SERVER": str(stub(folder, **USUAL)),
        "FREEHOLD_HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "RAY_DISABLE_IMPORT_WARNING": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        tiny(folder)
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        for _ in range(2):
            nodes.add_node(num_cpus=2)
        nodes.folder = folder
        yield nodes
        ray.shutdown()
        nodes.shutdown()


@pytest.fixture(scope="module")
def config(cluster: Cluster) -> Config:
    model = Model(
        model=str(cluster.folder / "tiny.gguf"), replicas=REPLICAS, parallel=2, threads=1, pin=True
    )
    server = Server(port=0, on=f"ray:{cluster.address}", record="each")
    return Config(server=server, limits=Limits(seconds_to_wait=300), models=(model,))


@pytest.fixture(scope="module")
def here(config: Config) -> Iterator[Here]:
    with serving(config) as found:
        yield found


def ask(here: Here, text: str, **more: Any) -> Any:
    body = {"model": "tiny", "seed": 1, "messages": [{"role": "user", "content": text}], **more}
    return here.ask("POST", "/v1/chat/completions", body, timeout=300)


def test_a_request_is_answered_by_an_engine_on_the_cluster(here: Here) -> None:
    whole = ask(here, "Why?")
    assert whole.status == 200, whole.body
    assert whole.json["choices"][0]["message"]["content"].startswith("Blue")
    pieces = [event["choices"][0]["delta"].get("content") or ""
              for event in ask(here, "Why?", stream=True).events if event["choices"]]  # fmt: skip
    assert "".join(pieces) == whole.json["choices"][0]["message"]["content"]


def test_an_error_of_the_engine_is_told_as_it_is(here: Here) -> None:
    refused = ask(here, "x" * 9000)
    assert (refused.status, refused.json["error"]["code"]) == (400, "context_length_exceeded")


def test_an_engine_that_dies_on_a_node_that_lives_costs_no_answer(
    here: Here, cluster: Cluster
) -> None:
    program = cluster.folder / "programs" / "llama-server"
    before = running(program)
    struck = min(before)
    os.kill(struck, signal.SIGKILL)
    stub(cluster.folder, crashes_after=5)
    until(lambda: ask(here, "Why?", max_tokens=1).status == 200 and running(program) - before)
    (dying,) = running(program) - before
    stub(cluster.folder, **USUAL)
    while is_there(dying):
        whole = ask(here, "Why?")
        assert whole.status == 200, whole.body
        assert whole.json["choices"][0]["message"]["content"] == "Blue, because it scatters."


def test_a_node_that_is_killed_costs_no_answer_that_is_told_as_a_whole(
    here: Here, cluster: Cluster
) -> None:
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = ask(here, f"question {number}")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
    for number, thread in enumerate(threads):
        thread.start()
        if number == 8:
            cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        time.sleep(0.05)
    for thread in threads:
        thread.join(300)
    wrong = [reply.body for reply in found.values() if reply.status != 200]
    assert len(found) == 24
    assert wrong == []
    cluster.add_node(num_cpus=2)


def test_a_batch_loses_and_doubles_nothing_when_a_node_is_killed(
    config: Config, cluster: Cluster, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(line(str(n), f"q{n}") for n in range(300)))

    def strike() -> None:
        while not out.exists() or out.read_bytes().count(b"\n") < 32:
            time.sleep(0.1)
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)

    killer = threading.Thread(target=strike)
    killer.start()
    done = batch(config, source, out)
    killer.join()
    assert (done.answered, done.failed) == (300, 0)
    found = answers(out)
    assert set(found) == {str(n) for n in range(300)}
    assert all(told["response"]["status_code"] == 200 for told in found.values())  # type: ignore[index]
    json.dumps(done.form())
