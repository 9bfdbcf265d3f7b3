"""Every error that Freehold raises on purpose, with its exit code and HTTP status.

FreeholdError              1  400
|-- UsageError             2  400   the question cannot be understood
|   |-- NotFound           2  404   no model, license or word of that name
|   `-- Contradiction      2  400   two demands that cannot both hold
|-- NotAllowed             1  403   it is there, but not for everybody
|-- BrokenInput            3  422   a file that was read is not what it should be
`-- EnvironmentProblem     4  500   this machine lacks something
    `-- Interrupted        4  500   what worked on it ended; it may be asked again
"""

from collections.abc import Iterable, Sequence


class FreeholdError(Exception):
    """What happened and why; `hint` is the next command to try."""

    exit_code = 1
    http_status = 400

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(FreeholdError):
    """The question cannot be understood."""

    exit_code = 2


class NotFound(UsageError):
    """Nothing of that name; `nearest` holds the names that look most like it."""

    http_status = 404

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str | None = None):
        self.nearest = nearest(name, known)
        offer = f"; the nearest: {', '.join(self.nearest)}" if self.nearest else ""
        super().__init__(f"there is no {kind} {name!r}{offer}", hint=hint)


class Contradiction(UsageError):
    """Two demands that cannot both hold; the message names both."""


class NotAllowed(FreeholdError):
    """It is there, but not for everybody: somebody must grant access first."""

    exit_code = 1
    http_status = 403


class BrokenInput(FreeholdError):
    """A file that was read is not what it should be."""

    exit_code = 3
    http_status = 422


class EnvironmentProblem(FreeholdError):
    """This machine lacks something that is needed."""

    exit_code = 4
    http_status = 500


class Interrupted(EnvironmentProblem):
    """What worked on something ended in the middle of it; the same may be asked again."""


def nearest(name: str, known: Iterable[str], most: int = 5) -> Sequence[str]:
    """The known names that look most like `name`, best first; those that contain it lead."""
    from difflib import get_close_matches

    wanted = name.casefold()[:100]
    by_fold = {item.casefold(): item for item in known}
    inside = sorted((k for k in by_fold if len(wanted) > 2 and wanted in k), key=len)
    alike = get_close_matches(wanted, by_fold, n=most, cutoff=0.6)
    return [by_fold[key] for key in dict.fromkeys([*inside, *alike])][:most]
