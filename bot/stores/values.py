"""What the outbox's scripts are given and answer, as bytes and numbers on one side and values on the other."""

from collections.abc import Sequence
from typing import Any

import orjson
from redis.exceptions import ResponseError

from bot.core.cloudevent import encode
from bot.core.delivery import (
    Ask,
    Attempt,
    Bury,
    Continue,
    Cool,
    Delivery,
    DeliveryId,
    Done,
    Lane,
    Pause,
    Retry,
    Scope,
    Step,
)
from bot.core.destination import DestinationId, InstallationId, destination_id, installation_of
from bot.core.event import Event, EventKey
from bot.core.looks import Trace
from bot.core.routing import Routed
from bot.ports.outbox import (
    Parked,
    Standing,
)
from bot.stores.codec import attempt_json, progress_from_json, progress_json


def entry(parked: Parked) -> tuple[Any, ...]:
    """A delivery as enqueue.lua takes it."""
    delivery = parked.delivery
    doubt = "" if delivery.doubt is None else delivery.doubt
    return (
        *(delivery.id, parked.lane, delivery.destination, delivery.event, parked.body, doubt, str(parked.position)),
    )


def made_up(routed: Routed, event: Event) -> tuple[Any, ...]:
    """A made-up event's delivery as enqueue.lua takes it: it lies nowhere in Kafka."""
    place = destination_id(routed.destination)
    return (routed.delivery, routed.lane, place, event.key, encode(event), "", "")


def standing(memory: bytes | Exception | None) -> Standing:
    """A waiting delivery is a HASH, which GET refuses; a settled one is a STRING that says how it ended."""
    match memory:
        case None:
            return Standing.UNKNOWN
        case bytes() if memory.startswith(b"done"):
            return Standing.DELIVERED
        case ResponseError() if str(memory).startswith("WRONGTYPE"):
            return Standing.WAITING
        case Exception():
            raise memory
        case _:
            return Standing.BURIED


def arguments(lane: Lane, step: Step | None) -> tuple[Any, ...]:
    """A step as settle.lua takes it: step, time, text, doubt."""
    match step:
        case None:
            return ("keep", 0, "", "0")
        case Done(reference=reference):
            return ("done", 0, reference, "0")
        case Bury():
            return ("bury", 0, "", "0")
        case Ask(until=until):
            return ("ask", until, "", "0")
        case Continue(progress=progress, doubt=doubt):
            return ("part", 0, progress_json(progress), "1" if doubt else "0")
        case Retry(at=at, attempt=attempt, doubt=doubt):
            return ("retry", at, attempt_json(attempt), "1" if doubt else "0")
        case Cool(until=until, scope=scope):
            return ("cool", until, _cool_key(lane, scope), "0")
        case Pause(scope=scope, attempt=attempt):
            return ("halt" if scope is Scope.INSTALLATION else "pause", 0, attempt_json(attempt), "0")


def trace_of(delivery: DeliveryId, found: Sequence[bytes | int]) -> Trace:
    """What trace.lua answers of one delivery. What an older version settled has no reference."""
    match found:
        case [b"waiting", appended, due, bytes(history)]:
            return Trace(
                delivery=delivery,
                standing=Standing.WAITING,
                appended=int(appended),
                due=int(due),
                attempts=_history(history),
            )
        case [bytes(memory)]:
            reference = memory.decode().partition(" ")[2] or None
            return Trace(delivery=delivery, standing=standing(memory), reference=reference)
        case _:
            return Trace(delivery=delivery, standing=Standing.UNKNOWN)


def held(name: str) -> DestinationId | InstallationId:
    """What a field of `paused` names: an installation is kind and team alone."""
    return InstallationId(name) if name.count("/") == 1 else DestinationId(name)


def _cool_key(lane: Lane, scope: Scope) -> str:
    """The scope's name: nothing for the lane itself, the destination, or the workspace (kind/team).

    A method's is no lane's: whether one will call it is known when it does, and then the budgets know that it is cool.
    """
    match scope:
        case Scope.LANE | Scope.DELIVERY | Scope.METHOD:
            return ""
        case Scope.DESTINATION:
            return lane.partition("#")[0]
        case Scope.INSTALLATION:
            return installation_of(DestinationId(lane))


def deliveries(lane: bytes, begun: Sequence[Any]) -> tuple[tuple[Delivery, bytes], ...]:
    """What begin.lua answers: each delivery with its event's body."""
    return tuple((delivery_of(Lane(lane.decode()), *fields), body) for *fields, body in begun)


def delivery_of(
    lane: Lane,
    identity: bytes,
    event: bytes,
    appended: bytes,
    attempts: bytes,
    doubt: bytes,
    history: bytes,
    progress: bytes = b"",
) -> Delivery:
    """A delivery as the scripts answer it."""
    return Delivery(
        id=DeliveryId(identity.decode()),
        event=EventKey(event.decode()),
        destination=DestinationId(lane.partition("#")[0]),
        appended=int(appended),
        attempts=int(attempts),
        doubt=int(doubt) if doubt else None,
        history=_history(history),
        progress=progress_from_json(progress) if progress else None,
    )


def _history(lines: bytes) -> tuple[Attempt, ...]:
    return tuple(Attempt(**orjson.loads(line)) for line in lines.splitlines())
