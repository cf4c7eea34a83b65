"""What tests of the outbox put in, take out and settle."""

from bot.core.delivery import Ask, Attempt, DeliveryId, Lane, Step, delivery_id
from bot.core.destination import Destination, InstallationId, SlackChannel, Webhook, destination_id
from bot.core.event import EventKey, event_key
from bot.core.routing import Routed
from bot.ports.outbox import Arrival, Leased
from bot.stores.outbox import Limits, RedisOutbox

T0 = 1_700_000_000_000
FRAUD = SlackChannel(team="T1", channel="C1")
EVALS = SlackChannel(team="T1", channel="C2")
HOOK = Webhook(team="T1", url="https://example.com/hook")
LIMITS = Limits(lease=10_000, remember=60_000, run=3, shards=2)
KINDS = ("slack", "webhook")
ASK = Ask(until=T0 + 60_000, reason="closed", attempt=Attempt(at=T0, outcome="asked", reason="closed"))
TEAM = InstallationId("slack/T1")


def routed(key: EventKey, destination: Destination, shard: int | None = None) -> Routed:
    place = destination_id(destination)
    lane = Lane(place if shard is None else f"{place}#{shard}")
    return Routed(delivery=delivery_id(key, place), lane=lane, destination=destination, subscriptions=())


def arrival(offset: int, *destinations: Destination, name: str | None = None) -> Arrival:
    key = event_key("test", name or f"e{offset}")
    return Arrival(
        offset=offset, key=key, body=f"body {offset}".encode(), routed=tuple(routed(key, d) for d in destinations)
    )


async def append(
    outbox: RedisOutbox, *arrivals: Arrival, partition: int = 0, version: int = 0, read_from: int | None = None
) -> object:
    return await outbox.append("events", partition, arrivals, version=version, read_from=read_from)


async def lease(outbox: RedisOutbox, lanes: int = 10) -> tuple[Leased, ...]:
    return (await outbox.lease("worker", lanes=lanes, kinds=KINDS)).lanes


async def settle_all(outbox: RedisOutbox, leased: Leased, step: Step, due: int = T0) -> bool:
    steps: dict[DeliveryId, Step | None] = {delivery.id: step for delivery, _ in leased.deliveries}
    return (await outbox.settle(leased, steps, due=due)).held


def bodies(leased: Leased) -> list[str]:
    return [body.decode() for _, body in leased.deliveries]


def attempt(reason: str = "boom") -> Attempt:
    return Attempt(at=T0, outcome="failed", reason=reason)


async def asked(outbox: RedisOutbox, *arrivals: Arrival) -> list[DeliveryId]:
    """Deliveries that were asked about, by id."""
    await append(outbox, *arrivals)
    found = []
    for leased in await lease(outbox):
        assert await settle_all(outbox, leased, ASK)
        found += [delivery.id for delivery, _ in leased.deliveries]
    return found
