"""Reads a model card: the front matter, and what the prose claims about openness and license."""

from msgspec import Struct

from freehold.formats.claims import Claim, claims_in
from freehold.formats.front_matter import gate, open_card
from freehold.formats.structured import as_text, as_texts
from freehold.formats.text import Source


class ModelCard(Struct, frozen=True):
    """What a card says of its model; `gated` is the text shown before a gated download."""

    licenses: tuple[str, ...]
    license_name: str | None
    license_link: str | None
    base_models: tuple[str, ...]
    relation: str | None
    datasets: tuple[str, ...]
    tags: tuple[str, ...]
    languages: tuple[str, ...]
    pipeline_tag: str | None
    library: str | None
    gated: str | None
    claims: tuple[Claim, ...]
    prose: str

    @property
    def license(self) -> str | None:
        """The license that the front matter names; the first where it names several."""
        return self.licenses[0] if self.licenses else None


def read_card(source: Source, name: str = "README.md") -> ModelCard:
    """The model card: tags as they stand there, prose as sentences that claim something."""
    table, prose = open_card(source, name)
    return ModelCard(
        licenses=as_texts(table.get("license")),
        license_name=as_text(table.get("license_name")),
        license_link=as_text(table.get("license_link")),
        base_models=as_texts(table.get("base_model")),
        relation=as_text(table.get("base_model_relation")),
        datasets=as_texts(table.get("datasets")),
        tags=as_texts(table.get("tags")),
        languages=as_texts(table.get("language")),
        pipeline_tag=as_text(table.get("pipeline_tag")),
        library=as_text(table.get("library_name")),
        gated=gate(table),
        claims=claims_in(prose),
        prose=prose,
    )
