import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.destination import Destination, SlackChannel, SlackPerson, SlackThread, Webhook
from bot.core.errors import DestinationError
from bot.core.event import Status
from bot.core.filters import parse
from bot.core.subscription import Doubt, Hold, Holding, Showing, Style, Subscription, SubscriptionId
from bot.stores.codec import destination_from_json, destination_json, subscription_from_json, subscription_json

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
DESTINATIONS = st.one_of(
    st.builds(SlackChannel, team=TEXT, channel=TEXT),
    st.builds(SlackPerson, team=TEXT, user=TEXT),
    st.builds(SlackThread, team=TEXT, channel=TEXT, thread=TEXT),
    st.builds(Webhook, team=TEXT, url=TEXT),
)


@given(DESTINATIONS)
def test_a_destination_reads_back_as_it_was_written(destination: Destination) -> None:
    assert destination_from_json(destination_json(destination)) == destination
    assert destination_from_json(destination_json(destination).encode()) == destination


def test_the_written_form_of_a_destination_is_fixed_because_it_lies_on_disk() -> None:
    assert destination_json(SlackChannel(team="T1", channel="C2")) == '{"kind":"channel","team":"T1","channel":"C2"}'
    assert destination_json(SlackPerson(team="T1", user="U2")) == '{"kind":"person","team":"T1","user":"U2"}'
    assert (
        destination_json(SlackThread(team="T1", channel="C2", thread="1.2"))
        == '{"kind":"thread","team":"T1","channel":"C2","thread":"1.2"}'
    )
    assert (
        destination_json(Webhook(team="T1", url="https://a.example/x"))
        == '{"kind":"webhook","team":"T1","url":"https://a.example/x"}'
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"kind":"pigeon"}', '{"kind":"channel","team":"T1"}', '{"kind":"webhook","url":3}']
)
def test_other_text_is_no_destination(text: str) -> None:
    with pytest.raises(DestinationError, match="not a destination"):
        destination_from_json(text)


def test_a_subscription_reads_back_as_it_was_written() -> None:
    subscription = Subscription(
        id=SubscriptionId("k7m2qx"),
        team="T1",
        owner="U1",
        filter=parse("model:fraud-* status:failed"),
        destination=SlackChannel(team="T1", channel="C2"),
        style=Style(mention="U9", mention_on=(Status.FAILED,), doubt=Doubt.ASK, show=Showing.SUMMARY),
        created=1_790_000_000_000,
        hold=Hold(kind=Holding.PAUSED, at=0),
    )
    assert subscription_from_json(subscription_json(subscription)) == subscription


def test_a_key_that_a_newer_version_wrote_is_ignored() -> None:
    text = (
        '{"id":"a","team":"T","owner":"U","filter":"","destination":{"kind":"person","team":"T","user":"U"},'
        '"created":1,"paused":false,"digest":"15m"}'
    )
    assert subscription_from_json(text).style == Style()
