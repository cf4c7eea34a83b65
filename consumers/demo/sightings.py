"""What each message of the workspace's ledger comes to tell, be it a card, rows, or a summary that counts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bot.core.delivery import delivery_id
from bot.core.destination import DestinationId
from bot.core.event import event_key
from bot.render.message import summed_up
from consumers.demo.story import SOURCE

_MARK: Final = 8
"""Hexadecimal digits of a delivery's id that a summary's metadata has of it."""


class Sightings:
    """Reads entries in the ledger's order.

    `places` names conversations by their channel's id; `known` gives the ids of all events that may have been
    published, before anybody can have seen them. A summary marks deliveries, so that what it tells is known by hashing
    every event that it can be. Of 25,000 events and 1,000 such marks one is taken for another's in one of 170 runs.
    """

    def __init__(self, places: Mapping[str, DestinationId], known: Callable[[], Iterable[str]]) -> None:
        self._places = places
        self._known = known
        self._told: dict[tuple[str, str], set[str]] = {}
        self._hashed: dict[str, set[str]] = {}
        self._marked: dict[str, dict[str, str]] = {}

    def of(self, entry: Mapping[str, Any]) -> list[str]:
        """Ids of the events that the message tells and did not tell before, in its order.

        A message that was changed goes on telling what it told before, which is nothing new; told by another message it
        would be. A mark of no event that is known is given as `mark …`.
        """
        before = self._told.setdefault((entry["channel"], entry["ts"]), set())
        new = [event for event in self._events(entry) if event not in before]
        before.update(new)
        return new

    def _events(self, entry: Mapping[str, Any]) -> Iterable[str]:
        metadata = entry["metadata"] or {}
        if (summed := summed_up(metadata)) is not None:
            return [self._event(entry["channel"], mark) for mark in summed.in_order]
        return filter(None, str(metadata.get("event_payload", {}).get("events", "")).split(","))

    def _event(self, channel: str, mark: str) -> str:
        marked = self._marked.setdefault(channel, {})
        place = self._places.get(channel)
        if mark not in marked and place is not None:
            hashed = self._hashed.setdefault(channel, set())
            fresh = set(self._known()) - hashed
            hashed |= fresh
            marked |= {delivery_id(event_key(SOURCE, event), place)[:_MARK]: event for event in fresh}
        return marked.get(mark, f"mark {mark}")
