"""Terms of a model that is on its way: what needs agreement, and having it (`acceptance.py`)."""

import shlex
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from freehold.actions.acceptance import Terms, require, terms_with
from freehold.actions.get_papers import Judged
from freehold.judge import terms as judged_terms
from freehold.knowledge.base import open_base


class Agreement(Struct, frozen=True):
    """Terms that must be agreed to; `digest` is the SHA-256 of the text, `duties` are sentences."""

    of: Terms
    license: str
    name: str
    digest: str
    duties: tuple[str, ...]
    terms: str = ""

    def form(self) -> dict[str, Any]:
        """The JSON form."""
        return {**self.of.form(), "duties": list(self.duties)}


def agreements(
    judged: Judged, known: judged_terms.Terms | None = None, *, gated: bool = False, model: str = ""
) -> list[Agreement]:
    """What must be agreed to before files are had: by the files, and by facts.

    `known` are the terms of a model that the knowledge base knows by that name.
    """
    found = terms_with(
        judged.report, judged.texts, model, base=open_base(), gated=gated, known=known
    )
    return [_plain(one) for one in found]


def settle(
    wanted: list[Agreement], accept: tuple[str, ...], ask: Callable[[Agreement], bool] | None,
    model: str,
) -> None:  # fmt: skip
    """See to it that all terms are accepted: once before, now by digest, or by a person asked.

    NotAllowed names the digests. An acceptance that cannot be written down counts not.
    """
    from msgspec.structs import replace

    said = (lambda terms: "yes" if ask(_plain(terms)) else "") if ask else None
    terms = [replace(one.of, model=model) for one in wanted]
    again = f"freehold get {shlex.quote(model)} --accept"
    require(terms, given=accept, ask=said, again=again)


def _plain(one: Terms) -> Agreement:
    a = one.agreement
    duties = tuple(row.do for row in a.obligations)
    return Agreement(one, a.license, a.name, a.digest, duties, one.text)
