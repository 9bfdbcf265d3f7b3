"""The configuration of a server: `freehold.toml`, checked to its last field."""

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from freehold.core.errors import BrokenInput, UsageError

LARGEST_FILE = 2**20
TEMPLATE = Path(__file__).with_name("freehold.toml")


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model: where it is, under which names it answers, and how it runs."""

    model: str
    name: str | None = None
    aliases: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    engine: str | None = None
    context: int | None = None
    parallel: int = 1
    kv: str = "f16"
    threads: int | None = None
    gpu_layers: int | None = None
    device: str | None = None
    precision: str | None = None
    adapters: tuple[str, ...] = ()
    projector: str | None = None
    draft: str | None = None
    replicas: int = 1
    preload: bool = False
    pin: bool = False
    keep_alive: float | None = None

    @property
    def called(self) -> str:
        """The name it answers to first: the one given, else its own."""
        return self.name or self.model.rstrip("/").rpartition("/")[2].removesuffix(".gguf")


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one request may take, and how many may wait; seconds and MiB."""

    body_mib: int = 32
    upload_mib: int = 256
    seconds_to_send: float = 30.0
    seconds_to_answer: float = 3600.0
    seconds_to_wait: float = 600.0
    seconds_for_slow_readers: float = 120.0
    waiting: int = 256
    connections: int = 4096
    choices: int = 16
    max_tokens: int | None = None


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where it listens and how it behaves."""

    host: str = "127.0.0.1"
    port: int = 8642
    names: tuple[str, ...] = ()
    strict: bool = False
    keys: Literal["auto", "required", "off"] = "auto"
    tls: Literal["auto", "off", "on"] = "auto"
    certificate: str | None = None
    private_key: str | None = None
    store: bool = True
    page: bool = True
    media_by_url: bool = False
    memory_gib: float | None = None
    keep_alive: float = 300.0
    drain: float = 30.0
    record: Literal["each", "sum", "off"] = "each"
    log: Literal["text", "json", "off"] = "text"
    traces: str | None = None
    manage: bool = False
    on: str | None = None


class Guards(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which guards look at what goes in and comes out; each is `module:function`."""

    before: tuple[str, ...] = ()
    during: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    lag: int = 200


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    server: Server = Server()
    limits: Limits = Limits()
    guards: Guards = Guards()
    models: tuple[Model, ...] = ()

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.server.host)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    return host in ("localhost", "::1") or host.startswith("127.")


def read_config(file: Path) -> Config:
    """The configuration in a file; BrokenInput names the field that is wrong."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BrokenInput(f"{file}: cannot be read: {error.strerror}") from error
    if len(data) > LARGEST_FILE:
        raise BrokenInput(f"{file}: is too large for a configuration")
    try:
        table = tomllib.loads(data.decode())
        found = msgspec.convert(table, Config)
    except (ValueError, RecursionError) as error:
        hint = "freehold serve --example-config prints one with every field explained"
        raise BrokenInput(f"{file}: {error}", hint=hint) from error
    return checked(beside(found, file.absolute().parent))


def beside(config: Config, folder: Path) -> Config:
    """The configuration with paths of models told from the folder of its file."""

    def placed(model: Model) -> Model:
        there = folder / model.model
        return replace(model, model=str(there)) if there.exists() else model

    return replace(config, models=tuple(placed(model) for model in config.models))


def checked(config: Config) -> Config:
    """The same configuration; UsageError where its parts do not go together."""
    names: dict[str, str] = {}
    for model in config.models:
        for name in (model.called, *model.aliases):
            if name in names:
                raise UsageError(f"two models answer to {name!r}: {names[name]} and {model.model}")
            names[name] = model.model
        _sensible(model)
    server = config.server
    if server.on and server.on != "ray" and not server.on.startswith("ray:"):
        raise UsageError(f"{server.on!r} is no cluster", hint="ray, or ray:ADDRESS")
    if (server.certificate is None) != (server.private_key is None):
        raise UsageError("a certificate and its private key go together")
    return config


def _sensible(model: Model) -> None:
    """UsageError for numbers that mean nothing."""
    for field, least in (("parallel", 1), ("replicas", 1), ("context", 64), ("threads", 1)):
        value = getattr(model, field)
        if value is not None and value < least:
            raise UsageError(f"{model.called}: {field} is at least {least}, not {value}")


def merged(config: Config, models: tuple[str, ...], **said: Any) -> Config:
    """The configuration with what the command line says on top."""
    told = {name: value for name, value in said.items() if value is not None}
    more = tuple(Model(model=name, preload=True) for name in models)
    server = replace(config.server, **told)
    return checked(replace(config, server=server, models=(*config.models, *more)))
