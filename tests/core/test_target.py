import pytest

from bot.core.destination import Destination, SlackChannel, SlackPerson, SlackThread, Webhook, destination_id
from bot.core.errors import DestinationError
from bot.core.target import read_target


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("#C024BE7LR", SlackChannel(team="T1", channel="C024BE7LR")),
        ("C024BE7LR", SlackChannel(team="T1", channel="C024BE7LR")),
        ("@U024BE7LR", SlackPerson(team="T1", user="U024BE7LR")),
        ("https://example.com/hook?a=b", Webhook(team="T1", url="https://example.com/hook?a=b")),
    ],
)
def test_a_place_is_the_teams_unless_it_says_otherwise(typed: str, meant: Destination) -> None:
    assert read_target(typed, team="T1") == meant


@pytest.mark.parametrize(
    "place",
    [
        SlackChannel(team="T9", channel="C024BE7LR"),
        SlackPerson(team="T9", user="U024BE7LR"),
        SlackThread(team="T9", channel="C024BE7LR", thread="1700000000.000100"),
    ],
)
def test_the_id_of_a_place_in_slack_is_read_back(place: Destination) -> None:
    assert read_target(destination_id(place), team="T1") == place


@pytest.mark.parametrize(
    "typed", ["", "#general", "general", "@ann", "example.com", "ftp://x", "webhook/T1/ab", "c024be7lr"]
)
def test_what_is_no_place_is_refused_with_what_to_write(typed: str) -> None:
    with pytest.raises(DestinationError, match="#C024BE7LR"):
        read_target(typed, team="T1")
