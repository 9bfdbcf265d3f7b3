"""The command `freehold`: finds its subcommands by file name and ends with the right exit code."""

import gc
import os
import sys
from importlib import import_module
from pathlib import Path

import click

from freehold.cli._out import fail, warn
from freehold.core.errors import FreeholdError, nearest

ORDER = (
    *(
        "choose",
        "check",
        "get",
        "accept",
        "plan",
        "run",
        "tune-engine",
        "serve",
        "keys",
        "batch",
        "cost",
    ),
    *("models", "licenses", "license", "policy", "store", "bundle", "ledger"),
    *("inspect", "scan", "sign", "verify", "convert"),
    *("machine", "engines", "runtime", "doctor", "facts"),
)
"""The order of the help page; a new file that is not named here comes last."""


class Commands(click.Group):
    """A group whose commands are the files of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """File names without the leading underscore ones; `_` inside a name is said as `-`."""
        files = Path(__file__).parent.glob("[a-z]*.py")
        found = {file.stem.replace("_", "-") for file in files} - {"main"}
        return [name for name in ORDER if name in found] + sorted(found.difference(ORDER))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command in the file of this name."""
        if name not in self.list_commands(ctx):
            return None
        module = name.replace("-", "_")
        command: click.Command = import_module(f"freehold.cli.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Offer the nearest command when there is none of that name."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = nearest(name, self.list_commands(ctx), 1)
            offer = f"; did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"there is no command {name!r}{offer}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freehold", message="freehold %(version)s")
def command() -> None:
    """Choose, check, get, plan and run open AI models on machines you own.

    \b
    Examples:
      freehold choose --task chat --for commercial --language French
      freehold check meta-llama/Llama-3.2-1B
      freehold plan llama-3.2-1b --gpu "RTX 4090" --context 32k
      freehold machine
    """


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 broken input, 4 environment.
    """
    gc.set_threshold(100_000)  # a short command makes many small records and few circles
    try:
        code = command.main(standalone_mode=False)
        warn()
    except FreeholdError as error:
        warn()
        code = fail(error)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        code = _unread()
    except SystemExit as ended:
        code = _unread() if "PacifyFlush" in type(sys.stdout).__name__ else ended.code
    except OSError as error:
        code = _unwritten(error)
    sys.exit(_flushed(code if isinstance(code, int) else 0))


def _flushed(code: int) -> int:
    """The exit code, once what was printed is out; another where it cannot be."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    except OSError as error:
        return _unwritten(error)
    return code


def _unread() -> int:
    """End in silence: nobody reads the output any more, as in `freehold models | head`.

    Where click sees it first, it wraps the output and ends with 1, which here means "no".
    """
    _silence()
    return 0


def _unwritten(error: OSError) -> int:
    """Say that the output cannot be written, as on a full disk."""
    click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
    _silence()
    return 4


def _silence() -> None:
    """Send what is still in the buffers nowhere, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
