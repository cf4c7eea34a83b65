"""The roles, started together and stopped in order.

Stopping, on SIGTERM or SIGINT:

1. `/readyz` says no, so that nobody sends us more.
2. People: Slack's listeners take nothing new and finish what they took.
3. Ingest takes no further batch; the one in hand enters the outbox.
4. Dispatch leases no further lane and finishes what it began, within TIDINGS_DRAIN_SECONDS.
5. Ingest commits to Kafka what is settled by now.
6. Browsers are told to reconnect (1001, going away), and the web server closes.
7. Redis closes.
8. Kafka: consumers have left, the producer flushes.

A loop that dies takes the process with it, by the same steps: half a service that looks healthy is worse than none.
"""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bot.core.backoff import HOUR
from bot.core.errors import UnavailableError
from bot.settings import Role, Settings
from bot.stores.deadletters import KafkaDeadLetters
from bot.stores.fallen import NotedLetters
from bot.stores.recent import RecentEvents
from bot.telemetry import Metrics
from bot.web import console
from bot.web.gateway import Gateway
from bot.web.health import Health, LoopLag
from bot.web.server import Server
from bot.wiring.acting import acts, may_act
from bot.wiring.answering import api
from bot.wiring.listening import people
from bot.wiring.sending import sending
from bot.wiring.stores import SHARDS, Stores, patiently, stores
from bot.wiring.streaming import streams
from consumers import durability, topics
from consumers.archive import KafkaArchive
from consumers.broadcast import Broadcast
from consumers.dispatch import Dispatch
from consumers.findings import Finding, Severity
from consumers.ingest import Ingest
from consumers.kafka import GroupSource, TailSource, producer
from consumers.keeper import Keeper
from consumers.parking import Parking
from consumers.race import first
from consumers.recent import recall, remember
from consumers.watch import StuckError, Timing

log = structlog.get_logger()

MEASURE_SECONDS = 2.0
RESTART_SECONDS = 1.0
CANCEL_SECONDS = 5.0
STOPS = ("unready", "people", "ingest", "dispatch", "commit", "web", "redis", "kafka")
"""The stages of stopping, in order; the module's docstring says what each does."""


class StoppingError(Exception):
    """`/readyz` answers with this while the process stops."""


@dataclass(slots=True)
class _Signals:
    """What the loops wait for, and what tells that they are through."""

    stop_ingest: asyncio.Event = field(default_factory=asyncio.Event)
    ingest_idle: asyncio.Event = field(default_factory=asyncio.Event)
    stop_dispatch: asyncio.Event = field(default_factory=asyncio.Event)
    drained: asyncio.Event = field(default_factory=asyncio.Event)


class Process:
    """The roles of one process: start with `serve`, which returns once `stop` is set and all is put away.

    `on_ready` is called with the web server's URL once everything runs.
    """

    def __init__(self, settings: Settings, roles: frozenset[Role], *, on_ready: Callable[[str], None]) -> None:
        self._settings = settings
        self._roles = roles
        self._on_ready = on_ready
        self._metrics = Metrics()
        self._signals = _Signals()
        self._stopping = False
        self._ingest: Ingest | None = None
        self._dispatch: Dispatch | None = None
        self._recent: RecentEvents | None = None
        self._loops: set[asyncio.Task[None]] = set()
        self._died = asyncio.Event()
        self._people = AsyncExitStack()
        self._farewells: list[Callable[[], Awaitable[None]]] = []
        self._checks: dict[str, Callable[[], Awaitable[None]]] = {"running": self._running}

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set or a loop dies; the loop's error is raised once all is put away."""
        async with AsyncExitStack() as open_:
            kafka = await _patient_producer(open_, self._settings)
            open_.callback(self._stage, "kafka")
            _tell("topic_check", await topics.prepare(self._settings.kafka, self._settings))
            if Role.INGEST in self._roles:
                _tell("topic_check", await topics.look(self._settings.kafka, self._settings))
            kept = await open_.enter_async_context(stores(self._settings, kafka))
            open_.callback(self._stage, "redis")
            keeper = Keeper(kept, self._metrics)
            await keeper.start()
            _tell("redis_check", await durability.look(kept.redis))
            self._own("keeper", keeper.run())
            routes = await self._start(open_, kept, kafka)
            self._checks |= {"redis": _redis_check(kept), "kafka": _kafka_check(kafka), "loops": self._unhindered}
            lag = await open_.enter_async_context(LoopLag(self._metrics))
            health = Health(self._metrics, lag, self._checks)
            server = Server(
                [*health.routes(), *routes],
                host=self._settings.host,
                port=self._settings.port,
                farewells=self._farewells,
            )
            url = await open_.enter_async_context(server)
            open_.callback(self._stage, "web")
            self._own("measure", self._measure(kept))
            self._on_ready(url)
            await first(stop.wait(), self._died.wait())
            await self._stop_loops()
        for loop in self._loops:
            if loop.done() and not loop.cancelled() and (error := loop.exception()) is not None:
                raise error

    async def _start(self, open_: AsyncExitStack, kept: Stores, kafka: AIOKafkaProducer) -> Sequence[Any]:
        """Start the loops of the roles; returns the routes they serve."""
        settings = self._settings
        dead_letters = NotedLetters(KafkaDeadLetters(kafka, settings.dead_topic), kept.letters, now=kept.clock)
        routes: list[Any] = []
        if Role.DISPATCH in self._roles:
            through = await open_.enter_async_context(sending(settings, kept))
            self._dispatch = Dispatch(
                kept.outbox,
                through.services,
                dead_letters,
                self._metrics,
                name=f"{socket.gethostname()}/{os.getpid()}",
                workers=settings.workers,
                age=round(settings.max_age_hours * HOUR),
                clock=kept.clock,
                dice=random.random,
                gate=through.gate,
            )
            self._own("dispatch", self._dispatching(self._dispatch))
        else:
            self._signals.drained.set()
        if Role.INGEST in self._roles:
            self._own("ingest", self._ingesting(kept, dead_letters))
        else:
            self._signals.ingest_idle.set()
        acting = None
        if self._roles & {Role.SLACK, Role.WEB} and may_act(settings):
            self._recent = RecentEvents()
            archive = KafkaArchive(settings.kafka, settings.topic, self._recent)
            acting = await open_.enter_async_context(acts(settings, kept, self._recent, archive))
        if Role.SLACK in self._roles and acting is not None:  # its settings were checked
            listening = await self._people.enter_async_context(
                people(settings, kept, acting, dead_letters, self._metrics)
            )
            open_.push_async_callback(self._people.aclose)
            routes += listening.routes
            self._checks["slack"] = listening.ready
        gateway: Gateway | None = None
        if Role.BROADCAST in self._roles:
            opened, served = await open_.enter_async_context(streams(settings, self._metrics))
            routes += [*served.routes(), *console.routes()]
            self._farewells.append(opened.close)
            gateway = opened
        if Role.WEB in self._roles:
            routes += console.routes()
            if acting is None:
                log.warning("api_closed", why="it needs TIDINGS_SECRET and the Slack app's token or client ID")
            else:
                routes += api(kept, acting)
        if gateway is not None or self._recent is not None:
            self._own("broadcast" if gateway is not None else "recent", self._tailing(gateway))
        return routes

    def _own(self, name: str, loop: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(loop, name=name)
        self._loops.add(task)
        task.add_done_callback(self._loop_ended)

    def _loop_ended(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and (error := loop.exception()) is not None:
            log.error("loop_died", loop=loop.get_name(), exc_info=error)
            self._died.set()

    async def _ingesting(self, kept: Stores, dead_letters: NotedLetters) -> None:
        """Ingest with a consumer; with a new one whenever one fails, for a failed one never recovers."""
        settings, signals = self._settings, self._signals
        while not signals.stop_ingest.is_set():
            try:
                async with GroupSource(
                    settings.kafka, settings.topic, settings.group, timing=Timing.of(settings.session_seconds)
                ) as source:
                    ingest = Ingest(
                        source,
                        kept.outbox,
                        kept.outbox.partitions,
                        kept.subscriptions,
                        dead_letters,
                        self._metrics,
                        shards=SHARDS,
                        clock=kept.clock,
                        parking=Parking(kept.outbox.partitions, kept.parked, age=round(settings.park_after * 1000)),
                        halt_on_reset=settings.on_topic_reset == "halt",
                    )
                    self._ingest = ingest
                    await ingest.run(signals.stop_ingest)
                    signals.ingest_idle.set()
                    await signals.drained.wait()
                    await ingest.commit()
            except (KafkaError, StuckError, UnavailableError, OSError) as error:
                log.warning("consumer_replaced", why=str(error) or type(error).__name__)
                await first(signals.stop_ingest.wait(), seconds=RESTART_SECONDS)
        signals.ingest_idle.set()

    async def _dispatching(self, dispatch: Dispatch) -> None:
        try:
            await dispatch.run(self._signals.stop_dispatch, drain=self._settings.drain_seconds)
        finally:
            self._signals.drained.set()

    async def _tailing(self, gateway: Gateway | None) -> None:
        """Read the topic's end, for browsers and for what is remembered of the last while; once for both."""
        recent, past = self._recent, self._recent is not None
        while True:
            try:
                async with TailSource(self._settings.kafka, self._settings.topic) as source:
                    if recent is not None and past:
                        await recall(source, recent)
                        past = False
                    if gateway is not None:
                        seen = None if recent is None else recent.see
                        await Broadcast(source, gateway, self._metrics, seen=seen).run()
                    elif recent is not None:
                        await remember(source, recent)
            except (KafkaError, OSError) as error:
                log.warning("consumer_replaced", why=str(error) or type(error).__name__)
                await asyncio.sleep(RESTART_SECONDS)

    async def _measure(self, kept: Stores) -> None:
        """Keep the gauges of the outbox current."""
        while True:
            try:
                state = await kept.outbox.state()
                learned = await kept.budgets.learned()
            except UnavailableError:
                pass
            else:
                self._metrics.deliveries_waiting.set(state.deliveries)
                self._metrics.lanes_waiting.set(state.lanes)
                self._metrics.paused_destinations.set(state.paused)
                self._metrics.paused_installations.set(state.halted)
                self._metrics.deliveries_parked.set(state.parked)
                self._metrics.learned_share.clear()  # what has healed is told no more
                for (team, method), share in learned.items():
                    self._metrics.learned_share.labels(team, method).set(share)
            await asyncio.sleep(MEASURE_SECONDS)

    async def _stop_loops(self) -> None:
        """Stages 1 to 5; the others follow as what was entered is left."""
        signals = self._signals
        self._stage("unready")
        self._stopping = True
        self._stage("people")
        await self._people.aclose()
        self._stage("ingest")
        signals.stop_ingest.set()
        await first(signals.ingest_idle.wait(), self._ended("ingest"), seconds=self._settings.drain_seconds + 5)
        self._stage("dispatch")
        signals.stop_dispatch.set()
        await first(signals.drained.wait(), self._ended("dispatch"))
        self._stage("commit")
        await first(self._ended("ingest"), seconds=10)
        for loop in self._loops:
            loop.cancel()
        if self._loops:
            _, stuck = await asyncio.wait(self._loops, timeout=CANCEL_SECONDS)
            for loop in stuck:
                log.error("loop_stuck", loop=loop.get_name())

    async def _ended(self, name: str) -> None:
        await asyncio.wait([loop for loop in self._loops if loop.get_name() == name] or [_done()])

    def _stage(self, name: str) -> None:
        log.info("stopping", step=STOPS.index(name) + 1, what=name)

    async def _running(self) -> None:
        if self._stopping:
            raise StoppingError("the process is stopping")

    async def _unhindered(self) -> None:
        for loop in (self._ingest, self._dispatch):
            if loop is not None and loop.waiting_for is not None:
                raise UnavailableError(loop.waiting_for)


async def _patient_producer(open_: AsyncExitStack, settings: Settings) -> AIOKafkaProducer:
    async for attempt in patiently("Kafka", where=settings.kafka, failures=(KafkaError, OSError)):
        with attempt:
            return await open_.enter_async_context(producer(settings.kafka))
    raise AssertionError("patience has no end")


def _tell(event: str, findings: Sequence[Finding]) -> None:
    """Say what weakens a promise; none of it keeps the process from starting."""
    for finding in findings:
        say = {Severity.INFO: log.info, Severity.WARNING: log.warning, Severity.ERROR: log.error}[finding.severity]
        say(event, what=finding.what, remedy=finding.remedy)


def _redis_check(kept: Stores) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        await kept.redis.ping()

    return check


def _kafka_check(kafka: AIOKafkaProducer) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        if not await kafka.client.force_metadata_update():
            raise UnavailableError("Kafka does not answer")

    return check


def _done() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
