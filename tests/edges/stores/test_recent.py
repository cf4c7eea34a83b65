from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.cloudevent import encode, read
from bot.core.event import Model
from bot.core.looks import Tokens
from bot.ports.people import Recent
from bot.stores.recent import RecentEvents
from consumers.kafka import Record
from tests.core.examples import event


def record(
    number: int, *, timestamp: int = 0, model: str = "m", tags: tuple[str, ...] = (), value: bytes | None = b""
) -> Record:
    made = encode(event(id=f"e{number}", model=Model(name=model), tags=tags)) if value == b"" else value
    return Record(topic="t", partition=0, offset=number, timestamp=timestamp or number, value=made, headers=())


def ids(recent: Recent) -> list[str]:
    return [one.id for one in recent.events()]


def test_the_last_events_are_kept_the_newest_last() -> None:
    recent = RecentEvents(most=3)
    assert ids(recent) == []
    for number in range(5):
        recent.see(record(number))
    assert ids(recent) == ["e2", "e3", "e4"]
    recent.see(record(5))
    assert ids(recent) == ["e3", "e4", "e5"]


def test_of_several_partitions_the_records_own_times_give_the_order() -> None:
    recent = RecentEvents()
    for number, timestamp in ((0, 10), (1, 30), (2, 20)):
        recent.see(record(number, timestamp=timestamp))
    assert ids(recent) == ["e0", "e2", "e1"]


def test_no_more_bytes_are_kept_than_allowed() -> None:
    size = len(record(0).value or b"")
    recent = RecentEvents(most_bytes=3 * size)
    for number in range(5):
        recent.see(record(number))
        assert len(recent.events()) == min(number + 1, 3)
    recent.see(record(9, value=b" " * (4 * size)))
    assert ids(recent) == []
    recent.see(record(6))
    assert ids(recent) == ["e6"]


@pytest.mark.parametrize("value", [None, b"no event"])
def test_what_is_no_event_is_left_out(value: bytes | None) -> None:
    recent = RecentEvents()
    recent.see(record(0, value=value))
    recent.see(record(1))
    assert ids(recent) == ["e1"]


def test_models_and_tags_come_by_frequency_and_then_the_latest() -> None:
    recent = RecentEvents()
    said: Sequence[tuple[str, tuple[str, ...]]] = [("a", ("x",)), ("b", ()), ("b", ("y", "x")), ("c", ("z",))]
    for number, (model, tags) in enumerate(said):
        recent.see(record(number, model=model, tags=tags))
    assert recent.tokens() == Tokens(models=("b", "c", "a"), tags=("x", "z", "y"))
    assert recent.tokens() is recent.tokens()
    recent.see(record(9, model="c"))
    recent.see(record(10, model="c"))
    assert recent.tokens().models == ("c", "b", "a")


def test_a_record_is_read_once_and_only_when_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []

    def counted(*args: Any, **more: Any) -> Any:
        reads.append(1)
        return read(*args, **more)

    monkeypatch.setattr("bot.stores.recent.read", counted)
    recent = RecentEvents()
    for number in range(10):
        recent.see(record(number))
    assert reads == []
    for _ in range(3):
        assert len(recent.events()) == 10
    recent.see(record(10))
    assert len(recent.events()) == 11
    assert len(reads) == 11
