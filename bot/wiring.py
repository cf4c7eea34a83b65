"""The only composition root: which edge stands behind which port. Each part is entered, and closed in reverse."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

import structlog
from aiohttp.web import RouteDef
from aiokafka import AIOKafkaProducer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core import pacing, schedules
from bot.core.address import check_url
from bot.core.delivery import SEND_WITHIN
from bot.core.destination import Destination, DestinationId, SlackChannel, destination_id
from bot.core.doubt import policy
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.permission import Policy
from bot.core.subscription import Doubt
from bot.outlets.slack import SlackOutlet
from bot.outlets.slack_web import SlackWeb
from bot.outlets.webhook import WebhookOutlet
from bot.ports.gate import Gate
from bot.ports.outlet import Item, Service
from bot.ports.people import Recent
from bot.render.digest import take
from bot.render.webhook import signing_secret
from bot.settings import Settings
from bot.slack.app import SlackApp
from bot.slack.directory.channels import SlackChannels
from bot.slack.directory.groups import SlackGroups
from bot.slack.directory.lookup import Lookup
from bot.slack.directory.people import SlackPeople
from bot.slack.endpoint import Endpoint
from bot.slack.grant import Granting
from bot.slack.inbox import Inbox
from bot.slack.installation import SingleInstallation
from bot.slack.lifecycle import Lifecycle
from bot.slack.manifest import SCOPES
from bot.slack.many import LOCK_MS, ManyInstallations
from bot.slack.notices import SlackNotices
from bot.slack.oauth import OAuth
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.orphans.registrar import Means
from bot.slack.socket import SocketMode
from bot.stores.apikeys import ApiKeys
from bot.stores.audit import RedisAudit
from bot.stores.clock import RedisClock
from bot.stores.epoch import Epoch
from bot.stores.gate import Gatekeeper
from bot.stores.halts import Halts
from bot.stores.installations import InstallationStore
from bot.stores.journal import KafkaJournal, ends
from bot.stores.keys import Keys
from bot.stores.lock import Lock
from bot.stores.orphans import RedisOrphans
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.parked import ParkedJournal
from bot.stores.persons import RegistryPersons
from bot.stores.recovery import Front, Recovery
from bot.stores.registry import Registry
from bot.stores.removal import Removal
from bot.stores.states import States
from bot.stores.subscriptions import RedisSubscriptions
from bot.stores.threads import RedisThreads
from bot.stores.vault import Vault
from bot.telemetry import Metrics
from bot.web.access import Access
from bot.web.api.routes import Api
from bot.web.gateway import Gateway
from bot.web.streams import Streams
from bot.web.tickets import LocalTickets

log = structlog.get_logger()

SHARDS = 32
"""Requests that one webhook may have in flight: an inference always takes the same shard, which keeps its order."""
HOUR = 3_600_000
CONNECTIONS = 64
"""To Redis: it works on one script at a time, so that more than a few dozen only wait there instead of here."""
CONNECTION_SECONDS = 10
"""How long a call waits for one of them before Redis counts as away."""


def now_ms() -> int:
    """This machine's clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What is kept in Redis, and the journal beside it. `clock` is Redis's clock, in milliseconds.

    Nothing works before `recovery.take_up()` has found, or made, the state's epoch.
    """

    redis: Redis
    keys: Keys
    outbox: RedisOutbox
    subscriptions: RedisSubscriptions
    registry: Registry
    persons: RegistryPersons
    audit: RedisAudit
    parked: ParkedJournal
    epoch: Epoch
    recovery: Recovery
    clock: RedisClock


@asynccontextmanager
async def stores(settings: Settings, kafka: AIOKafkaProducer) -> AsyncIterator[Stores]:
    """Connect to Redis, however long it takes to come, telling so."""
    keys = Keys(settings.namespace)
    async with _client(settings) as bare:
        epoch = Epoch(bare, keys)
        async for attempt in patiently("Redis", where=settings.redis, failures=(RedisError, OSError, TimeoutError)):
            with attempt:
                await bare.ping()
        async with _client(settings, redis_connect_func=epoch.compare) as redis:
            limits = Limits(
                lease=round(settings.lease_seconds * 1000),
                remember=round(settings.remember_hours * HOUR),
                shards=SHARDS,
                age=round(settings.max_age_hours * HOUR),
                most=settings.outbox_max,
                most_a_lane=settings.lane_max,
            )
            journal = partial(KafkaJournal, kafka, settings.kafka, namespace=settings.namespace)
            subscriptions, registry = journal(settings.subscriptions_topic), journal(settings.registry_topic)
            parked = ParkedJournal(journal(settings.parked_topic))
            clock = RedisClock(bare, now_ms)
            await clock.look()
            registered = Registry(redis, keys, epoch=epoch, journal=registry)
            yield Stores(
                redis=redis,
                keys=keys,
                outbox=RedisOutbox(redis, keys, limits, epoch=epoch),
                subscriptions=RedisSubscriptions(redis, keys, epoch=epoch, journal=subscriptions),
                registry=registered,
                persons=RegistryPersons(registered),
                audit=RedisAudit(redis, keys),
                parked=parked,
                epoch=epoch,
                recovery=Recovery(
                    bare,
                    keys,
                    epoch,
                    subscriptions=subscriptions,
                    registry=registry,
                    parked=parked,
                    ends=partial(ends, kafka, settings.kafka, settings.topic),
                    front=Front(run=limits.run, interval=pacing.SLACK.interval, sending=min(limits.lease, SEND_WITHIN)),
                ),
                clock=clock,
            )


async def team_of(settings: Settings) -> str:
    """The workspace of the bot token in the settings. Raises UnavailableError where Slack does not tell."""
    if settings.slack_client_id:
        raise UnavailableError("the app may be installed in many workspaces")
    async with SlackWeb(settings.slack_api_url) as web:
        return (await SingleInstallation(web, settings.slack_bot_token.get_secret_value()).installation()).team


def _client(settings: Settings, **more: Any) -> Redis:
    """A client that tries twice again at once, for a connection that went stale; longer waits are the loops' work."""
    retry = Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), 2)
    # The stock pool has 100 connections and raises for whoever asks for another; more workers than that are usual here.
    pool = BlockingConnectionPool.from_url(
        settings.redis,
        max_connections=CONNECTIONS,
        timeout=CONNECTION_SECONDS,
        protocol=3,
        socket_connect_timeout=5,
        health_check_interval=15,
        retry=retry,
        **more,
    )
    return Redis.from_pool(pool)


def patiently(what: str, *, where: str, failures: tuple[type[BaseException], ...]) -> AsyncRetrying:
    """Try until it works, with waits that grow to 10 s, and one log line a try that names what is awaited."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = round(state.next_action.sleep, 1) if state.next_action else 0
        log.warning("waiting_for", what=what, url=where, why=str(error) or type(error).__name__, again_in=seconds)

    return AsyncRetrying(
        retry=retry_if_exception_type(failures),
        wait=wait_exponential_jitter(multiplier=0.2, max=10),
        before_sleep=tell,
        sleep=asyncio.sleep,
    )


@asynccontextmanager
async def installations(
    settings: Settings, kept: Stores, web: SlackWeb
) -> AsyncIterator[SingleInstallation | ManyInstallations]:
    """One workspace by its token, or many by what was installed."""
    if not settings.slack_client_id:
        yield SingleInstallation(web, settings.slack_bot_token.get_secret_value())
        return
    store = _installation_store(settings, kept)
    lock = Lock(kept.redis, LOCK_MS)
    async with ManyInstallations(store, _granting(settings, web), lock, kept.keys, clock=kept.clock) as many:
        yield many


def _installation_store(settings: Settings, kept: Stores) -> InstallationStore:
    return InstallationStore(kept.registry, Vault([key.get_secret_value() for key in settings.encryption_keys]))


def _granting(settings: Settings, web: SlackWeb) -> Granting:
    return Granting(web, settings.slack_client_id, settings.slack_client_secret.get_secret_value())


@asynccontextmanager
async def services(settings: Settings, kept: Stores) -> AsyncIterator[Mapping[str, Service]]:
    """The outlets, by kind of destination."""

    async def policy_of(place: DestinationId, events: Sequence[Event]) -> Doubt:
        return policy(await kept.subscriptions.of_destination(place), events)

    threads = RedisThreads(
        kept.redis, kept.keys, kept.subscriptions, lasting=round(settings.thread_hours * HOUR), clock=kept.clock
    )

    async def together(place: Destination, items: Sequence[Item]) -> int:
        """How many of a channel's items, from the first, go into the same thread, or into none."""
        if not isinstance(place, SlackChannel):
            return len(items)
        keys = await threads.of(destination_id(place), [item.event for item in items])
        return len(list(takewhile(lambda key: key == keys[0], keys)))

    async with AsyncExitStack() as open_:
        web = await open_.enter_async_context(SlackWeb(settings.slack_api_url))
        found = await open_.enter_async_context(installations(settings, kept, web))
        slack = await open_.enter_async_context(
            SlackOutlet(
                SlackWeb(settings.slack_api_url),
                found.token_of,
                renew=found.renew,
                policy_of=policy_of,
                threads=threads,
            )
        )
        webhook = await open_.enter_async_context(
            WebhookOutlet(
                settings.secret.get_secret_value(),
                allow=settings.webhook_allow,
                ports=settings.webhook_ports,
            )
        )
        yield {
            "slack": Service(outlet=slack, schedule=schedules.SLACK, pace=pacing.SLACK, fit=take, together=together),
            "webhook": Service(outlet=webhook, schedule=schedules.WEBHOOK, pace=pacing.WEBHOOK, fit=lambda _: 1),
        }


def gate(kept: Stores) -> Gate:
    """Who holds back what waits."""
    return Gatekeeper(kept.subscriptions)


@asynccontextmanager
async def streams(settings: Settings, metrics: Metrics) -> AsyncIterator[tuple[Gateway, Streams]]:
    """The gateway for browsers and its routes. An empty token in the settings closes them to everyone."""
    tickets = LocalTickets()
    token = settings.stream_token.get_secret_value() or secrets.token_urlsafe(32)
    access = Access(token, settings.stream_origins, tickets)
    async with Gateway(metrics) as gateway:
        yield gateway, Streams(gateway, access, tickets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Slack's requests reach the app over one of the two. `ready` raises while they don't."""

    app: SlackApp
    socket: SocketMode | None
    routes: Sequence[RouteDef]

    async def ready(self) -> None:
        """Raise UnavailableError while Slack can't reach us over the socket."""
        if self.socket is not None and (why := self.socket.why_not) is not None:
            raise UnavailableError(f"Slack: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What people do, over whatever they come: the actions, their world, and the Slack that it knows."""

    web: SlackWeb
    installations: SingleInstallation | ManyInstallations
    world: World
    actions: Actions


@asynccontextmanager
async def acts(settings: Settings, kept: Stores, recent: Recent) -> AsyncIterator[Acting]:
    """The actions, for the Slack app, the REST API and the command line: one for a process."""
    async with AsyncExitStack() as open_:
        web = await open_.enter_async_context(SlackWeb(settings.slack_api_url))
        found = await open_.enter_async_context(installations(settings, kept, web))

        async def token_of(team: str) -> str:
            token = await found.token_of(team)
            if token is None:
                raise UnavailableError(f"Slack: the app is not installed in {team}")
            return token

        lookup = Lookup(web=web, token_of=token_of)
        groups = SlackGroups(lookup, clock=time.monotonic)
        master = settings.secret.get_secret_value()
        notices = SlackNotices(web, token_of)
        await open_.enter_async_context(notices.serving(settings.drain_seconds))
        world = World(
            subscriptions=kept.subscriptions,
            people=SlackPeople(lookup, groups, clock=time.monotonic, admins=settings.admins),
            channels=SlackChannels(lookup, clock=time.monotonic),
            audit=kept.audit,
            lanes=kept.outbox,
            persons=kept.persons,
            recent=recent,
            notices=notices,
            move=Removal(
                kept.redis,
                kept.keys,
                kept.outbox,
                kept.parked,
                shards=SHARDS,
                remember=round(settings.remember_hours * HOUR),
                epoch=kept.epoch,
            ),
            refuse_url=lambda url: check_url(url, settings.webhook_allow, settings.webhook_ports),
            secret_of=lambda destination: signing_secret(master, destination),
            now=kept.clock,
            draw=secrets.randbelow,
            policy=Policy(guests=settings.guests, strangers=settings.strangers),
        )
        yield Acting(web=web, installations=found, world=world, actions=Actions(world))


def may_act(settings: Settings) -> bool:
    """Whether the settings suffice for the actions: a secret to derive from, and a Slack to ask."""
    slack = settings.slack_client_id or settings.slack_bot_token.get_secret_value()
    return bool(slack and settings.secret.get_secret_value())


def api_keys(kept: Stores) -> ApiKeys:
    """The API keys."""
    return ApiKeys(kept.registry, now=kept.clock, chance=secrets.token_bytes)


def api(kept: Stores, acting: Acting) -> Sequence[RouteDef]:
    """The routes of the REST API."""
    return Api(acting.actions, api_keys(kept), now=kept.clock).routes()


@asynccontextmanager
async def people(settings: Settings, kept: Stores, acting: Acting) -> AsyncIterator[Listening]:
    """The Slack app and what brings it requests: a socket where there is an app-level token, else an HTTP route.

    On the way out the socket closes first, so that nothing new comes, and then what was acknowledged is finished.
    """
    web, found, world = acting.web, acting.installations, acting.world
    async with AsyncExitStack() as open_:
        if isinstance(found, SingleInstallation):
            await _greet(found)
        lifecycle = await _lifecycle(settings, kept, web)
        oauth = [] if lifecycle is None else _oauth(settings, kept, web, lifecycle).routes()
        inbox = Inbox(kept.redis, kept.keys, epoch=kept.epoch, lease=settings.inbox_lease_seconds)
        orphans = OrphanKeeper(
            Means(
                subscriptions=world.subscriptions,
                people=world.people,
                audit=world.audit,
                lanes=world.lanes,
                notices=world.notices,
                halts=Halts(kept.redis, kept.keys, epoch=kept.epoch),
                told=RedisOrphans(kept.redis, kept.keys),
                move=world.move,
                now=world.now,
                hold=round(min(settings.hold_hours, settings.max_age_hours) * HOUR),
            )
        )
        await open_.enter_async_context(orphans.serving())
        app = SlackApp(
            web=web, installations=found, actions=acting.actions, inbox=inbox, orphans=orphans, installed=lifecycle
        )
        await open_.enter_async_context(app.serving(settings.drain_seconds))
        app_token = settings.slack_app_token.get_secret_value()
        if app_token:
            socket = await open_.enter_async_context(SocketMode(app, web, app_token))
            yield Listening(app=app, socket=socket, routes=oauth)
        else:
            endpoint = Endpoint(app, settings.slack_signing_secret.get_secret_value())
            yield Listening(app=app, socket=None, routes=[*endpoint.routes(), *oauth])


async def _lifecycle(settings: Settings, kept: Stores, web: SlackWeb) -> Lifecycle | None:
    """What keeps installations, where there may be many; all are looked at, which seals them with the first key."""
    if not settings.slack_client_id:
        return None
    store = _installation_store(settings, kept)
    try:
        found = await store.all()
    except UnavailableError as error:
        log.error("slack_installations_unreadable", why=str(error))  # noqa: TRY400 (says it all)
    else:
        broken = sorted(key for key, one in found.items() if one.broken)
        log.info("slack_installations", count=len(found), broken=broken)
    return Lifecycle(web, store, kept.outbox)


def _oauth(settings: Settings, kept: Stores, web: SlackWeb, lifecycle: Lifecycle) -> OAuth:
    return OAuth(
        web,
        _granting(settings, web),
        States(kept.redis, kept.keys),
        lifecycle,
        client_id=settings.slack_client_id,
        api_url=settings.slack_api_url,
        public_url=settings.public_url,
        scopes=tuple(SCOPES),
        teams=settings.slack_teams,
        clock=kept.clock,
    )


async def _greet(installations: SingleInstallation) -> None:
    """Learn whose token it is; a Slack that is away is no reason not to start."""
    try:
        found = await installations.installation()
    except UnavailableError as error:
        log.warning("slack_unavailable", why=str(error))
    else:
        log.info("slack_installation", team=found.team, bot=found.bot_user)
