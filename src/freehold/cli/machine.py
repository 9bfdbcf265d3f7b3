"""`freehold machine`."""

from typing import TYPE_CHECKING

import click

from freehold.cli._out import as_json, base, print_json, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freehold.actions.machine import MachineReport


@click.command(short_help="Show this machine: processor, memory, bandwidth, cards, disk.")
@click.option("--measure", is_flag=True, help="Measure memory and engine now, in under a minute.")
@as_json
def command(measure: bool, as_json: bool) -> None:
    """Show what of this machine decides which models fit and how fast they run.

    \b
    Examples:
      freehold machine
      freehold machine --measure
      freehold machine --json
    """
    from freehold.actions.machine import machine

    report = machine(remeasure=measure, base=base(), say=_say)
    if as_json:
        print_json(report.form())
    else:
        show(report)


def _say(text: str) -> None:
    """Tell on the error stream what is being measured."""
    click.echo(click.style(f"measuring {text}", dim=True), err=True)


def show(report: "MachineReport") -> None:
    """Print the machine as a short list."""
    m = report.machine
    limit = f", {m.memory_limited_by}" if m.memory_limited_by else ""
    instructions = " ".join(m.instructions) or "instruction sets not known"
    lines = [
        ("system", f"{m.system}, {m.architecture}, Python {m.python}"),
        ("processor", f"{m.processor}, {m.cores} cores, {instructions}"),
        ("memory", f"{m.memory / 2**30:.1f} GiB, {m.memory_available / 2**30:.1f} free{limit}"),
        ("bandwidth", f"{report.bandwidth / 1e9:.1f} GB/s reading, measured {report.measured}"),
    ]
    for gpu, accelerator in zip(m.gpus, report.accelerators, strict=True):
        speed = f", {accelerator.bandwidth / 1e9:.0f} GB/s" if accelerator else ""
        lines.append(("graphics", f"{gpu.name}, {gpu.memory / 2**30:.1f} GiB{speed}"))
    lines += [] if m.gpus else [("graphics", "no card that can run models was found")]
    lines += [
        ("disk", f"{m.disk_free / 2**30:.0f} GiB free"),
        ("for models", f"{report.room.memory / 2**30:.1f} GiB of {report.room.name}"),
    ]
    rows([*lines, *_speeds(report)], indent=0, color=None)


def _speeds(report: "MachineReport") -> "Iterator[tuple[str, str]]":
    """What models of invented weights reached here, one line each."""
    found = report.calibration
    if found is None:
        yield "speed", "not measured with an engine yet: freehold machine --measure"
        return
    if found.missing:
        yield "speed", found.missing
        return
    yield "speed", f"{found.engine} {found.version or ''}, measured {found.measured}"
    if found.busy:
        least = min(point.share for point in found.points)
        left = f"other work took a part: {least:.0%} of the cores were left"
        yield "", f"{left}, so this is not kept; measure again when it is done"
    for point in found.points:
        yield (
            "",
            f"{point.layers} layers, {point.values / 1e6:.0f} M weights in {point.precision}: "
            f"{point.decode_speed:.1f} tokens per second writing "
            f"({point.weights * point.decode_speed / 1e9:.1f} GB/s), "
            f"{point.prefill_speed:.0f} reading "
            f"({2 * point.values * point.prefill_speed / 1e9:.0f} GFLOP/s)",
        )
