"""The acts, with everything behind their ports."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.address import check_url
from bot.core.permission import Policy
from bot.outlets.slack.web import SlackWeb
from bot.ports.archive import Archive
from bot.ports.people import Recent
from bot.render.webhook import signing_secret
from bot.settings import Settings, has_slack
from bot.slack.directory.channels import SlackChannels
from bot.slack.installation import SingleInstallation
from bot.slack.many import ManyInstallations
from bot.slack.notices import SlackNotices
from bot.stores.afresh import RedisAfresh
from bot.stores.removal import Removal
from bot.wiring.installing import directory_of, installations, sure_token_of
from bot.wiring.stores import HOUR, SHARDS, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What it takes to act in people's names: the acts, the world they act in, and how Slack is asked."""

    actions: Actions
    world: World
    web: SlackWeb
    installations: SingleInstallation | ManyInstallations
    channels: SlackChannels


@asynccontextmanager
async def acts(settings: Settings, kept: Stores, recent: Recent, archive: Archive) -> AsyncIterator[Acting]:
    """The acts, for Slack, REST and the command line: one for a process. On the way out notices are finished."""
    async with AsyncExitStack() as open_:
        web = await open_.enter_async_context(SlackWeb(settings.slack_api_url))
        found = await open_.enter_async_context(installations(settings, kept, web))
        directory = directory_of(settings, web, found)
        master = settings.secret.get_secret_value()
        notices = SlackNotices(web, sure_token_of(found))
        await open_.enter_async_context(notices.serving(settings.drain_seconds))
        world = World(
            subscriptions=kept.subscriptions,
            people=directory.people,
            channels=directory.channels,
            audit=kept.audit,
            lanes=kept.outbox,
            letters=kept.letters,
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
            archive=archive,
            opinions=kept.feedback,
            afresh=RedisAfresh(kept.outbox, kept.parked),
            policy=Policy(guests=settings.guests, strangers=settings.strangers),
        )
        yield Acting(actions=Actions(world), world=world, web=web, installations=found, channels=directory.channels)


def may_act(settings: Settings) -> bool:
    """Whether the settings suffice for the acts: a secret to derive from, and a Slack to ask."""
    return has_slack(settings) and bool(settings.secret.get_secret_value())
