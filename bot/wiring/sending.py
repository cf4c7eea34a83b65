"""What delivers: an outlet for each kind of destination, and who holds back what waits."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.core import pacing, schedules
from bot.core.destination import Destination, DestinationId, Webhook, destination_id
from bot.core.doubt import policy
from bot.core.event import Event
from bot.core.showing import Audience, anybody_asks, asked_of, view
from bot.core.subscription import Doubt, Showing
from bot.outlets.slack.gathering import gather
from bot.outlets.slack.onlookers import Onlookers
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.readers import Readers
from bot.outlets.slack.web import SlackWeb
from bot.outlets.webhook import WebhookOutlet
from bot.ports.gate import Gate
from bot.ports.outlet import Item, Service
from bot.ports.people import People
from bot.render.discretion import body
from bot.render.ladder import take
from bot.settings import Settings
from bot.slack.installation import SingleInstallation
from bot.slack.many import ManyInstallations
from bot.stores.audiences import RedisAudiences
from bot.stores.cards import RedisCards
from bot.stores.gate import Gatekeeper
from bot.stores.leading import Leading
from bot.stores.summaries import RedisSummaries
from bot.stores.threads import RedisThreads
from bot.wiring.installing import directory_of, installations
from bot.wiring.stores import HOUR, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What dispatch sends through: the outlets by kind of destination, and who holds back what waits."""

    services: Mapping[str, Service]
    gate: Gate


@asynccontextmanager
async def sending(settings: Settings, kept: Stores) -> AsyncIterator[Sending]:
    """Open both, for the same installations. The Slack outlet has connections of its own, which it closes itself."""
    async with AsyncExitStack() as open_:
        web = await open_.enter_async_context(SlackWeb(settings.slack_api_url))
        found = await open_.enter_async_context(installations(settings, kept, web))
        directory = directory_of(settings, web, found)
        leading = Leading(kept.subscriptions, clock=kept.clock)
        threads = RedisThreads(
            kept.redis, kept.keys, leading, lasting=round(settings.thread_hours * HOUR), clock=kept.clock
        )
        cards = _cards(settings, kept)
        readers = Readers(
            directory.channels,
            audiences=RedisAudiences(kept.redis, kept.keys),
            budgets=kept.budgets,
            clock=kept.clock,
        )
        onlookers = Onlookers(readers, leading.to, clock=kept.clock)
        slack = await open_.enter_async_context(_slack(settings, kept, found, leading, threads, onlookers, cards))
        webhook = await open_.enter_async_context(
            WebhookOutlet(
                settings.secret.get_secret_value(),
                allow=settings.webhook_allow,
                ports=settings.webhook_ports,
                body_of=_body(kept, leading),
            )
        )
        yield Sending(
            services={
                "slack": Service(
                    outlet=slack,
                    schedule=schedules.SLACK,
                    pace=pacing.SLACK,
                    fit=take,
                    together=_together(threads, cards),
                    sums=True,
                ),
                "webhook": Service(outlet=webhook, schedule=schedules.WEBHOOK, pace=pacing.WEBHOOK, fit=lambda _: 1),
            },
            gate=_gate(kept, directory.people),
        )


def _slack(
    settings: Settings,
    kept: Stores,
    found: SingleInstallation | ManyInstallations,
    leading: Leading,
    threads: RedisThreads,
    onlookers: Onlookers,
    cards: RedisCards | None,
) -> SlackOutlet:
    async def policy_of(place: DestinationId, events: Sequence[Event]) -> Doubt:
        return policy(await kept.subscriptions.of_destination(place), events)

    return SlackOutlet(
        SlackWeb(settings.slack_api_url),
        found.token_of,
        renew=found.renew,
        policy_of=policy_of,
        called_in=leading.called,
        threads=threads,
        views_of=onlookers.views_of,
        link_hosts=settings.link_hosts,
        cards=cards,
        summaries=RedisSummaries(kept.redis, kept.keys, epoch=kept.epoch),
        budgets=kept.budgets,
    )


def _body(kept: Stores, leading: Leading) -> Callable[[Webhook, Item], Awaitable[bytes]]:
    async def body_of(place: Webhook, item: Item) -> bytes:
        """The body as it came, unread, unless somebody asks for less."""
        subscriptions = await leading.to(destination_id(place))
        if not anybody_asks(subscriptions):
            return item.body
        asked = asked_of(subscriptions, item.event, now=kept.clock())
        seen = view(item.event, Audience.ENDPOINT, asked=asked)
        return item.body if seen.showing is Showing.FULL else body(item.event, seen)

    return body_of


def _cards(settings: Settings, kept: Stores) -> RedisCards | None:
    if not settings.card_hours:
        return None
    return RedisCards(kept.redis, kept.keys, lasting=round(settings.card_hours * HOUR))


def _together(
    threads: RedisThreads, cards: RedisCards | None
) -> Callable[[Destination, Sequence[Item]], Awaitable[Sequence[Item]]]:
    async def together(place: Destination, items: Sequence[Item]) -> Sequence[Item]:
        return await gather(threads, cards, place, items)

    return together


def _gate(kept: Stores, people: People) -> Gate:
    """Who holds back by subscriptions, people's preferences, and the time zones that Slack knows."""

    async def zone_of(team: str, user: str) -> str:
        facts = await people.person(team, user)
        return "UTC" if facts is None else facts.zone

    return Gatekeeper(kept.subscriptions, persons=kept.persons, zone_of=zone_of)
