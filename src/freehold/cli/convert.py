"""`freehold convert`."""

from pathlib import Path

import click

from freehold.cli._out import as_json, print_json, rows, say


@click.command(short_help="Turn a checkpoint of PyTorch's into safetensors, unpickling nothing.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="The safetensors file to write.",
)  # fmt: skip
@click.option("--under", metavar="KEY", help="The key below which the weights are.")
@as_json
def command(source: Path, target: Path, under: str | None, as_json: bool) -> None:
    """Write the tensors of SOURCE (.bin, .pt, .pth, .ckpt) as safetensors.

    A process in a jail follows the pickle and copies the numbers; no code of the file runs, and
    PyTorch is not needed. A file that holds anything but tensors is refused.

    \b
    Examples:
      freehold convert weights.pt -o weights.safetensors
    """
    from msgspec import to_builtins

    from freehold.actions.convert import convert

    done = convert(source, target, under=under)
    if as_json:
        print_json(to_builtins(done))
        return
    say(f"{done.tensors:,} tensors with {done.parameters:,} numbers written to {done.path}")
    lines = [("shared", f"{name} is {kept}") for name, kept in done.shared.items()]
    lines += [("left out", name) for name in done.left_out[:20]]
    rows(lines, color=None)
    if len(done.left_out) > 20:
        say(f"  and {len(done.left_out) - 20:,} more that are no tensors")
    say(f"The process was held to: {', '.join(done.held) or 'nothing, on this system'}")
