"""Decides whether a server may start as it is configured: off this machine only with locks on."""

import ssl
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import EnvironmentProblem, UsageError
from freehold.server.config import Config
from freehold.server.keys import KeyFile
from freehold.server.tls import own_certificate


class Exposed(Struct, frozen=True):
    """The configuration to start with, and what its starter should know."""

    config: Config
    notes: tuple[str, ...] = ()


def exposed(config: Config, file: KeyFile | None = None) -> Exposed:
    """The same configuration with its certificate; an error where it would be open to all."""
    server = config.server
    keys = [held.key for held in (file or KeyFile()).all() if not held.key.expired]
    needed = server.keys == "required" or not config.loopback
    if not config.loopback and server.keys == "off":
        raise UsageError(f"keys cannot be off at {server.host}, which others can reach")
    if needed and not keys:
        raise EnvironmentProblem(
            f"a server at {server.host} lets in keys only, and there are none",
            hint="make one: freehold keys add NAME",
        )
    if server.certificate and server.private_key:
        _check(server.certificate, server.private_key)
        return Exposed(config)
    if server.tls == "off" or (server.tls == "auto" and config.loopback):
        plain = (
            () if config.loopback else ("nothing is encrypted here: what is in front must do it",)
        )
        return Exposed(config, plain)
    names = (*server.names, *(() if server.host in ("0.0.0.0", "::") else (server.host,)))
    certificate, key, mark = own_certificate(names)
    with_own = replace(server, certificate=str(certificate), private_key=str(key))
    note = f"its certificate is its own: {certificate} (SHA-256 {mark})"
    return Exposed(replace(config, server=with_own), (note,))


def _check(certificate: str, key: str) -> None:
    """EnvironmentProblem for files that are no certificate and its key."""
    for file in (certificate, key):
        if not Path(file).is_file():
            raise EnvironmentProblem(f"{file}: there is no such file")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        says = f"{certificate} and {key} are no certificate and its key: {error}"
        raise EnvironmentProblem(says) from error
