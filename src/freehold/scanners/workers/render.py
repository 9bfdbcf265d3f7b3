"""Renders one chat template in Jinja's strictest sandbox, with limits on time and memory.

Run as a script, with the template as its input. It prints one word, and what it says after it:
`done`, `refused` (the sandbox stopped it), `broken`, `long` (too much time, memory or text).
"""

import resource
import sys
from importlib import import_module
from typing import Any

SECONDS, MEMORY, LONGEST = 2, 512 * 2**20, 2**20


def main() -> int:
    """Read, confine, render, say."""
    template = sys.stdin.buffer.read().decode("utf-8", "replace")
    sandbox: Any = import_module("jinja2.sandbox")
    problems: Any = import_module("jinja2.exceptions")
    for what, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    try:
        told = "done", rendered(sandbox, template)
    except problems.SecurityError as error:
        told = "refused", str(error)
    except problems.TemplateSyntaxError as error:
        told = "broken", str(error)
    except (MemoryError, OverflowError) as error:
        told = "long", str(error)
    except Exception as error:  # whatever a template raises about the messages is its own affair
        told = "done", str(error)
    print(told[0], told[1][:200].replace("\n", " "))
    return 0


def rendered(sandbox: Any, template: str) -> str:
    """The beginning of what the template makes of a short talk."""
    made = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    made.globals["raise_exception"] = stop
    made.globals["strftime_now"] = str
    made.filters["tojson"] = repr
    talk = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Bye"},
    ]
    pieces, length = [], 0
    words = {"messages": talk, "add_generation_prompt": True, "bos_token": "<s>"}
    for piece in made.from_string(template).generate(eos_token="</s>", tools=None, **words):
        pieces.append(piece[:100])
        length += len(piece)
        if length > LONGEST:
            raise MemoryError("it writes too much")
    return "".join(pieces)[:100]


def stop(message: object) -> None:
    """What templates call when they refuse messages."""
    raise ValueError(str(message))


if __name__ == "__main__":
    sys.exit(main())
