"""Every verb, button and menu, through the sandbox, over Socket Mode and over signed HTTP."""

from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.core.destination import SlackChannel, SlackGroup, SlackPerson
from bot.core.filters import Filter, parse
from bot.core.subscription import Doubt, Holding, Style, Subscription, Threading
from bot.core.timing import Digest, Every, Quiet
from bot.sandbox.message import Content
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.slack.conftest import Person, text_of
from tests.edges.standins import Past

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


async def made(subscriptions: RedisSubscriptions) -> Subscription:
    """The only subscription there is."""
    _, (one,) = await subscriptions.snapshot()
    return one


async def subscribed(person: Person, subscriptions: RedisSubscriptions, text: str = "status:failed") -> Subscription:
    await person.type("general", f"subscribe {text}")
    return await made(subscriptions)


async def test_every_clause_becomes_part_of_the_style(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    reply = await people["tomas"].type(
        "general",
        "subscribe status:failed digest daily 8:30 quiet 22:00–07:00 thread session doubt ask",  # noqa: RUF001 (a phone's dash)
    )
    one = await made(subscriptions)
    assert one.style == Style(
        doubt=Doubt.ASK,
        digest=Digest(every=Every.DAY, at=510),
        quiet=Quiet(start=1320, end=420),
        thread=Threading.SESSION,
    )
    assert "digest daily 08:30  ·  quiet 22:00–07:00  ·  thread per session" in text_of(reply)  # noqa: RUF001 (a span of time)


async def test_somebody_else_is_subscribed_by_name_and_by_address(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    amara = people["amara"].user
    address = sandbox.workspace.people[amara].email
    await people["tomas"].type("general", f"subscribe model:a to <@{amara}|amara>")
    reply = await people["tomas"].type("general", f"subscribe model:b to <mailto:{address}|{address}>")
    assert f"<@{amara}> gets events whose model is `b`" in text_of(reply)
    _, found = await subscriptions.snapshot()
    assert {one.destination for one in found} == {SlackPerson(team=TEAM, user=amara)}
    unknown = await people["tomas"].type("general", "subscribe to nobody@example.org")
    assert "Nobody in this workspace has the address `nobody@example.org`" in text_of(unknown)


async def test_a_group_is_subscribed_by_its_members(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    group = next(iter(sandbox.workspace.usergroups.values()))
    reply = await people["maya"].type("general", f"subscribe status:failed to <!subteam^{group.id}|@{group.handle}>")
    one = await made(subscriptions)
    assert one.destination == SlackGroup(team=TEAM, group=group.id)
    assert set(one.members) == set(group.members)
    assert f"Each of <!subteam^{group.id}> gets" in text_of(reply)


async def test_an_edit_changes_what_is_given_and_is_taken_back_by_its_button(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    before = await subscribed(tomas, subscriptions, "status:failed mention <@U0SBX0001>")
    reply = await tomas.type("general", f"edit {before.id} model:x digest hourly")
    after = await made(subscriptions)
    assert (after.filter, after.style) == (
        parse("model:x"),
        Style(mention="U0SBX0001", digest=Digest(every=Every.HOUR)),
    )
    assert "*Filter*  `status:failed` → `model:x`" in text_of(reply)
    again = await tomas.type("general", f"edit {before.id} model:x")
    assert "is so already" in text_of(again)
    await tomas.click(reply, "undo")
    assert "Taken back: an edit." in text_of(await tomas.sees("message_changed"))
    assert await made(subscriptions) == before


async def test_an_old_undo_button_takes_nothing_else_back(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    one = await subscribed(tomas, subscriptions)
    first = await tomas.type("general", f"edit {one.id} filter any")
    assert (await made(subscriptions)).filter == Filter()
    await tomas.type("general", f"edit {one.id} model:y")
    await tomas.click(first, "undo")
    assert "not your last change any more" in text_of(await tomas.sees("ephemeral"))
    assert (await made(subscriptions)).filter == parse("model:y")
    assert "Taken back: an edit." in text_of(await tomas.type("general", "undo"))
    assert "Taken back: an edit." in text_of(await tomas.type("general", "undo"))
    assert "Taken back: a subscription made." in text_of(await tomas.type("general", "undo"))
    assert "You have changed nothing lately" in text_of(await tomas.type("general", "undo"))
    await tomas.click(first, "undo")
    assert "You have changed nothing lately" in text_of(await tomas.sees("message_changed"))


async def test_an_edit_that_a_place_cant_have_is_refused_where_it_is(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    one = await subscribed(tomas, subscriptions, "status:failed to <https://hooks.example.com/a>")
    said = text_of(await tomas.type("general", f"edit {one.id} digest hourly"))
    assert "a webhook gets each event as it comes" in said
    assert await made(subscriptions) == one
    here = await tomas.type("general", f"edit {one.id} to here thread session")
    assert "Changed." in text_of(here)
    refused = text_of(await tomas.type("general", f"edit {one.id} to me"))
    assert "direct messages have no threads of ours; thread is for channels; add thread off" in refused
    assert "Nobody in this workspace" in text_of(await tomas.type("general", f"edit {one.id} to x@example.org"))
    assert "There is no subscription" in text_of(await tomas.type("general", "edit zzzzzz model:x"))


async def test_pause_mute_and_resume(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    one = await subscribed(tomas, subscriptions)
    paused = text_of(await tomas.type("general", f"pause {one.id} for 2h"))
    hold = (await made(subscriptions)).hold
    assert hold is not None
    assert hold.until is not None
    assert hold.kind is Holding.PAUSED
    assert hold.until - hold.at == pytest.approx(7_200_000, abs=60_000)
    assert "Paused." in paused
    assert f"<!date^{hold.until // 1000}^" in paused
    assert "paused until" in text_of(await tomas.type("general", "list"))
    assert "Muted." in text_of(await tomas.type("general", f"mute {one.id}"))
    assert "Resumed." in text_of(await tomas.type("general", f"resume {one.id}"))
    assert "is so already" in text_of(await tomas.type("general", f"resume {one.id}"))
    refused = text_of(await people["amara"].type("general", f"pause {one.id}"))
    assert "may pause, mute or resume a subscription" in refused
    assert (await made(subscriptions)).hold is None


async def test_a_test_goes_through_the_ordinary_lanes(
    people: dict[str, Person], subscriptions: RedisSubscriptions, outbox: RedisOutbox
) -> None:
    one = await subscribed(people["tomas"], subscriptions)
    said = text_of(await people["tomas"].type("general", f"test {one.id}"))
    assert "A result marked TEST is on its way to <#" in said
    assert (await outbox.state()).deliveries == 1


async def test_the_menu_does_what_it_says(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    await subscribed(tomas, subscriptions)
    for choice, answer in (
        ("Pause", "Paused."),
        ("Send a test", "A result marked TEST"),
        ("History", "History of"),
        ("Resume", "Resumed."),
        ("Mute for 1 h", "Muted."),
        ("Unsubscribe", "Unsubscribed."),
    ):
        listed = await tomas.type("general", "list")
        await tomas.choose(listed, choice)
        assert answer in text_of(await tomas.sees("ephemeral"))
    assert (await subscriptions.snapshot())[1] == ()


async def test_a_made_up_choice_does_nothing(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    one = await subscribed(tomas, subscriptions)
    listed = await tomas.type("general", "list")
    await tomas.choose(listed, "Pause", value="reboot:k7m2qx")
    await tomas.choose(listed, "Pause", value=f"pause:{one.id}")
    assert "Paused." in text_of(await tomas.sees("ephemeral"))
    await people["amara"].type("general", "subscribe model:hers")
    hers = await people["amara"].type("random", "list")
    await people["amara"].choose(hers, "Pause", value=f"unsubscribe:{one.id}")
    assert "may end a subscription" in text_of(await people["amara"].sees("ephemeral"))


async def test_all_end_after_a_question(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    assert "You own no subscriptions" in text_of(await tomas.type("general", "unsubscribe all"))
    for number in range(3):
        await tomas.type("general", f"subscribe model:m{number}")
    await people["amara"].type("general", "subscribe model:hers")
    asked = await tomas.type("general", "unsubscribe all")
    assert "all 3 subscriptions that you own" in text_of(asked)
    assert len((await subscriptions.snapshot())[1]) == 4
    await tomas.click(asked, "unsubscribe.all")
    assert "3 subscriptions are ended." in text_of(await tomas.sees("message_changed"))
    assert (await made(subscriptions)).owner == people["amara"].user
    assert "Taken back: a subscription ended." in text_of(await tomas.type("general", "undo"))


async def test_a_channel_that_was_meanwhile_invited_into_takes_one_click(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    await tomas.do("channels", name="hush", is_private=True)
    refused = await tomas.type("hush", "subscribe status:failed confidence&lt;0.5")
    assert "I can't see that channel" in text_of(refused)
    await tomas.click(refused, "command.again")
    still = await tomas.sees("message_changed")
    assert "I can't see that channel" in text_of(still)
    hush = sandbox.channel_id("hush")
    sandbox.workspace.join(sandbox.workspace.channels[hush], sandbox.workspace.bot.id)
    await tomas.click(still, "command.again")
    assert "Subscribed." in text_of(await tomas.sees("message_changed"))
    one = await made(subscriptions)
    assert (one.destination, one.filter) == (
        SlackChannel(team=TEAM, channel=hush),
        parse("status:failed confidence<0.5"),
    )


async def test_a_shared_channel_is_subscribed_by_an_admin_who_means_it(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    general = sandbox.workspace.channels[sandbox.channel_id("general")]
    general.is_ext_shared = True
    assert "must not leave this one" in text_of(await people["tomas"].type("general", "subscribe status:failed"))
    asked = await people["maya"].type("general", "subscribe status:failed")
    assert "whose people would read the results" in text_of(asked)
    assert await subscriptions.version() == 0
    await people["tomas"].click(overheard(sandbox, asked, by=people["tomas"]), "command.anyway")
    refused = text_of(await people["tomas"].sees("message_changed"))
    assert "Only admins of this workspace may subscribe a channel that is shared" in refused
    await people["maya"].click(asked, "command.anyway")
    assert "Subscribed." in text_of(await people["maya"].sees("message_changed"))


async def test_a_preview_counts_and_shows_three(people: dict[str, Person], past: Past) -> None:
    past.seen += [event(id=f"e-{number}", title=f"Order {number}") for number in range(20)]
    past.seen += [event(id="other", model=event().model, status=event().status, tags=("rare",))]
    said = text_of(await people["tomas"].type("general", 'preview "Order" -tag:rare'))
    assert "This filter would have matched 20 of the last 21 events." in said
    assert said.count("Order 1") == 3
    assert "none" not in text_of(await people["tomas"].type("general", "preview tag:rare"))


async def test_why_is_asked_by_id_by_inference_and_by_link(
    people: dict[str, Person], past: Past, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    past.seen.append(event(id="e 1", inference="inf-9"))
    await tomas.type("general", "subscribe model:fraud-*")
    await tomas.type("general", "subscribe status:failed")
    for query in ("e 1", "`inf-9`"):
        said = text_of(await tomas.type("general", f"why {query}"))
        assert "1 subscription wants this event, 1 does not." in said
        assert "`status:failed` does not hold" in said
    general = sandbox.workspace.channels[sandbox.channel_id("general")]
    ts = post(sandbox, general.id, "e%201")
    link = f"https://sandbox.slack.com/archives/{general.id}/p{ts.replace('.', '')}"
    assert "1 subscription wants this event" in text_of(await tomas.type("general", f"why <{link}>"))
    reply = post(sandbox, general.id, "e%201", thread=ts)
    inside = f"https://sandbox.slack.com/archives/{general.id}/p{reply.replace('.', '')}?thread_ts={ts}&amp;cid=C"
    assert "1 subscription wants this event" in text_of(await tomas.type("general", f"why <{inside}>"))
    none = f"https://sandbox.slack.com/archives/{general.id}/p1600000000000000"
    assert "None of the last 1 events is" in text_of(await tomas.type("general", f"why <{none}>"))


async def test_a_link_into_a_channel_that_one_is_not_in_tells_nothing(
    people: dict[str, Person], past: Past, sandbox: Sandbox
) -> None:
    past.seen.append(event(id="e1"))
    await people["tomas"].type("general", "subscribe to me")
    await people["tomas"].do("channels", name="hush", is_private=True)
    hush = sandbox.workspace.channels[sandbox.channel_id("hush")]
    sandbox.workspace.join(hush, sandbox.workspace.bot.id)
    ts = post(sandbox, hush.id, "e1")
    link = f"https://sandbox.slack.com/archives/{hush.id}/p{ts.replace('.', '')}"
    assert "None of the last 1 events is" in text_of(await people["amara"].type("general", f"why <{link}>"))
    assert "this event" in text_of(await people["tomas"].type("hush", f"why <{link}>"))


async def test_a_link_into_direct_messages_is_for_who_gets_them(
    people: dict[str, Person], past: Past, sandbox: Sandbox
) -> None:
    past.seen.append(event(id="e1"))
    await people["tomas"].type("general", "subscribe to me")
    direct = sandbox.workspace.direct(people["tomas"].user)
    ts = post(sandbox, direct.id, "e1")
    link = f"https://sandbox.slack.com/archives/{direct.id}/p{ts.replace('.', '')}"
    assert "this event" in text_of(await people["tomas"].type("general", f"why <{link}>"))
    assert "None of the last 1 events is" in text_of(await people["amara"].type("general", f"why <{link}>"))


def overheard(sandbox: Sandbox, message: dict[str, Any], *, by: Person) -> dict[str, Any]:
    """The same message, buttons and all, before somebody for whom it is not meant."""
    content = Content(text=message["text"], blocks=message["blocks"])
    shown = sandbox.workspace.whisper(sandbox.workspace.channels[message["channel"]], by.user, content)
    return {**message, "ts": shown.ts}


def post(sandbox: Sandbox, channel: str, event_id: str, *, thread: str | None = None) -> str:
    """A message of ours that tells of an event; its ts."""
    workspace = sandbox.workspace
    told = {"event_type": "tidings_delivery", "event_payload": {"deliveries": "d", "events": event_id}}
    content = Content(text="done", metadata=told)
    return workspace.post(workspace.channels[channel], workspace.bot, content, thread_ts=thread).ts


async def test_status_names_what_is_paused_and_admins_resume_it(
    people: dict[str, Person], sandbox: Sandbox, redis: Redis, keys: Keys, outbox: RedisOutbox
) -> None:
    tomas, maya = people["tomas"], people["maya"]
    assert "All is well" in text_of(await tomas.type("general", "status"))
    place = f"slack/{TEAM}/{sandbox.channel_id('general')}"
    await cast("Any", redis.hset(keys.paused, place, "channel_not_found"))
    seen = await tomas.type("general", "status")
    assert "channel_not_found" in text_of(seen)
    assert "Resume" not in text_of(seen)
    report = await maya.type("general", "status")
    copy = overheard(sandbox, report, by=tomas)
    await tomas.sees("ephemeral")
    await tomas.click(copy, "place.resume.0")
    assert "may pause, mute or resume a subscription" in text_of(await tomas.sees("ephemeral"))
    assert await outbox.paused() == {place: "channel_not_found"}
    await maya.click(report, "place.resume.0")
    assert "goes on" in text_of(await maya.sees("ephemeral"))
    assert await outbox.paused() == {}


async def test_lists_of_a_place_and_of_a_person(people: dict[str, Person], sandbox: Sandbox) -> None:
    tomas, amara, maya = people["tomas"], people["amara"], people["maya"]
    general = sandbox.channel_id("general")
    for number in range(9):
        await tomas.type("general", f"subscribe model:m{number}")
    listed = await amara.type("random", f"list in <#{general}|general>")
    assert f"Subscriptions of <#{general}>" in text_of(listed)
    await amara.click(listed, "page.later")
    assert "9, page 2 of 2" in text_of(await amara.sees("message_changed"))
    refused = text_of(await amara.type("general", f"list of <@{tomas.user}|tomas>"))
    assert "may see a subscription, and list those of a channel or a person" in refused
    of_tomas = await maya.type("general", f"list of <@{tomas.user}|tomas>")
    assert f"Subscriptions of <@{tomas.user}>" in text_of(of_tomas)
    await maya.click(of_tomas, "page.later")
    assert "9, page 2 of 2" in text_of(await maya.sees("message_changed"))
    found = await maya.type("general", "list all m3")
    assert "Everyone's subscriptions with `m3`" in text_of(found)
    assert "Your subscriptions" in text_of(await tomas.type("random", "list of me"))


async def test_history_is_for_who_may_see_it(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    one = await subscribed(tomas, subscriptions)
    await people["maya"].type("general", f"edit {one.id} model:x")
    said = text_of(await tomas.type("general", f"history {one.id}"))
    assert f"*<@{people['maya'].user}>* edited it" in said
    assert "*Filter*  `status:failed` → `model:x`" in said
    assert "may list all subscriptions, and the audit" in text_of(await tomas.type("general", "history"))
    await tomas.click(await tomas.type("general", f"pause {one.id}"), "undo")
    assert "Taken back: a pause." in text_of(await tomas.sees("message_changed"))
    assert "History of all subscriptions" in text_of(await people["maya"].type("general", "admin audit"))


async def test_people_tell_about_themselves(people: dict[str, Person], subscriptions: RedisSubscriptions) -> None:
    tomas = people["tomas"]
    assert "You don't get the results" in text_of(await tomas.type("general", "me"))
    assert "You get the results" in text_of(await tomas.type("general", "me on"))
    assert (await made(subscriptions)).destination == SlackPerson(team=TEAM, user=tomas.user)
    assert "wait from 22:00 to 07:00" in text_of(await tomas.type("general", "me quiet 22:00-07:00"))
    assert "`Asia/Tokyo`, as you said" in text_of(await tomas.type("general", "me zone Asia/Tokyo"))
    assert "as Slack says" in text_of(await tomas.type("general", "me zone auto"))
    assert "You don't get the results" in text_of(await tomas.type("general", "me off"))
    assert (await subscriptions.snapshot())[1] == ()


async def test_admins_care_for_places_and_owners(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox, redis: Redis, keys: Keys
) -> None:
    tomas, maya = people["tomas"], people["maya"]
    one = await subscribed(tomas, subscriptions)
    general, random = sandbox.channel_id("general"), sandbox.channel_id("random")
    assert "goes on" in text_of(await tomas.type("general", f"admin resume <#{general}|general>"))
    await cast("Any", redis.hset(keys.paused, "slack/T9/C1", "another workspace's"))
    for foreign in ("slack/T9/C1", f"slack/{TEAM}/C9"):
        said = text_of(await maya.type("general", f"admin resume {foreign}"))
        assert "Nothing of yours leads to" in said
    moved = text_of(await tomas.type("general", f"admin move <#{general}|g> to <#{random}|r>"))
    assert f"1 subscription leads to <#{random}> now instead of <#{general}>" in moved
    assert (await made(subscriptions)).destination == SlackChannel(team=TEAM, channel=random)
    foreign = text_of(await maya.type("general", f"admin move slack/T9/C1 to <#{random}|r>"))
    assert "Nothing of yours leads to" in foreign
    group = next(iter(sandbox.workspace.usergroups))
    refused = text_of(await maya.type("general", f"admin move <#{random}|r> to <!subteam^{group}|@g>"))
    assert "a place moves to a channel, a person or a webhook" in refused
    for typed in ("admin resume x@example.org", f"admin move <#{random}|r> to x@example.org", "list in x@example.org"):
        assert "Nobody in this workspace" in text_of(await maya.type("general", typed))
    assert "Only admins" in text_of(await tomas.type("general", f"admin adopt {one.id}"))
    assert "Yours now: 1." in text_of(await maya.type("general", f"admin adopt {one.id}"))
    assert (await made(subscriptions)).owner == maya.user
    assert "tidings dead list" in text_of(await maya.type("general", "admin dead"))


async def test_subscribe_and_edit_alone_open_the_form(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    general = sandbox.channel_id("general")
    await tomas.do("command", channel=general, command="/tidings", text="subscribe")
    assert (await tomas.sees("view"))["type"] == "modal"
    assert await subscriptions.version() == 0
    one = await subscribed(tomas, subscriptions, "model:mine")
    await tomas.do("command", channel=general, command="/tidings", text=f"edit {one.id}")
    assert "model:mine" in str(await tomas.sees("view"))
    listed = await tomas.type("general", "list")
    await tomas.choose(listed, "Edit …")
    assert "model:mine" in str(await tomas.sees("view"))
    assert await made(subscriptions) == one


async def test_a_webhooks_list_turns_its_pages_though_its_name_hides_the_url(people: dict[str, Person]) -> None:
    maya = people["maya"]
    for number in range(9):
        await people["tomas"].type("general", f"subscribe model:m{number} to <https://hooks.example.com/a>")
    listed = await maya.type("general", "list in <https://hooks.example.com/a>")
    assert "The webhook at `hooks.example.com`" in text_of(listed)
    await maya.click(listed, "page.later")
    assert "9, page 2 of 2" in text_of(await maya.sees("message_changed"))
    assert "Nobody in this workspace" in text_of(await maya.type("general", "list of x@example.org"))
