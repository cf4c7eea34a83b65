"""What the walk's tests are built from: events, a far side that answers as told, and waiting without sleeping."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from bot.core.backoff import Schedule
from bot.core.delivery import Outcome, Sent
from bot.core.event import Event, Model, Status
from bot.core.filters import parse
from bot.core.pacing import Pace
from bot.core.subscription import Subscription, SubscriptionId
from bot.ports.outlet import Parcel, Service

QUICK = Schedule(waits=(1,), attempts=3, budget=60_000, spread=0.0)


def event(number: int, *, inference: str | None = None, status: Status = Status.COMPLETED, **fields: Any) -> Event:
    return Event(
        source="/test",
        id=f"e{number}",
        type=f"ai.inference.{status}",
        time=datetime(2026, 11, 23, 12, 0, number % 60, tzinfo=UTC),
        inference=inference or f"inf-{number}",
        status=status,
        model=Model(name="fraud-scorer"),
        title=f"Event {number}",
        **fields,
    )


def subscription(identity: str, destination: Any, wanted: str = "") -> Subscription:
    return Subscription(
        id=SubscriptionId(identity), team="T1", owner="U1", filter=parse(wanted), destination=destination
    )


@dataclass
class FarSide:
    """Answers with the outcomes given, in order, then Sent; keeps what it was sent. `gate` holds it back if set."""

    outcomes: list[Outcome] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.outcomes.pop(0) if self.outcomes else Sent(reference="ok")

    @property
    def ids(self) -> list[list[str]]:
        return [[item.event.id for item in parcel.items] for parcel in self.parcels]

    def by_inference(self) -> Mapping[str, list[str]]:
        seen: dict[str, list[str]] = defaultdict(list)
        for parcel in self.parcels:
            for item in parcel.items:
                seen[item.event.inference].append(item.event.id)
        return seen


def service(far_side: FarSide, *, interval: int = 0, turn: int = 16, fit: int = 10) -> Service:
    return Service(
        outlet=far_side,
        schedule=QUICK,
        pace=Pace(interval=interval, turn=turn),
        fit=lambda items: min(fit, len(items)),
    )


async def eventually(holds: Callable[[], Awaitable[bool]] | Callable[[], bool], *, seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            answer = holds()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.01)


async def records(address: str, topic: str, count: int) -> Sequence[Any]:
    """The first `count` records of a topic."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found: list[Any] = []
        async with asyncio.timeout(20):
            while len(found) < count:
                for batch in (await consumer.getmany(timeout_ms=200)).values():
                    found += batch
        return found
    finally:
        await consumer.stop()


def told(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """The ids of the events that a ledger's messages came to tell, in order: of a changed one what is new."""
    names: list[str] = []
    before: dict[str, set[str]] = {}
    for entry in entries:
        if entry["metadata"]:
            known = before.setdefault(entry["ts"], set())
            fresh = [
                one
                for one in entry["metadata"]["event_payload"].get("events", "").split(",")
                if one not in known | {""}
            ]
            known.update(fresh)
            names += fresh
    return names


def cloudevent(number: int, *, inference: str | None = None, status: str = "completed", **data: Any) -> bytes:
    """A structured-mode CloudEvent as a foreign service would write it."""
    inference = inference or f"inf-{number}"
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"e{number}",
            "source": "/test",
            "type": f"ai.inference.{status}",
            "subject": inference,
            "data": {"inference_id": inference, "status": status, "model": {"name": "fraud-scorer"}, **data},
        }
    )
