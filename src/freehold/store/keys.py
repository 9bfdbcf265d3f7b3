"""Signs and verifies with keys from PEM files; `cryptography` is imported only here, when used."""

import hashlib
from importlib import import_module
from pathlib import Path
from typing import Any

from freehold.core.errors import BrokenInput, EnvironmentProblem

LARGEST = 100_000
"""Bytes of a key file that are read."""


def sign_with(key: Path, message: bytes) -> tuple[bytes, str]:
    """The signature of a private key in a PEM file, and the name of its public key."""
    _, serialization = _library()
    private = _loaded(serialization.load_pem_private_key, key, "private", None)
    public = private.public_key()
    made: bytes = private.sign(message, *_algorithm(public, key))
    return made, key_name(public)


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


def _text(key: Path) -> bytes:
    try:
        with key.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise BrokenInput(f"{key}: cannot be read: {error.strerror}") from error


def _loaded(load: Any, key: Path, kind: str, *words: Any) -> Any:
    try:
        return load(_text(key), *words)
    except TypeError as error:
        raise BrokenInput(
            f"{key}: the key is locked with a password",
            hint="openssl pkey -in KEY -out OPEN writes one without",
        ) from error
    except BrokenInput:
        raise
    except Exception as error:  # the library's own errors differ between its versions
        raise BrokenInput(f"{key}: is no {kind} key in a PEM file") from error


def _algorithm(public: Any, key: Path) -> tuple[Any, ...]:
    """How a key signs; curves of NIST with the hash of their size, or Ed25519."""
    hashes: Any = import_module("cryptography.hazmat.primitives.hashes")
    ec: Any = import_module("cryptography.hazmat.primitives.asymmetric.ec")
    ed25519: Any = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    if isinstance(public, ed25519.Ed25519PublicKey):
        return ()
    fitting = {"secp256r1": hashes.SHA256, "secp384r1": hashes.SHA384, "secp521r1": hashes.SHA512}
    curve = public.curve.name if isinstance(public, ec.EllipticCurvePublicKey) else ""
    if curve not in fitting:
        raise BrokenInput(
            f"{key}: keys of this kind do not sign models",
            hint="openssl ecparam -name prime256v1 -genkey -noout -out key.pem makes one",
        )
    return (ec.ECDSA(fitting[curve]()),)


def _library() -> tuple[Any, Any]:
    try:
        exceptions = import_module("cryptography.exceptions")
        serialization = import_module("cryptography.hazmat.primitives.serialization")
    except ImportError as error:
        raise EnvironmentProblem(
            "signatures need the package cryptography",
            hint="pip install 'freehold[signing]'",
        ) from error
    return exceptions, serialization
