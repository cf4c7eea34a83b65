"""What the outbox's scripts are given and answer, as bytes and numbers on one side and values on the other."""

from collections.abc import Sequence
from typing import Any

import orjson
from redis.exceptions import ResponseError

from bot.core.delivery import (
    Ask,
    Attempt,
    Bury,
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
from bot.core.destination import DestinationId, InstallationId, installation_of
from bot.core.event import EventKey
from bot.ports.outbox import (
    Parked,
    Standing,
)
from bot.stores.codec import attempt_json


def entry(parked: Parked) -> tuple[Any, ...]:
    """A delivery as enqueue.lua takes it."""
    delivery = parked.delivery
    doubt = "" if delivery.doubt is None else delivery.doubt
    return (
        *(delivery.id, parked.lane, delivery.destination, delivery.event, parked.body, doubt, str(parked.position)),
    )


def standing(memory: bytes | Exception | None) -> Standing:
    """A waiting delivery is a HASH, which GET refuses; a settled one is a STRING that says how it ended."""
    match memory:
        case None:
            return Standing.UNKNOWN
        case b"done":
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
        case Done():
            return ("done", 0, "", "0")
        case Bury():
            return ("bury", 0, "", "0")
        case Ask(until=until):
            return ("ask", until, "", "0")
        case Retry(at=at, attempt=attempt, doubt=doubt):
            return ("retry", at, attempt_json(attempt), "1" if doubt else "0")
        case Cool(until=until, scope=scope):
            return ("cool", until, _cool_key(lane, scope), "0")
        case Pause(scope=scope, attempt=attempt):
            return ("halt" if scope is Scope.INSTALLATION else "pause", 0, attempt_json(attempt), "0")


def held(name: str) -> DestinationId | InstallationId:
    """What a field of `paused` names: an installation is kind and team alone."""
    return InstallationId(name) if name.count("/") == 1 else DestinationId(name)


def _cool_key(lane: Lane, scope: Scope) -> str:
    """The scope's name: nothing for the lane itself, the destination, or the workspace (kind/team)."""
    match scope:
        case Scope.LANE | Scope.DELIVERY:
            return ""
        case Scope.DESTINATION:
            return lane.partition("#")[0]
        case Scope.METHOD | Scope.INSTALLATION:
            return installation_of(DestinationId(lane))


def deliveries(lane: bytes, begun: Sequence[Any]) -> tuple[tuple[Delivery, bytes], ...]:
    """What begin.lua answers: each delivery with its event's body."""
    return tuple((delivery_of(Lane(lane.decode()), *fields), body) for *fields, body in begun)


def delivery_of(
    lane: Lane, identity: bytes, event: bytes, appended: bytes, attempts: bytes, doubt: bytes, history: bytes
) -> Delivery:
    """A delivery as the scripts answer it."""
    return Delivery(
        id=DeliveryId(identity.decode()),
        event=EventKey(event.decode()),
        destination=DestinationId(lane.partition("#")[0]),
        appended=int(appended),
        attempts=int(attempts),
        doubt=int(doubt) if doubt else None,
        history=tuple(Attempt(**orjson.loads(line)) for line in history.splitlines()),
    )
