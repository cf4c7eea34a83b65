"""The table of permissions, cell by cell: somebody with just that role does the act, and it is done or refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.answers import Actor, BadPlace, NoSuchSubscription, NotAllowed
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, Target, Webhook
from bot.core.feedback import Rating
from bot.core.filters import parse
from bot.core.marks import Mark
from bot.core.permission import Act, Admission, Policy, Rank, Role, may
from bot.core.subscription import Holding, Style, Subscription, SubscriptionId
from bot.render.permissions import allows, page
from tests.core.examples import event
from tests.edges.standins import MEMBER_OF, Past, Slack

OWNER, RECIPIENT, INSIDER, MEMBER, ADMIN, GUEST, STRANGER, GONE = (f"U{number}" for number in range(1, 9))
WHO = {Role.OWNER: OWNER, Role.RECIPIENT: RECIPIENT, Role.INSIDER: INSIDER, Role.MEMBER: MEMBER, Role.ADMIN: ADMIN}
SECRET = SlackChannel(team="T1", channel="C1")
GROUP = SlackGroup(team="T1", group="S1")
SUBJECT = SubscriptionId("bbbbbb")
TO_NOBODY = SubscriptionId("cccccc")

TO_ANOTHER = SlackPerson(team="T1", user="U20")
MARK = Mark(event=event().key, time=1, appended=1)

Doing = Callable[[Actions, Actor], Awaitable[Any]]


def subscribing(place: Callable[[Actor], Target], *, confirmed: bool = False) -> Doing:
    async def do(actions: Actions, actor: Actor) -> Any:
        return await actions.subscribe(
            actor, wanted=parse("tag:new"), destination=place(actor), style=Style(), confirmed=confirmed
        )

    return do


def to_self(actor: Actor) -> Target:
    return SlackPerson(team="T1", user=actor.user)


def shown(actor: Actor) -> SlackChannel | SlackPerson:
    """Where a card is that the person came upon."""
    return SlackPerson(team="T1", user=actor.user) if actor.user == RECIPIENT else SECRET


@dataclass(frozen=True)
class Way:
    """How an act is done, where `subject` stands for the subscription that the actor has the role towards."""

    do: Callable[[Actions, Actor, SubscriptionId], Awaitable[Any]]


def on_subject(do: Callable[[Actions, Actor, SubscriptionId], Awaitable[Any]]) -> Way:
    return Way(do)


def anywhere(do: Doing) -> Way:
    async def ignoring(actions: Actions, actor: Actor, _: SubscriptionId) -> Any:
        return await do(actions, actor)

    return Way(ignoring)


WAYS: dict[Act, tuple[Way, ...]] = {
    Act.SUBSCRIBE_SELF: (anywhere(subscribing(to_self)),),
    Act.SUBSCRIBE_CHANNEL: (anywhere(subscribing(lambda _: SECRET)),),
    Act.SUBSCRIBE_PERSON: (anywhere(subscribing(lambda _: SlackPerson(team="T1", user="U20"))),),
    Act.SUBSCRIBE_GROUP: (anywhere(subscribing(lambda _: GROUP)),),
    Act.SUBSCRIBE_WEBHOOK: (anywhere(subscribing(lambda _: Webhook(team="T1", url="https://a.example/"))),),
    Act.SUBSCRIBE_EXTERNAL: (anywhere(subscribing(lambda _: SlackChannel(team="T1", channel="C2"), confirmed=True)),),
    Act.SEE: (
        on_subject(lambda actions, actor, subject: actions.history(actor, subject)),
        anywhere(lambda actions, actor: actions.list_place(actor, SECRET)),
    ),
    Act.EDIT: (
        on_subject(lambda actions, actor, subject: actions.edit(actor, subject, wanted=parse("tag:other"))),
        on_subject(lambda actions, actor, subject: actions.test(actor, subject)),
    ),
    Act.HOLD: (
        on_subject(lambda actions, actor, subject: actions.hold(actor, subject, Holding.PAUSED)),
        on_subject(lambda actions, actor, subject: actions.hold(actor, subject, Holding.MUTED)),
        on_subject(lambda actions, actor, subject: actions.resume(actor, subject)),
    ),
    Act.END: (on_subject(lambda actions, actor, subject: actions.unsubscribe(actor, subject)),),
    Act.PREVIEW: (
        anywhere(lambda actions, actor: actions.preview(actor, parse("status:failed"))),
        anywhere(lambda actions, actor: actions.why(actor, "e-1")),
        anywhere(lambda actions, actor: actions.status(actor)),
    ),
    Act.RATE: (anywhere(lambda actions, actor: actions.rate(actor, MARK, shown(actor), Rating.UP, at=1)),),
    Act.FETCH: (anywhere(lambda actions, actor: actions.fetch(actor, MARK, shown(actor), request="click")),),
    Act.REPEAT: (anywhere(lambda actions, actor: actions.repeat(actor, MARK, TO_ANOTHER, request="click")),),
    Act.SEE_ALL: (
        anywhere(lambda actions, actor: actions.list_all(actor)),
        anywhere(lambda actions, actor: actions.history(actor)),
    ),
    Act.ADMINISTER: (anywhere(lambda actions, actor: actions.adopt(actor, [TO_NOBODY])),),
}


@pytest.fixture(autouse=True)
def passed(past: Past) -> None:
    past.seen = [event()]


@pytest.fixture
def slack() -> Slack:
    return Slack(
        channels={
            "C1": replace(MEMBER_OF, is_private=True),
            "C2": replace(MEMBER_OF, channel="C2", is_external=True),
        },
        inside={"C1": {INSIDER}},
        ranks={
            **dict.fromkeys((OWNER, RECIPIENT, INSIDER, MEMBER, "U20", "U21"), Rank.MEMBER),
            ADMIN: Rank.ADMIN,
            GUEST: Rank.GUEST,
            STRANGER: Rank.STRANGER,
            GONE: Rank.GONE,
        },
        groups={"S1": (RECIPIENT, GUEST, STRANGER, GONE)},
    )


async def stage(world: World, role: Role, who: str) -> SubscriptionId:
    """A subscription towards which the person has this role and no other."""
    owner = who if role is Role.OWNER else "U21"
    place: Target = SlackPerson(team="T1", user="U20")
    if role is Role.RECIPIENT:
        place = SlackPerson(team="T1", user=who)
    elif role is Role.INSIDER:
        place = SECRET
    for name, one_owner, to in ((SUBJECT, owner, place), (TO_NOBODY, "U21", SlackPerson(team="T1", user="U20"))):
        one = Subscription(id=name, team="T1", owner=one_owner, filter=parse(f"tag:{name}"), destination=to)
        assert await world.subscriptions.add(one)
    return SUBJECT


def refused(answer: Any) -> bool:
    return isinstance(answer, NotAllowed | NoSuchSubscription | BadPlace)


@pytest.mark.parametrize("role", WHO)
@pytest.mark.parametrize("act", Act)
async def test_a_role_may_what_the_table_says(world: World, act: Act, role: Role) -> None:
    who = Actor(team="T1", user=WHO[role])
    for way in WAYS[act]:
        subject = await stage(world, role, who.user)
        expected = allows(act, role)
        if act is Act.SUBSCRIBE_SELF:
            expected = True  # whoever subscribes themselves is the recipient
        if act is Act.SEE and way is WAYS[act][1]:
            expected = role in {Role.INSIDER, Role.ADMIN}  # of a channel's list one is neither owner nor recipient
        answer = await way.do(Actions(world), who, subject)
        assert refused(answer) is not expected, (act, role, answer)
        for one in (await world.subscriptions.snapshot())[1]:
            await world.subscriptions.remove(one.id)


@pytest.mark.parametrize("admission", Admission)
@pytest.mark.parametrize(("rank", "user"), [(Rank.GUEST, GUEST), (Rank.STRANGER, STRANGER)])
@pytest.mark.parametrize("role", [Role.OWNER, Role.RECIPIENT])
@pytest.mark.parametrize("act", [Act.SEE, Act.EDIT, Act.HOLD, Act.END, Act.PREVIEW, Act.SEE_ALL, Act.ADMINISTER])
async def test_guests_and_strangers_may_what_the_policy_says(
    world: World, act: Act, role: Role, rank: Rank, user: str, admission: Admission
) -> None:
    policy = Policy(guests=admission) if rank is Rank.GUEST else Policy(strangers=admission)
    actions = Actions(replace(world, policy=policy))
    subject = await stage(world, role, user)
    answer = await WAYS[act][0].do(actions, Actor(team="T1", user=user), subject)
    assert refused(answer) is not may(act, frozenset({role}), rank=rank, policy=policy), answer


@pytest.mark.parametrize("act", Act)
async def test_who_has_left_may_nothing(world: World, act: Act) -> None:
    for way in WAYS[act]:
        subject = await stage(world, Role.OWNER, GONE)
        assert refused(await way.do(Actions(world), Actor(team="T1", user=GONE), subject))
        for one in (await world.subscriptions.snapshot())[1]:
            await world.subscriptions.remove(one.id)


async def test_a_member_is_not_told_of_a_direct_message_between_others(world: World) -> None:
    await stage(world, Role.MEMBER, MEMBER)
    answer = await Actions(world).unsubscribe(Actor(team="T1", user=MEMBER), TO_NOBODY)
    assert answer == NoSuchSubscription(id=TO_NOBODY)


async def test_an_admins_rank_is_asked_anew_where_only_the_rank_allows_it(world: World) -> None:
    slack: Any = world.people
    await Actions(world).list_all(Actor(team="T1", user=ADMIN))
    assert slack.asked_anew == [ADMIN]
    slack.ranks[ADMIN] = Rank.MEMBER
    assert refused(await Actions(world).list_all(Actor(team="T1", user=ADMIN)))


def test_the_page_has_a_row_for_every_act_and_says_yes_and_no() -> None:
    lines = page().splitlines()
    for act in Act:
        assert sum(line.startswith(f"| {act.value} |") for line in lines) == 2
    assert "| subscribe a channel |  | yes |  |  | yes |" in lines
