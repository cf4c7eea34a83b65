"""Every answer and look in words: what it says, what it offers, and that Slack takes it whatever it holds."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import answers
from bot.core.answers import (
    Actor,
    Adopted,
    AlreadySubscribed,
    Answer,
    BadPlace,
    Changed,
    Listing,
    Moved,
    NoSuchPlace,
    NothingToUndo,
    Overtaken,
    PlaceResumed,
    Problem,
    Shelf,
    Subscribed,
    Unchanged,
    Undone,
    Unsubscribed,
)
from bot.core.delivery import Attempt, DeliveryId
from bot.core.destination import (
    DestinationId,
    InstallationId,
    SlackChannel,
    SlackGroup,
    SlackPerson,
    Target,
    Webhook,
)
from bot.core.errors import FilterError
from bot.core.event import Sensitivity
from bot.core.filters import Filter, parse
from bot.core.fingerprint import fingerprint
from bot.core.looks import Change, History, Look, NoSuchEvent, Preferred, Preview, Report, Trace, Verdict, Why
from bot.core.person import Person
from bot.core.subscription import (
    Doubt,
    Hold,
    Holding,
    Showing,
    Style,
    Subscription,
    SubscriptionId,
    Threading,
    subscription_id,
)
from bot.core.timing import Digest, Every, Quiet
from bot.render import help as manual
from bot.render.message import Block, Message
from bot.render.replies import PER_PAGE, listing, reply, row
from bot.render.reply.lists import read_turn, turn
from bot.render.reply.mistakes import not_the_last
from bot.render.reply.places import no_such_person
from bot.render.reply.subscriptions import end_all, unsubscribed_all
from bot.sandbox.validation.surfaces import check_message
from tests.core.examples import event
from tests.core.strategies import FILTERS

ANA = Actor(team="T1", user="U1")
BEN = Actor(team="T1", user="U2")
CHANNEL = SlackChannel(team="T1", channel="C1")
AT = 1_700_000_000_000
ONE = Subscription(
    id=SubscriptionId("k7m2qx"), team="T1", owner="U1", filter=parse("status:failed"), destination=CHANNEL
)
MINE = replace(ONE, destination=SlackPerson(team="T1", user="U1"))
HOURLY = Digest(every=Every.HOUR)
STYLED = replace(
    ONE,
    style=Style(
        mention="S1",
        doubt=Doubt.ASK,
        digest=HOURLY,
        quiet=Quiet(start=1320, end=420),
        thread=Threading.SESSION,
        show=Showing.MASKED,
    ),
)
PAUSED = replace(ONE, hold=Hold(kind=Holding.PAUSED, at=AT, until=AT + 7_200_000, by="U1"))
WHEN = "<!date^1700007200^{date_short_pretty} at {time}|2023-11-15 00:13 UTC>"


def check(said: Message) -> Message:
    check_message({"text": said.text, "blocks": list(said.blocks)})
    return said


def shown(said: Message) -> str:
    return "\n".join(texts(list(check(said).blocks)))


def texts(part: Any) -> Iterator[str]:
    match part:
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from texts(value)
        case list() | tuple():
            for value in part:
                yield from texts(value)


def buttons(said: Message) -> dict[str, Block]:
    found = [element for block in said.blocks for element in block.get("elements", ()) if "action_id" in element]
    found += [block["accessory"] for block in said.blocks if "accessory" in block]
    return {each["action_id"]: each for each in found}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Changed(before=ONE, after=replace(ONE, filter=parse("model:x")), viewer=ANA),
            "Changed. <#C1> gets events whose model is `x`.",
        ),
        (
            Changed(before=ONE, after=PAUSED, viewer=ANA),
            (
                f"Paused. <#C1> gets none of these until {WHEN}; they wait, and come then: "
                "events whose status is `failed`."
            ),
        ),
        (
            Changed(before=MINE, after=replace(MINE, hold=Hold(kind=Holding.MUTED, at=AT)), viewer=ANA),
            (
                "Muted. You get none of these until you `/tidings resume k7m2qx`; they pass by: "
                "events whose status is `failed`."
            ),
        ),
        (Changed(before=PAUSED, after=ONE, viewer=ANA), "Resumed. <#C1> gets events whose status is `failed` again."),
        (Unchanged(subscription=ONE, viewer=ANA), "`k7m2qx` is so already. Nothing was changed."),
        (answers.Tested(subscription=ONE, viewer=ANA), "A result marked TEST is on its way to <#C1>."),
        (answers.Tested(subscription=MINE, viewer=ANA), "A result marked TEST is on its way to you."),
        (
            answers.Tested(subscription=replace(PAUSED, style=Style(digest=HOURLY)), viewer=ANA),
            (
                "A result marked TEST is on its way to <#C1>. "
                f"It comes at once, though results would not: paused until {WHEN}, digest hourly."
            ),
        ),
        (
            Undone(act="edit", subject=ONE.id, before=ONE, after=MINE, viewer=ANA),
            "Taken back: an edit. The subscription is again:",
        ),
        (
            Undone(act="subscribe", subject=ONE.id, before=MINE, after=None, viewer=ANA),
            "Taken back: a subscription made. You no longer get events whose status is `failed`.",
        ),
        (
            Undone(act="prefer", subject=SubscriptionId(""), before=None, after=None, viewer=ANA),
            "Taken back: a change of your preferences. `/tidings me` shows how they are now.",
        ),
        (NothingToUndo(), "You have changed nothing lately that could be taken back."),
        (
            Overtaken(subject=ONE.id, by="U2"),
            "<@U2> has changed `k7m2qx` since, so I left it as it is. `/tidings history k7m2qx` shows how.",
        ),
        (
            Overtaken(subject=ONE.id, by=""),
            "Somebody has changed `k7m2qx` since, so I left it as it is. `/tidings history k7m2qx` shows how.",
        ),
        (
            PlaceResumed(place=DestinationId("slack/T1/C1"), lanes=2, viewer=ANA),
            "<#C1> goes on. What waited there is on its way.",
        ),
        (
            PlaceResumed(place=DestinationId("slack/T1/@U1"), lanes=0, viewer=ANA),
            "<@U1> goes on. Nothing waited there.",
        ),
        (
            Moved(place=DestinationId("slack/T1/C2"), to=CHANNEL, subscriptions=(ONE,), waiting=3, viewer=ANA),
            "1 subscription leads to <#C1> now instead of <#C2>, and 3 waiting results went along.",
        ),
        (
            Moved(place=DestinationId("webhook/T1/ab"), to=CHANNEL, subscriptions=(ONE, MINE), waiting=0, viewer=ANA),
            "2 subscriptions lead to <#C1> now instead of the webhook `ab`.",
        ),
        (
            Moved(place=DestinationId("slack/T1/C2"), to=CHANNEL, subscriptions=(ONE,), waiting=0, left=1, viewer=ANA),
            (
                "1 subscription leads to <#C1> now instead of <#C2>. "
                "1 of somebody else still leads there, so what waits for it stays."
            ),
        ),
        (
            Moved(place=DestinationId("slack/T1/C2"), to=CHANNEL, subscriptions=(ONE,), waiting=0, left=2, viewer=ANA),
            (
                "1 subscription leads to <#C1> now instead of <#C2>. "
                "2 of others still lead there, so what waits for them stays."
            ),
        ),
        (
            NoSuchPlace(place=DestinationId("slack/T1/C9")),
            (
                "Nothing of yours leads to <#C9>, and it is not paused. `/tidings status` names what is. "
                "Nothing was changed."
            ),
        ),
        (Adopted(subscriptions=(ONE, MINE), viewer=ANA), "Yours now: 2."),
        (
            BadPlace(destination=SlackPerson(team="T1", user="U7"), problem=Problem.STRANGER),
            "<@U7> can't be written to: they have left, or belong to another organisation. Nothing was changed.",
        ),
        (
            BadPlace(destination=SlackGroup(team="T1", group="S7"), problem=Problem.STRANGER),
            "<!subteam^S7> is no user group that I know; it may be disabled. Nothing was changed.",
        ),
        (
            BadPlace(destination=CHANNEL, problem=Problem.CONFIRM),
            "<#C1> is shared with another organisation, whose people would read the results. Nothing was changed.",
        ),
        (
            NoSuchEvent(query="inf-`1`", of=500),
            "None of the last 500 events is `inf-ˋ1ˋ`. Older ones I can't explain.",  # noqa: RUF001 (the look-alike is the point)
        ),
        (
            NoSuchEvent(query="x", of=0),
            "I have seen no events since I started; none is `x`. Older ones I can't explain.",
        ),
        (
            Preview(filter=parse("model:x"), matched=0, of=0, samples=(), viewer=ANA),
            "I have seen no events since I started, so I can't tell what would have matched.",
        ),
        (
            Preview(filter=parse("model:x"), matched=14, of=500, samples=(event(),), viewer=ANA),
            "This filter would have matched 14 of the last 500 events.",
        ),
        (
            History(subject=ONE.id, changes=(), viewer=ANA),
            "Nothing is noted of `k7m2qx`: nobody changed it lately.",
        ),
    ],
)
def test_what_it_came_to_in_a_sentence(answer: Answer | Look, text: str) -> None:
    assert check(reply(answer)).text == text


def test_an_edit_shows_what_was_and_what_is_and_can_be_undone() -> None:
    after = replace(STYLED, filter=parse("model:x"), destination=SlackPerson(team="T1", user="U2"), owner="U2")
    said = reply(Changed(before=ONE, after=after, viewer=ANA, joined=True))
    lines = said.blocks[1]["text"]["text"].split("\n")
    assert lines == [
        "*Filter*  `status:failed` → `model:x`",
        "*To*  <#C1> → <@U2>",
        "*Owner*  <@U1> → <@U2>",
        "*Mentions*  nobody → <!subteam^S1>",
        "*Digest*  off → hourly",
        "*Quiet*  off → 22:00-07:00",
        "*Thread*  off → session",
        "*In doubt*  repeat → ask",
        "*Shows*  what is usual → masked",
    ]
    assert "I joined the channel for this" in shown(said)
    assert buttons(said)["undo"]["value"] == f"k7m2qx:{fingerprint(after)}"


def test_a_webhooks_secret_is_shown_where_an_edit_leads_there() -> None:
    after = replace(ONE, destination=Webhook(team="T1", url="https://hooks.example.com/s3cret"))
    said = shown(reply(Changed(before=ONE, after=after, viewer=ANA, secret="whsec_x")))
    assert "whsec_x" in said
    assert "s3cret" not in said


def test_members_of_a_group_are_no_part_of_a_fingerprint_and_all_that_people_decide_is() -> None:
    assert fingerprint(ONE) == fingerprint(replace(ONE, members=("U1",)))
    prints = {fingerprint(each) for each in (None, ONE, MINE, STYLED, PAUSED, replace(ONE, owner="U2"))}
    assert len(prints) == 6


@pytest.mark.parametrize(
    ("problem", "offered"),
    [
        (Problem.UNSEEN, "command.again"),
        (Problem.UNINVITED, "command.again"),
        (Problem.CONFIRM, "command.anyway"),
        (Problem.ARCHIVED, None),
        (Problem.EXTERNAL, None),
        (Problem.URL, None),
        (Problem.STRANGER, None),
    ],
)
def test_a_place_that_can_be_mended_has_a_button_with_the_command(problem: Problem, offered: str | None) -> None:
    answer = BadPlace(destination=CHANNEL, problem=problem)
    found = buttons(check(reply(answer, again="subscribe status:failed")))
    assert {name: each["value"] for name, each in found.items()} == (
        {offered: "subscribe status:failed"} if offered else {}
    )
    assert buttons(check(reply(answer))) == buttons(check(reply(answer, again="x" * 2_001))) == {}


def test_a_row_tells_the_style_and_how_long_it_rests() -> None:
    resting = replace(STYLED, hold=PAUSED.hold)
    found = Listing(shelf=Shelf.NEAR, subscriptions=(resting,), viewer=ANA)
    text = row(resting, listing=found)["text"]["text"]
    assert text.split("\n")[2] == (
        "`k7m2qx`  ·  mentions <!subteam^S1>  ·  digest hourly  ·  quiet 22:00–07:00  ·  "  # noqa: RUF001 (a span of time)
        f"thread per session  ·  asks before it repeats  ·  shows all, personal data masked  ·  paused until {WHEN}"
    )
    assert "paused" in str(row(resting, listing=found, now=AT))
    assert "paused" not in str(row(resting, listing=found, now=AT + 7_200_000))


@pytest.mark.parametrize(
    ("hold", "says"),
    [
        (Hold(kind=Holding.ORPHANED, at=AT, why="the channel <x> is archived"), "rests: the channel &lt;x&gt; is"),
        (Hold(kind=Holding.ORPHANED, at=AT), "rests: its place or owner is gone"),
        (Hold(kind=Holding.MUTED, at=AT), "muted"),
    ],
)
def test_a_row_tells_why_it_rests(hold: Hold, says: str) -> None:
    one = replace(ONE, hold=hold, style=Style(thread=Threading.INFERENCE))
    text = row(one, listing=Listing(shelf=Shelf.NEAR, subscriptions=(one,), viewer=ANA))["text"]["text"]
    assert says in text
    assert "thread per inference" in text


@pytest.mark.parametrize(
    ("one", "viewer", "shelf", "verbs"),
    [
        (ONE, ANA, Shelf.NEAR, ["edit", "pause", "mute", "test", "unsubscribe"]),
        (PAUSED, ANA, Shelf.NEAR, ["edit", "resume", "test", "unsubscribe", "history"]),
        (ONE, BEN, Shelf.NEAR, None),
        (ONE, BEN, Shelf.PLACE, None),
        (ONE, BEN, Shelf.ALL, ["edit", "pause", "mute", "test", "unsubscribe"]),
        (ONE, BEN, Shelf.PERSON, ["edit", "pause", "mute", "test", "unsubscribe"]),
        (
            replace(ONE, destination=SlackPerson(team="T1", user="U2")),
            BEN,
            Shelf.NEAR,
            ["pause", "mute", "unsubscribe", "history"],
        ),
    ],
)
def test_the_menu_offers_what_the_viewer_may_do(
    one: Subscription, viewer: Actor, shelf: Shelf, verbs: list[str] | None
) -> None:
    found = Listing(shelf=shelf, subscriptions=(one,), viewer=viewer, wanted="U1")
    drawn = row(one, listing=found)
    assert ("accessory" in drawn) == (verbs is not None)
    if verbs is not None:
        options = drawn["accessory"]["options"]
        assert [option["value"] for option in options] == [f"{verb}:k7m2qx" for verb in verbs]


@pytest.mark.parametrize(
    ("found", "title"),
    [
        (Listing(shelf=Shelf.ALL, subscriptions=(ONE,), viewer=ANA), "Everyone's subscriptions: 1"),
        (
            Listing(shelf=Shelf.ALL, subscriptions=(ONE,), viewer=ANA, wanted="fraud"),
            "Everyone's subscriptions with `fraud`: 1",
        ),
        (
            Listing(shelf=Shelf.PLACE, subscriptions=(ONE,), viewer=ANA, wanted="slack/T1/C1"),
            "Subscriptions of <#C1>: 1",
        ),
        (Listing(shelf=Shelf.PERSON, subscriptions=(ONE,), viewer=ANA, wanted="U2"), "Subscriptions of <@U2>: 1"),
        (Listing(shelf=Shelf.PERSON, subscriptions=(ONE,), viewer=ANA, wanted="U1"), "Your subscriptions: 1"),
        (
            Listing(shelf=Shelf.ALL, subscriptions=(), viewer=ANA, wanted="fraud"),
            "No subscription has `fraud` in it. `/tidings list all` shows them all.",
        ),
        (
            Listing(shelf=Shelf.PLACE, subscriptions=(), viewer=ANA, wanted="slack/T1/!S1"),
            "Nothing leads to <!subteam^S1> yet.",
        ),
        (Listing(shelf=Shelf.PERSON, subscriptions=(), viewer=ANA, wanted="U2"), "<@U2> has no subscriptions."),
    ],
)
def test_a_list_says_what_it_is_about(found: Listing, title: str) -> None:
    assert check(listing(found, page=1)).text == title


@given(st.sampled_from(Shelf), st.integers(1, 9_999_999), st.text(max_size=200))
def test_a_turned_page_keeps_what_the_list_is_about(shelf: Shelf, page: int, wanted: str) -> None:
    value = turn(Listing(shelf=shelf, subscriptions=(), viewer=ANA, wanted=wanted), page)
    assert read_turn(value) == (shelf, page, wanted)


@given(st.text(max_size=2_000))
def test_a_made_up_page_is_read_without_a_fuss(value: str) -> None:
    _, page, wanted = read_turn(value)
    assert page >= 0
    assert len(wanted) <= 200


def test_before_all_end_their_number_is_told_and_asked_for() -> None:
    said = check(end_all(12))
    assert said.text == (
        "This ends all 12 subscriptions that you own, also those that lead to channels. Nothing was changed yet."
    )
    assert "unsubscribe.all" in buttons(said)
    assert "your only subscription" in end_all(1).text
    assert end_all(0) == unsubscribed_all(())


def test_all_that_ended_are_named_as_far_as_there_is_room() -> None:
    gone = [Unsubscribed(subscription=replace(ONE, id=subscription_id(number)), viewer=ANA) for number in range(12)]
    said = shown(unsubscribed_all(gone))
    assert "12 subscriptions are ended." in said
    assert "and 2 more" in said
    assert "1 subscription is ended." in shown(unsubscribed_all(gone[:1]))


SECRET = replace(event(), sensitivity=Sensitivity.RESTRICTED, title="Salary of Ana")


def test_a_preview_shows_content_to_who_may_read_it_only() -> None:
    found = Preview(filter=parse("model:*"), matched=1, of=1, samples=(SECRET,), viewer=ANA)
    assert "Salary" not in shown(reply(found))
    assert "fraud-detector" in shown(reply(found))
    theirs = replace(found, viewer=Actor(team="T1", user="U024BE7LH"))
    assert "Salary of Ana" in shown(reply(theirs))


def trace(standing: str, **known: Any) -> Trace:
    return Trace(delivery=DeliveryId("d"), standing=standing, **known)


@pytest.mark.parametrize(
    ("one", "found", "says"),
    [
        (ONE, trace("delivered", appended=AT, link="https://a.slack.com/x"), "Delivered. It was taken in at <!date^17"),
        (ONE, trace("delivered", link="https://a.slack.com/x?a&b"), "<https://a.slack.com/x?a&amp;b|See it>"),
        (ONE, trace("waiting", appended=AT, due=AT + 7_200_000), f"next try {WHEN}."),
        (PAUSED, trace("waiting"), f"🕓 Waiting; the subscription is paused until {WHEN}."),
        (STYLED, trace("waiting"), "it comes with a digest, hourly, quiet hours are 22:00-07:00."),
        (
            ONE,
            trace("waiting", attempts=(Attempt(at=AT, outcome="failed", reason="HTTP 503 <no>"),)),
            "failed: HTTP 503 &lt;no&gt;",
        ),
        (
            ONE,
            trace("buried", attempts=(Attempt(at=AT, outcome="refused", reason="channel_not_found"),)),
            "Given up: channel_not_found. It is among the dead letters. 1 attempt:",
        ),
        (ONE, trace("buried"), "Given up. It is among the dead letters."),
        (ONE, trace("unknown"), "Nothing is known of it"),
        (PAUSED, trace("unknown"), "The subscription is paused until"),
    ],
)
def test_why_tells_what_became_of_a_delivery(one: Subscription, found: Trace, says: str) -> None:
    verdict = Verdict(subscription=one, failed=None, traces=((CHANNEL, found),))
    said = reply(Why(event=event(), verdicts=(verdict,), viewer=ANA))
    assert says in shown(said)
    assert said.text == "1 subscription wants this event."


def test_why_names_the_term_that_does_not_hold() -> None:
    wants = Verdict(subscription=MINE, failed=None, traces=())
    misses = Verdict(subscription=ONE, failed=parse("-tag:test").terms[0])
    said = reply(Why(event=event(), verdicts=(wants, misses), viewer=ANA))
    assert said.text == "1 subscription wants this event, 1 does not."
    assert "*Direct message*  `k7m2qx`\nIt leads to nobody: the group has no members." in shown(said)
    assert "*<#C1>*  `k7m2qx` — `-tag:test` does not hold" in shown(said)
    assert "You have no subscriptions" in reply(Why(event=event(), verdicts=(), viewer=ANA)).text


def test_why_keeps_to_its_room_whatever_there_is_to_tell() -> None:
    attempts = tuple(Attempt(at=AT, outcome="failed", reason="<&>" * 200) for _ in range(9))
    places = tuple(SlackPerson(team="T1", user=f"U{number}") for number in range(30))
    traces = tuple((place, trace("waiting", appended=AT, due=AT, attempts=attempts)) for place in places)
    wants = [Verdict(subscription=replace(ONE, id=subscription_id(n)), failed=None, traces=traces) for n in range(20)]
    long = parse('"' + "&" * 900 + '"')
    misses = [
        Verdict(subscription=replace(ONE, id=subscription_id(n), filter=long), failed=long.terms[0]) for n in range(20)
    ]
    said = shown(reply(Why(event=event(), verdicts=(*wants, *misses), viewer=ANA)))
    assert "and 26 more people" in said
    assert re.search(r"and \d+ more that want it", said)
    assert "and 12 more that don't" in said


PLACES: dict[DestinationId | InstallationId, str] = {
    DestinationId("slack/T1/C1"): "channel_not_found <x>",
    InstallationId("slack/T1"): "token_revoked",
    DestinationId("webhook/T1/ab12"): "HTTP 410",
}
REPORT = Report(
    waiting=0, lanes=0, parked=0, paused={}, subscriptions=1, events=500, since=3_000, viewer=ANA, detailed=False
)


def test_a_report_is_one_line_where_all_is_well() -> None:
    said = reply(REPORT)
    assert said.text == "All is well: nothing waits, and nothing is paused."
    assert shown(said).split("\n")[1] == "you own 1 subscription  ·  last event 3 s ago"


def test_a_report_names_what_is_paused_and_lets_admins_resume_it() -> None:
    said = reply(replace(REPORT, waiting=1, lanes=1, parked=2, paused=PLACES, detailed=True, since=None, dead=7))
    assert said.text == "3 places are paused; 1 delivery waits."
    text = shown(said)
    assert "Nothing is sent to <#C1>: channel_not_found &lt;x&gt;" in text
    assert "Nothing is sent to all of Slack: token_revoked" in text
    assert "Nothing is sent to the webhook `ab12`: HTTP 410" in text
    assert "1 lanes  ·  2 parked  ·  500 events remembered  ·  7 dead letters" in text
    assert [each["value"] for each in buttons(said).values()] == list(PLACES)
    assert buttons(reply(replace(REPORT, paused=PLACES))) == {}


def test_a_report_of_many_paused_places_keeps_its_room() -> None:
    many: dict[DestinationId | InstallationId, str] = {
        DestinationId(f"slack/T1/C{number}"): "gone" for number in range(40)
    }
    assert "and 30 more" in shown(reply(replace(REPORT, paused=many, detailed=True)))


def test_history_tells_who_did_what_when_and_what_it_made_otherwise() -> None:
    changes = (
        Change(at=AT + 7_200_000, actor=BEN, act="edit", subject=ONE.id, before=ONE, after=MINE),
        Change(at=AT, actor=replace(ANA, via="cli"), act="paused", subject=ONE.id, before=ONE, after=PAUSED),
        Change(at=AT, actor=replace(ANA, user=""), act="orphaned", subject=ONE.id, before=ONE, after=ONE),
        Change(at=AT, actor=replace(ANA, via="api"), act="subscribe", subject=ONE.id, after=ONE),
        Change(at=AT, actor=ANA, act="unsubscribe", subject=ONE.id, before=ONE),
    )
    said = reply(History(subject=None, changes=changes, viewer=ANA))
    assert said.text == "History of all subscriptions: 5 changes"
    edited, paused, kept, made, ended = (block["text"]["text"].split("\n") for block in said.blocks[1:])
    assert edited == [f"{WHEN}  *<@U2>* edited it  `k7m2qx`", "*To*  <#C1> → <@U1>"]
    assert "*<@U1>* from the command line paused it" in paused[0]
    assert paused[1] == f"*Rest*  none → paused until {WHEN}"
    assert "*Tidings* orphaned" in kept[0]
    assert kept[1] == "Nothing differs."
    assert "by an API key made it" in made[0]
    assert made[1] == ended[1] == "<#C1>: events whose status is `failed`"
    assert "k7m2qx" not in str(reply(History(subject=ONE.id, changes=changes[:1], viewer=ANA)).blocks[1])


def test_preferences_tell_what_holds_and_how_to_change_it() -> None:
    plain = Preferred(person=Person(team="T1", user="U1"), zone="Europe/Berlin", results=None, viewer=ANA)
    said = shown(reply(plain))
    assert "You don't get the results of what you ask models. `/tidings me on` changes that." in said
    assert "Direct messages come at any hour." in said
    assert "Your hours are those of `Europe/Berlin`, as Slack says." in said
    quiet = Person(team="T1", user="U1", quiet=Quiet(start=1320, end=420), zone="Asia/Tokyo")
    said = shown(reply(replace(plain, person=quiet, zone="Asia/Tokyo", results=ONE.id)))
    assert "(`k7m2qx`). `/tidings me off` ends it." in said
    assert "Direct messages wait from 22:00 to 07:00." in said
    assert "`Asia/Tokyo`, as you said." in said


def test_a_button_under_another_change_than_the_last_says_so() -> None:
    assert "not your last change any more" in check(not_the_last(ONE.id)).text
    assert "`ann@example.org`" in check(no_such_person("ann@example.org")).text


@pytest.mark.parametrize("topic", [None, "subscribe", "edit", "filter", "style", "me", "admin", "dead", "why"])
def test_every_help_text_is_a_message_that_slack_takes(topic: str | None) -> None:
    assert "/tidings" in shown(manual.about(topic)) or topic in {"filter", "style"}


def filters() -> st.SearchStrategy[Filter]:
    def read(text: str) -> Filter:
        try:
            return parse(text)
        except FilterError:
            return Filter()

    return FILTERS.map(read)


TARGETS: st.SearchStrategy[Target] = st.sampled_from(
    [
        CHANNEL,
        MINE.destination,
        SlackGroup(team="T1", group="S1"),
        Webhook(team="T1", url="https://u:p@h.example/x?t=1"),
    ]
)
HOLDS = st.none() | st.builds(
    Hold, kind=st.sampled_from(Holding), at=st.just(AT), until=st.none() | st.just(AT + 1), why=st.text(max_size=300)
)
SUBSCRIPTIONS = st.builds(
    Subscription,
    id=st.integers(0, 999).map(subscription_id),
    team=st.just("T1"),
    owner=st.sampled_from(["U1", "U2"]),
    filter=filters(),
    destination=TARGETS,
    style=st.sampled_from([Style(), STYLED.style]),
    hold=HOLDS,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(SUBSCRIPTIONS, SUBSCRIPTIONS, st.text(max_size=300))
def test_whatever_a_subscription_holds_the_reply_is_taken_and_holds_no_trap(
    one: Subscription, other: Subscription, text: str
) -> None:
    after = replace(other, id=one.id)
    change = Change(at=AT, actor=ANA, act=text, subject=one.id, before=one, after=after)
    trace_ = trace("buried", attempts=(Attempt(at=AT, outcome=text[:20], reason=text),))
    verdict = Verdict(subscription=one, failed=None, traces=((CHANNEL, trace_),))
    failed = [Verdict(subscription=other, failed=term) for term in other.filter.terms[:1]]
    all_answers: list[Answer | Look] = [
        Subscribed(subscription=one),
        AlreadySubscribed(existing=one),
        Changed(before=one, after=after, viewer=ANA),
        Unchanged(subscription=one, viewer=ANA),
        Unsubscribed(subscription=one, viewer=ANA),
        Undone(act=text, subject=one.id, before=one, after=after, viewer=ANA),
        answers.Tested(subscription=one, viewer=ANA),
        Adopted(subscriptions=(one,) * 20, viewer=ANA),
        Listing(shelf=Shelf.ALL, subscriptions=(one,) * PER_PAGE, viewer=ANA, wanted=text),
        History(subject=None, changes=(change,) * 20, viewer=ANA),
        Why(event=event(), verdicts=(verdict, *failed), viewer=ANA),
        NoSuchEvent(query=text, of=1),
        NoSuchPlace(place=DestinationId(text)),
    ]
    for answer in all_answers:
        said = check(reply(answer))
        assert 0 < len(said.text) <= 3_000
        for token in re.findall(r"<[^>]*>?", " ".join(mrkdwn(said))):
            assert re.fullmatch(r"<(#C1|@U[12]|!subteam\^S1|!date\^\d+\^[^|>]*\|[^>]*)>", token), token
        assert "u:p@" not in json.dumps(said.blocks)


def mrkdwn(said: Message) -> Iterator[str]:
    yield said.text
    stack: list[Any] = list(said.blocks)
    while stack:
        part = stack.pop()
        match part:
            case {"type": "mrkdwn", "text": str(text)}:
                yield text
            case dict():
                stack += part.values()
            case list() | tuple():
                stack += part
