"""Splits a card into its YAML front matter and its prose, and reads what all cards have."""

from freehold.core.errors import BrokenInput
from freehold.formats.structured import Table, as_table, as_text, read_yaml
from freehold.formats.text import Source, name_of, text_of

MOST_CARD = 2**20
GATED = (
    *("extra_gated_heading", "extra_gated_description", "extra_gated_prompt"),
    *("extra_gated_eu_disallowed", "extra_gated_button_content"),
)


def open_card(source: Source, name: str) -> tuple[Table, str, int]:
    """The front matter as a table (empty where there is none), the prose, and its first line."""
    name = name_of(source, name)
    text = text_of(source, MOST_CARD, name)
    front, prose = split(text, name)
    table = read_yaml(front, f"{name}: front matter") if front.strip() else {}
    return table, prose, 1 + len(text.splitlines()) - len(prose.splitlines())


def split(text: str, name: str) -> tuple[str, str]:
    """(front matter, prose); the front matter stands between lines of three dashes at the top."""
    lines = text.removeprefix("\ufeff").lstrip().splitlines(keepends=True)
    if not lines or lines[0].strip() != "---":
        return "", text
    for n, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "".join(lines[1:n]), "".join(lines[n + 1 :])
    if len(lines) > 1 and ":" in lines[1]:
        raise BrokenInput(f"{name}: its front matter has no end")
    return "", text  # only a line drawn at the top


def gate(table: Table) -> str | None:
    """What people read and are asked before they may download, where the download is gated."""
    texts = [as_text(table.get(key)) for key in GATED]
    texts += [as_text(field) for field in as_table(table.get("extra_gated_fields"))]
    return "\n".join(filter(None, texts)) or None
