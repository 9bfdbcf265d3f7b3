"""Servers that run already are asked in their own words; what they would drop is refused."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.engines import engines
from freehold.actions.local_model import find
from freehold.actions.run import Wishes, prepare, run
from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    UsageError,
)
from freehold.engines.base import ENGINES, Job, Running, start
from freehold.engines.hosting.address import address
from freehold.engines.hosting.loop import wait
from freehold.engines.hosting.wire import Broken, Wire
from freehold.judge.fitting.parts import Setting
from freehold.store.ledger import Ledger
from freehold.tasks import feature_extraction as vectors
from freehold.tasks.base import File
from freehold.tasks.text_generation import Call, Message, Request, Result, Tool
from tests.engines.stub_served import ANSWER, Served, served

CHAT = (Message("system", "Be brief."), Message("user", "Why?"))
WEATHER = Tool("weather", "tells it")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server of all three protocols, which Ollama's variable names."""
    with served() as server:
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
        monkeypatch.delenv("FREEHOLD_OFFLINE", raising=False)
        yield server


def begun(name: str, server: Served, task: str = "text-generation") -> Running:
    """The engine of this name, asked at the server."""
    url = server.url + ("/v1" if name == "openai-compatible" else "")
    job = Job(model=Path("m"), task=task, setting=Setting(context=512), address=f"{url}#m")
    return start(ENGINES.get(name), job)


def asked(running: Running, **more: Any) -> Result:
    """The result for a short chat, which the pieces say too."""
    turns = {} if "text" in more else {"messages": CHAT}
    *pieces, result = running.ask(Request(**{**turns, **more}))
    assert isinstance(result, Result)
    assert "".join(p.text for p in pieces if not p.thinking) == result.text
    return result


ALL = ("openai-compatible", "anthropic", "ollama")


@pytest.mark.parametrize("name", ALL)
def test_a_chat_is_answered_and_what_it_took_is_told(server: Served, name: str) -> None:
    with begun(name, server) as running:
        result = asked(running, max_tokens=50, temperature=0.5)
        assert not running.here
    assert (result.text, result.finish) == (ANSWER, "stop")
    assert result.spent.prompt == 7
    assert result.spent.cached == (2 if name == "anthropic" else 0)
    body = server.asked[0][2]
    assert body["model"] == "m"
    said = body["options"] if name == "ollama" else body
    assert said["temperature"] == 0.5
    assert 50 in said.values()


@pytest.mark.parametrize("name", ALL)
def test_a_tool_is_used(server: Served, name: str) -> None:
    with begun(name, server) as running:
        result = asked(running, tools=(WEATHER,))
    assert result.finish == "tools"
    assert [(c.name, json.loads(c.arguments)) for c in result.calls] == [("weather", {"a": 1})]


@pytest.mark.parametrize(
    ("name", "wish", "why"),
    [
        ("openai-compatible", {"top_k": 3}, "does not honor top-k"),
        ("openai-compatible", {"grammar": "x"}, "does not honor grammar"),
        ("openai-compatible", {"truncate": "start"}, "does not honor truncate"),
        ("openai-compatible", {"choice": "auto"}, "needs tools"),
        ("openai-compatible", {"messages": ()}, "prompt is empty"),
        ("openai-compatible", {"text": "x", "messages": (), "schema": {}}, "only in a chat"),
        ("anthropic", {"seed": 1}, "does not honor seed"),
        ("anthropic", {"text": "x"}, "does not honor text"),
        ("anthropic", {"thinking": True, "max_tokens": 100}, "thinking needs over 1,024 tokens"),
        ("ollama", {"grammar": "x"}, "does not honor grammar"),
        ("ollama", {"tools": (WEATHER,), "choice": "required"}, "cannot be told which"),
    ],
)
def test_what_a_server_would_drop_is_refused_by_its_name(
    server: Served, name: str, wish: dict[str, Any], why: str
) -> None:
    with begun(name, server) as running, pytest.raises(UsageError, match=why):
        asked(running, **wish)
    assert server.asked == []


def test_a_text_is_continued_with_likelihoods(server: Served) -> None:
    with begun("openai-compatible", server) as running:
        result = asked(running, text="x", likely=1)
    assert (result.tokens[0].text, result.tokens[0].log) == (ANSWER, -0.5)
    assert result.tokens[0].others == ((ANSWER, -0.5),)
    with begun("ollama", server) as running:
        result = asked(running, text="x", likely=0)
        filled = asked(running, text="x", suffix="y")
    assert len(result.tokens) == len(ANSWER)
    assert filled.text == ANSWER
    assert server.asked[-1][2]["suffix"] == "y"


def test_ollama_is_told_not_to_cut_and_an_old_one_is_refused(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    with begun("ollama", server) as running:
        result = asked(running)
        assert running.version == "0.13.5"
    _, _, body = server.asked[0]
    assert body["truncate"] is body["shift"] is False
    assert body["options"]["num_ctx"] == 512
    assert (result.times.prompt, result.times.decode, result.times.steps) == (0.002, 0.01, 5)
    with served(version="0.11.2") as old:
        monkeypatch.setenv("OLLAMA_HOST", old.url)
        with pytest.raises(EnvironmentProblem, match=r"0\.11\.2 cuts prompts"):
            begun("ollama", old)


def test_anthropic_gets_its_own_form(server: Served, tmp_path: Path) -> None:
    image = tmp_path / "cat.png"
    image.write_bytes(b"a cat")
    turns = (
        *CHAT,
        Message("assistant", "Well", calls=(Call("c0", "weather", '{"a": 1}'),)),
        Message("tool", "rain", call_id="c0"),
        Message("user", "And?", (File(image, "image"),)),
    )
    wishes = {"tools": (WEATHER,), "choice": "required", "schema": {"type": "object"}}
    with begun("anthropic", server) as running:
        result = asked(running, messages=turns, thinking=True, max_tokens=3000, **wishes)
    _, headers, body = server.asked[0]
    assert (headers["x-api-key"], headers["anthropic-version"]) == ("a key", "2023-06-01")
    assert "authorization" not in headers
    assert body["system"] == "Be brief."
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "user"]
    assert body["messages"][1]["content"][1]["input"] == {"a": 1}
    assert body["messages"][2]["content"][0]["tool_use_id"] == "c0"
    assert body["messages"][3]["content"][0]["source"]["media_type"] == "image/png"
    assert body["tool_choice"] == {"type": "any"}
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["thinking"]["budget_tokens"] == 1500
    assert result.thinking == "Hm"
    assert result.spent.generated == 9
    assert "it has no seed" in result.notes[0]


@pytest.mark.parametrize("name", ["openai-compatible", "ollama"])
def test_texts_become_vectors_in_their_order(server: Served, name: str) -> None:
    server.behavior["lists"] = True
    with begun(name, server, "feature-extraction") as running:
        *progress, result = running.ask(vectors.Request(items=("a",) * 40))
        (plain,) = running.ask(vectors.Request(items=("a",), normalize=False))
        with pytest.raises(UsageError, match="dense vectors of whole texts"):
            list(running.ask(vectors.Request(items=("a",), role="query")))
    assert len(progress) == 1
    assert len(result.dense) == 40
    assert vectors.floats(result.dense[0]) == pytest.approx([0.6, 0.8])
    assert vectors.floats(plain.dense[0]) == [3.0, 4.0]


@pytest.mark.parametrize(
    ("status", "error", "why"),
    [
        (401, NotAllowed, "is not for everybody: no such model"),
        (404, UsageError, "refuses the request: no such model"),
        (429, EnvironmentProblem, "has had enough for now"),
        (500, EnvironmentProblem, "fails: no such model"),
        (307, BrokenInput, "leads to another place, where nobody is followed"),
    ],
)
@pytest.mark.parametrize("name", ALL)
def test_each_refusal_says_what_it_is(
    server: Served, name: str, status: int, error: type[FreeholdError], why: str
) -> None:
    server.behavior["status"] = status
    with begun(name, server) as running, pytest.raises(error, match=why):
        asked(running)


def test_a_server_that_does_not_count_is_said(server: Served) -> None:
    server.behavior["uncounted"] = True
    with begun("openai-compatible", server) as running:
        result = asked(running)
    assert result.notes == ("the server does not say how many tokens it took",)


def test_a_server_that_is_not_there_does_not_answer() -> None:
    with served() as gone:
        pass
    with (
        begun("openai-compatible", gone) as running,
        pytest.raises(EnvironmentProblem, match="openai-compatible does not answer"),
    ):
        asked(running)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ftp://x/v1#m", "does not begin with https://"),
        ("http://example.com/v1#m", "does not begin with https://"),
        ("https://user@example.com/v1#m", "is not an address"),
        ("https://example.com/v1", "name the model after a #"),
        (None, "is not an address"),
    ],
)
def test_only_https_is_asked_or_this_machine(text: str | None, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        address(text)


def test_nothing_leaves_this_machine_when_that_is_forbidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FREEHOLD_OFFLINE", "1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    for name in ("anthropic:m", "openai:m", "https://example.com/v1#m"):
        with pytest.raises(EnvironmentProblem, match="FREEHOLD_OFFLINE is set"):
            run(name, "Why?")


def test_a_key_that_is_not_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(UsageError, match="Anthropic wants a key") as error:
        run("anthropic:m", "Why?")
    assert error.value.hint == "put it into ANTHROPIC_API_KEY"


def test_what_leaves_this_machine_is_said_before_anything_is_asked() -> None:
    (note,) = prepare("openai:gpt-x", Wishes()).notes
    assert note == ("leaves this machine: what is asked goes to api.openai.com, which answers")
    assert prepare("http://127.0.0.1:9/v1#m", Wishes()).notes == ()


def test_a_model_elsewhere_is_run_like_one_here_but_not_written_into_the_ledger(
    server: Served,
) -> None:
    name = f"{server.url}/v1#m"
    answer = run(name, "Why?", system="Be brief.")
    form = answer.form()
    assert (form["text"], form["file"], form["peak_memory"]) == (ANSWER, name, None)
    assert form["engine"]["name"] == "openai-compatible"
    with Ledger.open() as ledger:
        assert list(ledger.rows("run")) == []
    assert run("ollama:m:1b", "Why?").form()["engine"] == {"name": "ollama", "version": "0.13.5"}
    assert server.asked[-1][2]["model"] == "m:1b"


def test_an_ollama_that_does_not_run_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    (row,) = [row for row in engines() if row.engine.name == "ollama"]
    assert row.found is None
    with pytest.raises(EnvironmentProblem, match="ollama can run m, but is not installed") as error:
        run("ollama:m", "Why?")
    assert "freehold get ollama:NAME" in str(error.value.hint)


def test_openai_itself_has_its_key_and_a_new_word_for_the_length(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "its key")
    monkeypatch.setenv("FREEHOLD_ADDRESS_KEY", "another key")
    engine = ENGINES.get("openai-compatible")
    there = find("openai:m")
    job = Job(
        model=there.file, task="text-generation", setting=Setting(context=9), address=there.address
    )
    _, wire = engine.begin(job, engine.find(), Path())
    assert wire._headers["Authorization"] == "Bearer its key"
    assert (wire.at, wire.prefix) == (("api.openai.com", 443), "/v1")
    assert isinstance(wire.tls, ssl.SSLContext)
    monkeypatch.setattr("freehold.engines.openai_compatible.OPENAI", "http://127.0.0.1")
    with begun("openai-compatible", server) as running:
        asked(running, max_tokens=3)
    _, headers, body = server.asked[0]
    assert body["max_completion_tokens"] == 3
    assert "max_tokens" not in body
    assert headers["authorization"] == "Bearer its key"


def test_a_certificate_that_does_not_hold_is_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, file = _certificate(tmp_path), tmp_path / "cert.pem"
    with served() as server:
        server.socket = own.wrap_socket(server.socket, server_side=True)
        at = ("127.0.0.1", int(server.server_address[1]))
        stranger = Wire(at, "k", tls=ssl.create_default_context())
        with pytest.raises(Broken, match="certificate"):
            wait(stranger.get("/"))
        known = Wire(at, "k", tls=ssl.create_default_context(cafile=str(file)))
        assert wait(known.get("/")) == {"version": "0.13.5"}


def _certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for this machine that nobody vouches for."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
