import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.history import History
from tests.edges.web.browsers import body, event


def kept(history: History, *numbers: int, size: int = 10) -> None:
    for number in numbers:
        history.append(event(number), body(number), size=size)


def numbers(history: History, after: int, *, size: int = 1_000) -> list[int] | None:
    entries = history.since(after, size=size)
    return None if entries is None else [entry.sequence for entry in entries]


def test_what_came_behind_a_place_is_given_in_order() -> None:
    history = History("e")
    kept(history, 1, 2, 3)
    assert numbers(history, 1) == [2, 3]
    assert numbers(history, 3) == []


def test_a_portion_ends_at_its_size_but_has_at_least_one() -> None:
    history = History("e")
    kept(history, 1, 2, 3, size=40)
    assert numbers(history, 0, size=80) == [1, 2]
    assert numbers(history, 0, size=1) == [1]


def test_the_oldest_goes_when_there_are_too_many() -> None:
    history = History("e", events=2)
    kept(history, 1, 2, 3)
    assert numbers(history, 0) is None
    assert numbers(history, 1) == [2, 3]


def test_the_oldest_goes_when_they_are_too_large() -> None:
    history = History("e", size=100)
    kept(history, 1, 2, size=40)
    kept(history, 3, size=60)
    assert numbers(history, 0) is None
    assert numbers(history, 1) == [2, 3]
    kept(history, 4, size=101)
    assert numbers(history, 3) is None
    assert numbers(history, 4) == []


@settings(deadline=None)  # the machine may be busy
@given(
    sizes=st.lists(st.integers(1, 60), max_size=30),
    events=st.integers(1, 10),
    limit=st.integers(1, 200),
    data=st.data(),
)
def test_what_is_kept_is_the_newest_without_a_hole_and_within_both_limits(
    sizes: list[int], events: int, limit: int, data: st.DataObject
) -> None:
    history = History("e", events=events, size=limit)
    for number, size in enumerate(sizes, 1):
        history.append(event(number), body(number), size=size)
    place = data.draw(st.integers(0, len(sizes)))
    given_back = numbers(history, place, size=10**9)
    missed = sizes[place:]
    if len(missed) <= events and sum(missed) <= limit:
        assert given_back == list(range(place + 1, len(sizes) + 1))
    else:
        assert given_back is None


def test_a_cursor_names_its_place() -> None:
    history = History("e")
    kept(history, 1, 2)
    assert history.cursor == "e:2"
    assert history.place("e:0") == 0
    assert history.place(history.cursor) == 2


@pytest.mark.parametrize("cursor", ["f:1", "", "1", ":1", "ee:1"])
def test_a_cursor_of_another_epoch_is_no_place(cursor: str) -> None:
    history = History("e")
    kept(history, 1)
    assert history.place(cursor) == "the cursor is of another process, or of one that has restarted"


@pytest.mark.parametrize("cursor", ["e:3", "e:", "e:-1", "e:x", "e:1:1", "e:²", "e:" + "9" * 5_000])
def test_a_cursor_that_was_never_given_out_is_no_place(cursor: str) -> None:
    history = History("e")
    kept(history, 1, 2)
    assert history.place(cursor) == "the cursor was never given out"
