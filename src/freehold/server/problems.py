"""What can go wrong with a request, in one form that each dialect then says in its own."""

from typing import Literal

from freehold.core.errors import (
    BrokenInput,
    EnvironmentProblem,
    FreeholdError,
    NotAllowed,
    NotFound,
    UsageError,
)
from freehold.engines.hosting.wire import Broken, Refusal

Kind = Literal[
    "invalid", "unauthorized", "forbidden", "missing", "too_large", "slow", "limited", "busy",
    "broken", "unsupported", "guarded", "gone", "bug",
]  # fmt: skip
STATUS: dict[Kind, int] = {
    "invalid": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "missing": 404,
    "slow": 408,
    "gone": 409,
    "too_large": 413,
    "unsupported": 501,
    "limited": 429,
    "busy": 503,
    "broken": 502,
    "bug": 500,
    "guarded": 400,
}


class Refused(Exception):
    """A request that is not answered: its kind, what is wrong, and where."""

    def __init__(
        self,
        kind: Kind,
        says: str,
        *,
        param: str | None = None,
        code: str | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(says)
        self.kind: Kind = kind
        self.says, self.param, self.code, self.wait = says, param, code, wait

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS[self.kind]

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with it: when to come again, how to say who asks."""
        found = {}
        if self.wait is not None:
            found["Retry-After"] = str(max(1, round(self.wait)))
        if self.kind == "unauthorized":
            found["WWW-Authenticate"] = "Bearer"
        return found


def understood(error: Exception) -> Refused:
    """Any error that an answer can end with, also those of the way to an engine."""
    if isinstance(error, Refusal | Broken):
        return Refused("broken", f"the engine refuses: {error}", code="engine")
    return refusal(error)


def refusal(error: Exception) -> Refused:
    """Any error of ours as a refused request; others stay what they are."""
    if isinstance(error, Refused):
        return error
    if not isinstance(error, FreeholdError):
        raise error
    says = f"{error}; {error.hint}" if error.hint else str(error)
    if isinstance(error, NotFound):
        return Refused("missing", says, param="model", code="model_not_found")
    if isinstance(error, NotAllowed):
        return Refused("forbidden", says, code="policy")
    if isinstance(error, UsageError):
        return Refused("invalid", says, code=_code(str(error)))
    if isinstance(error, EnvironmentProblem):
        return Refused("busy", says, code="engine", wait=5)
    return Refused("invalid" if isinstance(error, BrokenInput) else "broken", says)


def _code(says: str) -> str | None:
    """The code that clients know for a prompt that is too long."""
    return "context_length_exceeded" if "the context holds" in says else None
