"""Which letters are open, which are meant, and whether one may have arrived."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cloudevent import encode
from bot.core.deadletter import (
    LONGEST_ATTEMPT,
    Buried,
    Closing,
    DeadLetter,
    Fate,
    Garbled,
    Ledger,
    LetterId,
    Selection,
    Unread,
    doubt_of,
    matching,
)
from bot.core.delivery import Attempt, Delivery, DeliveryId, Lane
from bot.core.destination import DestinationId, SlackChannel, Webhook, destination_id
from bot.core.event import EventKey, Position, Status
from bot.core.filters import parse
from tests.core.examples import event

HOOK = Webhook(team="T1", url="https://Hooks.example.com/hook/secret")
EVENT = event(status=Status.FAILED)


def at(offset: int, partition: int = 0) -> Position:
    return Position(topic="dead", partition=partition, offset=offset)


def buried(letter: str = "ab", where: Position | None = None, when: int = 100, **more: object) -> Buried:
    made = Buried(
        id=LetterId(letter),
        where=where or at(0),
        at=when,
        reason="gave up after 3 attempts: HTTP 500",
        lane=Lane(destination_id(HOOK)),
        destination=HOOK,
        appended=1,
        attempts=(),
        doubt=None,
        position=None,
        event=EVENT,
        body=encode(EVENT),
    )
    return replace(made, **more)  # type: ignore[arg-type] # as the test names them


def unread(letter: str = "events/0@1") -> Unread:
    place = Position(topic="events", partition=0, offset=1)
    return Unread(
        id=LetterId(letter), where=at(1), at=100, reason="is not JSON", position=place, key=None, value=b"", headers=()
    )


def closing(letter: str, *covers: Position) -> Closing:
    return Closing(id=LetterId(letter), fate=Fate.REPLAYED, covers=covers)


def opened(*log: DeadLetter | Closing) -> dict[str, tuple[tuple[int, int], ...]]:
    ledger = Ledger()
    for found in log:
        ledger.read(found)
    return {str(letter): places for letter, places in ledger.open().items()}


def test_a_letter_is_open_until_it_is_closed() -> None:
    assert opened(buried("a", at(4))) == {"a": ((0, 4),)}
    assert opened(buried("a", at(4)), closing("a", at(4))) == {}


def test_a_letter_that_was_written_twice_is_one_letter() -> None:
    assert opened(buried("a", at(4)), buried("a", at(5))) == {"a": ((0, 5),)}
    assert opened(buried("a", at(4)), buried("a", at(5)), closing("a", at(5))) == {}


def test_what_is_buried_again_is_open_again() -> None:
    assert opened(buried("a", at(1)), closing("a", at(1)), buried("a", at(3))) == {"a": ((0, 3),)}


def test_what_is_buried_again_before_its_replay_is_noted_stays_open() -> None:
    """The replay saw offset 1; the delivery failed again at once, at 2; only then the closing was written, at 3."""
    assert opened(buried("a", at(1)), buried("a", at(2)), closing("a", at(1))) == {"a": ((0, 2),)}


def test_a_letter_in_several_partitions_is_one_and_the_newest() -> None:
    log = (buried("a", at(9, 0), when=10), buried("a", at(2, 1), when=20))
    assert opened(*log) == {"a": ((1, 2), (0, 9))}
    assert opened(*log, closing("a", at(2, 1), at(9, 0))) == {}


OFFSETS = st.integers(0, 6)
PLACES = st.builds(at, OFFSETS, st.integers(0, 1))
RECORDS = st.one_of(
    st.builds(buried, st.sampled_from("ab"), PLACES, st.integers(0, 3)),
    st.builds(lambda letter, covers: closing(letter, *covers), st.sampled_from("ab"), st.lists(PLACES, max_size=3)),
)


@given(st.lists(RECORDS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_and_the_number_of_readings_do_not_matter(log: list[DeadLetter | Closing], random: Random) -> None:
    again = log * 2
    random.shuffle(again)
    assert opened(*again) == opened(*log)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["bury", "close"])), max_size=20))
def test_read_as_one_log_the_last_word_about_a_letter_counts(story: list[tuple[str, str]]) -> None:
    """An operator who closes what was seen: a letter is open just if its last record is a burial."""
    log: list[DeadLetter | Closing] = []
    seen: dict[str, Position] = {}
    for offset, (letter, act) in enumerate(story):
        if act == "bury":
            seen[letter] = at(offset)
            log.append(buried(letter, at(offset)))
        elif letter in seen:
            log.append(closing(letter, seen[letter]))
        else:
            log.append(closing(letter))
    last = dict(story)
    assert set(opened(*log)) == {letter for letter, act in last.items() if act == "bury"}


GARBLED = Garbled(id=LetterId("dead/0@7"), where=at(7), at=100, reason="this letter can't be read")


@pytest.mark.parametrize(
    ("selection", "takes"),
    [
        (Selection(), [True, True, True]),
        (Selection(filter=parse("status:failed")), [True, False, False]),
        (Selection(filter=parse("status:completed")), [False, False, False]),
        (Selection(destination="hooks.EXAMPLE"), [True, False, False]),
        (Selection(destination="webhook/T1"), [True, False, False]),
        (Selection(destination="secret"), [False, False, False]),
        (Selection(reason="http 5"), [True, False, False]),
        (Selection(reason="JSON"), [False, True, False]),
        (Selection(since=100), [True, True, True]),
        (Selection(since=101), [False, False, False]),
        (Selection(until=100), [False, False, False]),
        (Selection(until=101), [True, True, True]),
        (Selection(ids=frozenset({LetterId("ab")})), [True, False, False]),
    ],
)
def test_a_selection_means_what_all_of_it_holds_for(selection: Selection, takes: list[bool]) -> None:
    assert [selection.takes(letter) for letter in (buried(), unread(), GARBLED)] == takes


def test_a_channel_is_named_with_or_without_its_sign() -> None:
    letter = buried(destination=SlackChannel(team="T1", channel="C024BE7LR"))
    assert Selection(destination="#C024BE7LR").takes(letter)
    assert Selection(destination="C024").takes(letter)


def test_the_beginning_of_an_id_means_all_that_begin_so_and_a_whole_one_itself() -> None:
    ids = [LetterId(text) for text in ("events/0@1", "events/0@12", "abc", "abd")]
    assert matching(ids, "ab") == ["abc", "abd"]
    assert matching(ids, "abc") == ["abc"]
    assert matching(ids, "events/0@1") == ["events/0@1"]
    assert matching(ids, "x") == []


def delivery(*history: Attempt, doubt: int | None = None) -> Delivery:
    return Delivery(
        id=DeliveryId("d"),
        event=EventKey("e"),
        destination=DestinationId("slack/T1/C1"),
        appended=1_000_000,
        doubt=doubt,
        history=history,
    )


def tried(when: int, outcome: str) -> Attempt:
    return Attempt(at=when, outcome=outcome)


def test_without_an_unknown_attempt_there_is_no_doubt() -> None:
    assert doubt_of(delivery(tried(1_001_000, "failed")), tried(1_002_000, "refused")) is None


def test_doubt_that_the_outbox_knew_of_is_kept() -> None:
    assert doubt_of(delivery(tried(1_001_000, "unknown"), doubt=1_000_500), tried(1_002_000, "refused")) == 1_000_500


def test_an_unknown_attempt_began_after_the_one_before_it_ended() -> None:
    assert doubt_of(delivery(), tried(1_002_000, "unknown")) == 1_000_000
    assert doubt_of(delivery(tried(1_001_000, "failed")), tried(1_002_000, "unknown")) == 1_001_000


def test_an_unknown_attempt_began_no_earlier_than_a_lease_is_long() -> None:
    assert doubt_of(delivery(), tried(9_000_000, "unknown")) == 9_000_000 - LONGEST_ATTEMPT
