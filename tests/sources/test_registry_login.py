"""Where the name and password for a registry come from, and that no other registry gets them."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from freehold.sources.registry_login import login
from tests.sources.registry import running
from tests.sources.test_oci import RAW, TITLE, WEIGHTS, at

PAIR = b64encode(b"ada:secret").decode()


@pytest.fixture(autouse=True)
def logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that docker writes logins into."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "FREEHOLD_REGISTRY_LOGIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path / "config.json"


def write(file: Path, *hosts: str) -> None:
    file.write_text(json.dumps({"auths": {host: {"auth": PAIR} for host in hosts}}))


def test_a_login_of_docker_is_found_for_its_host_only(logins: Path) -> None:
    write(logins, "ghcr.io")
    assert login("ghcr.io") == "ada:secret"
    assert login("ghcr.io.evil.example") is None
    assert login("evil.example") is None


def test_the_hub_of_docker_goes_by_its_old_address(logins: Path) -> None:
    write(logins, "https://index.docker.io/v1/")
    assert login("docker.io") == "ada:secret"


def test_what_is_said_comes_first(logins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(logins, "ghcr.io")
    monkeypatch.setenv("FREEHOLD_REGISTRY_LOGIN", "quay.io=eve:x ghcr.io=bob:a=b:c")
    assert login("ghcr.io") == "bob:a=b:c"
    assert login("quay.io") == "eve:x"


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"auths": 3}', '{"auths": {"a.io": {"auth": "!"}}}', '{"auths": {"a.io": {}}}',
     '{"auths": {"a.io": {"auth": "YWJj"}}}', '{"credsStore": "evil"}', "[" * 99_999],
)  # fmt: skip
def test_a_file_that_holds_none_gives_none(logins: Path, text: str) -> None:
    logins.write_text(text)
    assert login("a.io") is None


def test_a_login_lets_a_model_be_read(logins: Path) -> None:
    with running() as registry:
        registry.artifact("lab/small", "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
        registry.secret, registry.password = "t", f"Basic {PAIR}"
        write(logins, registry.host)
        assert at(registry).offer().files
