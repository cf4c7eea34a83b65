"""What people may do and what it comes to, on the real store; Slack's side is told by a small table each test fills."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.answers import (
    Actor,
    AlreadySubscribed,
    BadPlace,
    Listing,
    NoSuchSubscription,
    NotAllowed,
    Problem,
    Shelf,
    Subscribed,
    Unsubscribed,
)
from bot.core.destination import Destination, SlackChannel, SlackPerson, SlackThread, Webhook
from bot.core.errors import UnavailableError
from bot.core.filters import parse
from bot.core.permission import Act
from bot.core.subscription import Style, Subscription, SubscriptionId, subscription_id
from bot.ports.people import ChannelFacts
from bot.stores.keys import Keys
from tests.edges.standins import MEMBER_OF, NOW, Slack

ANA = Actor(team="T1", user="U1")
BEN = Actor(team="T1", user="U2")
BOSS = Actor(team="T1", user="U3")
FRAUD = SlackChannel(team="T1", channel="C1")
HOOK = Webhook(team="T1", url="https://hooks.example.com/a")
OUTSIDE = replace(MEMBER_OF, is_member=False)


async def subscribe(
    actions: Actions, actor: Actor = ANA, wanted: str = "status:failed", destination: Destination = FRAUD
) -> Any:
    return await actions.subscribe(actor, wanted=parse(wanted), destination=destination, style=Style())


async def test_a_subscription_belongs_to_who_made_it_and_is_audited(
    actions: Actions, world: World, redis: Redis, keys: Keys
) -> None:
    answer = await actions.subscribe(ANA, wanted=parse("status:failed"), destination=FRAUD, style=Style(mention="U9"))
    expected = Subscription(
        id=subscription_id(0),
        team="T1",
        owner="U1",
        filter=parse("status:failed"),
        destination=FRAUD,
        style=Style(mention="U9"),
        created=NOW,
    )
    assert answer == Subscribed(subscription=expected)
    assert await world.subscriptions.get(expected.id) == expected
    assert await redis.xlen(keys.audit) == 1


async def test_the_same_again_shows_what_is_there_and_changes_nothing(
    actions: Actions, world: World, redis: Redis, keys: Keys
) -> None:
    first = await subscribe(actions)
    assert await subscribe(actions, BEN, "STATUS:Failed") == AlreadySubscribed(existing=first.subscription)
    assert await world.subscriptions.version() == 1
    assert await redis.xlen(keys.audit) == 1


async def test_an_id_that_is_taken_is_drawn_again(world: World) -> None:
    draws = iter([7, 7, 8])
    actions = Actions(replace(world, draw=lambda _: next(draws)))
    first, second = await subscribe(actions), await subscribe(actions, wanted="model:x")
    assert (first.subscription.id, second.subscription.id) == (subscription_id(7), subscription_id(8))


async def test_a_public_channel_is_joined(actions: Actions, slack: Slack) -> None:
    slack.channels["C1"] = OUTSIDE
    answer = await subscribe(actions)
    assert isinstance(answer, Subscribed)
    assert answer.joined
    assert slack.joined == ["C1"]


@pytest.mark.parametrize(
    ("facts", "joinable", "problem"),
    [
        (None, True, Problem.UNSEEN),
        (replace(MEMBER_OF, is_archived=True), True, Problem.ARCHIVED),
        (replace(MEMBER_OF, is_external=True), True, Problem.EXTERNAL),
        (replace(OUTSIDE, is_private=True), True, Problem.UNSEEN),
        (OUTSIDE, False, Problem.UNINVITED),
    ],
)
@pytest.mark.parametrize("place", [FRAUD, SlackThread(team="T1", channel="C1", thread="1.2")])
async def test_a_channel_that_takes_nothing_is_refused_with_its_reason_and_nothing_is_saved(
    actions: Actions,
    world: World,
    slack: Slack,
    facts: ChannelFacts | None,
    joinable: bool,  # noqa: FBT001 (a table's column)
    problem: Problem,
    place: Destination,
) -> None:
    slack.channels = {} if facts is None else {"C1": facts}
    slack.joinable = joinable
    assert await subscribe(actions, destination=place) == BadPlace(destination=place, problem=problem)
    assert await world.subscriptions.snapshot() == (0, ())


async def test_a_url_that_is_refused_is_refused_with_the_reason(actions: Actions, world: World) -> None:
    place = Webhook(team="T1", url="http://10.0.0.1/")
    expected = BadPlace(destination=place, problem=Problem.URL, detail="Only https URLs are taken.")
    assert await subscribe(actions, destination=place) == expected
    assert await world.subscriptions.version() == 0


async def test_a_webhooks_secret_is_shown_to_its_only_owner_and_never_printed_by_accident(actions: Actions) -> None:
    answer = await subscribe(actions, destination=HOOK)
    assert answer.secret.startswith("whsec_webhook/T1/")
    assert "whsec_" not in repr(answer)
    again = await subscribe(actions, wanted="model:x", destination=HOOK)
    assert again.secret == answer.secret


async def test_a_webhooks_secret_is_not_shown_to_a_second_person(actions: Actions) -> None:
    await subscribe(actions, destination=HOOK)
    assert (await subscribe(actions, BEN, "model:x", HOOK)).secret is None


async def test_slack_away_means_that_nothing_is_saved(actions: Actions, world: World, slack: Slack) -> None:
    slack.away = True
    with pytest.raises(UnavailableError):
        await subscribe(actions)
    assert await world.subscriptions.version() == 0


@pytest.mark.parametrize("who", [ANA, BOSS])
async def test_the_owner_and_admins_may_unsubscribe_and_it_is_audited(
    actions: Actions, world: World, redis: Redis, keys: Keys, who: Actor
) -> None:
    made = (await subscribe(actions)).subscription
    assert await actions.unsubscribe(who, made.id) == Unsubscribed(subscription=made, viewer=who)
    assert await world.subscriptions.get(made.id) is None
    entries: Any = await redis.xrange(keys.audit)
    assert [(entry[b"act"], entry[b"user"].decode()) for _, entry in entries] == [
        (b"subscribe", "U1"),
        (b"unsubscribe", who.user),
    ]


async def test_others_may_not_unsubscribe(actions: Actions, world: World) -> None:
    made = (await subscribe(actions)).subscription
    assert await actions.unsubscribe(BEN, made.id) == NotAllowed(act=Act.END, owner="U1")
    assert await world.subscriptions.get(made.id) == made


async def test_another_workspaces_subscription_does_not_exist_here_even_for_an_admin(actions: Actions) -> None:
    made = (await subscribe(actions)).subscription
    stranger = Actor(team="T2", user="U3")
    assert await actions.unsubscribe(stranger, made.id) == NoSuchSubscription(id=made.id)


async def test_an_id_that_nobody_has_is_said(actions: Actions) -> None:
    unknown = SubscriptionId("zzzzzz")
    assert await actions.unsubscribe(ANA, unknown) == NoSuchSubscription(id=unknown)


async def test_of_two_who_unsubscribe_at_once_one_is_told_that_it_is_gone(actions: Actions) -> None:
    made = (await subscribe(actions)).subscription
    answers = await asyncio.gather(*(actions.unsubscribe(ANA, made.id) for _ in range(2)))
    assert {type(answer) for answer in answers} == {Unsubscribed, NoSuchSubscription}


async def test_the_list_has_my_own_and_this_places_each_once(actions: Actions) -> None:
    mine_here = (await subscribe(actions)).subscription
    bens_here = (await subscribe(actions, BEN, "model:x")).subscription
    mine_elsewhere = (await subscribe(actions, destination=SlackPerson(team="T1", user="U1"))).subscription
    await subscribe(actions, BEN, "model:y", SlackPerson(team="T1", user="U2"))
    assert await actions.list_near(ANA, FRAUD) == Listing(
        shelf=Shelf.NEAR, subscriptions=(mine_here, bens_here, mine_elsewhere), viewer=ANA, here=FRAUD
    )
    own = await actions.list_near(ANA, None)
    assert own.subscriptions == (mine_here, mine_elsewhere)


async def test_admins_list_all_of_their_workspace_and_nobody_else_may(actions: Actions, world: World) -> None:
    made = (await subscribe(actions)).subscription
    foreign = replace(made, id=SubscriptionId("zzzzzz"), team="T2", destination=SlackPerson(team="T2", user="U1"))
    await world.subscriptions.save(foreign)
    assert await actions.list_all(BOSS) == Listing(shelf=Shelf.ALL, subscriptions=(made,), viewer=BOSS)
    assert await actions.list_all(ANA) == NotAllowed(act=Act.SEE_ALL)
