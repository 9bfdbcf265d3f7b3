"""OCI registries as a source: what is offered, how one is let in, and what is refused."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.core.errors import BrokenInput, NotAllowed, NotFound, UsageError
from freehold.core.http import Answer, Wish, get
from freehold.sources.distribution import Descriptor, read_manifest
from freehold.sources.distribution import Registry as Client
from freehold.sources.oci import Artifact, parse, supplier
from freehold.store.offer import Offered
from tests.sources.registry import INDEX, OCI, Registry, digest_of, running

WEIGHTS = b"GGUF" + bytes(100)
RAW = "application/vnd.cncf.model.weight.v1.raw"
DOC = "application/vnd.cncf.model.doc.v1.raw"
FILEPATH, TITLE = "org.cncf.model.filepath", "org.opencontainers.image.title"
REPO = "lab/small"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as made:
        yield made


def at(registry: Registry, reference: str = ":1", token: str | None = None) -> Artifact:
    return supplier(f"oci:{registry.host}/{REPO}{reference}", token=token, sleep=lambda _: None)


def body(artifact: Artifact, file: Offered) -> bytes:
    """The bytes of a file, fetched as a downloader does."""
    address = artifact.address(file)
    wish = Wish(10_000, token=address.token, headers=address.headers)
    return get(address.url, wish, lambda _: None).body


def test_a_model_pack_is_offered_by_its_file_paths(registry: Registry) -> None:
    digest = registry.artifact(
        REPO, "1",
        [(RAW, WEIGHTS, {FILEPATH: "q4/model.gguf"}), (DOC, b"Terms", {FILEPATH: "LICENSE"})],
    )  # fmt: skip
    artifact = at(registry)
    offer = artifact.offer()
    assert [file.path for file in offer.files] == ["q4/model.gguf", "LICENSE"]
    assert f"sha256:{offer.files[0].sha256}" == digest_of(WEIGHTS)
    assert (offer.source, offer.commit, offer.revision) == ("oci", digest, "1")
    assert offer.origin == f"oci:{registry.host}/{REPO}@{digest}"
    assert body(artifact, offer.files[1]) == b"Terms"


def test_a_docker_model_is_named_by_the_kinds_of_its_layers(registry: Registry) -> None:
    docker = "application/vnd.docker.ai."
    registry.artifact(
        REPO, "1",
        [(f"{docker}gguf.v3", b"1", None), (f"{docker}gguf.v3", b"2", None),
         (f"{docker}license", b"A", None), (f"{docker}license", b"B", None),
         (f"{docker}mmproj", b"P", None), (f"{docker}chat.template.jinja", b"J", None)],
    )  # fmt: skip
    assert [file.path for file in at(registry).offer().files] == [
        *("model-00001-of-00002.gguf", "model-00002-of-00002.gguf", "LICENSE", "LICENSE-2"),
        *("mmproj.gguf", "chat_template.jinja"),
    ]


def test_an_artifact_can_be_named_by_its_digest(registry: Registry) -> None:
    digest = registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    offer = at(registry, f"@{digest}").offer()
    assert (offer.commit, offer.revision) == (digest, None)


def test_of_an_index_the_one_model_is_taken(registry: Registry) -> None:
    digest = registry.artifact(REPO, "x", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    other = registry.artifact(REPO, "y", [(DOC, b"signed", {TITLE: "s"})])
    rows = [
        {"mediaType": OCI, "digest": digest, "size": 9, "artifactType": "application/x.model"},
        {"mediaType": OCI, "digest": other, "size": 9,
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ]  # fmt: skip
    registry.put(REPO, "1", {"schemaVersion": 2, "manifests": rows}, INDEX)
    assert at(registry).offer().commit == digest
    rows[1] = {"mediaType": OCI, "digest": other, "size": 9, "artifactType": "b.model"}
    registry.put(REPO, "1", {"schemaVersion": 2, "manifests": rows}, INDEX)
    with pytest.raises(BrokenInput, match="index of 2 artifacts"):
        at(registry).offer()


def test_an_index_that_leads_to_itself_ends(registry: Registry) -> None:
    inner = registry.artifact(REPO, "x", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    for _ in range(5):
        rows = [{"mediaType": INDEX, "digest": inner, "size": 9}]
        inner = registry.put(REPO, "1", {"schemaVersion": 2, "manifests": rows}, INDEX)
    with pytest.raises(BrokenInput, match="without an end"):
        at(registry).offer()


def test_a_token_is_fetched_for_reading_this_repository_only(registry: Registry) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    registry.secret = "open-sesame"
    artifact = at(registry)
    (file,) = artifact.offer().files
    assert artifact.address(file).token == "open-sesame"
    assert body(artifact, file) == WEIGHTS
    asked = [path for path, _ in registry.asked if path.startswith("/token")]
    assert asked[0] == "/token?service=here&scope=repository%3Alab%2Fsmall%3Apull"


def test_a_second_address_comes_with_a_fresh_token(registry: Registry) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    registry.secret = "first"
    artifact = at(registry)
    (file,) = artifact.offer().files
    assert artifact.address(file).token == "first"
    registry.secret = "second"
    assert artifact.address(file).token == "second"


def test_a_name_and_password_go_to_the_token_service_and_nowhere_else(
    registry: Registry,
) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    registry.secret = "t"
    registry.password = f"Basic {b64encode(b'ada:secret').decode()}"
    assert at(registry, token="ada:secret").offer().files
    seen = [path for path, told in registry.asked if told.get("authorization", "")[:5] == "Basic"]
    assert all(path.startswith("/token") for path in seen)
    with pytest.raises(NotAllowed, match="without leave"):
        at(registry, token="ada:wrong").offer()


def test_without_leave_the_refusal_says_what_to_do(registry: Registry) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    registry.secret, registry.password = "t", "Basic x"
    with pytest.raises(NotAllowed, match="wrong password") as refused:
        at(registry).offer()
    assert f"docker login {registry.host}" in str(refused.value.hint)


@pytest.mark.parametrize("realm", ["http://example.org/token", "file:///etc/passwd", "ftp://x/y"])
def test_a_challenge_cannot_send_us_anywhere(registry: Registry, realm: str) -> None:
    registry.secret, registry.realm = "t", realm
    with pytest.raises(BrokenInput, match="for a token"):
        at(registry).offer()


def test_the_token_does_not_follow_a_redirect_to_another_host(registry: Registry) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "a.gguf"})])
    registry.secret = "t"
    with running() as other:
        other.blobs = registry.blobs
        registry.elsewhere = other.url
        artifact = at(registry)
        (file,) = artifact.offer().files
        assert body(artifact, file) == WEIGHTS
        assert other.asked
        assert not any("authorization" in told for _, told in other.asked)


def test_wrong_bytes_are_noticed_at_the_manifest_and_at_blobs(registry: Registry) -> None:
    digest = registry.artifact(REPO, "1", [(DOC, b"Terms", {TITLE: "LICENSE"})])
    artifact = at(registry)
    registry.blobs[digest_of(b"Terms")] = b"Other"
    with pytest.raises(BrokenInput, match="other bytes"):
        artifact.registry.blob(Descriptor(DOC, digest_of(b"Terms"), 5), 100)
    kind, data = registry.manifests[REPO, digest]
    registry.manifests[REPO, digest] = (kind, data + b" ")
    with pytest.raises(BrokenInput, match="other bytes"):
        at(registry, f"@{digest}").offer()
    registry.says_digest = f"sha256:{'0' * 64}"
    with pytest.raises(BrokenInput, match="other bytes"):
        at(registry).offer()


@pytest.mark.parametrize(
    "title", ["../evil", "/etc/passwd", "a/../../b", "C:\\x", "a\x00b", "con", "a\u202eb", " a", ""]
)
def test_a_layer_whose_name_leads_elsewhere_refuses_the_whole_artifact(
    registry: Registry, title: str
) -> None:
    registry.artifact(REPO, "1", [(RAW, WEIGHTS, {TITLE: "ok.gguf"}), (DOC, b"x", {TITLE: title})])
    with pytest.raises(BrokenInput):
        at(registry).offer()


def test_two_layers_of_one_name_are_refused(registry: Registry) -> None:
    registry.artifact(REPO, "1", [(RAW, b"1", {TITLE: "A.gguf"}), (RAW, b"2", {TITLE: "a.gguf"})])
    with pytest.raises(BrokenInput, match="name is that of another"):
        at(registry).offer()


@pytest.mark.parametrize(
    "kind",
    ["application/vnd.cncf.model.weight.v1.tar+gzip", "application/vnd.cncf.model.weight.v1.tar",
     "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.ai.dir.tar"],
)  # fmt: skip
def test_packed_layers_are_refused_and_named(registry: Registry, kind: str) -> None:
    registry.artifact(REPO, "1", [(kind, b"x", {TITLE: "a.tar"})])
    with pytest.raises(BrokenInput, match="packed"):
        at(registry).offer()


BOMBS: dict[str, Any] = {
    "too many layers": {"schemaVersion": 2, "layers": [
        {"mediaType": RAW, "digest": f"sha256:{'0' * 64}", "size": 1}] * 2_001},
    "a size below zero": {"schemaVersion": 2, "layers": [
        {"mediaType": RAW, "digest": f"sha256:{'0' * 64}", "size": -1}]},
    "no digest": {"schemaVersion": 2, "layers": [
        {"mediaType": RAW, "digest": "sha512:00", "size": 1}]},
    "a digest that is a path": {"schemaVersion": 2, "layers": [
        {"mediaType": RAW, "digest": "sha256:../../etc", "size": 1}]},
    "another schema": {"schemaVersion": 1},
    "nothing in it": {"schemaVersion": 2, "layers": []},
    "nested without end": b"[" * 100_000,
    "no JSON": b"\xff\xfe",
    "larger than any manifest": b" " * (4 * 2**20 + 1),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_manifest_that_cannot_be_is_refused(registry: Registry, bomb: str) -> None:
    registry.put(REPO, "1", BOMBS[bomb])
    with pytest.raises(BrokenInput):
        at(registry).offer()


def test_what_is_not_there_is_said(registry: Registry) -> None:
    with pytest.raises(NotFound, match="lab/small"):
        at(registry).offer()


@pytest.mark.parametrize(
    "what",
    ["oci:", "oci:host", "oci:host/", "oci:host/UPPER", "oci:host/a:b:c", "oci:host/a@sha256:0",
     "oci:host/../a", "oci:ho st/a", "oci:host/a:" + "t" * 129, "oci:user@host/a"],
)  # fmt: skip
def test_what_is_no_reference_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match=r"no artifact|no host|tag or digest"):
        parse(what)


def test_https_is_used_but_on_this_machine() -> None:
    assert Artifact("oci:ghcr.io/a/b", None, None, lambda _: None).registry.server == (
        "https://ghcr.io"
    )
    assert parse("oci:ghcr.io/a/b") == ("ghcr.io", "a/b", "latest")
    assert parse("oci:localhost:5000/a:v1") == ("localhost:5000", "a", "v1")


KEYS = st.sampled_from(["schemaVersion", "layers", "config", "mediaType", "digest", "size"])
TABLES = st.recursive(
    st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(KEYS, x)
)


@given(TABLES.map(lambda table: json.dumps(table).encode()) | st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_broken(data: bytes) -> None:
    with suppress(BrokenInput):
        read_manifest(data, "here")


@pytest.mark.parametrize(
    ("address", "realm", "public"),
    [("8.8.8.8", "https://auth.example/token", True), ("10.0.0.8", "https://auth.lan/t", False),
     ("8.8.8.8", "https://registry.example/token", False)],
)  # fmt: skip
def test_the_token_service_of_a_public_registry_must_be_public(
    monkeypatch: pytest.MonkeyPatch, address: str, realm: str, public: bool
) -> None:
    found = [(2, 1, 6, "", (address, 443))]
    monkeypatch.setattr("freehold.sources.distribution.socket.getaddrinfo", lambda *_: found)
    wishes: list[Wish] = []

    def answer(url: str, wish: Wish, sleep: Any) -> Answer:
        wishes.append(wish)
        return Answer(url, 200, {}, b'{"token": "t"}')

    monkeypatch.setattr("freehold.sources.distribution.ask", answer)
    registry = Client("https://registry.example", "lab/small")
    assert registry._let_in(f'Bearer realm="{realm}",service="here"')
    assert [wish.public for wish in wishes] == [public]
