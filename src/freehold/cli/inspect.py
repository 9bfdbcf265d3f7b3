"""`freehold inspect`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from freehold.cli._inspect_numbers import print_difference, print_statistics, share
from freehold.cli._inspect_tree import print_tree, shape_words
from freehold.cli._out import as_json, print_json, rows, say, title
from freehold.cli._progress import Progress, amount
from freehold.core.counts import spoken

if TYPE_CHECKING:
    from freehold.actions.inspect import Inspection
    from freehold.actions.inspect_storage import Store
    from freehold.actions.inspect_tokenizer import Template, Tokenizer


@click.command(short_help="Look inside a model: tree, types, tokenizer, weights, what moved.")
@click.argument("model")
@click.option("--stats", is_flag=True, help="Read every weight: norm, spread, zeros, outliers.")
@click.option("--against", metavar="MODEL", help="Compare with this one, made from MODEL.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE.svg",
              help="Draw what moved, layer by layer.")  # fmt: skip
@click.option("--template", is_flag=True, help="Render the chat template for a short talk.")
@click.option("--text", metavar="TEXT", help="Show how the tokenizer splits a text.")
@click.option("--tensors", metavar="PATTERN", help="List single tensors: attn, 'blk.0.*'.")
@click.option("--depth", type=click.IntRange(1, 30), help="Levels of the tree that are shown.")
@as_json
def command(
    model: str, output: Path | None, tensors: str | None, depth: int | None, as_json: bool,
    **asked: Any,
) -> None:  # fmt: skip
    """Show what is inside a model: a file, a folder, a name in the store, hf:OWNER/NAME.

    Headers alone tell most; --stats and --against read every weight, in blocks, without loading
    the model (they need numpy: pip install 'freehold[inspect]').

    \b
    Examples:
      freehold inspect model.gguf
      freehold inspect model.gguf --text "Hello world" --template
      freehold inspect model.gguf --tensors ffn --json
    """
    from freehold.actions.inspect import Watch, inspect

    if output:
        from freehold.actions.inspect_svg import check_target, write_map

        check_target(output, asked["against"])
    with Progress() as progress:
        watch = Watch(lambda total: progress.begin(progress.here + total), progress.bytes)
        found = inspect(model, watch=watch, **asked)
    if output and found.difference:
        write_map(found.difference, output)
    if as_json:
        print_json(found.form(tensors))
        return
    if tensors is None:
        show(found, depth)
    else:
        print_tensors(found, tensors)
    if output:
        say(f"The map is in {output}")


def show(found: "Inspection", depth: int | None) -> None:
    """Print all that was found: what, tree, types, tokenizer, template, numbers, notes."""
    kind = f"{found.architecture} in {found.format}" if found.architecture else found.format
    say(f"{found.name}: {kind}, {spoken(found.parameters)} parameters in {amount(found.size)}, "
        f"{found.bits:.2f} bits a weight")  # fmt: skip
    if found.settings:
        say(", ".join(f"{word} {value:,}" for word, value in found.settings.items()))
    if found.difference:
        print_difference(found.difference)
    else:
        print_tree(found.tree, depth)
        _storage(found)
        _words(found.tokenizer, found.template)
    if found.statistics:
        print_statistics(found.statistics)
    if found.notes:
        click.echo()
        rows([("note", note) for note in found.notes], indent=0, color=None)


def print_tensors(found: "Inspection", pattern: str) -> None:
    """Print single tensors, one a line, with their numbers where these were read."""
    from freehold.actions.inspect import chosen
    from freehold.cli._inspect_numbers import moment_cells, moment_heads, shift_cells, shift_heads

    moments = {r.name: r.moments for r in found.statistics.rows} if found.statistics else {}
    shifts = {p.name: p.shift for p in found.difference.pairs} if found.difference else {}
    head = ["tensor", "type", "shape"]
    head += moment_heads() if moments else []
    head += shift_heads() if shifts else []
    lines = [
        [t.name, t.dtype, shape_words(t.shape),
         *(moment_cells(moments.get(t.name)) if moments else []),
         *(shift_cells(shifts.get(t.name)) if shifts else [])]
        for t in chosen(found.tensors, pattern)
    ]  # fmt: skip
    if lines:
        rows([head, *lines], indent=0, color=None)
    else:
        say(f"No tensor of {found.name} is named {pattern!r}.")


def _storage(found: "Inspection") -> None:
    title("How it is stored")
    head = ("", "parameters", "bytes", "bits", "in")
    rows([head, *map(_stored, found.kinds)], color=None)
    if len(found.types) > 1:
        click.echo()
        rows([head, *map(_stored, found.types)], color=None)
    if found.mixed:
        click.echo()
        rows([(one.role, "; ".join(f"{dtype} in {at}" for dtype, at in one.layers.items()))
              for one in found.mixed], color=None)  # fmt: skip


def _stored(one: "Store") -> tuple[str, ...]:
    many = sorted(one.types.items(), key=lambda item: -item[1])
    types = ", ".join(f"{dtype} {share(count, one.parameters)}" if len(many) > 1 else dtype
                      for dtype, count in many)  # fmt: skip
    tensors = "" if types == one.name else types
    return (
        one.name, spoken(one.parameters), amount(one.size), f"{one.bits:.2f}",
        tensors or f"{one.tensors:,} tensors",
    )  # fmt: skip


def _words(known: "Tokenizer | None", template: "Template | None") -> None:
    """Print the tokenizer and the chat template."""
    if known:
        title("Tokenizer")
        rows(_tokenizer(known), color=None)
    if template is None:
        return
    if template.rendered is None:
        why = template.why or "--template renders it for a short talk"
        rows([("template", f"{template.length:,} characters in {template.source}; {why}")],
             color=None)  # fmt: skip
        return
    title("Chat template, rendered for a short talk")
    for line in template.rendered.splitlines():
        click.echo("  " + printable(line))


def _tokenizer(known: "Tokenizer") -> Iterator[tuple[str, str]]:
    size = f", {known.size:,} tokens" if known.size else ""
    pre = f", words cut as {known.pre}" if known.pre and known.source != "tokenizer.json" else ""
    yield "kind", f"{known.kind}{size}{pre} ({known.source})"
    if known.specials:
        told = (f"{role} {printable(text or '')} ({'-' if number is None else number})"
                for role, (number, text) in known.specials.items())  # fmt: skip
        yield "special", ", ".join(told)
    if known.marked:
        more = f", and {known.marked - len(known.marks):,} more"
        first = " ".join(map(printable, known.marks))
        yield "marks", first + (more if known.marked > len(known.marks) else "")
    if known.pieces is not None:
        pieces = "|".join(map(printable, known.pieces))
        yield "split", f"{pieces}  ({len(known.pieces):,} tokens)"
    if known.unsplit:
        yield "split", f"not told: {known.unsplit}"


def printable(text: str) -> str:
    """A text without signs that turn the writing or cannot be seen."""
    return "".join(s if s.isprintable() else repr(s)[1:-1] for s in text[:2_000])
