"""Answers kept for a while, so that a burst of questions is not a burst of calls."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEPT = 2_000


class Remembered(Generic[K, V]):
    """The latest answers, each for `seconds`; `clock` gives seconds that never go back.

    Who asks while the same question is on its way waits for the same answer: the call is nobody's own, and goes on
    where one who waits for it is cancelled. Failures are told to all who wait, and not kept.
    """

    def __init__(self, clock: Callable[[], float], *, seconds: float, most: int = KEPT) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._asking: dict[K, asyncio.Task[V]] = {}

    async def ask(
        self,
        key: K,
        find: Callable[[], Awaitable[V]],
        *,
        within: float | None = None,
        keep: Callable[[V], bool] = lambda _: True,
    ) -> V:
        """The answer: one at most `within` seconds old where given, else `find`'s, kept if it is to be."""
        if key in self._kept:
            since, value = self._kept[key]
            if self._clock() - since < (self._seconds if within is None else min(within, self._seconds)):
                return value
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._find(key, find, keep), name=f"ask {key}")
            asking.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(asking)

    def drop(self, key: K) -> None:
        """Forget an answer, and the one that is on its way: it may be of before."""
        self._kept.pop(key, None)
        self._asking.pop(key, None)

    async def _find(self, key: K, find: Callable[[], Awaitable[V]], keep: Callable[[V], bool]) -> V:
        since = self._clock()
        value = await find()
        if self._asking.get(key) is asyncio.current_task():
            self._kept.pop(key, None)
            if keep(value):
                self._kept[key] = (since, value)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def _ended(self, key: K, ended: asyncio.Task[V]) -> None:
        if self._asking.get(key) is ended:
            del self._asking[key]
        if not ended.cancelled():
            ended.exception()  # everyone who asked may be gone; then nobody else would look at it
