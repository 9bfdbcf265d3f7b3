"""Confines this process before it becomes an engine: limits, no network, few files, no secrets.

Uses only the standard library, because the keeper runs it before any package can be found. What
the platform does not offer is left out and not listed in the answer of `confine`:

- *memory*: the size of its own data (Linux `RLIMIT_DATA`; mapped model files do not count).
- *network*: a network namespace without any device, or Landlock's rule for TCP.
- *files*: Landlock (Linux 5.13): reads only the system, the engine and the model; writes only
  into its own folder, to devices, and to what the kernel keeps of this process itself: CUDA names
  its threads there, and does not start where it may not.
- *privileges*: no new ones through programs of other users (`PR_SET_NO_NEW_PRIVS`), and none of
  the administrator's where Freehold is run by him (the bounding set of capabilities is emptied).
"""

import ctypes
import os
import resource
import sys
from typing import Any

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
CAPABILITIES = range(64)
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, the same on all architectures."""

READS = 0b1101
"""Landlock's rights to execute a file, to read a file, to read a folder."""
WRITES = 0b1_1111_1111_0010
"""To write, remove and make files, folders, links, sockets, pipes and devices (version 1)."""
TRUNCATES = 1 << 14
CHANGES = 0b10
"""To write into a file that is there."""
OF_A_FILE = 0b111 | TRUNCATES
"""The rights that a single file can have: execute, write, read, truncate."""
ITSELF = "/proc/self"
FIRST_KILLED = "500"
"""How much earlier than others the engine is killed when the machine runs out of memory."""

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix", "/snap")
ALSO_READ = ("/proc", "/sys", "/run/opengl-driver", "/home/linuxbrew/.linuxbrew")
DEVICES = ("/dev",)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Below(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(orders: dict[str, Any]) -> list[str]:
    """Confine this process as ordered; the names of what really holds from now on.

    `orders` has `memory` (bytes or None), `network` (whether it may use one), `read` and
    `write` (paths, beside those of the system).
    """
    memory = _memory(orders["memory"])
    network = [] if orders["network"] else _no_network()
    privileges = _privileges()
    files = _files(orders)
    return list(dict.fromkeys([*memory, *privileges, *network, *files]))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux)."""
    _control(PR_SET_PDEATHSIG, 9)


def adopt_orphans() -> None:
    """Make this process the parent of all that its children leave behind (Linux)."""
    _control(PR_SET_CHILD_SUBREAPER, 1)


def _control(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    words = (ctypes.c_ulong(word) for word in (value, 0, 0, 0))
    done: int = ctypes.CDLL(None).prctl(option, *words)
    return done == 0


def _call(number: int, *words: Any) -> int:
    """Ask the kernel directly; numbers go as wide as its registers. -1 when it refuses."""
    wide = (ctypes.c_long(word) if isinstance(word, int) else word for word in words)
    done: int = ctypes.CDLL(None).syscall(ctypes.c_long(number), *wide)
    return done


def _memory(limit: int | None) -> list[str]:
    """Bound the data of this process, write no core file, and be the first to go."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(FIRST_KILLED)
    except OSError:
        pass  # only the order of killing changes
    if limit is None or sys.platform != "linux":
        return []
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    return ["memory"]


def _privileges() -> list[str]:
    if os.name == "posix" and os.geteuid() == 0:
        for capability in CAPABILITIES:
            _control(PR_CAPBSET_DROP, capability)
    return ["privileges"] if _control(PR_SET_NO_NEW_PRIVS, 1) else []


def _no_network() -> list[str]:
    """Move into a network of its own that has no device; a user's namespace where needed."""
    if sys.platform != "linux":
        return []
    library, user, group = ctypes.CDLL(None), os.getuid(), os.getgid()
    if library.unshare(CLONE_NEWNET) == 0:
        return ["network"]
    if library.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return []
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        except OSError:
            pass  # without a map the process has no name, its rights stay the same
    return ["network"]


def _files(orders: dict[str, Any]) -> list[str]:
    """Landlock: what may be read and written from now on, and no TCP where it can say so."""
    version = _call(CREATE_RULESET, None, 0, 1) if sys.platform == "linux" else -1
    if version < 1:
        return []
    truncates = TRUNCATES if version >= 3 else 0
    writes = WRITES | (1 << 13 if version >= 2 else 0) | truncates
    no_net = not orders["network"] and version >= 4
    rules = _Ruleset(READS | writes, 3 if no_net else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return []
    for path in (*SYSTEM, *ALSO_READ, *orders["read"]):
        _allow(ruleset, path, READS)
    for path in (*DEVICES, *orders["write"]):
        _allow(ruleset, path, READS | writes)
    _allow(ruleset, ITSELF, READS | CHANGES | truncates)
    held = _call(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return ["files", *(["network"] if no_net else [])] if held else []


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Allow these rights at and below a path; what is not there is passed over."""
    try:
        folder = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= OF_A_FILE
    rule = _Below(rights, folder)
    _call(ADD_RULE, ruleset, 1, ctypes.byref(rule), 0)
    os.close(folder)


if __name__ == "__main__":  # run by `process.available` to see what holds here
    print(*confine({"memory": 2**40, "network": False, "read": [], "write": []}))
