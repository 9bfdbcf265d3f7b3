"""The program between Freehold and an engine: starts it confined, and ends it whatever happens.

Run as a script by `process.py`, with nothing but the standard library. Its first line of input
are its orders as JSON; after that the open input is a lifeline. When it closes, because Freehold
stopped the engine or died in any way, the engine and all that it started are killed and its
folder is removed. When the keeper itself is killed, the kernel kills the engine.

It prints one line of JSON when the engine runs (`pid`, `held`: what the jail enforces), or when
it cannot be started (`error`), and one when the engine has ended (`exit`).
"""

import json
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # run with -I, from its own folder

import jail  # type: ignore[import-not-found]

LONGEST_ORDERS = 2**20
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Only the lifeline ends a keeper."""


def main() -> int:
    """Read the orders, start the engine, keep it until it ends or the lifeline does."""
    orders = json.loads(sys.stdin.buffer.readline(LONGEST_ORDERS))
    jail.adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for asked in IGNORED:
        signal.signal(asked, signal.SIG_IGN)
    engine = start(orders)
    try:
        return keep(engine, woken) if engine else 1
    finally:
        end(engine)
        clear(orders["folder"])


def start(orders: dict[str, Any]) -> int:
    """Start the engine in a session of its own; its number, or 0 when it cannot be started."""
    receive, send = os.pipe()
    engine = os.fork()
    if engine == 0:
        become(orders, send)
    os.close(send)
    with os.fdopen(receive) as answers:
        told = json.loads((answers.readlines() or ['{"error": "it ended at once"}'])[-1])
    say({"pid": engine, **told})
    return 0 if "error" in told else engine


def become(orders: dict[str, Any], answers: int) -> None:
    """In the child: take on the jail, tell what it holds, become the engine."""
    keeper, command = os.getppid(), orders["command"]
    os.setsid()
    for asked in IGNORED:
        signal.signal(asked, signal.SIG_DFL)
    try:
        told: dict[str, Any] = {"held": jail.confine(orders)}
        jail.die_with_parent()
        if os.getppid() != keeper:
            os._exit(1)
        os.chdir(orders["folder"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        os.write(answers, json.dumps(told).encode() + b"\n")
        os.execve(command[0], command, orders["env"])
    except (OSError, ValueError) as error:
        told = {"error": f"{command[0]}: {getattr(error, 'strerror', None) or error}"}
        os.write(answers, json.dumps(told).encode() + b"\n")
    os._exit(127)


def keep(engine: int, woken: int) -> int:
    """Wait until the engine ends or the lifeline closes."""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            code = ended(engine)
            if code is not None:
                say({"exit": code})
                return 0
        if 0 in ready and not os.read(0, 512):
            return 0


def ended(engine: int) -> int | None:
    """The exit code of the engine once it has ended; others that ended are cleared away."""
    found = None
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == engine:
                found = os.waitstatus_to_exitcode(status)
    return found


def end(engine: int) -> None:
    """Kill the engine, its group, and whatever else is below this process."""
    if engine:
        with suppress(OSError):
            os.killpg(engine, signal.SIGKILL)
    for _ in range(50):
        with suppress(OSError):
            below = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for pid in below:
                os.kill(int(pid), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def clear(folder: str) -> None:
    """Remove the engine's own folder."""
    for where, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            path = os.path.join(where, name)
            with suppress(OSError):
                (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
    with suppress(OSError):
        os.rmdir(folder)


def say(told: dict[str, Any]) -> None:
    """One line of JSON for Freehold, if it still listens."""
    with suppress(OSError):
        os.write(1, json.dumps(told).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
