"""Write the reference pages that follow from code and facts, or check that they are current.

python scripts/generate_docs.py           write docs/reference/{commands,licenses,models,runs}.md
python scripts/generate_docs.py --check   exit 1 when one of them is out of date
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from freehold.actions.models import models
from freehold.cli.main import command
from freehold.judge.licensing import is_open, permits
from freehold.knowledge.base import KnowledgeBase

sys.path.insert(0, str(Path(__file__).parent.parent))
from scripts import runs_page

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Written by scripts/generate_docs.py; `make fix` writes it anew. -->\n"


def commands() -> str:
    """The help of every command."""
    parts = ["# Commands\n", NOTE]
    for path, found in walk(command, "freehold"):
        with click.Context(found, info_name=path, max_content_width=90, terminal_width=90) as ctx:
            parts.append(f"## `{path}`\n\n```text\n{found.get_help(ctx)}\n```\n")
    return "\n".join(parts)


def walk(found: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and those inside it, with their full names."""
    yield path, found
    if isinstance(found, click.Group):
        context = click.Context(found)
        for name in found.list_commands(context):
            inner = found.get_command(context, name)
            assert inner is not None
            yield from walk(inner, f"{path} {name}")


def licenses(base: KnowledgeBase) -> str:
    """A table of all licenses with the main verdicts for somebody of whom nothing is known."""
    lines = ["# Licenses\n", NOTE, "| id | kind | open | text read | commercial | modify | host |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    kinds = tuple(base.words["modalities"])
    for license in base.licenses():
        by_use = {p.use: p.verdict for p in permits(license, modalities=kinds)}
        read = "yes" if license.text.read else "no"
        lines.append(
            f"| {license.id} | {license.kind} | {'yes' if is_open(license) else 'no'} | {read} "
            f"| {by_use['commercial']} | {by_use['modify']} | {by_use['host']} |"
        )
    return "\n".join(lines) + "\n"


def families(base: KnowledgeBase) -> str:
    """A table of all families with their level and the licenses that bind."""
    lines = ["# Models, services and toolkits\n", NOTE, "| id | maker | kind | level | licenses |",
             "|---|---|---|---|---|"]  # fmt: skip
    for row in sorted(models(base=base), key=lambda row: row.family.id):
        family = row.family
        terms = ", ".join(row.licenses)
        lines.append(f"| {family.id} | {family.maker} | {family.kind} | {row.level} | {terms} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or compare the pages."""
    base = KnowledgeBase()
    pages = {"commands": commands(), "licenses": licenses(base), "models": families(base),
             "runs": runs_page.page(NOTE)}  # fmt: skip
    old = [n for n, text in pages.items() if not _is(REFERENCE / f"{n}.md", text)]
    if "--check" in sys.argv:
        for name in old:
            print(f"docs/reference/{name}.md is out of date; make fix writes it anew")
        return 1 if old else 0
    for name in old:
        (REFERENCE / f"{name}.md").write_text(pages[name], encoding="utf-8")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
