"""Reads a dataset card: its licenses and the datasets it was made from."""

from msgspec import Struct

from freehold.formats.claims import Claim, claims_in
from freehold.formats.front_matter import gate, open_card
from freehold.formats.structured import as_text, as_texts
from freehold.formats.text import Source


class DatasetCard(Struct, frozen=True):
    """What a card says of its dataset; sources are datasets, or `original` for new material."""

    licenses: tuple[str, ...]
    license_name: str | None
    license_link: str | None
    name: str | None
    sources: tuple[str, ...]
    tasks: tuple[str, ...]
    languages: tuple[str, ...]
    gated: str | None
    claims: tuple[Claim, ...]

    @property
    def license(self) -> str | None:
        """The license that the front matter names; the first where it names several."""
        return self.licenses[0] if self.licenses else None


def read_dataset_card(source: Source, name: str = "README.md") -> DatasetCard:
    """The dataset card; the Hub's `extended|name` becomes the name."""
    table, prose, _ = open_card(source, name)
    sources = as_texts(table.get("source_datasets"))
    return DatasetCard(
        licenses=as_texts(table.get("license")),
        license_name=as_text(table.get("license_name")),
        license_link=as_text(table.get("license_link")),
        name=as_text(table.get("pretty_name")),
        sources=tuple(text.removeprefix("extended|") for text in sources),
        tasks=as_texts(table.get("task_categories")),
        languages=as_texts(table.get("language")),
        gated=gate(table),
        claims=claims_in(prose),
    )
