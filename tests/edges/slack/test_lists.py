"""The button of a summary's card, and the modal behind it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Lane, Sent
from bot.core.destination import SlackChannel, destination_id
from bot.core.event import Link
from bot.outlets.slack.outlet import SlackOutlet
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Parcel, Summing
from bot.render.summary import SHOW_ALL, TURN
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.summaries import RedisSummaries
from tests.core.examples import event
from tests.edges.outlets.parcels import item
from tests.edges.slack.conftest import Person, button, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


@pytest.fixture
async def outlet(sandbox: Sandbox, redis: Redis, keys: Keys) -> AsyncIterator[SlackOutlet]:
    async def token_of(_: str) -> str:
        return sandbox.bot_token

    async with SlackOutlet(SlackWeb(sandbox.api_url), token_of, summaries=RedisSummaries(redis, keys)) as made:
        yield made


async def summed(sandbox: Sandbox, outlet: SlackOutlet, person: Person, many: int = 60) -> dict[str, Any]:
    """The card of a summary, as the person sees it in the channel."""
    place = SlackChannel(team=TEAM, channel=sandbox.channel_id("fraud-alerts"))
    links = (Link(url="https://example.com/run/7", title="Run 7"),)
    told = tuple(item(place, event(id=f"e{n}", title=f"Order {n}", links=links)) for n in range(many))
    lane = Lane(destination_id(place))
    sent = await outlet.send(Parcel(destination=place, items=told, summing=Summing(lane=lane, whole=True)))
    assert isinstance(sent, Sent)
    return await person.sees("message")


async def click(person: Person, card: dict[str, Any], **forged: str) -> dict[str, Any]:
    place = {"type": "message", "channel": card["channel"], "ts": card["ts"]}
    await person.do("action", container=place, action={**button(card, SHOW_ALL), **forged})
    return await person.sees("view")


async def turn(person: Person, view: dict[str, Any], way: str) -> dict[str, Any]:
    place = {"type": "view", "view_id": view["id"]}
    await person.do("action", container=place, action=button(view, f"{TURN}.{way}"))
    return await person.sees("view")


async def test_whoever_reads_the_card_turns_the_pages_of_its_list(
    sandbox: Sandbox, outlet: SlackOutlet, people: dict[str, Person]
) -> None:
    card = await summed(sandbox, outlet, people["amara"])
    first = await click(people["amara"], card)
    assert "1 to 25 of 60" in text_of(first)
    assert "Order 24" in text_of(first)
    assert "https://example.com/run/7" in str(first["blocks"])

    second = await turn(people["amara"], first, "later")
    assert "26 to 50 of 60" in text_of(second)
    third = await turn(people["amara"], second, "later")
    assert "51 to 60 of 60" in text_of(third)
    assert "later" not in str(third["blocks"])
    assert "26 to 50" in text_of(await turn(people["amara"], third, "earlier"))


async def test_a_list_that_is_no_longer_kept_says_so_and_what_to_do(
    sandbox: Sandbox, outlet: SlackOutlet, people: dict[str, Person], redis: Redis, keys: Keys
) -> None:
    card = await summed(sandbox, outlet, people["amara"])
    view = await click(people["amara"], card)
    async for key in redis.scan_iter(f"{keys.prefix}list:*"):
        await redis.delete(key)
    assert "I no longer have this list" in text_of(await turn(people["amara"], view, "later"))
    assert "tidings replay" in text_of(await click(people["amara"], card))


async def test_a_list_of_another_conversation_is_not_shown_to_whoever_names_it(
    sandbox: Sandbox, outlet: SlackOutlet, people: dict[str, Person], redis: Redis, keys: Keys
) -> None:
    secret = await RedisSummaries(redis, keys).tell(
        Lane("slack/T0SANDBOX/C0SECRET"),
        destination_id(SlackChannel(team=TEAM, channel="C0SECRET")),
        [],
        window=0,
        aside=(),
    )
    await RedisSummaries(redis, keys).shown(secret, "C0SECRET", "1.1", over=False)
    card = await summed(sandbox, outlet, people["amara"])
    assert "I no longer have this list" in text_of(await click(people["amara"], card, value=secret.list))
