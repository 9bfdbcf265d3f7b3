"""A bounded line for the slots of one model, fair between those who ask."""

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

from freehold.server.problems import Refused

T = TypeVar("T")


class Line(Generic[T]):
    """Who waits for a slot: first come, first served for each, and each in turn."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: OrderedDict[str, deque[asyncio.Future[T]]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def join(self, who: str, wait: float = 1.0) -> "asyncio.Future[T]":
        """A place in the line; Refused when it is full."""
        if self._count >= self.most:
            says = f"{self._count} requests wait for this model already"
            raise Refused("limited", says, code="queue_full", wait=wait)
        place: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(place)
        self._count += 1
        return place

    def leave(self, who: str, place: "asyncio.Future[T]") -> None:
        """Give up a place; nothing when it was called already."""
        own = self._waiting.get(who)
        if own and place in own:
            own.remove(place)
            self._count -= 1
            if not own:
                del self._waiting[who]

    def call(self, slot: T) -> bool:
        """Give a slot to the next; False when nobody waits."""
        while self._waiting:
            who, own = next(iter(self._waiting.items()))
            place = own.popleft()
            self._count -= 1
            self._waiting.move_to_end(who)
            if not own:
                del self._waiting[who]
            if not place.done():
                place.set_result(slot)
                return True
        return False

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits that there will be no slot."""
        for own in self._waiting.values():
            for place in own:
                if not place.done():
                    place.set_exception(error)
        self._waiting.clear()
        self._count = 0
