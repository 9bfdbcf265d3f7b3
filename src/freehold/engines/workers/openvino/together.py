"""Several answers at once: one thread computes steps for all, each takes its own tokens."""

import threading
from collections.abc import Generator
from itertools import count
from typing import Any

BLOCK = 32
"""Tokens whose keys and values lie together, on a processor."""
AT_ONCE = 512
"""Tokens of prompts that are computed together."""


def scheduler(library: Any, context: int, parallel: int) -> Any:
    """What a pipeline with continuous batching may take: room for so many texts of this length."""
    config = library.SchedulerConfig()
    config.num_kv_blocks = parallel * (-(-context // BLOCK) + 1)
    config.max_num_batched_tokens = max(AT_ONCE, parallel)
    config.max_num_seqs = parallel
    config.dynamic_split_fuse = True
    config.enable_prefix_caching = True
    return config


class Together:
    """A pipeline that many requests share; steps are made as long as any of them waits."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline, self._taking = pipeline, threading.Lock()
        self._moved, self._numbers = threading.Condition(), count()
        self._wrong: BaseException | None = None
        threading.Thread(target=self._work, daemon=True, name="steps").start()

    def ask(self, *prompt: Any) -> Any:
        """Take a request in, tokens or a text with images and its configuration; its handle.

        One after the other: what makes vectors of images is there once.
        """
        with self._taking:
            return self._pipeline.add_request(next(self._numbers), *prompt)

    def tokens(self, handle: Any) -> Generator[list[int], None, None]:
        """The tokens of an answer as they come; closing this takes the request out."""
        try:
            while True:
                with self._moved:
                    self._moved.notify_all()
                    self._moved.wait_for(lambda: self._wrong or handle.can_read() or _done(handle))
                    if self._wrong:
                        raise RuntimeError(str(self._wrong)) from self._wrong
                    made = _read(handle)
                if made:
                    yield made
                elif _done(handle):
                    return
        finally:
            if not _done(handle):
                handle.cancel()

    def _work(self) -> None:
        """Step after step; what goes wrong is told to everybody who waits."""
        while True:
            with self._moved:
                self._moved.wait_for(self._pipeline.has_non_finished_requests)
            try:
                self._pipeline.step()
            except BaseException as error:
                self._wrong = error
            with self._moved:
                self._moved.notify_all()
                if self._wrong:
                    return


def _read(handle: Any) -> list[int]:
    """What there is to read by now, of the one text of a request."""
    found: list[int] = []
    while handle.can_read():
        for output in handle.read().values():
            found += output.generated_ids
    return found


def status(handle: Any) -> str:
    """Where a request is: RUNNING, FINISHED, IGNORED for want of room, CANCEL or STOP."""
    return str(handle.get_status()).rpartition(".")[2]


def _done(handle: Any) -> bool:
    return status(handle) != "RUNNING"
