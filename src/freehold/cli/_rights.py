"""How permits and obligations are shown, for models and licenses alike."""

from collections.abc import Iterable

from freehold.cli._out import rows, title
from freehold.judge.answers import Obligation, Permit
from freehold.judge.obligations import OCCASIONS


def show_rights(permits: Iterable[Permit], obligations: Iterable[Obligation]) -> None:
    """Print what one may and what one must do."""
    title("You may")
    rows((permit.use, permit.verdict, permit.because) for permit in permits)
    must = [(OCCASIONS[row.when], row.do) for row in obligations]
    if must:
        title("You must")
        rows(must, color=None)
