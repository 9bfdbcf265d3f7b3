"""Lets a server that knows only ports listen on a Unix socket, so that it needs no network.

Run as a script in the Python of its runtime. What to do comes as JSON in `FREEHOLD_WORKER`: the
module whose `main` starts the server, the words for it, and the socket. It works for servers that
are run by uvicorn.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any


def main() -> int:
    """Turn ports into the socket, then start the server as its own command would."""
    told = json.loads(os.environ.pop("FREEHOLD_WORKER"))
    listen_on(import_module("uvicorn"), told["socket"])
    sys.argv = [told["module"], *told["words"]]
    import_module(told["module"]).main()
    return 0


def listen_on(uvicorn: Any, socket: str) -> None:
    """Let every server of uvicorn listen on this socket, whatever it is told."""
    usual = uvicorn.Config.__init__

    def begin(self: Any, app: Any, *words: Any, **named: Any) -> None:
        usual(self, app, *words, **{**named, "uds": socket})

    uvicorn.Config.__init__ = begin


if __name__ == "__main__":
    sys.exit(main())
