"""`freehold batch`."""

import sys
from pathlib import Path

import click

from freehold.cli._out import as_json, print_json
from freehold.core.errors import EnvironmentProblem

FILE = click.Path(path_type=Path)


@click.command(short_help="Answer every line of a file, and go on where it was stopped.")
@click.argument("source", type=FILE)
@click.argument("out", type=FILE)
@click.option("--model", "models", multiple=True, metavar="MODEL", help="A model that lines name.")
@click.option("--config", type=FILE, help="A file with the configuration, as of serve.")
@click.option("--on", metavar="CLUSTER", help="Run on ray, or ray:ADDRESS.")
@as_json
def command(
    source: Path, out: Path, models: tuple[str, ...], config: Path | None, on: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Answer every line of SOURCE, JSON lines or Parquet, into OUT.

    \b
    Examples:
      freehold batch questions.jsonl answers.jsonl --model ./model.gguf

    A line is one of OpenAI's batches: custom_id, url, and a body that names the model. A line
    that has an answer in OUT is not asked again, so a batch that was stopped goes on when it is
    started again. Exit code 1 means that some lines have an error instead of an answer.
    """
    try:
        from freehold.cli.serve import configured
        from freehold.server.batch_file import batch
    except ImportError as error:
        says = f"batches need the package {error.name}, which is not installed here"
        raise EnvironmentProblem(says, hint="pip install 'freehold[serve]'") from error
    loud = sys.stderr.isatty()

    def say(answered: int, failed: int) -> None:
        if loud:
            click.echo(f"\r\x1b[K{answered:,} answered, {failed:,} failed", err=True, nl=False)

    done = batch(configured(models, config, {"on": on, "log": "off"}), source, out, say)
    if loud:
        click.echo("\r\x1b[K", err=True, nl=False)
    if as_json:
        print_json(done.form())
    else:
        before = f", {done.before:,} had an answer before" if done.before else ""
        click.echo(f"{done.answered:,} answered, {done.failed:,} failed{before}")
    if done.failed:
        sys.exit(1)
