"""What a worker is told when it starts."""

from msgspec import Struct


class Order(Struct, frozen=True, kw_only=True):
    """The model to load, with which module, and where to answer.

    `model` is a file or folder; `context` a number of tokens. What is None is left to the worker.
    """

    module: str
    task: str
    model: str
    socket: str
    key: str
    device: str = "cpu"
    precision: str | None = None
    threads: int = 1
    context: int | None = None
    parallel: int = 1
    adapters: tuple[str, ...] = ()
    options: dict[str, str] = {}
