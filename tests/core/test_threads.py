"""Which thread an event belongs in."""

from typing import cast

import pytest

from bot.core.destination import SlackChannel
from bot.core.event import Event
from bot.core.filters import parse
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId, Threading
from bot.core.threads import thread_of, threads_of
from tests.core.examples import event

NOW = 1_700_000_000_000
TALK = event(session="talk-1", inference="inf-1")
ALONE = event(session=None, inference="inf-1")
SESSION, INFERENCE = threads_of(TALK)


def subscription(thread: Threading, wanted: str = "", hold: Holding | None = None) -> Subscription:
    return Subscription(
        id=SubscriptionId("aaaaa0"),
        team="T1",
        owner="U1",
        filter=parse(wanted),
        destination=SlackChannel(team="T1", channel="C1"),
        style=Style(thread=thread),
        hold=None if hold is None else Hold(kind=hold, at=0),
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], None),
        ([Threading.OFF], None),
        ([Threading.SESSION], SESSION),
        ([Threading.INFERENCE], INFERENCE),
        ([Threading.SESSION, Threading.SESSION], SESSION),
        ([Threading.SESSION, Threading.INFERENCE], INFERENCE),
        ([Threading.SESSION, Threading.OFF], None),
    ],
)
def test_who_wants_it_in_the_channel_gets_it_there(asked: list[Threading], expected: str | None) -> None:
    assert thread_of(map(subscription, asked), TALK, now=NOW) == expected


def test_where_nobody_asks_for_threads_the_event_is_not_even_looked_at() -> None:
    muted = subscription(Threading.SESSION, "status:failed", hold=Holding.MUTED)
    off = subscription(Threading.OFF, "status:failed")
    assert thread_of([off, muted], cast("Event", object()), now=NOW) is None


def test_an_event_without_a_session_goes_by_its_inference() -> None:
    assert thread_of([subscription(Threading.SESSION)], ALONE, now=NOW) == INFERENCE
    assert threads_of(ALONE) == (INFERENCE,)


def test_who_does_not_want_the_event_or_mutes_it_has_no_say() -> None:
    wants = subscription(Threading.SESSION)
    others = [subscription(Threading.OFF, "status:failed"), subscription(Threading.OFF, hold=Holding.MUTED)]
    assert thread_of([wants, *others], TALK, now=NOW) == SESSION
    assert thread_of([wants, subscription(Threading.OFF, hold=Holding.PAUSED)], TALK, now=NOW) is None


def test_a_session_and_an_inference_of_the_same_name_are_two_threads() -> None:
    assert len(set(threads_of(event(session="x", inference="x")))) == 2
