"""The keys that open the server: made, kept as digests, checked in constant time."""

from msgspec import Struct


class Key(Struct, frozen=True, kw_only=True):
    """One key and what it may do."""

    id: str
