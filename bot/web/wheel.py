"""A timer wheel: many things that come round once a period, with one timer for all of them."""

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Wheel(Generic[T]):
    """Things in slots; each `turn` gives those of the next slot, so each thing comes round once in `slots` turns."""

    def __init__(self, slots: int) -> None:
        self._slots: list[dict[T, None]] = [{} for _ in range(slots)]
        self._slot_of: dict[T, dict[T, None]] = {}
        self._next = 0

    def add(self, thing: T) -> None:
        """Put it into the emptiest slot: a crowd that comes at once does not come round at once."""
        slot = min(self._slots, key=len)
        slot[thing] = None
        self._slot_of[thing] = slot

    def remove(self, thing: T) -> None:
        """Forget it; unknown things are ignored."""
        slot = self._slot_of.pop(thing, None)
        if slot is not None:
            del slot[thing]

    def turn(self) -> list[T]:
        """What comes round now."""
        slot = self._slots[self._next]
        self._next = (self._next + 1) % len(self._slots)
        return list(slot)
