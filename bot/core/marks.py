"""What a card's buttons carry: enough to find the card's event again, and nothing that could be read.

A mark proves nothing: who may do what with the event is looked at on each click.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.delivery import Delivery
from bot.core.event import Event, EventKey

_MARK: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([0-9a-f]{1,12})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event, when it says that it happened, and when its delivery entered the outbox, in ms since the epoch.

    Kafka has it at one of the two times, or shortly before.
    """

    event: EventKey
    time: int
    appended: int

    def __str__(self) -> str:
        """At most 58 characters: `read_mark` reads them."""
        return f"{self.event}.{max(0, self.time):x}.{max(0, self.appended):x}"


def mark(event: Event, delivery: Delivery) -> Mark:
    """The mark of a delivery's event."""
    time = (event.time - _EPOCH) // timedelta(milliseconds=1)
    return Mark(event=event.key, time=max(0, time), appended=max(0, delivery.appended))


def read_mark(text: str) -> Mark | None:
    """Read what `str` of a mark gives; None for anything else."""
    found = _MARK.fullmatch(text)
    if found is None:
        return None
    key, time, appended = found.groups()
    return Mark(event=EventKey(key), time=int(time, 16), appended=int(appended, 16))
