"""What every place that models come from can do: open headers, and offer files to be fetched.

How to add one: write `sources/NAME.py` with a function `supplier(what, *, token=None,
endpoint=None, sleep=time.sleep) -> Supplier`, and name its prefix in `sources/suppliers.py`.
`offer()` lists the files (names made safe by `listing.unsafe_name`, digests as the publisher
gives them), `address()` says where one of them is asked for. Fetching, resuming, verifying,
storing and recording are done for all of them (`sources/download.py`, `actions/get.py`).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from freehold.core.errors import FreeholdError
from freehold.core.http import Answer
from freehold.formats.cursor import Source
from freehold.store.offer import Address, Offer, Offered


class Place(Protocol):
    """A folder somewhere, of which single files can be opened."""

    @property
    def name(self) -> str:
        """What the model is called there."""

    @property
    def ahead(self) -> int:
        """How many files are worth opening at once."""

    @property
    def requests(self) -> int:
        """How often a server was asked."""

    @property
    def files(self) -> Mapping[str, int | None] | None:
        """The bytes of every file, where they are known; None where there is no list."""

    def small(self, path: str, most: int) -> bytes:
        """All bytes of a small file; raises NotFound, or BrokenInput where it is larger."""

    def open(self, path: str) -> AbstractContextManager[Source]:
        """A file whose header can be read."""

    def size(self, path: str) -> int:
        """The bytes of a file that was opened."""


class Supplier(Protocol):
    """One model at a source, of which files can be fetched."""

    def offer(self) -> Offer:
        """What is there; raises NotFound, NotAllowed, BrokenInput, EnvironmentProblem."""

    def address(self, file: Offered) -> Address:
        """Where a file is asked for; asked once more when a server says that an address is over.

        Not called for files that have a `local` path.
        """

    def refusal(self, answer: Answer) -> FreeholdError:
        """What an answer other than 200, 206, 429 and 5xx means, with the next step as hint."""
