"""A small story: sent, merged, retried, buried, unreadable, parked; and what must be true of it in the end."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import orjson

from bot.core.backoff import Schedule
from bot.core.delivery import Bury, DeliveryId, Done, delivery_id
from bot.core.destination import Destination, SlackChannel, Webhook, destination_id
from bot.core.event import event_key
from bot.core.pacing import Pace
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.webhook import WebhookOutlet
from bot.ports.outlet import Item, Service
from bot.stores.cards import RedisCards
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.journal import KafkaJournal
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.subscriptions import RedisSubscriptions
from bot.telemetry import Metrics
from consumers.dispatch import Dispatch
from consumers.ingest import Ingest
from consumers.parking import Parking
from tests.walk.crashes import CrashingSlackWeb, CrashingTransport, Life, Outside, Seat
from tests.walk.parts import subscription, told
from tests.walk.stage import REFUSED, Stage

OLD = 5_000
"""Milliseconds after which a delivery is parked."""
SCHEDULE = Schedule(waits=(1_000,), attempts=2, budget=86_400_000, spread=0.0)
EVENTS = ("e1", "e2", "e3", "e4")
WAY = ("queued", "completed", "needs_review", "failed")
UNREADABLE_AT = 2
END = 5


@dataclass(frozen=True)
class Untold:
    """What happened outside and was in nobody's books when the process died: these may happen once more."""

    call: str = ""
    buried: bool = False
    unreadable: bool = False


@dataclass
class Story:
    """One telling, with its own partition, namespace and event ids; `noted` keeps what the outside was told.

    With `cards` the events are the inference's way: its card is posted, changed, and people are called to it twice.
    """

    stage: Stage
    cards: bool = False
    name: str = field(default_factory=lambda: uuid4().hex[:8])
    settled: set[DeliveryId] = field(default_factory=set)
    journalled: set[DeliveryId] = field(default_factory=set)
    buried: list[str] = field(default_factory=list)
    unreadable: int = 0
    committed: int = 0
    called_untold: str = ""
    buried_untold: bool = False
    unreadable_untold: bool = False

    def __post_init__(self) -> None:
        where = self.stage
        self.partition = next(where.numbers)
        self.keys = Keys(self.name)
        self.outbox = RedisOutbox(where.redis, self.keys, Limits(lease=60_000), now=where.clock.now)
        self.subscriptions = RedisSubscriptions(where.redis, self.keys)
        self.parked = ParkedJournal(KafkaJournal(where.kafka, where.address, "crashes-parked", namespace=self.name))
        self.dead = KafkaDeadLetters(where.kafka, "crashes-dead")
        self.channel = SlackChannel(team="T0SANDBOX", channel=where.sandbox.channel_id("fraud-alerts"))
        self.hook = Webhook(team="T0SANDBOX", url=where.hook)
        self.said = where.sandbox.workspace.ledger.last_seq
        self.called = len(where.called)

    # -- telling it ----------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Two subscriptions, four events and something that is none."""
        for number, place in enumerate(self.places):
            await self.subscriptions.save(subscription(f"s{number}", place))
        values = [self._event(name) for name in EVENTS]
        values.insert(UNREADABLE_AT, b"\xff")
        for value in values:
            await self.stage.kafka.send(self.stage.topic, value, partition=self.partition)
        await self.stage.kafka.flush()

    @property
    def place(self) -> tuple[str, int]:
        return (self.stage.topic, self.partition)

    @property
    def places(self) -> tuple[Destination, ...]:
        return (self.channel, self.hook)

    def _event(self, name: str) -> bytes:
        status = WAY[EVENTS.index(name)] if self.cards else "completed"
        data = {"inference_id": self.name, "status": status, "model": {"name": "m"}, **self._said(name)}
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": f"{self.name}-{name}",
                "source": "/test",
                "time": f"2026-07-01T12:00:0{EVENTS.index(name)}Z",
                "type": f"ai.inference.{status}",
                "subject": self.name,
                "data": data,
            }
        )

    def _said(self, _: str) -> Mapping[str, Any]:
        """More of an event's data."""
        return {}

    def _fit(self, items: Sequence[Item]) -> int:
        """How many go into one message."""
        return 1 if self.cards else min(2, len(items))

    def pass_time(self, time: int) -> None:
        self.stage.clock.now += time
        self.outbox.now = self.stage.clock.now

    async def live(self, life: Life, *, sends_first: bool = False) -> None:
        """A process's whole life: read all, send what is due, park the rest, send that when it is due, commit.

        With `sends_first` it sends what the outbox has before it reads and commits anything.
        """
        read = asyncio.Event()
        source = Seat(life, self.stage.consumer, self.place, END, read.set)
        outbox, dead = Outside(life, "outbox", self.outbox), Outside(life, "dead", self.dead)
        partitions = Outside(life, "partitions", self.outbox.partitions)
        ingest = Ingest(
            source,
            outbox,
            partitions,
            Outside(life, "subscriptions", self.subscriptions),
            dead,
            Metrics(),
            shards=1,
            clock=lambda: self.stage.clock.now,
            parking=Parking(partitions, Outside(life, "parked", self.parked), age=OLD),
        )
        async with self._services(life) as services:
            if sends_first:
                await self._dispatch(outbox, services, dead, patient=True)
            await ingest.run(read)
            for patient in (False, True):
                await self._dispatch(outbox, services, dead, patient=patient)
                self.pass_time(OLD)
                await ingest.commit()

    async def _dispatch(self, outbox: Any, services: Mapping[str, Service], dead: Any, *, patient: bool) -> None:
        waiting = _Patience(self, outbox, patient=patient)
        dispatch = Dispatch(
            waiting,
            services,
            dead,
            Metrics(),
            name="process",
            workers=1,
            age=SCHEDULE.budget,
            clock=lambda: self.stage.clock.now,
            dice=lambda: 0.5,
        )
        await dispatch.run(waiting.stop, drain=0)

    @asynccontextmanager
    async def _services(self, life: Life) -> AsyncIterator[Mapping[str, Service]]:
        async def token_of(_: str) -> str:
            return self.stage.sandbox.bot_token

        cards = Outside(life, "cards", RedisCards(self.stage.redis, self.keys, lasting=OLD * 1_000))
        slack = SlackOutlet(
            CrashingSlackWeb(life, self.stage.sandbox.api_url),
            token_of,
            cards=cards if self.cards else None,
            clock=self._seconds,
        )
        allow = [ip_network("127.0.0.0/8")]
        webhook = WebhookOutlet("s" * 40, allow=allow, clock=self._seconds, tls=self.stage.tls)
        async with slack, webhook:
            assert webhook._transport is not None
            webhook._transport = CrashingTransport(life, webhook._transport)
            service = partial(Service, schedule=SCHEDULE)
            yield {
                "slack": service(
                    outlet=Outside(life, "slack", slack),
                    pace=Pace(interval=1_050, turn=1),
                    fit=self._fit,
                ),
                "webhook": service(
                    outlet=Outside(life, "webhook", webhook), pace=Pace(interval=0, turn=16), fit=lambda _: 1
                ),
            }

    def _seconds(self) -> float:
        return self.stage.clock.now / 1000

    # -- what the outside knows ----------------------------------------------------------------------------------

    def noted(self, name: str, args: tuple[Any, ...], answer: Any) -> None:
        match name:
            case "outbox.settle" if answer.held:
                self.settled |= {one for one, step in args[1].items() if isinstance(step, Done | Bury)}
                self.called_untold, self.buried_untold = "", False
            case "outbox.append":
                self.unreadable_untold = False
            case "webhook.http":
                self.called_untold = self.stage.called[-1][0]
            case "dead.buried":
                self.buried.append(args[0].event.id)
                self.buried_untold = True
            case "dead.unreadable":
                self.unreadable += 1
                self.unreadable_untold = True
            case "parked.keep":
                self.journalled |= {one.delivery.id for one in args[0]}
            case "parked.forget":
                self.journalled -= set(args[0])
            case "source.commit":
                self._committed(args[0][self.place])

    def _committed(self, offset: int) -> None:
        names = [*EVENTS[:UNREADABLE_AT], None, *EVENTS[UNREADABLE_AT:]]
        for name in names[:offset]:
            for place in self.places if name else ():
                one = delivery_id(event_key("/test", f"{self.name}-{name}"), destination_id(place))
                assert one in self.settled | self.journalled, f"{offset} committed, {name} is nowhere"
        self.committed = offset

    # -- what must be true at the end ----------------------------------------------------------------------------

    def untold(self) -> "Untold":
        """What the outside has and the outbox was not told of, now."""
        return Untold(call=self.called_untold, buried=self.buried_untold, unreadable=self.unreadable_untold)

    async def verify(self, untold: "Untold | None" = None) -> None:
        """Nothing missing, and nothing twice but what the crash left untold, which Slack never shows."""
        untold = untold or Untold()
        wanted = [f"{self.name}-{name}" for name in EVENTS]
        assert self._shown() == wanted, "Slack shows each event once, in order"
        calls = self.stage.called[self.called :]
        names = [event for event, _ in calls]
        assert list(dict.fromkeys(names)) == wanted, "the webhook is called in order"
        assert all(len({call for event, call in calls if event == name}) == 1 for name in wanted), "one webhook-id each"
        usual = {name: SCHEDULE.attempts if name.endswith(REFUSED) else 1 for name in wanted}
        more = {name: names.count(name) - usual[name] for name in wanted}
        assert {name for name, count in more.items() if count} <= {untold.call}, more
        assert more.get(untold.call, 0) == bool(untold.call) * 1
        if self.cards:
            posts = self.stage.sandbox.workspace.ledger.page(after=self.said, limit=1_000, kind="post")["entries"]
            card = posts[0]["ts"]
            assert [post["thread_ts"] for post in posts] == [None, card, card], "one card, and two calls to it"
            shown = self.stage.sandbox.workspace.channel(self.channel.channel).message(card)
            assert WAY[-1] in shown.content.text, "the card shows how it ended"
        assert len(self.buried) == 1 + untold.buried
        assert set(self.buried) == {f"{self.name}-{REFUSED}"}
        assert self.unreadable == 1 + untold.unreadable
        state = await self.outbox.state()
        assert (state.deliveries, state.lanes, state.parked) == (0, 0, 0)
        assert self.committed == END
        assert [one.delivery.id async for one in self.parked.living()] == [], "the journal keeps what is settled"

    def _shown(self) -> list[str]:
        return told(self.stage.sandbox.workspace.ledger.page(after=self.said, limit=1_000, kind="all")["entries"])


class _Patience(Outside):
    """An outbox whose worker, with nothing to do, either goes home or lets time pass until something is due."""

    def __init__(self, story: Story, outbox: Any, *, patient: bool) -> None:
        super().__init__(Life(lambda *_: None), "", outbox)
        self.stop = asyncio.Event()
        self._story = story
        self._patient = patient

    def __getattr__(self, method: str) -> Any:
        return getattr(self._real, method)

    async def next_due(self) -> int | None:
        due: int | None = await self._real.next_due()
        now = self._story.stage.clock.now
        if due is None or (due > now and not self._patient):
            self.stop.set()
        elif due > now:
            self._story.pass_time(due - now)
        return due
