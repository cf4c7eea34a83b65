"""The forms, held to Slack's limits with everything as long as it can be, and to what they say."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answers import Actor, BadPlace, NotAllowed, Problem
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, Webhook
from bot.core.errors import FilterError
from bot.core.filters import parse
from bot.core.form import Form, Setting, Where, fill
from bot.core.looks import Preferred, Preview
from bot.core.permission import Act
from bot.core.person import Person
from bot.core.subscription import Style, Subscription, SubscriptionId
from bot.core.timing import Every, Quiet
from bot.render.faults import UNAVAILABLE, fault, overtaken, refused
from bot.render.modals import Draft, form_view, said_view
from bot.render.preferences import move_view, preferences_view
from bot.render.replies import reply
from bot.sandbox.validation.surfaces import check_view
from tests.core.examples import event
from tests.core.strategies import EVENTS, WANTED

ANA = Actor(team="T1", user="U1")
HERE = SlackChannel(team="T1", channel="C1")
SETTING = Setting(team="T1", user="U1", here=HERE)
LONG = "m" * 150
EDITED = Subscription(
    id=SubscriptionId("k7m2qx"), team="T1", owner="U1", filter=parse("status:failed"), destination=HERE
)


def valid(view: dict[str, Any]) -> dict[str, Any]:
    """The view, which Slack would take."""
    return check_view(view, {"modal"})


def fields(view: dict[str, Any]) -> list[str]:
    """What a form asks for, in its order."""
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def preview(text: str, *events: Any) -> Preview:
    return Preview(filter=parse(text), matched=len(events), of=500, samples=tuple(events[:3]), viewer=ANA)


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        (
            Form(),
            ["where", "models", "statuses", "tags", "rest", "mention", "digest", "quiet", "thread", "doubt", "show"],
        ),
        (
            Form(where=Where.CHANNEL, digest=Every.DAY, quiet=True),
            ["where", "channel", "models", "statuses", "tags", "rest", "mention", "digest", "at", "quiet", "since",
             "until", "thread", "doubt", "show"],
        ),
        (
            Form(where=Where.ME),
            ["where", "models", "statuses", "tags", "rest", "mention", "digest", "quiet", "doubt", "show"],
        ),
        (
            Form(mention="U1"),
            ["where", "models", "statuses", "tags", "rest", "mention", "mention_on", "digest", "quiet", "thread",
             "doubt", "show"],
        ),
        (
            Form(where=Where.PERSON),
            ["where", "person", "models", "statuses", "tags", "rest", "mention", "digest", "quiet", "doubt", "show"],
        ),
        (
            Form(where=Where.GROUP),
            ["where", "group", "models", "statuses", "tags", "rest", "mention", "digest", "quiet", "doubt", "show"],
        ),
        (Form(where=Where.WEBHOOK), ["where", "url", "models", "statuses", "tags", "rest", "show"]),
    ],
)  # fmt: skip
def test_a_form_asks_for_what_its_place_can_have(form: Form, asked: list[str]) -> None:
    assert fields(valid(form_view(Draft(form=form, setting=SETTING), metadata="{}"))) == asked


def test_who_edits_may_leave_the_place_as_it_is_and_is_not_offered_here() -> None:
    draft = Draft(form=Form(where=Where.KEEP), setting=replace(SETTING, edited=EDITED.id), edited=EDITED)
    view = valid(form_view(draft, metadata="{}"))
    offered = [option["value"] for option in view["blocks"][0]["element"]["options"]]
    assert offered == ["keep", "channel", "me", "person", "group", "webhook"]
    assert (view["title"]["text"], view["submit"]["text"]) == ("Edit k7m2qx", "Save")
    assert view["blocks"][1]["elements"][0]["text"] == "Results go to <#C1>."


@pytest.mark.parametrize("where", Where)
def test_the_longest_of_everything_stays_within_slacks_limits(where: Where) -> None:
    full = Form(
        where=where,
        group="S" + "A" * 2_999,
        url="https://" + "x" * 2_900,
        models=tuple(f"{number}{LONG}"[:150] for number in range(100)),
        statuses=("failed",),
        tags=tuple(f"{number}{LONG}"[:150] for number in range(100)),
        rest="ü" * 3_000,
        digest=Every.DAY,
        quiet=True,
    )
    error = FilterError("x" * 200, text="ü" * 1_000, position=900)
    draft = Draft(
        form=full, setting=replace(SETTING, group="S024BE7LR"), outlook=error, notice="n" * 2_900, shared=True
    )
    valid(form_view(draft, metadata="m" * 3_000))


@given(WANTED, st.lists(EVENTS, max_size=3))
def test_whatever_is_wanted_and_whatever_came_can_be_shown(wanted: Any, events: list[Any]) -> None:
    form = fill(wanted, Style(), Form(where=Where.ME))
    found = Preview(filter=wanted, matched=len(events), of=9, samples=tuple(events), viewer=ANA)
    valid(form_view(Draft(form=form, setting=SETTING, outlook=found), metadata=""))


def test_the_form_says_what_would_come() -> None:
    draft = Draft(form=Form(), setting=SETTING, outlook=preview("model:fraud-*", event()))
    said = repr(valid(form_view(draft, metadata="")))
    assert "*You will get events whose model is `fraud-*`.*" in said
    assert "Would have matched 1 of the last 500 events, the newest:" in said
    assert "Chargeback of order 7" in said


def test_content_that_others_may_not_see_is_withheld_from_who_asks() -> None:
    secret = event(sensitivity="restricted", requester=None)
    draft = Draft(form=Form(), setting=SETTING, outlook=preview("", secret))
    assert "Chargeback" not in repr(form_view(draft, metadata=""))


def test_before_anything_has_passed_nothing_is_promised() -> None:
    draft = Draft(form=Form(), setting=SETTING, outlook=replace(preview(""), of=0))
    assert "No event has passed lately to try it on." in repr(form_view(draft, metadata=""))


def test_a_group_that_is_mentioned_is_told_since_no_picker_can_show_it() -> None:
    draft = Draft(form=Form(), setting=replace(SETTING, group="S024BE7LR"))
    assert "Now: the group S024BE7LR." in repr(form_view(draft, metadata=""))


@pytest.mark.parametrize("problem", Problem)
def test_each_problem_of_a_place_has_a_sentence_that_an_input_can_show(problem: Problem) -> None:
    said = fault(problem, "Only https URLs are taken.")
    assert said.endswith(".")
    assert not {"`", "*", "<"} & set(said)
    assert len(said) < 200


@pytest.mark.parametrize("act", Act)
def test_each_act_that_is_refused_says_who_may(act: Act) -> None:
    said = refused(NotAllowed(act=act))
    assert said.startswith("Only ")
    assert "admins" in said or act is Act.SUBSCRIBE_SELF


def test_what_somebody_changed_meanwhile_is_told() -> None:
    assert "<@U2> has changed" in overtaken("U2", EDITED)
    assert overtaken("", EDITED).startswith("*Somebody has changed")
    assert "press" in UNAVAILABLE


@pytest.mark.parametrize("place", [HERE, SlackPerson(team="T1", user="U2"), SlackGroup(team="T1", group="S1")])
def test_a_reply_fits_into_a_modal_without_its_buttons(place: Any) -> None:
    view = valid(
        said_view("A title that is much too long for it", reply(BadPlace(destination=place, problem=Problem.STRANGER)))
    )
    assert len(view["title"]["text"]) == 24
    assert "'type': 'button'" not in repr(view)


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
@pytest.mark.parametrize("quiet", [None, Quiet(start=60, end=61)])
def test_preferences_show_what_was_said(zone: str | None, quiet: Quiet | None) -> None:
    person = Person(team="T1", user="U1", quiet=quiet, zone=zone)
    said = Preferred(person=person, zone=zone or "Europe/Berlin", results=None, viewer=ANA)
    view = valid(preferences_view(said))
    begun = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert begun["since"]["initial_time"] == ("01:00" if quiet else "22:00")
    assert ("initial_options" in begun["quiet"]) is (quiet is not None)
    assert begun["zone"]["initial_option"]["value"] == (zone or "auto")


def test_a_move_asks_for_a_channel() -> None:
    assert fields(valid(move_view("<#C1>", metadata="slack/T1/C1"))) == ["channel"]


def test_a_webhook_that_is_edited_does_not_show_its_url() -> None:
    hook = replace(EDITED, destination=Webhook(team="T1", url="https://x.example/secret-path"))
    draft = Draft(form=Form(where=Where.KEEP), setting=SETTING, edited=hook)
    said = repr(valid(form_view(draft, metadata="")))
    assert "x.example" in said
    assert "secret-path" not in said
