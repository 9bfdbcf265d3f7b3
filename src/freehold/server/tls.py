"""A certificate of our own, for servers that nobody gave one; made once and kept."""

import os
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from freehold.core import paths
from freehold.core.errors import EnvironmentProblem

YEARS = 2
RENEWED = timedelta(days=30)
"""How long before its end a certificate is made anew."""


def own_certificate(names: tuple[str, ...], folder: Path | None = None) -> tuple[Path, Path, str]:
    """The files of a certificate and its key, and its SHA-256; made where there is none."""
    folder = folder or paths.state() / "tls"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    every = tuple(dict.fromkeys((*names, "localhost", "127.0.0.1", "::1", socket.gethostname())))
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256

        if certificate.exists() and key.exists():
            found = x509.load_pem_x509_certificate(certificate.read_bytes())
            if _holds(found, every):
                return certificate, key, found.fingerprint(SHA256()).hex()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found, words = _made(every)
        _write(key, words)
        _write(certificate, found.public_bytes(_pem()))
    except ImportError as error:
        hint = "pip install 'freehold[serve]', or give a certificate and a private key"
        raise EnvironmentProblem("a certificate is made with cryptography", hint=hint) from error
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(f"{folder}: no certificate can be kept here: {error}") from error
    return certificate, key, found.fingerprint(SHA256()).hex()


def _made(names: tuple[str, ...]) -> tuple[Any, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, SHA256())
    )
    words = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made, words


def _holds(found: Any, names: tuple[str, ...]) -> bool:
    """Whether a certificate is for all these names and lasts a while."""
    from cryptography import x509

    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    has = {str(one.value) for one in told}
    return set(names) <= has and found.not_valid_after_utc - datetime.now(UTC) > RENEWED


def _name(text: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def _write(path: Path, data: bytes) -> None:
    made = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
    os.replace(made, path)
