from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answers import Actor
from bot.core.destination import DestinationId, SlackChannel, SlackGroup, SlackPerson, Target, Webhook, destination_id
from bot.core.filters import parse
from bot.core.notices import ChangedByAnother, Notice, Orphaned, Orphanhood, Recovered
from bot.core.subscription import Hold, Holding, Subscription, SubscriptionId, subscription_id
from bot.render.message import Block, Message
from bot.render.notices import ADOPT, END, IN_A_VALUE, MOVE, RESUME, SHOWN, ended, move_modal, named, notice, resumed
from bot.sandbox.validation.surfaces import check_message, check_view

ROOM = SlackChannel(team="T1", channel="C1")
MAYA = Actor(team="T1", user="U9")


def one(
    number: int = 1, *, to: Target = ROOM, owner: str = "U1", wanted: str = "", hold: Hold | None = None
) -> Subscription:
    return Subscription(
        id=subscription_id(number), team="T1", owner=owner, filter=parse(wanted), destination=to, hold=hold
    )


def orphaned(what: Orphanhood, many: tuple[Subscription, ...] = (), **more: Any) -> Orphaned:
    fields: dict[str, Any] = {"place": destination_id(ROOM), "why": "Slack: x", "held_until": 1_800_000_000_000}
    return Orphaned(what=what, subscriptions=many, **{**fields, **more})


def said(told: Notice, *, reader: str = "U1") -> str:
    return "\n".join(_texts(list(notice(told, reader=reader).blocks)))


def buttons(told: Notice) -> dict[str, str]:
    blocks = [block for block in notice(told, reader="U1").blocks if block["type"] == "actions"]
    return {element["action_id"]: element["value"] for block in blocks for element in block["elements"]}


def _texts(part: Any) -> list[str]:
    match part:
        case {"text": str(text)}:
            return [text]
        case dict():
            return [text for value in part.values() for text in _texts(value)]
        case list():
            return [text for value in part for text in _texts(value)]
        case _:
            return []


def checked(message: Message) -> None:
    check_message({"text": message.text, "blocks": list(message.blocks)})


@pytest.mark.parametrize(
    ("what", "words", "actions"),
    [
        (Orphanhood.ARCHIVED, "<#C1> was archived.", {MOVE, RESUME, END}),
        (Orphanhood.DELETED, "<#C1> is gone.", {MOVE, RESUME, END}),
        (Orphanhood.EXTERNAL, "<#C1> is now shared with another organisation.", {MOVE, RESUME, END}),
        (Orphanhood.REMOVED, "I am no longer in <#C1>.", {MOVE, RESUME, END}),
        (Orphanhood.OWNER_GONE, "<#C1> has left, and owned 1 subscription.", {ADOPT, END}),
        (Orphanhood.UNREACHABLE, "<#C1> takes no messages from me.", {MOVE, RESUME, END}),
        (Orphanhood.INSTALLATION, "Nothing can be sent to <#C1>.", {RESUME}),
    ],
)
def test_a_card_says_what_happened_and_what_can_be_done(what: Orphanhood, words: str, actions: set[str]) -> None:
    told = orphaned(what, (one(),))
    assert words in said(told)
    assert set(buttons(told)) == actions
    checked(notice(told, reader="U1"))


def test_a_place_is_the_value_of_what_is_about_the_place_and_ids_of_what_is_about_subscriptions() -> None:
    found = buttons(orphaned(Orphanhood.ARCHIVED, (one(1), one(2))))
    assert found == {MOVE: "slack/T1/C1", RESUME: "slack/T1/C1", END: "000001,000002"}
    group = destination_id(SlackGroup(team="T1", group="S1"))
    assert buttons(orphaned(Orphanhood.DELETED, (one(1), one(2)), place=group)) == {
        RESUME: "000001,000002",
        END: "000001,000002",
    }
    assert buttons(orphaned(Orphanhood.ARCHIVED)) == {RESUME: "slack/T1/C1"}


def test_a_card_about_thousands_fits_into_slacks_limits() -> None:
    told = orphaned(Orphanhood.OWNER_GONE, tuple(one(number, wanted="model:" + "x" * 200) for number in range(400)))
    message = notice(told, reader="U2")
    checked(message)
    assert f"And {400 - SHOWN} more." in said(told)
    assert len(buttons(told)[ADOPT].split(",")) == IN_A_VALUE


@pytest.mark.parametrize(
    ("waiting", "held_until", "words"),
    [
        (0, None, "Nothing waits yet. Events are held until somebody decides."),
        (1, 1_800_000_000_000, "1 result waits. The first of them is held until <!date^1800000000^"),
        (2_500, 1_800_000_000_000, "2,500 results wait. The first of them is held until"),
        (0, 1_800_000_000_000, "Nothing waits yet. What comes now is held until"),
    ],
)
def test_a_card_says_how_long_events_wait(waiting: int, held_until: int | None, words: str) -> None:
    assert words in said(orphaned(Orphanhood.ARCHIVED, (one(),), waiting=waiting, held_until=held_until))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("slack/T1", "Slack"),
        ("webhook/T1", "webhooks"),
        ("slack/T1/C1", "<#C1>"),
        ("slack/T1/C1/1.2", "a thread in <#C1>"),
        ("slack/T1/@U1", "<@U1>"),
        ("slack/T1/!S1", "the user group <!subteam^S1>"),
        ("webhook/T1/9f86", "the webhook `9f86`"),
    ],
)
def test_a_place_is_named_as_slack_shows_it(place: str, words: str) -> None:
    assert named(DestinationId(place)) == words


@pytest.mark.parametrize(
    ("act", "before", "after", "words"),
    [
        ("subscribe", None, one(to=SlackPerson(team="T1", user="U1"), owner="U9"), "<@U9> made a subscription."),
        ("edit", one(wanted="model:a"), one(wanted="model:b"), "<@U9> changed your subscription."),
        ("unsubscribe", one(), None, "<@U9> ended your subscription."),
        ("paused", one(), one(hold=Hold(kind=Holding.PAUSED, at=1)), "<@U9> paused your subscription."),
        ("undo", one(), one(), "<@U9> took back a change of your subscription."),
        ("something new", one(), one(), "<@U9> changed your subscription."),
        ("undo", None, None, "<@U9> took back a change of a subscription."),
    ],
)
def test_a_change_by_another_is_told(
    act: str, before: Subscription | None, after: Subscription | None, words: str
) -> None:
    told = ChangedByAnother(actor=MAYA, act=act, before=before, after=after)
    assert words in said(told)
    checked(notice(told, reader="U1"))


def test_what_it_was_and_what_it_is_stand_below_each_other() -> None:
    told = ChangedByAnother(actor=MAYA, act="edit", before=one(wanted="model:a"), after=one(wanted="model:b"))
    lines = said(told)
    assert lines.index("Before:") < lines.index("`a`") < lines.index("Now:") < lines.index("`b`")


@pytest.mark.parametrize(
    ("via", "words"), [("api", "An API key (`k`)"), ("cli", "An operator"), ("tidings", "An operator")]
)
def test_who_is_no_person_in_slack_is_not_mentioned(via: str, words: str) -> None:
    actor = Actor(team="T1", user="k", via=via)
    assert said(ChangedByAnother(actor=actor, act="edit", before=one(), after=None)).startswith(words)


def test_a_place_that_is_back_is_told() -> None:
    told = Recovered(place=destination_id(ROOM), subscriptions=(SubscriptionId("aaaaaa"),))
    assert "<#C1> takes messages again." in said(told)
    assert "`aaaaaa`" in said(told)
    nothing = Recovered(place=destination_id(ROOM), subscriptions=())
    assert "Nothing is subscribed there any more." in said(nothing)


def test_what_a_click_came_to_is_told() -> None:
    ids = [SubscriptionId("aaaaaa"), SubscriptionId("bbbbbb")]
    assert ended(ids, 0).text == "Ended 2 subscriptions."
    assert ended(ids[:1], 1).text == "Ended 1 subscription, and left 1 that are not yours."
    assert ended([], 2).text == "Ended 0 subscriptions, and left 2 that are not yours."
    assert resumed(ids, 0).text == "Resumed 2 subscriptions. What waited is on its way."
    for message in (ended(ids, 1), ended([], 1), resumed(ids, 1), resumed([], 1)):
        checked(message)


def test_the_modal_is_one_that_slack_takes() -> None:
    view: Block = move_modal(destination_id(ROOM))
    check_view(view, {"modal"})
    assert view["private_metadata"] == destination_id(ROOM)


HOSTILE = st.text(st.sampled_from("<>&!@#^|`*_~ \n\u202eabc"), max_size=400)


@given(HOSTILE, st.sampled_from(Orphanhood))
def test_nothing_of_others_becomes_a_mention_or_a_link(text: str, what: Orphanhood) -> None:
    subscription = one(to=Webhook(team="T1", url="https://example.com/x"), owner="U2")
    told = orphaned(what, (subscription,), why=text)
    message = notice(told, reader="U1")
    checked(message)
    whole = "\n".join([message.text, *_texts(list(message.blocks))])
    for ours in ("<#C1>", "<@U2>", "<!date^1800000000^{date_short_pretty} {time}|1800000000>"):
        whole = whole.replace(ours, "")
    assert "<" not in whole
    assert ">" not in whole
