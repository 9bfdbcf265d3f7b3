"""`freehold serve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._out import as_json, print_json
from freehold.core.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from freehold.server.config import Config

INSTALL = "pip install 'freehold[serve]'"
TLS = click.Choice(["auto", "on", "off"])


@click.command(short_help="Serve models over HTTP to programs and people.")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--config", type=click.Path(path_type=Path), help="A file with the configuration.")
@click.option("--host", metavar="ADDRESS", help="Listen here; 127.0.0.1 if not said.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 8642.")
@click.option("--tls", type=TLS, help="Encrypt; auto does off the loopback address.")
@click.option("--on", metavar="CLUSTER", help="Run the engines on ray, or ray:ADDRESS.")
@click.option("--strict", is_flag=True, default=None, help="Refuse what would not be honored.")
@click.option("--log", type=click.Choice(["text", "json", "off"]), help="How to log.")
@click.option("--check", is_flag=True, help="Check configuration and models, and stop.")
@click.option("--example-config", is_flag=True, help="Print a configuration and stop.")
@as_json
def command(
    models: tuple[str, ...],
    config: Path | None,
    check: bool,
    example_config: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Serve MODELs, or all models of the store, in the protocols of OpenAI, Anthropic and Ollama.

    \b
    Examples:
      freehold serve ./model.gguf --check
      freehold serve --example-config

    Models are loaded when they are asked for, as far as their plans say that memory allows.
    Off the loopback address it starts with keys (`freehold keys add`) and TLS only. SIGHUP reads
    the configuration again, SIGTERM lets requests end first.
    """
    if example_config:
        example = Path(__file__).parent.parent.joinpath("server/freehold.toml").read_text()
        print_json({"config": example}) if as_json else click.echo(example)
        return
    found = configured(models, config, said)
    if check:
        _check(found, as_json)
        return
    serve = _server()
    from freehold.server.exposing import exposed
    from freehold.server.logs import begin

    start = exposed(found)
    begin(found.server.log)

    def ready(url: str) -> None:
        if as_json:
            print_json({"url": url, "notes": list(start.notes)})
            return
        click.echo(f"serving at {url}")
        for note in start.notes:
            click.echo(f"note: {note}", err=True)

    serve(start.config, lambda: exposed(configured(models, config, said)).config, ready)


def configured(models: tuple[str, ...], file: Path | None, said: dict[str, Any]) -> "Config":
    """The configuration of a file with what the command line says on top."""
    from freehold.server.config import Config, merged, read_config

    return merged(read_config(file) if file else Config(), models, **said)


def _server() -> Any:
    """What serves; an error that names the packages that are missing."""
    try:
        from freehold.server.serving import serve
    except ImportError as error:
        says = f"serving needs the package {error.name}, which is not installed here"
        raise EnvironmentProblem(says, hint=INSTALL) from error
    return serve


def _check(config: "Config", as_json: bool) -> None:
    """Plan every model of a configuration as it would be served."""
    from freehold.core.errors import FreeholdError
    from freehold.server.loading import planned

    rows: list[dict[str, Any]] = []
    for model in config.models:
        try:
            ready = planned(model, model.tasks[0] if model.tasks else None)
            taken = ready.plan.fitted.parts.total if ready.plan else None
            rows.append({"model": model.called, "engine": ready.engine.name, "memory": taken,
                         "context": ready.job.setting.context, "problem": None})  # fmt: skip
        except FreeholdError as error:
            rows.append({"model": model.called, "problem": str(error)})
    if as_json:
        print_json(rows)
    for row in () if as_json else rows:
        size = f", {row['memory'] / 2**20:,.0f} MiB" if row.get("memory") else ""
        told = row["problem"] or f"{row['engine']}, {row['context']:,} tokens{size}"
        click.echo(f"{row['model']}: {told}")
    wrong = [row["model"] for row in rows if row["problem"]]
    if wrong:
        raise UsageError(f"these cannot be served: {', '.join(wrong)}")
    if not rows and not as_json:
        click.echo("all models of the store")
