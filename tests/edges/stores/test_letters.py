"""Dead letters as they lie in Kafka: what is written is read back, and what is not ours is shown as such."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cloudevent import decode, encode
from bot.core.deadletter import Buried, Closing, DeadLetter, Fate, Garbled, LetterId, Unread
from bot.core.delivery import Attempt, Bury, Delivery, DeliveryId, Lane
from bot.core.destination import Destination, SlackChannel, SlackPerson, SlackThread, Webhook, destination_id
from bot.core.event import Event, Position, Unreadable
from bot.ports.outlet import Item
from bot.stores.letters import LAST, Written, read_letter, write_buried, write_closing, write_unreadable
from tests.core.strategies import EVENTS

WHERE = Position(topic="dead", partition=1, offset=7)
POSITION = Position(topic="a/b", partition=2, offset=11)
HOOK = Webhook(team="T1", url="https://example.com/hook")
TIMES = st.integers(0, LAST)
ATTEMPTS = st.builds(Attempt, at=TIMES, outcome=st.sampled_from(["failed", "unknown", "refused"]), reason=st.text())
PLACES = st.sampled_from(
    [
        HOOK,
        SlackChannel(team="T1", channel="C1"),
        SlackPerson(team="T1", user="U1"),
        SlackThread(team="T1", channel="C1", thread="1.2"),
    ]
)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["a", "tidings-kind", "tidings-key", ""]), st.binary(max_size=9)), max_size=3
)


def back(record: Written) -> DeadLetter | Closing:
    return read_letter(record.key, record.value, record.headers, where=WHERE, timestamp=5)


def item(event: Event, destination: Destination, history: tuple[Attempt, ...] = ()) -> Item:
    delivery = Delivery(
        id=DeliveryId("f" * 32),
        event=event.key,
        destination=destination_id(destination),
        appended=3,
        attempts=len(history),
        history=history,
    )
    return Item(delivery=delivery, body=encode(event))


@given(EVENTS, PLACES, st.lists(ATTEMPTS, max_size=3).map(tuple), ATTEMPTS, st.none() | st.just(POSITION))
def test_a_buried_delivery_is_read_back_with_all_that_its_replay_takes(
    event: Event, place: Destination, history: tuple[Attempt, ...], last: Attempt, position: Position | None
) -> None:
    made = item(event, place, history)
    lane = Lane(f"{destination_id(place)}#3")
    letter = back(write_buried(made, place, Bury(reason="why", attempt=last), lane=lane, position=position))
    assert isinstance(letter, Buried)
    assert letter.delivery == made.delivery.id
    assert (letter.destination, letter.lane, letter.reason) == (place, lane, "why")
    assert letter.attempts == (*history, last)
    assert (letter.appended, letter.at, letter.position, letter.where) == (3, last.at, position, WHERE)
    assert (letter.doubt is not None) == any(one.outcome == "unknown" for one in (*history, last))
    assert letter.body == made.body
    assert letter.event == decode(made.body)


@given(st.none() | st.binary(), HEADERS, st.none() | st.binary())
def test_an_unreadable_record_is_read_back_as_it_was_whatever_its_headers_claim(
    value: bytes | None, headers: list[tuple[str, bytes]], key: bytes | None
) -> None:
    letter = back(write_unreadable(POSITION, value, headers, Unreadable(reason="why"), key=key))
    assert letter == Unread(
        id=LetterId("a/b/2@11"),
        where=WHERE,
        at=5,
        reason="why",
        position=POSITION,
        key=key,
        value=value,
        headers=tuple(headers),
    )


@pytest.mark.parametrize("fate", Fate)
def test_a_closing_is_read_back(fate: Fate) -> None:
    closing = Closing(id=LetterId("ab"), fate=fate, covers=(WHERE, POSITION), by="ann@host", at=4)
    assert back(write_closing(closing)) == closing


def test_keys_of_a_newer_version_are_passed_over() -> None:
    record = changed(later={"x": 1})
    assert isinstance(back(record), Buried)


def test_what_an_older_version_did_not_note_is_not_known() -> None:
    letter = back(changed(position=None, doubt=None))
    assert isinstance(letter, Buried)
    assert (letter.position, letter.doubt) == (None, None)


def changed(**keys: Any) -> Written:
    """A good letter, with some of its keys changed; None takes one away."""
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "ai.inference.failed", "subject": "i"}
    body = orjson.dumps({**event, "data": {"model": {"name": "m"}, "status": "failed"}})
    delivery = Delivery(id=DeliveryId("d"), event=decode(body).key, destination=destination_id(HOOK), appended=3)
    bury = Bury(reason="why", attempt=Attempt(at=4, outcome="refused"))
    lane = Lane(destination_id(HOOK))
    record = write_buried(Item(delivery=delivery, body=body), HOOK, bury, lane=lane, position=POSITION)
    value = {**orjson.loads(record.value or b""), **keys}
    value = {name: kept for name, kept in value.items() if kept is not None}
    return Written(key=record.key, value=orjson.dumps(value), headers=record.headers)


@pytest.mark.parametrize(
    "record",
    [
        changed(to=None),
        changed(to={"kind": "pigeon"}),
        changed(lane="slack/T1/C1"),
        changed(event=None),
        changed(event={"id": "1"}),
        changed(buried="soon"),
        changed(buried=10**17),
        changed(appended=-1),
        changed(attempts=[3]),
        changed(position=[1]),
        Written(key=b"d", value=None, headers=(("tidings-kind", b"buried"),)),
        Written(key=b"d", value=b"[]", headers=(("tidings-kind", b"buried"),)),
        Written(key=b"d", value=b"{}", headers=(("tidings-kind", b"dropped"),)),
        Written(key=b"d", value=b"x", headers=(("tidings-kind", b"unreadable"), ("tidings-position", b"here"))),
        Written(key=b"d", value=b"x", headers=(("tidings-kind", b"unreadable"),)),
        Written(key=b"d", value=b"x", headers=(("tidings-kind", b"postponed"),)),
        Written(key=b"d", value=b"x", headers=(("tidings-kind", None),)),  # type: ignore[arg-type] # Kafka has null headers
        Written(key=b"d", value=b"x", headers=()),
    ],
)
def test_a_letter_that_cannot_be_read_is_shown_as_such_and_hides_no_other(record: Written) -> None:
    letter = back(record)
    assert isinstance(letter, Garbled)
    assert letter.id == "dead/1@7"
    assert letter.reason.startswith("this letter can't be read: ")


@given(
    st.none() | st.binary(),
    st.none() | st.binary() | st.sampled_from([b"{}", b'{"covers":[]}', b"3"]),
    st.sampled_from([b"unreadable", b"buried", b"replayed", b"dropped"]) | st.binary(),
    st.integers(-1, 2**63 - 1),
)
def test_no_record_is_too_much_for_the_reader(
    key: bytes | None, value: bytes | None, kind: bytes, timestamp: int
) -> None:
    found = read_letter(key, value, [("tidings-kind", kind)], where=WHERE, timestamp=timestamp)
    assert isinstance(found, Garbled | Closing)
