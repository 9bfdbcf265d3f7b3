"""Several answers at once: one thread computes steps for all, each takes its own tokens."""

import threading
from collections.abc import Generator
from itertools import count
from queue import SimpleQueue
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


class Answer:
    """The tokens of one request, from the thread that makes them to the one that waits."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self._made: SimpleQueue[list[int] | BaseException | None] = SimpleQueue()

    def move(self) -> bool:
        """Hand on what was made; whether more may come."""
        over = status(self.handle) != "RUNNING"
        if made := _read(self.handle):
            self._made.put(made)
        if over:
            self._made.put(None)
        return not over

    def fail(self, error: BaseException) -> None:
        """Nothing more can come."""
        self._made.put(error)

    def tokens(self) -> Generator[list[int], None, None]:
        """The tokens as they come; closing this takes the request out."""
        made: list[int] | BaseException | None = []
        try:
            while (made := self._made.get()) is not None:
                if isinstance(made, BaseException):
                    raise RuntimeError(str(made)) from made
                yield made
        finally:
            if made is not None:
                self.handle.cancel()


class Together:
    """A pipeline that many requests share; steps are made as long as any of them waits."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline, self._taking = pipeline, threading.Lock()
        self._more, self._numbers = threading.Condition(), count()
        self._open: list[Answer] = []
        self._wrong: BaseException | None = None
        threading.Thread(target=self._work, daemon=True, name="steps").start()

    def ask(self, *prompt: Any) -> Answer:
        """Take a request in: tokens, or a text with images, and its configuration.

        One after the other: what makes vectors of images is there once.
        """
        with self._taking:
            answer = Answer(self._pipeline.add_request(next(self._numbers), *prompt))
        with self._more:
            if self._wrong:
                answer.fail(self._wrong)
            self._open.append(answer)
            self._more.notify()
        return answer

    def _work(self) -> None:
        """Step after step; what goes wrong is told to everybody who waits."""
        while not self._wrong:
            with self._more:
                self._more.wait_for(lambda: self._open)
                under_way = list(self._open)
            try:
                if self._pipeline.has_non_finished_requests():
                    self._pipeline.step()
                ended = [answer for answer in under_way if not answer.move()]
            except BaseException as error:
                self._end(error)
            else:
                self._leave(ended)

    def _leave(self, ended: list[Answer]) -> None:
        with self._more:
            self._open = [answer for answer in self._open if answer not in ended]

    def _end(self, error: BaseException) -> None:
        with self._more:
            self._wrong = error
            for answer in self._open:
                answer.fail(error)


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
