"""`freehold serve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, print_json
from freehold.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from freehold.server.config import Config

INSTALL = "pip install 'freehold[serve]'"


@click.command(short_help="Serve models over HTTP to programs and people.")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--config", type=click.Path(path_type=Path), help="A file with the configuration.")
@click.option("--host", metavar="ADDRESS", help="Listen here; 127.0.0.1 if not said.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 8642.")
@click.option("--strict", is_flag=True, default=None, help="Refuse what would not be honored.")
@click.option("--example-config", is_flag=True, help="Print a configuration and stop.")
@as_json
def command(
    models: tuple[str, ...],
    config: Path | None,
    example_config: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Serve MODELs, or all models of the store, in the protocols of OpenAI, Anthropic and Ollama.

    \b
    Examples:
      freehold serve --example-config

    Models are loaded when they are asked for, as far as their plans say that memory allows.
    Off the loopback address it starts with keys and TLS only.
    """
    if example_config:
        example = Path(__file__).parent.parent.joinpath("server/freehold.toml").read_text()
        print_json({"config": example}) if as_json else click.echo(example)
        return
    try:
        from freehold.server.serving import serve
    except ImportError as error:
        says = f"serving needs the package {error.name}, which is not installed here"
        raise EnvironmentProblem(says, hint=INSTALL) from error

    def ready(url: str) -> None:
        print_json({"url": url}) if as_json else click.echo(f"serving at {url}")

    serve(configured(models, config, said), lambda: configured(models, config, said), ready)


def configured(models: tuple[str, ...], file: Path | None, said: dict[str, Any]) -> "Config":
    """The configuration of a file with what the command line says on top."""
    from freehold.server.config import Config, merged, read_config

    return merged(read_config(file) if file else Config(), models, **said)
