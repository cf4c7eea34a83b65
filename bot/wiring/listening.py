"""What hears people in Slack, and keeps what they rely on: the app and the orphan keeper."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp.web import RouteDef

from bot.core.errors import UnavailableError
from bot.ports.letters import DeadLetters
from bot.settings import Settings
from bot.slack.app import SlackApp
from bot.slack.endpoint import Endpoint
from bot.slack.inbox import Inbox
from bot.slack.installation import SingleInstallation
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.orphans.registrar import Means
from bot.slack.socket import SocketMode
from bot.stores.halts import Halts
from bot.stores.orphans import RedisOrphans
from bot.stores.overheld import Overheld
from bot.stores.summaries import RedisSummaries
from bot.telemetry import Metrics
from bot.wiring.acting import Acting
from bot.wiring.installing import greet, lifecycle_of, oauth_of
from bot.wiring.stores import HOUR, Stores


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


@asynccontextmanager
async def people(
    settings: Settings, kept: Stores, acting: Acting, letters: DeadLetters, metrics: Metrics
) -> AsyncIterator[Listening]:
    """The Slack app and what brings it requests: a socket where there is an app-level token, else an HTTP route.

    On the way out the socket closes first, so that nothing new comes, and then what was acknowledged is finished.
    """
    web, found, world = acting.web, acting.installations, acting.world
    async with AsyncExitStack() as open_:
        if isinstance(found, SingleInstallation):
            await greet(found)
        lifecycle = await lifecycle_of(settings, kept, web)
        oauth = [] if lifecycle is None else oauth_of(settings, kept, web, lifecycle).routes()
        inbox = Inbox(kept.redis, kept.keys, epoch=kept.epoch, lease=settings.inbox_lease_seconds)
        orphans = OrphanKeeper(
            Means(
                subscriptions=world.subscriptions,
                people=world.people,
                channels=acting.channels,
                audit=world.audit,
                lanes=world.lanes,
                notices=world.notices,
                halts=Halts(kept.redis, kept.keys, epoch=kept.epoch),
                told=RedisOrphans(kept.redis, kept.keys),
                move=world.move,
                now=world.now,
                hold=round(min(settings.hold_hours, settings.max_age_hours) * HOUR),
                overheld=_overheld(settings, kept, letters),
                expired=lambda kind, many: metrics.deliveries_expired.labels(kind).inc(many),
            )
        )
        await open_.enter_async_context(orphans.serving())
        app = SlackApp(
            web=web,
            installations=found,
            actions=acting.actions,
            inbox=inbox,
            orphans=orphans,
            installed=lifecycle,
            summaries=RedisSummaries(kept.redis, kept.keys, epoch=kept.epoch),
        )
        await open_.enter_async_context(app.serving(settings.drain_seconds))
        app_token = settings.slack_app_token.get_secret_value()
        if app_token:
            socket = await open_.enter_async_context(SocketMode(app, web, app_token))
            yield Listening(app=app, socket=socket, routes=oauth)
        else:
            endpoint = Endpoint(app, settings.slack_signing_secret.get_secret_value())
            yield Listening(app=app, socket=None, routes=[*endpoint.routes(), *oauth])


def _overheld(settings: Settings, kept: Stores, letters: DeadLetters) -> Overheld | None:
    """Nothing where deliveries grow too old before: dispatch gives those up."""
    if settings.hold_hours >= settings.max_age_hours:
        return None
    return Overheld(
        kept.redis,
        kept.keys,
        letters,
        hold=round(settings.hold_hours * HOUR),
        remember=round(settings.remember_hours * HOUR),
        epoch=kept.epoch,
    )
