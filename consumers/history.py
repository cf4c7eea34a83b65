"""`tidings replay`: the events of a stretch of time once more, to a place or as subscriptions stand now.

A delivery's id is a hash of event and destination, so what was delivered in the outbox's memory is known and left out,
unless it is asked for again. What is older than that memory (TIDINGS_REMEMBER_HOURS) is delivered again.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from bot.core.address import check_url
from bot.core.cloudevent import encode, read
from bot.core.deadletter import Selection
from bot.core.delivery import Delivery
from bot.core.destination import Destination, Webhook, destination_id
from bot.core.errors import DestinationError, UnavailableError
from bot.core.event import Position, Unreadable
from bot.core.filters import Filter
from bot.core.routing import Router
from bot.core.subscription import Subscription, SubscriptionId
from bot.core.target import read_target
from bot.ports.letters import ParkedDeliveries
from bot.ports.outbox import Enqueued, Outbox, Parked, Standing
from bot.settings import Settings
from bot.wiring.installing import team_of
from bot.wiring.stores import HOUR, SHARDS, now_ms
from consumers.keeper import at_hand
from consumers.replay import chunks, enter
from consumers.span import Reader, Span, reader

Tell = Callable[[int], None]
"""Called with how many records were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a replay would do. `records` were looked at; `events` match; the rest are deliveries.

    `unreadable` records are dead letters, and no matter of a replay's. An event that was published twice counts twice.
    """

    records: int = 0
    unreadable: int = 0
    events: int = 0
    deliveries: int = 0
    waiting: int = 0
    delivered: int = 0

    def left(self, *, again: bool) -> int:
        """Deliveries that would enter the outbox."""
        return self.deliveries - self.waiting - (0 if again else self.delivered)


class History:
    """A stretch of the events topic, and where its events are to go.

    `forgotten`: it begins before the outbox's memory of what was delivered.
    """

    def __init__(
        self,
        reader: Reader,
        span: Span,
        wanted: Filter,
        router: Router,
        outbox: Outbox,
        journal: ParkedDeliveries,
        *,
        forgotten: bool = False,
    ) -> None:
        self._reader = reader
        self._span = span
        self._wanted = wanted
        self._router = router
        self._outbox = outbox
        self._journal = journal
        self.forgotten = forgotten

    @property
    def size(self) -> int:
        """Records to read, at most."""
        return self._span.size

    async def plan(self, tell: Tell = lambda _: None) -> Plan:
        """Count; nothing is changed. Raises UnavailableError."""
        tally = _Tally()
        deliveries = waiting = delivered = 0
        async for chunk in chunks(self._entries(tally, tell)):
            standings = await self._outbox.standing([parked.delivery.id for parked in chunk])
            deliveries += len(chunk)
            waiting += standings.count(Standing.WAITING)
            delivered += standings.count(Standing.DELIVERED)
        return Plan(
            records=tally.records,
            unreadable=tally.unreadable,
            events=tally.events,
            deliveries=deliveries,
            waiting=waiting,
            delivered=delivered,
        )

    async def replay(self, *, again: bool, tell: Tell = lambda _: None) -> Enqueued:
        """Enter the deliveries into the outbox, in order of the events' time. Raises UnavailableError; run it again."""
        counts = Enqueued()
        async for chunk in chunks(self._entries(_Tally(), tell)):
            counts += await enter(self._outbox, self._journal, chunk, again=again)
        return counts

    async def _entries(self, tally: "_Tally", tell: Tell) -> AsyncIterator[tuple[Parked, int]]:
        async with aclosing(self._reader.records(self._span, tell)) as records:
            async for record in records:
                place = Position(topic=record.topic, partition=record.partition, offset=record.offset)
                event = read(record.value, record.headers, place, timestamp=record.timestamp)
                tally.records += 1
                if isinstance(event, Unreadable):
                    tally.unreadable += 1
                    continue
                if not self._wanted.matches(event):
                    continue
                tally.events += 1
                body = encode(event)
                for routed in self._router.route(event):
                    delivery = Delivery(
                        id=routed.delivery,
                        event=event.key,
                        destination=destination_id(routed.destination),
                        appended=now_ms(),
                    )
                    parked = Parked(
                        delivery=delivery,
                        lane=routed.lane,
                        destination=routed.destination,
                        body=body,
                        position=place,
                    )
                    yield parked, len(body)


@asynccontextmanager
async def opened(settings: Settings, chosen: Selection, *, to: str | None, team: str | None) -> AsyncIterator[History]:
    """The events that a selection means, on their way to `to`, or as subscriptions stand.

    Raises DestinationError for a place that nothing can be sent to, and UnavailableError.
    """
    destination = None if to is None else await _destination(settings, to, team)
    async with reader(settings.kafka, settings.topic) as reading, at_hand(settings) as kept:
        if destination is None:
            _, everyone = await kept.subscriptions.snapshot()
            router = Router(everyone, shards=SHARDS)
        else:
            router = to_one(destination, shards=SHARDS)
        span = await reading.span(since=chosen.since, until=chosen.until)
        memory = kept.clock() - round(settings.remember_hours * HOUR)
        forgotten = span.size > 0 and (chosen.since or 0) < memory
        yield History(reading, span, chosen.filter, router, kept.outbox, kept.parked, forgotten=forgotten)


async def _destination(settings: Settings, to: str, team: str | None) -> Destination:
    found = read_target(to, team=team or "")
    if isinstance(found, Webhook) and (why := check_url(found.url, settings.webhook_allow, settings.webhook_ports)):
        raise DestinationError(f"{to}: {why}")
    if found.team:
        return found
    try:
        return read_target(to, team=await team_of(settings))
    except UnavailableError as error:
        raise UnavailableError(f"{error}; name the workspace with --team T024BE7LR") from error


def to_one(destination: Destination, *, shards: int) -> Router:
    """Routes every event to one place, as a subscription to everything would."""
    everything = Subscription(
        id=SubscriptionId("replay"), team=destination.team, owner="", filter=Filter(), destination=destination
    )
    return Router([everything], shards=shards)


@dataclass(slots=True)
class _Tally:
    records: int = 0
    unreadable: int = 0
    events: int = 0
