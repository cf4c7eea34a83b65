"""The acts beyond subscribing: change, rest, move, adopt, undo, look; each audited, and told to whom it concerns."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions.acts import Actions
from bot.actions.world import World
from bot.core.answers import (
    Actor,
    Adopted,
    AlreadySubscribed,
    BadPlace,
    Changed,
    Listing,
    Moved,
    NoSuchPlace,
    NoSuchSubscription,
    NotAllowed,
    NothingToUndo,
    Overtaken,
    PlaceResumed,
    Problem,
    Subscribed,
    Unchanged,
    Undone,
)
from bot.core.answers import (
    Tested as WasTested,
)
from bot.core.delivery import DeliveryId, delivery_id
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, Target, destination_id
from bot.core.event import Model, Requester, Status
from bot.core.filters import parse
from bot.core.looks import Fallen, NoSuchEvent, Preferred, Preview, Report, Trace, Why
from bot.core.notices import ChangedByAnother
from bot.core.sample import TYPE
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId
from bot.core.timing import Digest, Every, Quiet
from tests.core.examples import event
from tests.edges.standins import MEMBER_OF, NOW, Lanes, Past, Slack, Told

ANA = Actor(team="T1", user="U1")
BEN = Actor(team="T1", user="U2")
BOSS = Actor(team="T1", user="U3")
FRAUD = SlackChannel(team="T1", channel="C1")
RISK = SlackChannel(team="T1", channel="C2")
TO_ANA = SlackPerson(team="T1", user="U1")


async def subscribe(
    actions: Actions, actor: Actor = ANA, wanted: str = "status:failed", to: Target = FRAUD
) -> Subscription:
    answer = await actions.subscribe(actor, wanted=parse(wanted), destination=to, style=Style())
    assert isinstance(answer, Subscribed), answer
    return answer.subscription


async def kept(world: World, one: Subscription) -> Subscription | None:
    return await world.subscriptions.get(one.id)


async def test_what_is_given_is_changed_and_the_rest_is_left(actions: Actions, world: World, lanes: Lanes) -> None:
    made = await subscribe(actions)
    style = Style(digest=Digest(every=Every.HOUR))
    answer = await actions.edit(ANA, made.id, style=style)
    after = replace(made, style=style)
    assert answer == Changed(before=made, after=after, viewer=ANA)
    assert await kept(world, made) == after
    assert lanes.nudged == [(made.id, (destination_id(FRAUD),))]
    (change, _) = await world.audit.newest("T1", limit=5)
    assert (change.act, change.before, change.after) == ("edit", made, after)


async def test_the_same_once_more_changes_nothing(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    assert await actions.edit(ANA, made.id, wanted=made.filter) == Unchanged(subscription=made, viewer=ANA)
    assert len(await world.audit.newest("T1", limit=5)) == 1


async def test_an_edit_that_would_make_a_twin_shows_the_twin(actions: Actions, world: World) -> None:
    first, second = await subscribe(actions), await subscribe(actions, wanted="model:x")
    answer = await actions.edit(ANA, second.id, wanted=parse("STATUS:failed"))
    assert answer == AlreadySubscribed(existing=first)
    assert await kept(world, second) == second


async def test_a_subscription_moves_only_to_where_its_actor_may_lead_it(
    actions: Actions, world: World, slack: Slack
) -> None:
    made = await subscribe(actions)
    slack.channels["C2"] = replace(MEMBER_OF, channel="C2", is_private=True)
    answer = await actions.edit(ANA, made.id, destination=RISK)
    assert answer == BadPlace(destination=RISK, problem=Problem.UNSEEN)
    assert await kept(world, made) == made
    slack.inside["C2"] = {"U1"}
    moved = await actions.edit(ANA, made.id, destination=RISK)
    assert isinstance(moved, Changed)
    assert await world.subscriptions.of_destination(destination_id(RISK)) == (moved.after,)
    assert await world.subscriptions.of_destination(destination_id(FRAUD)) == ()


async def test_a_change_in_between_is_not_written_over(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    store: Any = world.subscriptions
    real = store.replace

    async def late(before: Subscription, after: Subscription) -> Subscription | None:
        store.replace = real
        await store.save(replace(made, style=Style(mention="U9")))
        kept: Subscription | None = await real(before, after)
        return kept

    store.replace = late
    await actions.edit(ANA, made.id, wanted=parse("model:x"))
    assert await kept(world, made) == replace(made, filter=parse("model:x"), style=Style(mention="U9"))


async def test_who_makes_the_same_request_twice_gets_the_same_answer(actions: Actions, world: World) -> None:
    answers = [
        await actions.subscribe(ANA, wanted=parse(""), destination=FRAUD, style=Style(), request="r-1")
        for _ in range(2)
    ]
    ids = {answer.subscription.id for answer in answers if isinstance(answer, Subscribed)}
    assert len(ids) == 1
    assert len(answers) == 2
    assert await world.subscriptions.version() == 1


async def test_the_owner_is_told_when_somebody_else_changes_it_and_nobody_when_it_is_their_own_doing(
    actions: Actions, told: Told
) -> None:
    made = await subscribe(actions)
    await actions.hold(ANA, made.id, Holding.MUTED)
    assert told.notices == []
    ended = await actions.unsubscribe(BOSS, made.id)
    ((users, notice),) = told.notices
    assert users == ("U1",)
    assert isinstance(notice, ChangedByAnother)
    assert (notice.actor, notice.act, notice.before) == (BOSS, "unsubscribe", getattr(ended, "subscription", None))


async def test_who_is_subscribed_by_somebody_else_is_told_and_may_end_it(actions: Actions, told: Told) -> None:
    made = await subscribe(actions, BEN, to=TO_ANA)
    assert [users for users, _ in told.notices] == [("U1",)]
    assert not isinstance(await actions.unsubscribe(ANA, made.id), NotAllowed | NoSuchSubscription)


@pytest.mark.parametrize("kind", [Holding.PAUSED, Holding.MUTED])
async def test_it_rests_until_it_is_resumed(actions: Actions, world: World, lanes: Lanes, kind: Holding) -> None:
    made = await subscribe(actions)
    rested = await actions.hold(ANA, made.id, kind, until=NOW + 60_000)
    assert isinstance(rested, Changed)
    assert rested.after.hold is not None
    assert (rested.after.hold.kind, rested.after.hold.until, rested.after.hold.by) == (kind, NOW + 60_000, "U1")
    resumed = await actions.resume(ANA, made.id)
    assert isinstance(resumed, Changed)
    assert await kept(world, made) == made
    assert len(lanes.nudged) == 2
    assert await actions.resume(ANA, made.id) == Unchanged(subscription=made, viewer=ANA)


async def test_a_test_goes_where_the_subscription_leads_and_says_what_it_is(actions: Actions, lanes: Lanes) -> None:
    made = await subscribe(actions)
    assert await actions.test(ANA, made.id) == WasTested(subscription=made, viewer=ANA)
    assert await actions.test(ANA, made.id) == WasTested(subscription=made, viewer=ANA)
    (first, said), (_, again) = lanes.tested
    assert first == made
    assert said.type == TYPE
    assert "TEST" in (said.title or "")
    assert said.key != again.key


async def test_a_group_is_subscribed_with_its_members_of_now(actions: Actions) -> None:
    made = await subscribe(actions, to=SlackGroup(team="T1", group="S1"))
    assert made.members == ("U1", "U2")
    gone = SlackGroup(team="T1", group="S9")
    answer = await actions.subscribe(ANA, wanted=parse(""), destination=gone, style=Style())
    assert answer == BadPlace(destination=gone, problem=Problem.STRANGER)


@pytest.mark.parametrize("user", ["U5", "U6", "U99"])
async def test_nobody_is_subscribed_who_can_not_be_written_to(actions: Actions, user: str) -> None:
    place = SlackPerson(team="T1", user=user)
    answer = await actions.subscribe(ANA, wanted=parse(""), destination=place, style=Style())
    assert answer == BadPlace(destination=place, problem=Problem.STRANGER)


async def test_an_external_channel_takes_an_admin_who_means_it(actions: Actions, slack: Slack) -> None:
    slack.channels["C2"] = replace(MEMBER_OF, channel="C2", is_external=True)

    async def ask(actor: Actor, *, confirmed: bool) -> Any:
        return await actions.subscribe(actor, wanted=parse(""), destination=RISK, style=Style(), confirmed=confirmed)

    assert await ask(ANA, confirmed=False) == BadPlace(destination=RISK, problem=Problem.EXTERNAL)
    assert isinstance(await ask(ANA, confirmed=True), NotAllowed)
    assert await ask(BOSS, confirmed=False) == BadPlace(destination=RISK, problem=Problem.CONFIRM)
    assert isinstance(await ask(BOSS, confirmed=True), Subscribed)


async def test_a_lost_place_goes_on_with_all_that_rested_for_it(actions: Actions, world: World, lanes: Lanes) -> None:
    made = await subscribe(actions)
    await world.subscriptions.save(replace(made, hold=Hold(kind=Holding.ORPHANED, at=1, why="archived")))
    lanes.paused_places[destination_id(FRAUD)] = "is_archived"
    assert await actions.resume_place(ANA, destination_id(FRAUD)) == PlaceResumed(
        place=destination_id(FRAUD), lanes=1, viewer=ANA
    )
    assert await kept(world, made) == made


async def test_a_place_is_resumed_by_owners_and_admins_only(actions: Actions, lanes: Lanes) -> None:
    await subscribe(actions)
    lanes.paused_places[destination_id(FRAUD)] = "is_archived"
    assert isinstance(await actions.resume_place(BEN, destination_id(FRAUD)), NotAllowed)
    assert isinstance(await actions.resume_place(BOSS, destination_id(FRAUD)), PlaceResumed)
    assert await actions.resume_place(BOSS, destination_id(RISK)) == NoSuchPlace(place=destination_id(RISK))


async def test_what_rests_because_a_channel_was_shared_is_let_go_on_by_admins_only(
    actions: Actions, world: World, slack: Slack, lanes: Lanes
) -> None:
    made = await subscribe(actions)
    rested = replace(made, hold=Hold(kind=Holding.ORPHANED, at=1, why="shared"))
    await world.subscriptions.save(rested)
    lanes.paused_places[destination_id(FRAUD)] = "shared"
    slack.channels["C1"] = replace(MEMBER_OF, is_external=True)
    assert isinstance(await actions.resume(ANA, made.id), NotAllowed)
    assert isinstance(await actions.resume_place(ANA, destination_id(FRAUD)), NotAllowed)
    assert await kept(world, made) == rested
    assert lanes.resumed == []
    assert isinstance(await actions.resume_place(BOSS, destination_id(FRAUD)), PlaceResumed)
    assert await kept(world, made) == made


async def test_a_lost_places_subscriptions_move_with_what_waits_and_twins_melt(
    actions: Actions, world: World, lanes: Lanes
) -> None:
    moving = await subscribe(actions)
    melting = await subscribe(actions, wanted="model:x")
    there = await subscribe(actions, wanted="model:x", to=RISK)
    answer = await actions.move_place(ANA, destination_id(FRAUD), RISK)
    assert isinstance(answer, Moved)
    assert (answer.subscriptions, answer.waiting) == ((replace(moving, destination=RISK),), 2)
    assert await kept(world, melting) is None
    assert await kept(world, there) == there
    assert lanes.moved == [(destination_id(FRAUD), RISK)]


async def test_who_moves_a_lost_place_moves_their_own_and_what_waits_stays_with_the_others(
    actions: Actions, world: World, lanes: Lanes
) -> None:
    own, other = await subscribe(actions), await subscribe(actions, BEN, wanted="model:x")
    answer = await actions.move_place(ANA, destination_id(FRAUD), RISK)
    after = replace(own, destination=RISK)
    assert answer == Moved(place=destination_id(FRAUD), to=RISK, subscriptions=(after,), waiting=0, left=1, viewer=ANA)
    assert await world.subscriptions.of_destination(destination_id(FRAUD)) == (other,)
    assert lanes.moved == []
    assert [change.act for change in await world.audit.newest("T1", limit=5, subject=other.id)] == ["subscribe"]
    last = await actions.move_place(BEN, destination_id(FRAUD), RISK)
    assert isinstance(last, Moved)
    assert (last.waiting, last.left) == (2, 0)
    assert lanes.moved == [(destination_id(FRAUD), RISK)]


async def test_an_admin_moves_everybodys_and_who_owns_none_moves_nothing(actions: Actions, world: World) -> None:
    made = [await subscribe(actions), await subscribe(actions, BOSS, wanted="model:x")]
    answer = await actions.move_place(BEN, destination_id(FRAUD), RISK)
    assert isinstance(answer, NotAllowed)
    assert await world.subscriptions.of_destination(destination_id(FRAUD)) == tuple(made)
    answer = await actions.move_place(BOSS, destination_id(FRAUD), RISK)
    assert isinstance(answer, Moved)
    assert answer.subscriptions == tuple(replace(one, destination=RISK) for one in made)
    assert (answer.waiting, answer.left) == (2, 0)


async def test_what_became_somebody_elses_while_a_place_moves_stays(
    actions: Actions, world: World, lanes: Lanes
) -> None:
    made = await subscribe(actions)
    store: Any = world.subscriptions
    real = store.replace

    async def late(before: Subscription, after: Subscription) -> Subscription | None:
        store.replace = real
        await store.save(replace(made, owner="U2"))
        kept: Subscription | None = await real(before, after)
        return kept

    store.replace = late
    answer = await actions.move_place(ANA, destination_id(FRAUD), RISK)
    assert isinstance(answer, Moved)
    assert (answer.subscriptions, answer.left) == ((), 1)
    assert await kept(world, made) == replace(made, owner="U2")
    assert lanes.moved == []


async def test_a_lost_place_moves_only_to_where_its_actor_may_lead_it(
    actions: Actions, world: World, slack: Slack, lanes: Lanes
) -> None:
    made = await subscribe(actions)
    slack.channels["C2"] = replace(MEMBER_OF, channel="C2", is_private=True)
    answer = await actions.move_place(ANA, destination_id(FRAUD), RISK)
    assert answer == BadPlace(destination=RISK, problem=Problem.UNSEEN)
    assert await kept(world, made) == made
    assert lanes.moved == []


async def test_a_place_of_another_workspace_is_no_place(actions: Actions, lanes: Lanes) -> None:
    theirs = destination_id(SlackChannel(team="T2", channel="C1"))
    lanes.paused_places[theirs] = "is_archived"
    for actor in (ANA, BOSS):
        assert await actions.resume_place(actor, theirs) == NoSuchPlace(place=theirs)
        assert await actions.move_place(actor, theirs, RISK) == NoSuchPlace(place=theirs)
    assert await actions.move_place(BOSS, destination_id(RISK), FRAUD) == NoSuchPlace(place=destination_id(RISK))
    assert (lanes.resumed, lanes.moved) == ([], [])


async def test_admins_adopt_what_was_left_behind(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    await world.subscriptions.save(replace(made, hold=Hold(kind=Holding.ORPHANED, at=1)))
    assert isinstance(await actions.adopt(BEN, [made.id]), NotAllowed)
    after = replace(made, owner="U3")
    assert await actions.adopt(BOSS, [made.id]) == Adopted(subscriptions=(after,), viewer=BOSS)
    assert await world.subscriptions.of_owner("T1", "U3") == (after,)
    assert await actions.adopt(BOSS, [SubscriptionId("zzzzzz")]) == NoSuchSubscription(id=SubscriptionId("zzzzzz"))


async def test_each_kind_of_change_is_taken_back_one_after_the_other(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    edited = await actions.edit(ANA, made.id, wanted=parse("model:x"))
    assert isinstance(edited, Changed)
    await actions.unsubscribe(ANA, made.id)
    back = await actions.undo(ANA)
    assert back == Undone(act="unsubscribe", subject=made.id, before=None, after=edited.after, viewer=ANA)
    assert await kept(world, made) == edited.after
    assert isinstance(await actions.undo(ANA), Undone)
    assert await kept(world, made) == made
    assert isinstance(await actions.undo(ANA), Undone)
    assert await kept(world, made) is None
    assert await actions.undo(ANA) == NothingToUndo()


async def test_what_somebody_changed_since_is_not_taken_back(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    await actions.edit(BOSS, made.id, wanted=parse("model:x"))
    assert await actions.undo(ANA) == Overtaken(subject=made.id, by="U3")
    assert await kept(world, made) == replace(made, filter=parse("model:x"))


async def test_a_group_whose_members_changed_can_still_be_undone(actions: Actions, world: World) -> None:
    made = await subscribe(actions, to=SlackGroup(team="T1", group="S1"))
    await world.subscriptions.save(replace(made, members=("U9",)))
    assert isinstance(await actions.undo(ANA), Undone)
    assert await kept(world, made) is None


async def test_nobody_undoes_what_another_did(actions: Actions) -> None:
    await subscribe(actions)
    assert await actions.undo(BEN) == NothingToUndo()


async def test_a_preview_counts_and_shows_the_newest(actions: Actions, past: Past) -> None:
    past.seen = [event(id=f"e{n}", status=Status.FAILED if n % 2 else Status.COMPLETED) for n in range(10)]
    answer = await actions.preview(ANA, parse("status:failed"))
    assert isinstance(answer, Preview)
    assert (answer.matched, answer.of) == (5, 10)
    assert [one.id for one in answer.samples] == ["e9", "e7", "e5"]


async def test_why_names_the_term_that_failed_and_what_became_of_the_rest(
    actions: Actions, past: Past, lanes: Lanes
) -> None:
    said = event(id="e1", status=Status.FAILED, model=Model(name="risk-2"))
    past.seen = [said]
    wants = await subscribe(actions)
    wants_not = await subscribe(actions, wanted="status:failed model:fraud-*")
    trace = Trace(delivery=delivery_id(said.key, destination_id(FRAUD)), standing="delivered", reference="C1/1.2")
    lanes.traces[trace.delivery] = trace
    answer = await actions.why(ANA, "e1", here=FRAUD)
    assert isinstance(answer, Why)
    first, second = answer.verdicts
    assert (first.subscription, first.failed, first.traces) == (wants, None, ((FRAUD, trace),))
    assert (second.subscription, str(second.failed), second.traces) == (wants_not, "model:fraud-*", ())
    assert await actions.why(ANA, "e2") == NoSuchEvent(query="e2", of=1)


async def test_why_tells_a_member_nothing_of_others_direct_messages(actions: Actions, past: Past) -> None:
    past.seen = [event(id="e1", status=Status.FAILED)]
    await subscribe(actions, to=TO_ANA)
    answer = await actions.why(BEN, "e1", here=TO_ANA)
    assert isinstance(answer, Why)
    assert answer.verdicts == ()
    everything = await actions.why(BOSS, "e1")
    assert isinstance(everything, Why)
    assert len(everything.verdicts) == 1


async def test_status_tells_how_much_waits_and_how_fresh_the_events_are_and_admins_what_fell(
    actions: Actions, world: World, past: Past
) -> None:
    past.seen = [event()]
    await subscribe(actions)
    answer = await actions.status(ANA)
    assert isinstance(answer, Report)
    assert (answer.waiting, answer.subscriptions, answer.events, answer.detailed) == (3, 1, 1, False)
    assert answer.since is not None
    assert (answer.dead, answer.fallen) == (None, ())
    letters: Any = world.letters
    letters.kept = [
        Fallen(delivery=DeliveryId(f"{number}"), place=destination_id(FRAUD), reason="msg_too_long", at=NOW)
        for number in range(7)
    ]
    detailed = await actions.status(BOSS)
    assert isinstance(detailed, Report)
    assert (detailed.detailed, detailed.dead, len(detailed.fallen)) == (True, 7, 5)


async def test_ones_own_results_come_by_slack_id_and_by_address(actions: Actions, world: World) -> None:
    on = await actions.want_results(ANA, wanted=True)
    assert isinstance(on, Preferred)
    assert on.results is not None
    made = await world.subscriptions.get(on.results)
    assert made is not None
    assert made.filter.matches(event(requester=Requester(slack_id="U1")))
    assert made.filter.matches(event(requester=Requester(email="u1@example.com")))
    assert not made.filter.matches(event(requester=Requester(slack_id="U2")))
    again = await actions.want_results(ANA, wanted=True)
    assert again == on
    off = await actions.want_results(ANA, wanted=False)
    assert isinstance(off, Preferred)
    assert off.results is None
    assert await kept(world, made) is None


async def test_quiet_hours_and_the_zone_are_kept_and_the_zone_is_slacks_until_said(actions: Actions) -> None:
    quiet = Quiet(start=22 * 60, end=7 * 60)
    answer = await actions.be_quiet(ANA, quiet)
    assert isinstance(answer, Preferred)
    assert (answer.person.quiet, answer.zone) == (quiet, "Europe/Berlin")
    moved = await actions.live_in(ANA, "Asia/Tokyo")
    assert isinstance(moved, Preferred)
    assert (moved.person.quiet, moved.zone) == (quiet, "Asia/Tokyo")


async def test_preferences_are_audited_and_taken_back_like_any_change(actions: Actions, world: World) -> None:
    made = await subscribe(actions)
    quiet = Quiet(start=22 * 60, end=7 * 60)
    await actions.be_quiet(ANA, quiet)
    await actions.be_quiet(ANA, quiet)
    changes = await world.audit.newest("T1", limit=9)
    assert [(one.act, one.are and one.are.quiet) for one in changes] == [("prefer", quiet), ("subscribe", None)]
    assert await actions.undo(ANA) == Undone(
        act="prefer", subject=SubscriptionId(""), before=None, after=None, viewer=ANA
    )
    assert (await world.persons.get("T1", "U1")).quiet is None
    assert await kept(world, made) == made
    assert isinstance(await actions.undo(ANA), Undone)
    assert await kept(world, made) is None


async def test_what_was_ended_is_not_brought_back_into_a_channel_that_was_shared_since(
    actions: Actions, world: World, slack: Slack
) -> None:
    made = await subscribe(actions)
    await actions.unsubscribe(ANA, made.id)
    slack.channels["C1"] = replace(MEMBER_OF, is_external=True)
    assert isinstance(await actions.undo(ANA), NotAllowed)
    assert await kept(world, made) is None


async def test_what_waits_for_a_persons_hours_is_looked_at_when_they_change(actions: Actions, lanes: Lanes) -> None:
    made = await subscribe(actions, to=TO_ANA)
    await actions.live_in(ANA, "Asia/Tokyo")
    assert lanes.nudged == [(None, (destination_id(TO_ANA),)), (made.id, (destination_id(TO_ANA),))]


async def test_lists_of_a_place_and_a_person_are_for_those_concerned(actions: Actions, slack: Slack) -> None:
    made = await subscribe(actions)
    slack.channels["C1"] = replace(MEMBER_OF, is_private=True)
    assert isinstance(await actions.list_place(BEN, FRAUD), NotAllowed)
    slack.inside["C1"] = {"U2"}
    listed = await actions.list_place(BEN, FRAUD)
    assert isinstance(listed, Listing)
    assert listed.subscriptions == (made,)
    assert isinstance(await actions.list_person(BEN, "U1"), NotAllowed)
    owned = await actions.list_person(BOSS, "U1")
    assert isinstance(owned, Listing)
    assert owned.subscriptions == (made,)


async def test_admins_search_all_by_words_of_any_part(actions: Actions) -> None:
    made = await subscribe(actions, wanted="model:fraud-*")
    await subscribe(actions, wanted="model:other")
    for wanted in ("FRAUD", f"{made.id}", "fraud #c1", "@u1 fraud-"):
        found = await actions.list_all(BOSS, wanted=wanted)
        assert isinstance(found, Listing)
        assert found.subscriptions == (made,), wanted
