"""Work of which only the newest counts: views that are drawn again and again."""

from collections.abc import Awaitable, Callable, Hashable

Work = Callable[[], Awaitable[None]]


class Latest:
    """Does the work for a key one at a time; of what comes meanwhile, only what came last is done after it."""

    def __init__(self) -> None:
        self._next: dict[Hashable, Work | None] = {}

    async def do(self, key: Hashable, work: Work) -> None:
        """Do it, or leave it to who does the key's work now; what was left before is not done any more."""
        busy = key in self._next
        self._next[key] = work
        if busy:
            return
        try:
            while (waiting := self._next[key]) is not None:
                self._next[key] = None
                await waiting()
        finally:
            del self._next[key]
