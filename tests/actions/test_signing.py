"""A signature covers every file: whatever is changed, added, removed or renamed is named."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.signing import is_signed, sign, verify
from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.formats.oms import (
    Statement,
    read_bundle,
    read_statement,
    signed_bytes,
    written_bundle,
    written_statement,
)
from freehold.store import keys
from freehold.store.ledger import Ledger
from tests.cli.running import freehold

Keys = tuple[Path, Path]
STATEMENT = Statement("m", {"b": ("sha256", "00" * 32), "a": ("sha256", "11" * 32)})


def made(folder: Path, kind: str) -> Keys:
    """A private and a public key in PEM files."""
    pytest.importorskip("cryptography")
    at = "cryptography.hazmat.primitives"
    serialization: Any = import_module(f"{at}.serialization")
    if kind == "ed25519":
        module: Any = import_module(f"{at}.asymmetric.ed25519")
        key = module.Ed25519PrivateKey.generate()
    else:
        ec: Any = import_module(f"{at}.asymmetric.ec")
        key = ec.generate_private_key(getattr(ec, kind)())
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private, public = folder / f"{kind}.pem", folder / f"{kind}.pub.pem"
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, form))
    return private, public


@pytest.fixture(params=["SECP256R1", "SECP384R1", "SECP521R1", "ed25519"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Keys:
    return made(tmp_path, request.param)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.txt", "w.bin", "sub/b.txt"):
        (folder / name).write_text(f"content of {name}")
    return folder


def test_what_was_signed_is_verified(model: Path, pair: Keys) -> None:
    done = sign(model, pair[0])
    assert (done.files, done.signature) == (3, str(model / "model.sig"))
    found = verify(model, pair[1])
    assert (found.ok, found.files, found.not_covered) == (True, 3, ())
    assert is_signed(model, pair[1])


def test_every_kind_of_difference_is_named(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256R1")
    sign(model, private)
    (model / "w.bin").write_text("Content of w.bin")
    assert verify(model, public).changed == ("w.bin",)
    (model / "w.bin").write_text("content of w.bin")
    (model / "new.py").write_text("x")
    assert verify(model, public).added == ("new.py",)
    (model / "new.py").unlink()
    (model / "a.txt").rename(model / "c.txt")
    found = verify(model, public)
    assert (found.renamed, found.ok) == ((("a.txt", "c.txt"),), False)
    (model / "c.txt").unlink()
    assert verify(model, public).removed == ("a.txt",)


def test_another_key_and_a_changed_signature_are_refused(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256R1")
    _, other = made(tmp_path, "ed25519")
    sign(model, private)
    assert verify(model, other).because == "it was signed with another key"
    told = json.loads((model / "model.sig").read_text())
    told["verificationMaterial"]["publicKey"] = {}
    payload = read_bundle(model / "model.sig").payload.replace(b"content", b"c0ntent")
    for changed in (payload + b" ", payload.replace(b"a.txt", b"b.txt")):
        again = json.loads(written_bundle(changed, b"", ""))
        told["dsseEnvelope"]["payload"] = again["dsseEnvelope"]["payload"]
        (model / "model.sig").write_text(json.dumps(told))
        assert verify(model, public).because == "the signature is not of this key, or was changed"
    assert not is_signed(model, public)


def test_one_file_has_its_signature_beside_it(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256R1")
    sign(model / "w.bin", private)
    assert (model / "w.bin.sig").exists()
    assert verify(model / "w.bin", public).ok


def test_files_of_git_are_told_as_not_covered(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256R1")
    (model / ".gitattributes").write_text("x")
    sign(model, private)
    assert verify(model, public).not_covered == (".gitattributes",)


def test_links_are_signed_only_when_asked(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256R1")
    (model / "link").symlink_to(model / "a.txt")
    with pytest.raises(BrokenInput, match="is a link"):
        sign(model, private)
    assert sign(model, private, follow_links=True).files == 4
    assert verify(model, public).ok


def test_keys_of_other_kinds_and_what_is_no_key_are_refused(model: Path, tmp_path: Path) -> None:
    private, public = made(tmp_path, "SECP256K1")
    with pytest.raises(BrokenInput, match="do not sign models"):
        sign(model, private)
    with pytest.raises(BrokenInput, match="no private key"):
        sign(model, public)


def test_a_trusted_key_makes_files_signed(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, public = made(tmp_path, "SECP256R1")
    sign(model, private)
    monkeypatch.setenv("FREEHOLD_HOME", str(tmp_path / "home"))
    assert not is_signed(model)
    (tmp_path / "home" / "keys").mkdir(parents=True)
    public.rename(tmp_path / "home" / "keys" / "publisher.pem")
    assert is_signed(model)


def test_the_commands_answer_yes_and_no(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = made(tmp_path, "SECP256R1")
    assert freehold(capsys, "sign", str(model), "--key", str(private)).code == 0
    done = freehold(capsys, "verify", str(model), "--key", str(public))
    assert (done.code, done.out[:4]) == (0, "yes:")
    (model / "a.txt").rename(model / "c.txt")
    done = freehold(capsys, "verify", str(model), "--key", str(public))
    assert (done.code, "a.txt -> c.txt" in done.out) == (1, True)


def test_a_statement_is_read_as_it_was_written() -> None:
    assert read_statement(written_statement(STATEMENT), "x") == STATEMENT


def test_a_statement_that_contradicts_itself_is_refused() -> None:
    told = json.loads(written_statement(STATEMENT))
    told["predicate"]["resources"].pop()
    with pytest.raises(BrokenInput, match="not that of the files"):
        read_statement(json.dumps(told).encode(), "x")
    with pytest.raises(BrokenInput, match="twice"):
        read_statement(b'{"_type": 1, "_type": 2}', "x")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"dsseEnvelope": 1}', b"\xff", b"[" * 9999]
)
def test_what_is_no_signature_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.sig").write_bytes(content)
    with pytest.raises(BrokenInput):
        read_bundle(tmp_path / "a.sig")


def test_the_bytes_that_are_signed_name_their_type_and_length() -> None:
    assert signed_bytes(b"{}") == b"DSSEv1 28 application/vnd.in-toto+json 2 {}"


def test_without_the_package_the_next_step_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(keys, "import_module", missing)
    with pytest.raises(EnvironmentProblem) as caught:
        keys.public_name(tmp_path / "key.pem")
    assert caught.value.hint == "pip install 'freehold[signing]'"


def test_a_verified_signature_is_a_row_of_the_ledger_and_a_policy_asks_without_one(
    model: Path, tmp_path: Path
) -> None:
    private, public = made(tmp_path, "SECP256R1")
    sign(model, private)
    assert is_signed(model, public)
    verify(model, public)
    with Ledger.open() as ledger:
        (row,) = ledger.rows("verification")
    assert row.facts["signature"] is True
