"""How many of a destination's lanes a process works on at once, so that one that hangs does not eat the workers.

Rules of this file:
1. A destination has a window: one lane at first, one more with each attempt that arrives, at most WIDEST. An attempt
   that comes to nothing after SLOW or longer narrows it to one again. (TCP's slow start: RFC 5681, section 3.1.)
2. A destination whose last attempt took SLOW or longer is slow. All slow ones together get half of the workers at most;
   so a destination that answers quickly finds one, however many others hang.
3. Nothing is shared between processes: each finds out by itself, at the price of one attempt.

What it can't prevent: as many destinations as there are workers, none of them met before, all hanging at once. They
hold every worker for one attempt.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Outcome, Sent, Unknown
from bot.core.destination import DestinationId

WIDEST = 32
SLOW = 2 * SECOND
KEPT = 10_000
"""Destinations that are remembered; of the others the one that was longest without work is forgotten first."""
NAMED = 1_000
"""Slow destinations without work that a lease is told of at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Of one destination: how many lanes at once (`size`), how many there are now (`open`), whether it is slow."""

    size: int = 1
    open: int = 0
    slow: bool = False

    @property
    def room(self) -> int:
        """How many more lanes may be worked on."""
        return max(0, self.size - self.open)

    def after(self, outcome: Outcome, took: int) -> "Window":
        """The window after an attempt that took so many milliseconds."""
        slow = took >= SLOW
        match outcome:
            case Sent():
                return replace(self, size=min(self.size + 1, WIDEST), slow=slow)
            case Failed() | Unknown() if slow:
                return replace(self, size=1, slow=slow)
            case _:
                return replace(self, slow=slow)


class Windows:
    """The windows of one process with so many `workers`. Each change costs O(1), `rooms` O(lanes being worked on)."""

    def __init__(self, workers: int) -> None:
        self._most_slow = max(1, workers // 2)
        self._windows: OrderedDict[DestinationId, Window] = OrderedDict()
        self._open: dict[DestinationId, None] = {}
        self._slow: OrderedDict[DestinationId, None] = OrderedDict()
        self._slow_open = 0

    def __getitem__(self, place: DestinationId) -> Window:
        """The window of a destination."""
        return self._windows.get(place, Window())

    def begin(self, place: DestinationId) -> None:
        """One lane of the destination is being worked on."""
        window = self[place]
        self._put(place, replace(window, open=window.open + 1))

    def learn(self, place: DestinationId, outcome: Outcome, took: int) -> None:
        """An attempt came to an outcome, after so many milliseconds."""
        self._put(place, self[place].after(outcome, took))

    def end(self, place: DestinationId) -> None:
        """That lane is no longer worked on."""
        window = self[place]
        self._put(place, replace(window, open=window.open - 1))

    def rooms(self) -> Mapping[DestinationId, int]:
        """What `Outbox.lease` has to know: of each destination with lanes open, and of slow ones, how many more."""
        rooms = {place: self._windows[place].room for place in self._open}
        spare = max(0, self._most_slow - self._slow_open)
        # Those that waited longest come first, so that each gets its turn; those with lanes open come last.
        idle = islice((place for place in self._slow if place not in self._open), NAMED)
        for place in (*idle, *(place for place in self._open if place in self._slow)):
            rooms[place] = min(self._windows[place].room, spare)
            spare -= rooms[place]
        return rooms

    def _put(self, place: DestinationId, window: Window) -> None:
        former = self[place]
        self._slow_open += window.open * window.slow - former.open * former.slow
        self._windows[place] = window
        self._windows.move_to_end(place)
        if window.open:
            self._open[place] = None
        else:
            self._open.pop(place, None)
        if window.slow:
            self._slow[place] = None
            if window.open > former.open:
                self._slow.move_to_end(place)
        else:
            self._slow.pop(place, None)
        while len(self._windows) - len(self._open) > KEPT:
            self._forget()

    def _forget(self) -> None:
        for place, window in self._windows.items():
            if not window.open:
                del self._windows[place]
                self._slow.pop(place, None)
                return
