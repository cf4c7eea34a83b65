"""What delivers: an outlet for each kind of destination, and who holds back what waits."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import takewhile

from bot.core import pacing, schedules
from bot.core.destination import Destination, DestinationId, SlackChannel, Webhook, destination_id
from bot.core.doubt import policy
from bot.core.event import Event
from bot.core.showing import Audience, anybody_asks, asked_of, view
from bot.core.subscription import Doubt, Showing
from bot.outlets.slack.onlookers import Onlookers
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.outlets.webhook import WebhookOutlet
from bot.ports.gate import Gate
from bot.ports.outlet import Item, Service
from bot.render.digest import take
from bot.render.discretion import body
from bot.settings import Settings
from bot.stores.gate import Gatekeeper
from bot.stores.leading import Leading
from bot.stores.threads import RedisThreads
from bot.wiring.installing import directory_of, installations
from bot.wiring.stores import HOUR, Stores


@asynccontextmanager
async def services(settings: Settings, kept: Stores) -> AsyncIterator[Mapping[str, Service]]:
    """The outlets, by kind of destination."""

    async def policy_of(place: DestinationId, events: Sequence[Event]) -> Doubt:
        return policy(await kept.subscriptions.of_destination(place), events)

    leading = Leading(kept.subscriptions, clock=kept.clock)
    threads = RedisThreads(
        kept.redis, kept.keys, leading, lasting=round(settings.thread_hours * HOUR), clock=kept.clock
    )

    async def body_of(place: Webhook, item: Item) -> bytes:
        """The body as it came, unread, unless somebody asks for less."""
        subscriptions = await leading.to(destination_id(place))
        if not anybody_asks(subscriptions):
            return item.body
        asked = asked_of(subscriptions, item.event, now=kept.clock())
        seen = view(item.event, Audience.ENDPOINT, asked=asked)
        return item.body if seen.showing is Showing.FULL else body(item.event, seen)

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
                views_of=Onlookers(directory_of(settings, web, found).channels, leading.to, clock=kept.clock).views_of,
            )
        )
        webhook = await open_.enter_async_context(
            WebhookOutlet(
                settings.secret.get_secret_value(),
                allow=settings.webhook_allow,
                ports=settings.webhook_ports,
                body_of=body_of,
            )
        )
        yield {
            "slack": Service(outlet=slack, schedule=schedules.SLACK, pace=pacing.SLACK, fit=take, together=together),
            "webhook": Service(outlet=webhook, schedule=schedules.WEBHOOK, pace=pacing.WEBHOOK, fit=lambda _: 1),
        }


@asynccontextmanager
async def gate(settings: Settings, kept: Stores) -> AsyncIterator[Gate]:
    """Who holds back what waits: by subscriptions, people's preferences, and the time zones that Slack knows."""
    async with (
        SlackWeb(settings.slack_api_url) as web,
        installations(settings, kept, web) as found,
    ):
        people = directory_of(settings, web, found).people

        async def zone_of(team: str, user: str) -> str:
            facts = await people.person(team, user)
            return "UTC" if facts is None else facts.zone

        yield Gatekeeper(kept.subscriptions, persons=kept.persons, zone_of=zone_of)
