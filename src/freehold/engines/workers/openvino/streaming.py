"""Runs a pipeline of OpenVINO in a thread, and hands on what it says while it says it."""

import threading
from collections.abc import Callable, Generator
from queue import Queue
from typing import Any

END = object()


def spoken(work: Callable[[Callable[[str], bool]], Any]) -> Generator[str, None, Any]:
    """The letters that the work says, then what it returns; closing this ends the work.

    `work` gets a function to call with each few letters, which answers whether to stop.
    """
    said: Queue[Any] = Queue()
    given_up = threading.Event()
    outcome: list[Any] = []
    wrong: list[BaseException] = []

    def say(letters: str) -> bool:
        said.put(letters)
        return given_up.is_set()

    def run() -> None:
        try:
            outcome.append(work(say))
        except BaseException as error:
            wrong.append(error)
        finally:
            said.put(END)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while (letters := said.get()) is not END:
            if letters:
                yield letters
    finally:
        given_up.set()
        thread.join()
    if wrong:
        raise wrong[0]
    return outcome[0]
