"""What people do with one result: rate it, have it sent, have it explained."""

import pytest

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.answers import Actor, Forgotten, NotAllowed, Rated, Resent
from bot.core.cloudevent import decode
from bot.core.destination import SlackChannel, SlackPerson, destination_id
from bot.core.feedback import Rating
from bot.core.filters import parse
from bot.core.looks import Why
from bot.core.marks import Mark
from bot.core.subscription import Subscription, SubscriptionId
from tests.core.examples import event
from tests.edges.standins import NOW, Afresh, Opinions, Past

ANA = Actor(team="T1", user="U1")
BOSS = Actor(team="T1", user="U3")
FRAUD = SlackChannel(team="T1", channel="C1")
TO_ANA = SlackPerson(team="T1", user="U1")
DONE = event()
MARK = Mark(event=DONE.key, time=NOW, appended=NOW)
GONE = Mark(event=event(id="gone").key, time=NOW, appended=NOW)


@pytest.fixture(autouse=True)
def passed(past: Past) -> None:
    past.seen = [DONE]


@pytest.fixture
def entered(world: World) -> Afresh:
    assert isinstance(world.afresh, Afresh)
    return world.afresh


@pytest.fixture
def opinions(world: World) -> Opinions:
    assert isinstance(world.opinions, Opinions)
    return world.opinions


async def own(world: World, owner: str) -> None:
    one = Subscription(id=SubscriptionId("aaaaaa"), team="T1", owner=owner, filter=parse(""), destination=FRAUD)
    assert await world.subscriptions.add(one)


async def test_a_rating_is_kept_with_its_event_who_said_it_and_when(actions: Actions, opinions: Opinions) -> None:
    assert await actions.rate(ANA, MARK, FRAUD, Rating.UP, at=7) == Rated(rating=Rating.UP, anew=True)
    assert await actions.rate(ANA, MARK, FRAUD, Rating.UP, at=8) == Rated(rating=Rating.UP, anew=False)
    first = opinions.said[0]
    assert (first.event, first.rating, first.team, first.user, first.at) == (DONE, Rating.UP, "T1", "U1", 7)


async def test_who_sees_a_result_has_it_sent_to_themselves_once_a_click(actions: Actions, entered: Afresh) -> None:
    for click in ("click-1", "click-1", "click-2"):
        assert await actions.fetch(ANA, MARK, FRAUD, request=click) == Resent(place=TO_ANA, viewer=ANA)
    first, second = entered.entered.values()
    assert first.destination == second.destination == TO_ANA
    assert str(first.lane) == first.delivery.destination == destination_id(TO_ANA)
    assert decode(first.body) == DONE


async def test_only_who_owns_what_leads_there_or_an_admin_sends_it_there_again(
    actions: Actions, world: World, entered: Afresh
) -> None:
    await own(world, "U2")
    refused = await actions.repeat(ANA, MARK, FRAUD, request="click")
    assert isinstance(refused, NotAllowed)
    assert refused.owner == "U2"
    assert not entered.entered
    for number, actor in enumerate((Actor(team="T1", user="U2"), BOSS)):
        assert isinstance(await actions.repeat(actor, MARK, FRAUD, request=f"click-{number}"), Resent)
    assert [one.destination for one in entered.entered.values()] == [FRAUD, FRAUD]


async def test_nobody_acts_on_a_result_in_somebody_elses_direct_messages(
    actions: Actions, entered: Afresh, opinions: Opinions
) -> None:
    theirs = SlackPerson(team="T1", user="U2")
    assert isinstance(await actions.rate(ANA, MARK, theirs, Rating.UP, at=1), NotAllowed)
    assert isinstance(await actions.fetch(ANA, MARK, theirs, request="click"), NotAllowed)
    assert not entered.entered
    assert not opinions.said


async def test_what_is_kept_no_more_is_answered_so(actions: Actions, world: World, entered: Afresh) -> None:
    await own(world, "U1")
    assert await actions.rate(ANA, GONE, FRAUD, Rating.UP, at=1) == Forgotten()
    assert await actions.fetch(ANA, GONE, FRAUD, request="click") == Forgotten()
    assert await actions.repeat(ANA, GONE, FRAUD, request="click") == Forgotten()
    assert await actions.explain(ANA, GONE, FRAUD) == Forgotten()
    assert await actions.marked(GONE) is None
    assert not entered.entered


async def test_a_result_is_explained_by_its_card(actions: Actions, world: World) -> None:
    await own(world, "U1")
    answer = await actions.explain(ANA, MARK, FRAUD)
    assert isinstance(answer, Why)
    assert [one.failed for one in answer.verdicts] == [None]
