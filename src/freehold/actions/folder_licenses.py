"""Licenses that stand only in a folder: of them only what they take away is believed."""

from hashlib import sha256

from msgspec.structs import replace

from freehold.actions.folder_beside import limited, limits_of
from freehold.actions.folder_reading import LicenseFile
from freehold.judge.licensing import UNRECOGNIZED
from freehold.knowledge.base import KnowledgeBase
from freehold.knowledge.types import License


def text_ids(file: LicenseFile) -> tuple[str, ...]:
    """The licenses that a file is the whole text of; one of its own where it is no known text."""
    if file.kind != "license":
        return ()
    known = file.found.relation in ("exact", "several")
    return file.found.ids if known else (own_id(file),)


def own_id(file: LicenseFile) -> str:
    """An id for a text that is no known license, the same for the same path and terms."""
    told = repr((file.path, [(c.kind, c.value) for c in file.found.terms], file.found.differences))
    return f"{UNRECOGNIZED}{sha256(told.encode()).hexdigest()[:8]}"


def own_license(file: LicenseFile, base: KnowledgeBase) -> License | None:
    """A license of which only the limits are believed: nothing it grants counts as granted.

    A changed license keeps the limits of the known one.
    """
    if file.found.relation not in ("changed", "unknown"):
        return None
    known = [license.limits for id in file.found.ids if (license := base.license(id))]
    told = limits_of(file.found.terms)
    limits = tuple(dict.fromkeys([*(limit for row in known for limit in row), *told]))
    like = f", like {file.found.ids[0]} with changes" if file.found.ids else ""
    made = limited(own_id(file), file.path, list(limits))
    return replace(made, name=f"The text in {file.path}{like}", short=f"the text in {file.path}")
