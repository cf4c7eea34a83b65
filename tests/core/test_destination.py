"""The names of places: stable, distinct, and without a credential."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.destination import (
    Destination,
    SlackChannel,
    SlackPerson,
    SlackThread,
    Webhook,
    destination_id,
)

IDS = st.from_regex(r"[A-Z0-9]{1,5}", fullmatch=True)
DESTINATIONS = (
    st.builds(SlackChannel, team=IDS, channel=IDS)
    | st.builds(SlackPerson, team=IDS, user=IDS)
    | st.builds(SlackThread, team=IDS, channel=IDS, thread=st.from_regex(r"[0-9]{1,4}\.[0-9]{2}", fullmatch=True))
    | st.builds(Webhook, team=IDS, url=st.text(max_size=8))
)


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        (SlackChannel(team="T1", channel="C2"), "slack/T1/C2"),
        (SlackPerson(team="T1", user="U3"), "slack/T1/@U3"),
        (SlackThread(team="T1", channel="C2", thread="1700000000.000100"), "slack/T1/C2/1700000000.000100"),
        (Webhook(team="T1", url="https://example.com/hook"), "webhook/T1/d6ab8982c8d4b2c0"),
    ],
)
def test_a_place_has_a_name_that_lasts(destination: Destination, name: str) -> None:
    assert destination_id(destination) == name  # stored in Redis: it may never change


@given(DESTINATIONS, DESTINATIONS)
def test_equal_places_and_only_those_have_equal_names(one: Destination, other: Destination) -> None:
    assert (destination_id(one) == destination_id(other)) is (one == other)


def test_a_webhooks_name_tells_nothing_of_its_url() -> None:
    name = destination_id(Webhook(team="T1", url="https://user:hunter2@example.com/hunter2"))
    assert "hunter2" not in name
    assert "example" not in name
