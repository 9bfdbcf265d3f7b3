"""`sign` and `verify`: every file of a model under one signature, as OpenSSF Model Signing says."""

from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from freehold.core.errors import BrokenInput, FreeholdError
from freehold.core.paths import config
from freehold.formats import oms_digests
from freehold.formats.oms import (
    Envelope,
    Statement,
    read_bundle,
    read_statement,
    signed_bytes,
    written_bundle,
    written_statement,
)
from freehold.formats.text import shown
from freehold.store import keys as keyring
from freehold.store.ledger import note

SIGNATURE = "model.sig"
ENDING = ".sig"


class Signed(Struct, frozen=True):
    """What was signed, with which key, and where the signature is."""

    path: str
    signature: str
    key: str
    files: int


class Verification(Struct, frozen=True):
    """Whether a model is what the owner of a key signed, and what differs where it is not.

    `renamed` pairs the old name with the new one; `not_covered` are files here that the signer
    left out.
    """

    path: str
    signature: str
    ok: bool
    because: str
    key: str
    files: int
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    not_covered: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        form: dict[str, Any] = to_builtins(self)
        return form


def sign(
    path: Path, key: Path, *, signature: Path | None = None, follow_links: bool = False
) -> Signed:
    """Sign a model folder or file with a private key in a PEM file.

    The signature is written to `signature`, else `model.sig` in the folder, or beside the file.
    """
    _check(path)
    at = signature or place(path)
    inside = _inside(at, path)
    ignored = tuple(sorted({*oms_digests.NOT_MODEL, *([inside] if inside else [])}))
    like = Statement(path.resolve().name, {}, follow_links=follow_links, ignored=ignored)
    found = oms_digests.digests(path, like, at)
    if not found:
        raise BrokenInput(f"{shown(path)} holds no files to sign")
    payload = written_statement(
        Statement(like.name, found, follow_links=follow_links, ignored=ignored)
    )
    made, name = keyring.sign_with(key, signed_bytes(payload))
    at.write_bytes(written_bundle(payload, made, name))
    return Signed(str(path), str(at), name, len(found))


def verify(path: Path, key: Path, *, signature: Path | None = None) -> Verification:
    """Hold a model against its signature with a public key in a PEM file, and write that down.

    BrokenInput when the signature cannot be read at all.
    """
    found = compare(path, key, signature=signature)
    facts = {"model": path.resolve().name[:200], "signature": found.ok, "key": found.key[:200],
             "files": found.files}  # fmt: skip
    note("verification", facts, required=False)
    return found


def compare(path: Path, key: Path, *, signature: Path | None = None) -> Verification:
    """The same, and nothing is written down."""
    _check(path)
    at = signature or place(path)
    if not at.is_file():
        raise BrokenInput(
            f"there is no signature {shown(at)}", hint="name it: freehold verify --signature FILE"
        )
    bundle = read_bundle(at)
    name = keyring.public_name(key)
    why = _not_signed(bundle, key, name)
    if why:
        return Verification(str(path), str(at), False, why, name, 0)
    statement = read_statement(bundle.payload, shown(at))
    found = oms_digests.digests(path, statement, at)
    return _compared(path, at, name, statement, found)


def is_signed(path: Path, *keys: Path) -> bool:
    """Whether files are signed by the owner of one of these keys: the fact `signed` of a policy.

    Without keys, by one that is trusted here. Never an error: what cannot be verified, for
    whatever reason, is not signed.
    """
    for key in keys or trusted_keys():
        try:
            if compare(path, key).ok:
                return True
        except FreeholdError:
            continue
    return False


def trusted_keys() -> tuple[Path, ...]:
    """The public keys that this user trusts: PEM files in the folder `keys` of the settings."""
    return tuple(sorted((config() / "keys").glob("*.pem")))


def place(path: Path) -> Path:
    """Where the signature of a folder or file is, when nobody says another place."""
    return path / SIGNATURE if path.is_dir() else path.with_name(path.name + ENDING)


def _check(path: Path) -> None:
    if not path.exists():
        raise BrokenInput(f"{shown(path)} does not exist")


def _inside(signature: Path, path: Path) -> str | None:
    """The name of a signature inside the folder that it signs."""
    try:
        return signature.resolve().relative_to(path.resolve()).as_posix()
    except ValueError:
        return None


def _not_signed(bundle: Envelope, key: Path, name: str) -> str | None:
    """Why the key did not sign this, or None."""
    if bundle.key and bundle.key != name:
        return "it was signed with another key"
    if not keyring.is_signed_by(key, signed_bytes(bundle.payload), bundle.signature):
        return "the signature is not of this key, or was changed"
    return None


def _compared(
    path: Path, at: Path, key: str, signed: Statement, found: dict[str, Any]
) -> Verification:
    """What differs between what was signed and what is here."""
    meant = signed.digests
    changed = sorted(n for n in meant.keys() & found.keys() if meant[n][1] != found[n][1])
    added, removed = sorted(found.keys() - meant.keys()), sorted(meant.keys() - found.keys())
    by_digest = {found[name][1]: name for name in reversed(added)}
    renamed = tuple((n, by_digest[meant[n][1]]) for n in removed if meant[n][1] in by_digest)
    ok = not (changed or added or removed)
    here = oms_digests.files(path, follow_links=True) if path.is_dir() else ()
    left = [n for p, n in here if oms_digests.is_ignored(n, signed.ignored) and p != at]
    return Verification(
        path=str(path),
        signature=str(at),
        ok=ok,
        because="every file is as it was signed" if ok else "the files are not those signed",
        key=key,
        files=len(meant),
        changed=tuple(changed),
        added=tuple(added),
        removed=tuple(removed),
        renamed=renamed,
        not_covered=tuple(left),
    )
