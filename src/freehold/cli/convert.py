"""`freehold convert`."""

from pathlib import Path
from typing import Any

import click

from freehold.cli._out import as_json, print_json, rows, say
from freehold.core.errors import UsageError


@click.command(short_help="Turn a checkpoint into safetensors, or a model for another engine.")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "target", type=click.Path(path_type=Path), required=True, metavar="PATH",
    help="The safetensors file, or (--to, or of a .nemo) the new folder.",
)  # fmt: skip
@click.option("--under", metavar="KEY", help="The key below which the weights are.")
@click.option("--to", metavar="ENGINE", help="openvino, ctranslate2 or onnxruntime-genai.")
@click.option("--precision", metavar="NAME", help="Of the weights there: f32, bf16, int8, int4.")
@click.option("--task", metavar="TASK", help="What it is to do there, where it can do several.")
@as_json
def command(
    source: Path, target: Path, under: str | None, to: str | None, precision: str | None,
    task: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write the tensors of SOURCE (.bin, .pt, .pth, .ckpt) as safetensors.

    A process in a jail follows the pickle and copies the numbers; no code of the file runs, and
    PyTorch is not needed. A file that holds anything but tensors is refused. Of a .nemo archive
    (Conformer and FastConformer that hear) a folder is made that can be run.

    With --to, SOURCE is the folder of a model in safetensors (for openvino also a pipeline of
    diffusers), and what comes out is a folder for another engine, with the papers of the model
    and its lineage. That needs a runtime of its own
    (`freehold runtime install converting`).

    \b
    Examples:
      freehold convert weights.pt -o weights.safetensors
    """
    if to is not None:
        _for_engine(source, target, as_json, to=to, precision=precision or "f32", task=task)
        return
    if precision or task:
        raise UsageError("--precision and --task belong to --to")
    if source.suffix.lower() == ".nemo":
        if under:
            raise UsageError("--under belongs to files of tensors, and not to .nemo")
        _of_nemo(source, target, as_json)
        return
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


def _of_nemo(source: Path, target: Path, as_json: bool) -> None:
    """Make a folder of an archive of NeMo, and say what it is."""
    from msgspec import to_builtins

    from freehold.actions.convert_nemo import convert_nemo

    done = convert_nemo(source, target)
    if as_json:
        print_json(to_builtins(done))
        return
    say(
        f"{done.path}: {done.architecture}, {done.parameters:,} numbers in {done.tensors:,} tensors"
    )
    rows([("left out", name) for name in done.left_out], color=None)
    say(f"The process was held to: {', '.join(done.held) or 'nothing, on this system'}")


def _for_engine(source: Path, target: Path, as_json: bool, **wishes: Any) -> None:
    """Make a model ready for another engine, and say what was made."""
    from msgspec import to_builtins

    from freehold.actions.convert_model import convert_model

    done = convert_model(source, target, **wishes)
    if as_json:
        print_json(to_builtins(done))
        return
    say(f"{done.path}: {done.size / 2**20:,.1f} MiB for {done.to} in {done.precision}")
    rows([("made with", f"{name} {number}") for name, number in done.tools.items()], color=None)
    for told in done.notes:
        say(f"note: {told}")
    say(f"The process was held to: {', '.join(done.held) or 'nothing, on this system'}")
