"""Renders one chat template in Jinja's strictest sandbox, with limits on time and memory.

Run as a script, with the template as its input. It prints one word, and what it says after it:
`done`, `refused` (the sandbox stopped it), `broken`, `long` (too much time, memory or text).
Arguments are the texts of the tokens that begin and end a talk; with them all of what was made
is printed, below the word.
"""

import json
import resource
import sys
from importlib import import_module
from typing import Any

SECONDS, MEMORY, LONGEST = 2, 512 * 2**20, 2**20
SHOWN, WHOLE = 100, 20_000
"""Characters that are printed, without and with arguments."""


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
    marks = sys.argv[1:3]
    try:
        told = "done", rendered(sandbox, template, *marks)
    except problems.SecurityError as error:
        told = "refused", str(error)
    except problems.TemplateSyntaxError as error:
        told = "broken", str(error)
    except (MemoryError, OverflowError) as error:
        told = "long", str(error)
    except Exception as error:  # whatever a template raises about the messages is its own affair
        told = "stopped" if marks else "done", str(error)
    if marks:
        sys.stdout.buffer.write(f"{told[0]}\n{told[1]}".encode("utf-8", "replace"))
    else:
        print(told[0], told[1][:200].replace("\n", " "))
    return 0


def rendered(sandbox: Any, template: str, begins: str = "<s>", ends: str | None = None) -> str:
    """What the template makes of a short talk: its beginning, or all where marks are given."""
    made = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    made.globals["raise_exception"] = stop
    made.globals["strftime_now"] = str
    made.filters["tojson"] = repr if ends is None else as_json
    most = SHOWN if ends is None else WHOLE
    talk = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Bye"},
    ]
    pieces, length = [], 0
    words = {"messages": talk, "add_generation_prompt": True, "bos_token": begins}
    words |= {"eos_token": "</s>" if ends is None else ends}
    for piece in made.from_string(template).generate(tools=None, **words):
        pieces.append(piece[:most])
        length += len(piece)
        if length > LONGEST:
            raise MemoryError("it writes too much")
    return "".join(pieces)[:most]


def as_json(value: object, indent: int | None = None, **_: object) -> str:
    """JSON as chat templates expect it: letters as they are."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def stop(message: object) -> None:
    """What templates call when they refuse messages."""
    raise ValueError(str(message))


if __name__ == "__main__":
    sys.exit(main())
