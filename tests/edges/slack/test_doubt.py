"""A result that may have been shown already: the card in the channel, the click, and what comes of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from bot.core.backoff import MINUTE
from bot.core.cloudevent import encode
from bot.core.delivery import DeliveryId, Paced, Sent, settle
from bot.core.destination import DestinationId, SlackChannel, destination_id, slack_installation
from bot.core.doubt import policy
from bot.core.event import Event
from bot.core.filters import parse
from bot.core.routing import Router
from bot.core.schedules import SLACK
from bot.core.subscription import Doubt, Style, Subscription, SubscriptionId
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outbox import Arrival, Leased
from bot.ports.outlet import Item, Parcel
from bot.render.doubt import SHOW
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from bot.wiring.stores import now_ms
from tests.core.examples import event
from tests.edges.slack.conftest import Person, button, eventually, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
def outbox(redis: Redis, keys: Keys) -> RedisOutbox:
    """With the clock in the test's hand; the app's own goes by the server's."""
    return RedisOutbox(redis, keys, Limits(), now=now_ms())


@pytest.fixture
async def outlet(sandbox: Sandbox, subscriptions: RedisSubscriptions) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async def policy_of(place: DestinationId, events: Sequence[Event]) -> Doubt:
        return policy(await subscriptions.of_destination(place), events)

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, policy_of=policy_of) as made:
        yield made


class Post:
    """One result on its way to a channel whose subscription asks; each `attempt` is a worker's turn."""

    def __init__(self, sandbox: Sandbox, outbox: RedisOutbox, outlet: SlackOutlet) -> None:
        self.sandbox = sandbox
        self.outbox = outbox
        self.outlet = outlet
        self.channel = SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))
        self.subscription = Subscription(
            id=SubscriptionId("k7m2qx"),
            team=TEAM,
            owner=sandbox.user_id("tomas.okafor"),
            filter=parse("model:fraud-*"),
            destination=self.channel,
            style=Style(doubt=Doubt.ASK),
        )

    async def append(self) -> None:
        said = event()
        routed = Router([self.subscription]).route(said)
        arrival = Arrival(offset=0, key=said.key, body=encode(said), routed=routed)
        await self.outbox.append("events", 0, [arrival], version=1, read_from=None)

    async def lease(self) -> Leased:
        (leased,) = (await self.outbox.lease("w", lanes=1, kinds=["slack"])).lanes
        return leased

    async def attempt(self) -> type:
        """Lease, send, settle; ten minutes later than the last, by when everything is due."""
        assert self.outbox.now is not None
        self.outbox.now += 10 * MINUTE
        now = self.outbox.now
        leased = await self.lease()
        items = tuple(Item(delivery=delivery, body=body) for delivery, body in leased.deliveries)
        outcome = await self.outlet.send(Parcel(destination=leased.destination, items=items))
        assert not isinstance(outcome, Paced)
        steps = {
            item.delivery.id: settle(item.delivery, outcome, schedule=SLACK, now=now, jitter=0.0) for item in items
        }
        assert (await self.outbox.settle(leased, steps, due=0)).held
        return type(outcome)

    def results(self) -> list[str]:
        entries = self.sandbox.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
        return [one["ts"] for one in entries if one["metadata"] and one["metadata"]["event_type"] == "tidings_delivery"]


@pytest.fixture
async def post(sandbox: Sandbox, outbox: RedisOutbox, outlet: SlackOutlet, subscriptions: RedisSubscriptions) -> Post:
    made = Post(sandbox, outbox, outlet)
    await subscriptions.save(made.subscription)
    await made.append()
    return made


async def click(person: Person, card: dict[str, object], channel: str) -> None:
    place = {"type": "message", "channel": channel, "ts": card["ts"]}
    await person.do("action", container=place, action=button(card, SHOW))


async def asked(post: Post, person: Person, *, after: bool) -> dict[str, object]:
    """Lose the first answer, close the history, and return the card that the next attempt shows."""
    post.sandbox.fault("drop", method="chat.postMessage", after=after)
    assert (await post.attempt()).__name__ == "Unknown"
    post.sandbox.fault("error", method="conversations.history", error="missing_scope", times=None)
    assert (await post.attempt()).__name__ == "Asked"
    while True:
        message = await person.sees("message")
        if "may be shown already" in text_of(message):
            return message


async def test_a_click_shows_the_result_once_and_the_card_says_so(
    people: dict[str, Person], post: Post, outbox: RedisOutbox
) -> None:
    tomas, channel = people["tomas"], post.channel.channel
    card = await asked(post, tomas, after=False)
    assert post.results() == []
    assert (await outbox.state()).deliveries == 0

    await asyncio.gather(*(click(person, card, channel) for person in (tomas, people["amara"])))
    changed = await tomas.sees("message_changed")
    assert "Chargeback of order 7" in text_of(changed)
    assert "button" not in str(changed["blocks"])

    assert (await outbox.state()).deliveries == 1
    assert await post.attempt() is Sent
    assert len(post.results()) == 1
    assert (await outbox.state()).deliveries == 0


async def test_a_second_click_on_an_old_card_shows_nothing_more(
    people: dict[str, Person], post: Post, outbox: RedisOutbox
) -> None:
    tomas, channel = people["tomas"], post.channel.channel
    card = await asked(post, tomas, after=True)
    assert len(post.results()) == 1
    one = DeliveryId(button(card, SHOW)["value"])

    await click(tomas, card, channel)
    assert f"<@{tomas.user}> asked to show it" in text_of(await tomas.sees("message_changed"))
    assert await post.attempt() is Sent
    assert len(post.results()) == 2
    assert (await outbox.show(slack_installation(TEAM), [one])).shown == 0
    assert (await outbox.state()).deliveries == 0


async def test_a_click_that_comes_too_late_is_answered_with_where_to_look(
    people: dict[str, Person], post: Post, redis: Redis, keys: Keys
) -> None:
    tomas = people["tomas"]
    card = await asked(post, tomas, after=False)
    one = DeliveryId(button(card, SHOW)["value"])
    await redis.delete(keys.asked(one))

    await click(tomas, card, post.channel.channel)
    changed = text_of(await tomas.sees("message_changed"))
    assert f"An operator finds it among the dead letters: delivery `{one}`" in changed


async def test_doubt_is_confirmed_and_listed(
    people: dict[str, Person], subscriptions: RedisSubscriptions, outbox: RedisOutbox, redis: Redis, keys: Keys
) -> None:
    tomas = people["tomas"]
    assert "asks before it repeats" in text_of(await tomas.type("general", "subscribe status:failed doubt ask"))
    _, (made,) = await subscriptions.snapshot()
    assert made.style == Style(doubt=Doubt.ASK)
    listed = text_of(await tomas.type("general", "list"))
    assert "asks before it repeats" in listed
    assert "Nothing is sent" not in listed

    await redis.hset(
        keys.paused,
        mapping={
            f"slack/{TEAM}": "Slack: token_revoked; install the app again",
            destination_id(made.destination): "Slack: is_archived",
            "slack/T0OTHER": "somebody else's",
        },
    )
    listed = text_of(await tomas.type("general", "list"))
    assert "*Nothing is sent to Slack for now.* Slack: token_revoked; install the app again." in listed
    assert "nothing is sent there: Slack: is_archived" in listed
    assert "somebody else's" not in listed
    assert (await outbox.state()).halted == 2
    await eventually(lambda: not tomas.notices)
