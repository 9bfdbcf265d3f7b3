"""Who comes in: keys, their limits, pages of other sites, and servers that others can reach."""

import http.client
import json
import sqlite3
import ssl
import stat
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.server.config import Config, Server
from freehold.server.exposing import exposed
from freehold.server.keys import KeyFile, opens
from tests.engines.stubs import stub
from tests.server.conftest import ask
from tests.server.running import Here, Reply, config, serving
from tests.waiting import LONG, until

CHAT = "/v1/chat/completions"


def with_key(here: Here, words: str, body: Any = None, path: str = CHAT) -> Reply:
    return here.post(path, body or ask("x"), {"Authorization": f"Bearer {words}"})


def test_without_keys_this_machine_comes_in_and_any_key_does(model: Path) -> None:
    with serving(config(model)) as here:
        assert with_key(here, "sk-anything").status == 200


def test_once_there_are_keys_nobody_comes_in_without(model: Path) -> None:
    _, words = KeyFile().add("team")
    with serving(config(model)) as here:
        assert with_key(here, words).status == 200
        assert here.post(CHAT, ask("x"), {"x-api-key": words}).status == 200
        for wrong in ("", "sk-x", words[:-1] + "_", "fh_00000000_" + "a" * 43):
            reply = with_key(here, wrong)
            assert reply.status == 401
            assert reply.headers["www-authenticate"] == "Bearer"
        said = here.post("/v1/messages", {}, {"x-api-key": "no"}).json
        assert said["error"]["type"] == "authentication_error"
        assert here.get("/health").status == 200
        assert here.get("/v1/models").status == 401


def test_only_digests_are_kept_and_only_for_this_user(home: Path) -> None:
    file = KeyFile()
    _, words = file.add("team")
    secret = words.split("_", 2)[2]
    assert secret.encode() not in file.path.read_bytes()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_new_words_open_and_old_ones_only_for_their_grace(home: Path) -> None:
    file = KeyFile()
    key, old = file.add("team")

    def opened(words: str) -> bool:
        return opens({held.key.id: held for held in file.all()}, words) is not None

    _, new = file.rotate("team", grace=60)
    assert opened(old)
    assert opened(new)
    _, newest = file.rotate(key.id)
    assert [opened(words) for words in (old, new, newest)] == [False, False, True]
    file.remove("team")
    assert not opened(newest)


def test_two_keys_of_one_name_are_told_apart_by_id(home: Path) -> None:
    file = KeyFile()
    first, _ = file.add("team")
    file.add("team")
    with pytest.raises(UsageError, match="2 keys are named"):
        file.remove("team")
    assert file.remove(first.id) == first


def test_a_key_that_is_withdrawn_while_the_server_runs_opens_nothing(model: Path) -> None:
    file = KeyFile()
    _, words = file.add("team")
    file.add("another")
    with serving(config(model)) as here:
        assert with_key(here, words).status == 200
        file.remove("team")
        here.service.doorman._looked = 0.0
        assert with_key(here, words).status == 401


@pytest.mark.parametrize(
    ("may", "status"),
    [
        ({"models": ("tin*",)}, 200),
        ({"models": ("other",)}, 403),
        ({"tasks": ("feature-extraction",)}, 403),
        ({"expires": 1.0}, 401),
        ({"expires": 4e9}, 200),
    ],
)
def test_a_key_opens_what_its_scope_holds(model: Path, may: dict[str, Any], status: int) -> None:
    _, words = KeyFile().add("team", **may)
    with serving(config(model)) as here:
        assert with_key(here, words).status == status
        if status == 403 and "models" in may:
            headers = {"Authorization": f"Bearer {words}"}
            assert here.get("/v1/models", headers).json["data"] == []


def test_requests_of_a_minute_run_out_with_a_time_to_come_again(model: Path) -> None:
    _, words = KeyFile().add("team", requests_per_minute=2)
    with serving(config(model)) as here:
        left = with_key(here, words).headers["x-ratelimit-remaining-requests"]
        with_key(here, words)
        reply = with_key(here, words)
    assert (left, reply.status) == ("1", 429)
    assert reply.json["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(reply.headers["retry-after"]) <= 31


def test_tokens_of_a_minute_and_of_a_month_run_out(model: Path) -> None:
    _, quick = KeyFile().add("quick", tokens_per_minute=20)
    key, monthly = KeyFile().add("monthly", tokens_per_month=20)
    with serving(config(model)) as here:
        for words in (quick, monthly):
            assert with_key(here, words).status == 200
            assert with_key(here, words).status == 429
        assert with_key(here, monthly).json["error"]["code"] == "insufficient_quota"
    month = time.strftime("%Y-%m", time.gmtime())
    assert KeyFile().spent(month)[key.id] == (33, 1)
    with serving(config(model)) as here:
        assert with_key(here, monthly).status == 429


@pytest.mark.slow
def test_a_key_has_so_many_requests_at_once(model: Path, tmp_path: Path) -> None:
    stub(tmp_path, stalls_after=1)
    _, words = KeyFile().add("team", streams=1)
    body = json.dumps(ask("x", stream=True)).encode()
    short = ask("x", max_tokens=1)
    with serving(config(model, parallel=2)) as here:
        slow = http.client.HTTPConnection("127.0.0.1", here.port, timeout=LONG)
        slow.request("POST", CHAT, body, {"Authorization": f"Bearer {words}"})
        assert slow.getresponse().readline().startswith(b"data:")
        assert with_key(here, words, short).json["error"]["code"] == "concurrency"
        slow.sock.close()
        slow.close()
        until(lambda: with_key(here, words, short).status == 200)


def test_figures_need_an_operator(model: Path) -> None:
    _, user = KeyFile().add("user")
    _, operator = KeyFile().add("operator", role="operator")
    with serving(config(model)) as here:
        for words, status in ((user, 403), (operator, 200)):
            assert here.get("/metrics", {"Authorization": f"Bearer {words}"}).status == status


def test_a_response_of_one_key_is_not_there_for_another(model: Path) -> None:
    _, mine = KeyFile().add("mine")
    _, other = KeyFile().add("other")
    with serving(config(model)) as here:
        body = {"model": "tiny", "input": "Why?"}
        made = with_key(here, mine, body, "/v1/responses").json
        path = f"/v1/responses/{made['id']}"
        assert here.get(path, {"Authorization": f"Bearer {other}"}).status == 404
        assert here.get(path, {"Authorization": f"Bearer {mine}"}).status == 200


def test_pages_of_other_sites_and_rebound_names_are_refused(shared: Here) -> None:
    beside = f"http://127.0.0.1:{shared.port + 1}"
    for other in ("https://evil.example", beside, "null", "http://[", "file://"):
        assert shared.post(CHAT, ask("x"), {"Origin": other}).status == 403
    assert shared.post(CHAT, ask("x"), {"Host": "evil.example"}).status == 403
    same = {"Origin": f"http://127.0.0.1:{shared.port}"}
    reply = shared.post(CHAT, ask("x"), same)
    assert reply.status == 200
    assert "access-control-allow-origin" not in reply.headers


def test_every_answer_has_headers_that_protect_browsers(shared: Here) -> None:
    for reply in (shared.get("/health"), shared.post(CHAT, {}), shared.get("/nothing")):
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert "server" not in reply.headers


def test_off_this_machine_nothing_starts_without_keys() -> None:
    open_to_all = Config(server=Server(host="0.0.0.0"))
    with pytest.raises(EnvironmentProblem, match="lets in keys only") as refused:
        exposed(open_to_all)
    assert "freehold keys add" in str(refused.value.hint)
    KeyFile().add("old", expires=1.0)
    with pytest.raises(EnvironmentProblem):
        exposed(open_to_all)
    with pytest.raises(UsageError, match="cannot be off"):
        exposed(Config(server=Server(host="192.168.1.2", keys="off")))


def test_off_this_machine_there_is_tls_unless_that_is_declined() -> None:
    pytest.importorskip("cryptography")
    KeyFile().add("team")
    found = exposed(Config(server=Server(host="0.0.0.0")))
    assert found.config.server.certificate
    assert "SHA-256" in found.notes[0]
    assert exposed(Config(server=Server(host="0.0.0.0"))) == found
    declined = exposed(Config(server=Server(host="0.0.0.0", tls="off")))
    assert declined.config.server.certificate is None
    assert "nothing is encrypted" in declined.notes[0]
    assert exposed(Config()).config.server.certificate is None


def test_a_wrong_certificate_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("no certificate")
    with pytest.raises(EnvironmentProblem, match="are no certificate and its key"):
        exposed(Config(server=Server(certificate=str(tmp_path / "a.pem"),
                                     private_key=str(tmp_path / "a.pem"))))  # fmt: skip


def test_the_own_certificate_speaks_tls(model: Path) -> None:
    pytest.importorskip("cryptography")
    found = exposed(config(model, {"tls": "on"})).config
    with serving(found) as here:
        trust = ssl.create_default_context(cafile=found.server.certificate)
        url = f"https://localhost:{here.port}/health"
        with urllib.request.urlopen(url, context=trust, timeout=LONG) as answer:
            assert answer.status == 200


def test_keys_that_are_no_keys_are_said(home: Path) -> None:
    file = KeyFile()
    file.path.write_bytes(b"no database at all, but long enough" * 100)
    with pytest.raises(Exception, match="cannot be read as keys") as refused:
        file.all()
    assert not isinstance(refused.value, sqlite3.Error)
