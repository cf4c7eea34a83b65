"""Whom a message calls."""

from bot.core.destination import SlackChannel
from bot.core.event import Event, Status
from bot.core.filters import parse
from bot.core.mentions import called
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId
from tests.core.examples import event

NOW = 1_700_000_000_000
DONE = event(status=Status.COMPLETED)
FAILED = event(status=Status.FAILED)
REVIEW = event(status=Status.NEEDS_REVIEW)


def subscription(
    mention: str | None, *on: Status, wanted: str = "", hold: Holding | None = None, created: int = 0
) -> Subscription:
    return Subscription(
        id=SubscriptionId(f"a{created}"),
        team="T1",
        owner="U1",
        filter=parse(wanted),
        destination=SlackChannel(team="T1", channel="C1"),
        style=Style(mention=mention, mention_on=on),
        created=created,
        hold=None if hold is None else Hold(kind=hold, at=0),
    )


def calls(*subscriptions: Subscription, of: tuple[Event, ...] = (DONE,), summary: bool = False) -> tuple[str, ...]:
    return called(subscriptions, of, now=NOW, summary=summary)


def test_who_is_mentioned_is_called_with_each_result_that_the_subscription_wants() -> None:
    assert calls(subscription("U1")) == ("U1",)
    assert calls(subscription("U1", wanted="model:another")) == ()
    assert calls(subscription(None)) == ()


def test_a_mention_for_some_statuses_keeps_still_for_others() -> None:
    one = subscription("S1", Status.FAILED, Status.NEEDS_REVIEW)
    assert [calls(one, of=(about,)) for about in (DONE, FAILED, REVIEW)] == [(), ("S1",), ("S1",)]


def test_subscriptions_of_one_place_call_together_each_once_and_three_at_most_the_oldest_first() -> None:
    many = [subscription(f"U{number}", created=9 - number) for number in range(5)]
    assert calls(*many, subscription("U4", created=20)) == ("U4", "U3", "U2")


def test_a_muted_subscription_calls_nobody_and_a_paused_one_does_once_its_results_come() -> None:
    assert calls(subscription("U1", hold=Holding.MUTED)) == ()
    assert calls(subscription("U1", hold=Holding.PAUSED)) == ("U1",)


def test_several_results_in_one_message_call_one_and_only_if_one_of_them_asks_for_it() -> None:
    first, second = subscription("U1", Status.FAILED, created=1), subscription("U2", created=2)
    assert calls(first, second, of=(DONE, FAILED)) == ("U1",)
    assert calls(first, second, of=(DONE, DONE)) == ("U2",)
    assert calls(first, of=(DONE, DONE)) == ()


def test_a_summary_calls_for_what_is_loud_alone() -> None:
    one = subscription("U1")
    assert calls(one, of=(DONE, DONE), summary=True) == ()
    assert calls(one, of=(DONE,), summary=True) == ()
    assert calls(one, of=(DONE, REVIEW), summary=True) == ("U1",)
