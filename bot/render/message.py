"""What is posted to Slack: plain values that the outlet hands over as they are."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import quote

from bot.core.cards import Told
from bot.core.delivery import Delivery, DeliveryId
from bot.core.event import Event
from bot.core.progress import Progress, Rung

Block: TypeAlias = dict[str, Any]
"""One Block Kit object as JSON: https://docs.slack.dev/reference/block-kit/blocks."""

DELIVERY_EVENT = "tidings_delivery"
PART_EVENT = "tidings_part"
USUAL = (Rung.RICH, True)
"""How a message is said, and whether a file may be had."""
_LONGEST_ID = 60
_MARK = 8
D = TypeVar("D", bound=str)


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


def begun_on(metadata: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Metadata that also tells how a first post was said, where not as usual: the others have to go on from it."""
    marks: dict[str, Any] = {} if progress.rung is Rung.RICH else {"rung": str(progress.rung)}
    marks |= {} if progress.files else {"files": False}
    return {**metadata, "event_payload": {**metadata["event_payload"], **marks}}


def how_begun(metadata: Mapping[str, Any] | None) -> tuple[Rung, bool]:
    """What `begun_on` tells: the rung, and whether a file may be had."""
    match metadata:
        case {"event_payload": Mapping() as payload}:
            rung = payload.get("rung")
            return (Rung(rung) if rung in set(Rung) else Rung.RICH, payload.get("files") is not False)
        case _:
            return USUAL


def part_metadata(delivery: DeliveryId, number: int) -> dict[str, Any]:
    """Message metadata of a post that goes on with a delivery; `number` counts its posts from 0, the first one's."""
    return {"event_type": PART_EVENT, "event_payload": {"delivery": delivery, "part": number}}


def part_of(metadata: Mapping[str, Any] | None, delivery: DeliveryId) -> int | None:
    """The number of the delivery's post that this is; None if it is none of them."""
    match metadata:
        case {"event_type": "tidings_part", "event_payload": {"delivery": found, "part": int(number)}}:
            return number if found == delivery else None
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


def summary_metadata(name: str, told: int, last: Sequence[str]) -> dict[str, Any]:
    """Message metadata of a summary's card: its list, how many deliveries it tells, and a mark for each of the `last`.

    A mark is the first eight digits of an id, so that 250 of them stay below 1.5 KB; that one of 250 is taken for
    another delivery's happens once in 17 million looks.
    """
    marks = urlsafe_b64encode(b"".join(bytes.fromhex(one[:_MARK]) for one in last)).decode()
    return {"event_type": DELIVERY_EVENT, "event_payload": {"summary": name, "told": told, "marks": marks}}


def carries(metadata: Mapping[str, Any] | None, deliveries: Collection[D]) -> set[D]:
    """Those of the deliveries that a message carries, by its metadata: by their ids, or as a summary marks them."""
    summed = summed_up(metadata)
    if summed is None:
        whole = carried(metadata)
        return {one for one in deliveries if one in whole}
    marks = summed.marks
    return {one for one in deliveries if one[:_MARK] in marks}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """What a summary's card says of itself: its list, how many deliveries it tells, and the marks of the last ones.

    `in_order` has the marks in the order of telling, the newest last.
    """

    list: str
    told: int
    in_order: tuple[str, ...]

    @property
    def marks(self) -> frozenset[str]:
        """Which deliveries it marks."""
        return frozenset(self.in_order)

    @property
    def unmarked(self) -> int:
        """How many it tells that it has no mark of."""
        return self.told - len(self.marks)


def summed_up(metadata: Mapping[str, Any] | None) -> Summed | None:
    """What the metadata says if it is that of a summary's card."""
    match metadata:
        case {
            "event_type": "tidings_delivery",
            "event_payload": {"summary": str(name), "told": int(told), "marks": str(marks)},
        }:
            digits = _decoded(marks).hex()
            return Summed(
                list=name,
                told=told,
                in_order=tuple(digits[at : at + _MARK] for at in range(0, len(digits), _MARK))[::-1],
            )
        case _:
            return None


def _decoded(marks: str) -> bytes:
    try:
        return urlsafe_b64decode(marks)
    except ValueError:  # anybody's app may write what it likes
        return b""


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
