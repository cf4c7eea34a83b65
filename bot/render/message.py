"""What is posted to Slack: plain values that the outlet hands over as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

from bot.core.cards import Told
from bot.core.delivery import Delivery, DeliveryId
from bot.core.event import Event

Block: TypeAlias = dict[str, Any]
"""One Block Kit object as JSON: https://docs.slack.dev/reference/block-kit/blocks."""

DELIVERY_EVENT = "tidings_delivery"
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One Slack message.

    `text` is what notifications and screen readers say, and all there is where Slack won't take the blocks: at most
    3,000 characters of mrkdwn, with everything from outside escaped.
    """

    text: str
    blocks: tuple[Block, ...]


class Item(Protocol):
    """A delivery with its event, as `ports.Item` is."""

    @property
    def delivery(self) -> Delivery:
        """The delivery."""
        ...

    @property
    def event(self) -> Event:
        """Its event."""
        ...


def metadata(items: Sequence[Item]) -> dict[str, Any]:
    """Message metadata that tells which deliveries a message carries, to find them again when an answer was lost.

    Any app in the workspace can read it, so it holds ids only: deliveries' and, percent-encoded, events'. An event's id
    that is longer than 60 characters is left out, which keeps twenty items below 2 KB (the limit is not published).
    https://docs.slack.dev/messaging/message-metadata
    """
    return metadata_of(told(items))


def metadata_of(told: Sequence[Told]) -> dict[str, Any]:
    """The same, of deliveries that were told before and whose events are no longer at hand."""
    return {
        "event_type": DELIVERY_EVENT,
        "event_payload": {
            "deliveries": ",".join(one.delivery for one in told),
            "events": ",".join(one.event for one in told if one.event),
        },
    }


def told(items: Sequence[Item]) -> tuple[Told, ...]:
    """The deliveries as metadata names them."""
    events = [quote(item.event.id, safe="", errors="replace") for item in items]
    return tuple(
        Told(delivery=item.delivery.id, event=event if len(event) <= _LONGEST_ID else "")
        for item, event in zip(items, events, strict=True)
    )


def marked(metadata: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    """Metadata with one more field in its payload: an id, nothing that could be read."""
    return {**metadata, "event_payload": {**metadata["event_payload"], name: value}}


def card_marked(metadata: Mapping[str, Any] | None) -> str | None:
    """The inference whose card a message of ours is, by its metadata."""
    match metadata:
        case {"event_type": "tidings_delivery", "event_payload": {"card": str(card)}}:
            return card
        case _:
            return None


def thread_marked(metadata: Mapping[str, Any] | None) -> str | None:
    """The thread that a message of ours belongs to, by its metadata."""
    match metadata:
        case {"event_type": "tidings_delivery", "event_payload": {"thread": str(thread)}}:
            return thread
        case _:
            return None


def carried(metadata: Mapping[str, Any] | None) -> frozenset[str]:
    """The ids of the deliveries that a message carries, by its metadata; none if it is not one of ours."""
    match metadata:
        case {"event_type": "tidings_delivery", "event_payload": {"deliveries": str(ids)}}:
            return frozenset(ids.split(","))
        case _:
            return frozenset()


def told_again(metadata: Mapping[str, Any] | None) -> tuple[Told, ...]:
    """What `told` gave, as far as metadata still tells it: an event's id may have been left out."""
    match metadata:
        case {"event_payload": {"deliveries": str(deliveries), "events": str(events)}}:
            ids, names = deliveries.split(","), events.split(",")
            names = names if len(names) == len(ids) else [""] * len(ids)
            return tuple(Told(delivery=DeliveryId(one), event=name) for one, name in zip(ids, names, strict=True))
        case _:
            return ()


def told_of(metadata: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """The ids of the events that a message tells of, percent-encoded as `metadata` wrote them; None if not ours."""
    match metadata:
        case {"event_type": "tidings_delivery", "event_payload": {"events": str(ids)}}:
            return tuple(event for event in ids.split(",") if event)
        case _:
            return None
