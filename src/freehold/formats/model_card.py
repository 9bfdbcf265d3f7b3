"""Reads a model card: the front matter, and what the prose claims about openness and license."""

from msgspec import Struct

from freehold.formats.card_topics import length, results, topics
from freehold.formats.claims import Claim, claims_in
from freehold.formats.front_matter import gate, open_card
from freehold.formats.hints import Hint, hints_in
from freehold.formats.links import lines_of
from freehold.formats.structured import as_text, as_texts
from freehold.formats.text import Source


class ModelCard(Struct, frozen=True):
    """What a card says of its model; `gated` is the text shown before a gated download.

    `hints` are signs of parts of the release, `topics` what the prose covers, `words` how many
    words it has, `results` what was measured.
    """

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
    hints: tuple[Hint, ...]
    results: tuple[str, ...]
    topics: tuple[str, ...]
    words: int
    prose: str

    @property
    def license(self) -> str | None:
        """The license that the front matter names; the first where it names several."""
        return self.licenses[0] if self.licenses else None


def read_card(source: Source, name: str = "README.md") -> ModelCard:
    """The model card: tags as they stand there, prose as sentences that claim something."""
    table, prose, first = open_card(source, name)
    lines = lines_of(prose, first)
    tags = as_texts(table.get("tags"))
    base_models = as_texts(table.get("base_model"))
    tagged, relation = tagged_bases(tags)
    return ModelCard(
        licenses=as_texts(table.get("license")) or tuple(_after(tags, "license:")),
        license_name=as_text(table.get("license_name")),
        license_link=as_text(table.get("license_link")),
        base_models=tuple(dict.fromkeys((*base_models, *tagged))),
        relation=as_text(table.get("base_model_relation")) or relation,
        datasets=as_texts(table.get("datasets")) or tuple(_after(tags, "dataset:")),
        tags=tags,
        languages=as_texts(table.get("language")),
        pipeline_tag=as_text(table.get("pipeline_tag")),
        library=as_text(table.get("library_name")),
        gated=gate(table),
        claims=claims_in(prose),
        hints=hints_in(lines),
        results=results(table, lines),
        topics=topics(lines),
        words=length(lines),
        prose=prose,
    )


def tagged_bases(tags: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The bases, and how it was made from them, as tags of the Hub write it.

    `base_model:lab/lama`, `base_model:finetune:lab/lama`.
    """
    found: dict[str, str | None] = {}
    for said in _after(tags, "base_model:"):
        relation, mark, name = said.partition(":")
        name = name if mark else relation
        if name:
            found[name] = relation if mark else found.get(name)
    return tuple(found), next((relation for relation in found.values() if relation), None)


def _after(tags: tuple[str, ...], mark: str) -> list[str]:
    """What stands behind this mark in each tag that begins with it."""
    return [tag[len(mark) :].strip() for tag in tags if tag.startswith(mark)]
