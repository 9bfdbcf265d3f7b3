"""Prints the tree of a model with lines, shapes and counts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from freehold.cli._out import rows, title
from freehold.core.counts import spoken

if TYPE_CHECKING:
    from freehold.actions.inspect_tree import Branch

MOST_LINES = 60
"""Of the tree, where no depth was asked for."""
LONGEST_NAME = 44


def print_tree(tree: "Branch", depth: int | None) -> None:
    """Print the tree, as deep as asked or as fits into a screen or two."""
    title("Architecture")
    lines = list(lines_of(tree, depth or _fitting(tree)))
    rows(lines, color=None)
    if depth is None and _count(tree, 30) > len(lines):
        click.echo("  (--depth shows more)")


def lines_of(tree: "Branch", depth: int) -> Iterator[tuple[str, str, str, str]]:
    """The cells of each line below the root: name, shape or copies, parameters, types."""
    yield from _below(tree, depth, "", 1)


def _below(
    tree: "Branch", depth: int, before: str, copies: int
) -> Iterator[tuple[str, str, str, str]]:
    for n, branch in enumerate(tree.inside):
        last = n == len(tree.inside) - 1
        all_copies = copies * branch.times
        name = branch.name if len(branch.name) <= LONGEST_NAME else branch.name[:43] + "…"
        yield (
            f"{before}{'└─ ' if last else '├─ '}{name}",
            _extent(branch),
            _each(branch, all_copies),
            ", ".join(branch.types) if branch.shape is not None or depth == 1 else "",
        )
        if depth > 1:
            yield from _below(branch, depth - 1, before + ("   " if last else "│  "), all_copies)


def _extent(branch: "Branch") -> str:
    """How often a module is there, or the shape of a tensor."""
    shape = "" if branch.shape is None else shape_words(branch.shape)
    return f"{branch.times:,} of {shape}".rstrip(" of") if branch.times > 1 else shape


def _each(branch: "Branch", copies: int) -> str:
    each = branch.parameters // copies
    return f"{spoken(each)} each" if branch.times > 1 else spoken(each)


def shape_words(shape: tuple[int, ...]) -> str:
    """A shape as people write it, rows first."""
    return " × ".join(f"{side}" for side in shape) or "1 number"


def _fitting(tree: "Branch") -> int:
    """The deepest tree that still has few lines; two levels at least."""
    depth = 2
    while depth < 30 and _count(tree, depth) < _count(tree, depth + 1) <= MOST_LINES:
        depth += 1
    return depth


def _count(tree: "Branch", depth: int) -> int:
    """The lines that a tree takes."""
    return sum(1 + _count(b, depth - 1) for b in tree.inside) if depth else 0
