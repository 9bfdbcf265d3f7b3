"""Digests of all files of a model, and signatures over them with keys from PEM files.

`cryptography` is imported only here and only when a key is used.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from freehold.core.errors import BrokenInput, EnvironmentProblem
from freehold.formats.oms import Statement
from freehold.formats.text import opened, read_bytes, shown

HASHES = {"sha256": "sha256", "blake2b": "blake2b", "blake2": "blake2b"}
NOT_MODEL = (".git", ".gitattributes", ".github", ".gitignore")
"""What belongs to a repository and not to the model, left out as model-signing does."""
LARGEST_KEY = 100_000
PIECE = 2**20


def digests(root: Path, like: Statement, signature: Path | None = None) -> dict[str, Any]:
    """The digest of every file (or shard) below a folder, read as a statement says.

    The signature file itself is left out. BrokenInput for a link where none may be.
    """
    if like.hash not in HASHES or like.method not in ("files", "shards"):
        raise BrokenInput(f"its digests are of a kind that is not known: {like.method}, {like.hash}")
    found: dict[str, tuple[str, str]] = {}
    for path, name in files(root, follow_links=like.follow_links):
        if not is_ignored(name, like.ignored) and not _is_same(path, signature):
            found.update(_of_file(path, name, like))
    return found


def _of_file(path: Path, name: str, like: Statement) -> Iterator[tuple[str, tuple[str, str]]]:
    if like.method == "files":
        yield name, (like.hash, _digest(path, like.hash, 0, None))
        return
    size, step = path.stat().st_size, max(like.shard_size, 1)
    for start in range(0, size, step):
        end = min(start + step, size)
        algorithm = f"{like.hash}-sharded-{step}"
        yield f"{name}:{start}:{end}", (algorithm, _digest(path, like.hash, start, end))


def _digest(path: Path, algorithm: str, start: int, end: int | None) -> str:
    whole = hashlib.new(HASHES[algorithm])
    with opened(path) as (file, size):
        file.seek(start)
        left = (size if end is None else end) - start
        while left > 0 and (piece := file.read(min(PIECE, left))):
            whole.update(piece)
            left -= len(piece)
    return whole.hexdigest()


def files(root: Path, *, follow_links: bool) -> Iterator[tuple[Path, str]]:
    """Every file below a folder with its name in it; a single file has the name `.`."""
    if root.is_file():
        yield root, "."
        return
    for folder, names, here in os.walk(root, followlinks=False):
        for name in sorted([*here, *(n for n in names if os.path.islink(Path(folder) / n))]):
            path = Path(folder) / name
            inside = path.relative_to(root).as_posix()
            if path.is_symlink() and not (follow_links and path.is_file()):
                raise BrokenInput(
                    f"{shown(path)} is a link, which a signature does not cover",
                    hint="sign with --follow-links to sign what links lead to",
                )
            yield path, inside
        names.sort()


def is_ignored(name: str, ignored: tuple[str, ...]) -> bool:
    """Whether a file is one of these or below one of them."""
    path = PurePosixPath(name)
    return any(path == PurePosixPath(i) or PurePosixPath(i) in path.parents for i in ignored if i)


def _is_same(path: Path, signature: Path | None) -> bool:
    return signature is not None and signature.exists() and path.samefile(signature)


def sign_with(key: Path, message: bytes) -> tuple[bytes, str]:
    """The signature of a private key in a PEM file, and the name of its public key."""
    _, serialization = _library()
    private = _loaded(serialization.load_pem_private_key, key, "private", None)
    public = private.public_key()
    extra = _algorithm(public, key)
    return private.sign(message, *extra), key_name(public)


def public_name(key: Path) -> str:
    """The name of a public key in a PEM file: the SHA-256 of its text."""
    _, serialization = _library()
    return key_name(_loaded(serialization.load_pem_public_key, key, "public"))


def is_signed_by(key: Path, message: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key in a PEM file signed this."""
    exceptions, serialization = _library()
    public = _loaded(serialization.load_pem_public_key, key, "public")
    try:
        public.verify(signature, message, *_algorithm(public, key))
    except exceptions.InvalidSignature:
        return False
    return True


def key_name(public: Any) -> str:
    """The name of a public key: the SHA-256 of its PEM text."""
    _, serialization = _library()
    text = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(text).hexdigest()


def _loaded(load: Any, key: Path, kind: str, *words: Any) -> Any:
    try:
        return load(read_bytes(key, LARGEST_KEY), *words)
    except TypeError as error:
        raise BrokenInput(
            f"{shown(key)}: the key is locked with a password",
            hint="openssl pkey -in KEY -out OPEN writes one without",
        ) from error
    except Exception as error:  # the library's own errors differ between its versions
        raise BrokenInput(f"{shown(key)}: is no {kind} key in a PEM file") from error


def _algorithm(public: Any, key: Path) -> tuple[Any, ...]:
    """How a key signs; curves of NIST with the hash of their size, or Ed25519."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(public, ed25519.Ed25519PublicKey):
        return ()
    fitting = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}
    curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else ""
    if curve not in fitting:
        raise BrokenInput(
            f"{shown(key)}: keys of this kind do not sign models",
            hint="openssl ecparam -name prime256v1 -genkey -noout -out key.pem makes one",
        )
    return (ec.ECDSA(fitting[curve]()),)


def _library() -> tuple[Any, Any]:
    try:
        from cryptography import exceptions
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise EnvironmentProblem(
            "signatures need the package cryptography",
            hint="pip install 'freehold[signing]'",
        ) from error
    return exceptions, serialization
