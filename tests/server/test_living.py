"""A server over time: engines that die, clients that leave, what it writes down, how it ends."""

import asyncio
import http.client
import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.get import get
from freehold.actions.history import history
from freehold.server.config import Config, Server
from freehold.store.ledger import Ledger
from tests.engines.stubs import stub
from tests.server.conftest import ask
from tests.server.running import config, serving
from tests.waiting import LONG, until

CHAT = "/v1/chat/completions"


def rows(kind: str) -> list[dict[str, Any]]:
    with Ledger.open() as ledger:
        return [dict(row.facts) for row in ledger.rows(kind)]


def test_each_request_is_in_the_ledger_beside_its_plan(model: Path) -> None:
    with serving(config(model)) as here:
        here.post(CHAT, ask("a secret"))
        here.post(CHAT, ask("a secret", stream=True))
        here.post(CHAT, ask("x" * 3000))
    served = rows("serve")
    assert [row["outcome"] for row in served] == ["answered", "answered", "failed"]
    assert served[0]["route"] == f"POST {CHAT}"
    assert served[0]["measured"]["generated_tokens"] == 26
    assert "secret" not in json.dumps(served)


def test_the_history_of_plans_shows_what_the_server_measured(model: Path) -> None:
    with serving(config(model)) as here:
        here.post(CHAT, ask("Why?"))
    (past,) = history().runs
    assert past.decode == pytest.approx(100)
    assert past.measured > 2**20
    assert past.predicted
    assert history().errors[0].runs == 1


def test_many_requests_become_one_row_with_their_sums(model: Path) -> None:
    with serving(config(model, {"record": "sum"})) as here:
        for _ in range(3):
            here.post(CHAT, ask("Why?"))
    (row,) = rows("serve")
    assert row["requests"] == 3
    assert row["measured"]["generated_tokens"] == 78


def test_a_request_whose_engine_dies_before_it_spoke_is_asked_again(
    model: Path, tmp_path: Path
) -> None:
    stub(tmp_path, crashes_after=0)
    with serving(config(model)) as here:
        reply = here.post(CHAT, ask("Why?"))
        assert reply.status == 503
        (entry,) = here.service.pool.entries
        assert entry.uses == 2
        stub(tmp_path)
        assert here.post(CHAT, ask("Why?")).status == 200


def test_an_engine_killed_in_the_middle_of_a_whole_answer_costs_only_time(
    model: Path, tmp_path: Path
) -> None:
    stub(tmp_path, stalls_after=5)
    with serving(config(model)) as here:
        here.post(CHAT, ask("Why?", max_tokens=1))
        (entry,) = here.service.pool.entries
        first = entry.replicas[0].running
        stub(tmp_path)  # the next engine goes on to the end

        def kill() -> None:
            until(lambda: first.process.heard("stalled"))
            os.kill(first.process.number, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        reply = here.post(CHAT, ask("Why?", seed=1))
        killer.join()
        assert reply.status == 200
        assert reply.json["choices"][0]["message"]["content"] == "Blue, because it scatters."
        assert (entry.restarts, entry.replicas[0].running is first) == (1, False)


def test_an_engine_that_dies_in_the_middle_ends_the_stream_with_an_error(
    model: Path, tmp_path: Path
) -> None:
    stub(tmp_path, crashes_after=5)
    with serving(config(model)) as here:
        reply = here.post(CHAT, ask("Why?", stream=True))
        assert reply.status == 200
        assert "out of pages" in reply.events[-1]["error"]["message"]
        assert b"[DONE]" not in reply.body
        stub(tmp_path)
        assert here.post(CHAT, ask("Why?")).status == 200


def test_a_client_that_leaves_frees_its_slot(model: Path, tmp_path: Path) -> None:
    stub(tmp_path, pause=0.05, answer="x" * 1000)
    with serving(config(model)) as here:
        connection = http.client.HTTPConnection("127.0.0.1", here.port, timeout=LONG)
        connection.request("POST", CHAT, json.dumps(ask("Why?", stream=True)).encode())
        assert connection.getresponse().readline().startswith(b"data:")
        (entry,) = here.service.pool.entries
        assert entry.busy == 1
        connection.sock.close()
        connection.close()
        until(lambda: not entry.busy)


def test_strict_mode_refuses_what_would_not_be_honored(model: Path) -> None:
    with serving(config(model, {"strict": True})) as here:
        reply = here.post(CHAT, ask("x", verbosity="low"))
        assert reply.status == 400
        assert reply.json["error"]["param"] == "verbosity"
        assert here.post(CHAT, ask("x", user="me", n=1)).status == 200


def test_readiness_follows_what_must_be_loaded(model: Path) -> None:
    with serving(config(model, preload=True)) as here:
        assert here.get("/health").json == {"status": "ok"}
        until(lambda: here.get("/ready").status == 200)
        here.service.pool.draining = True
        assert here.get("/ready").status == 503


def test_figures_are_told_with_the_names_of_vllm(model: Path) -> None:
    with serving(config(model)) as here:
        here.post(CHAT, ask("Why?"))
        text = here.get("/metrics").body.decode()
    assert 'freehold_generation_tokens_total{model_name="tiny"} 26.0' in text
    assert 'freehold_request_success_total{finished_reason="stop",model_name="tiny"} 1.0' in text
    assert "freehold_time_to_first_token_seconds_bucket" in text
    assert 'freehold_num_requests_running{model_name="tiny",task="text-generation"} 0.0' in text


def test_a_policy_holds_in_the_server(model: Path, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: llama3.2\n---\n# Small\n")
    model.rename(folder / "tiny.gguf")
    rules = "[licenses]\nallow = ['osi']"
    (home / "policy.toml").write_text(f'schema = 1\nmode = "enforce"\n{rules}')
    with serving(config(folder, name="tiny")) as here:
        reply = here.post(CHAT, ask("Why?"))
    assert reply.status == 403
    assert reply.json["error"]["type"] == "permission_error"
    assert {row["action"] for row in rows("objection")} == {"serve"}


def test_a_new_configuration_is_taken_while_it_runs(model: Path) -> None:
    with serving(config(model)) as here:
        assert here.post(CHAT, ask("x")).status == 200
        changed = config(model, aliases=("another",))
        done = asyncio.run_coroutine_threadsafe(_reload(here.service, changed), here.loop)
        done.result(LONG)
        assert here.post(CHAT, {**ask("x"), "model": "another"}).status == 200
        assert here.post(CHAT, {**ask("x"), "model": "gpt-4o"}).status == 404


async def _reload(service: Any, changed: Config) -> None:
    service.reload(changed)


def test_an_answer_that_takes_too_long_is_ended(model: Path, tmp_path: Path) -> None:
    stub(tmp_path, stalls_after=3)
    with serving(config(model, preload=True, limits={"seconds_to_answer": 1.0})) as here:
        until(lambda: here.get("/ready").status == 200)
        assert here.post(CHAT, ask("x")).json["error"]["code"] == "timeout"
        streamed = here.post(CHAT, ask("x", stream=True))
        assert streamed.events[-1]["error"]["code"] == "timeout"
        (entry,) = here.service.pool.entries
        until(lambda: not entry.busy)


@pytest.mark.slow
def test_a_client_that_does_not_read_is_not_waited_for(model: Path, tmp_path: Path) -> None:
    stub(tmp_path, answer="x" * 200_000)
    limits = {"seconds_for_slow_readers": 0.3}
    with serving(config(model, limits=limits, context=2048)) as here:
        body = json.dumps(ask("x", stream=True, n=4)).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            slow.connect(("127.0.0.1", here.port))
            slow.sendall(head.encode() + body)
            until(lambda: here.service.pool.entries)
            (entry,) = here.service.pool.entries
            until(lambda: entry.uses and not entry.busy)


def test_models_of_the_store_are_served_under_their_names(model: Path) -> None:
    get(model, name="mine")
    with serving(Config(server=Server(port=0))) as here:
        assert [m["id"] for m in here.get("/v1/models").json["data"]] == ["mine"]
        assert here.post(CHAT, {**ask("x"), "model": "mine"}).status == 200
