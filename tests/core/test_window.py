"""How many of a destination's lanes are worked on at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import window
from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import DestinationId
from bot.core.window import SLOW, WIDEST, Window, Windows

SENT = Sent(reference="204")
HANGS = Unknown(reason="no answer within 15 s")
A, B, C = (DestinationId(f"webhook/T1/{name}") for name in "abc")


def test_it_starts_with_one_and_widens_with_each_success_up_to_the_widest() -> None:
    one = Window()
    sizes = [one.size]
    for _ in range(WIDEST + 5):
        one = one.after(SENT, 10)
        sizes.append(one.size)
    assert sizes == [*range(1, WIDEST + 1), *[WIDEST] * 5, WIDEST][: len(sizes)]


@pytest.mark.parametrize("outcome", [HANGS, Failed(reason="ConnectionTimeoutError")])
def test_an_attempt_that_hangs_narrows_it_to_one(outcome: Outcome) -> None:
    assert Window(size=20, open=7).after(outcome, SLOW) == Window(size=1, open=7, slow=True)


@pytest.mark.parametrize(
    ("outcome", "took"),
    [
        (HANGS, SLOW - 1),
        (Failed(reason="500"), 10),
        (Throttled(after=1), SLOW),
        (Refused(reason="410", scope=Scope.DESTINATION), SLOW),
    ],
)
def test_a_quick_failure_and_a_limit_say_nothing_about_it(outcome: Outcome, took: int) -> None:
    assert Window(size=20).after(outcome, took).size == 20


def test_a_slow_success_widens_it_and_counts_as_slow() -> None:
    assert Window(size=4).after(SENT, SLOW) == Window(size=5, slow=True)
    assert Window(size=5, slow=True).after(SENT, SLOW - 1) == Window(size=6)


def test_the_room_is_what_is_not_open() -> None:
    windows = Windows(8)
    windows.begin(A)
    assert windows.rooms() == {A: 0}
    windows.learn(A, SENT, 5)
    windows.learn(A, SENT, 5)
    assert windows.rooms() == {A: 2}
    windows.end(A)
    assert windows.rooms() == {}
    assert windows[A] == Window(size=3)


def test_slow_destinations_share_half_of_the_workers_and_those_that_waited_longest_come_first() -> None:
    windows = Windows(4)
    for place in (A, B, C):
        windows.begin(place)
        windows.learn(place, HANGS, SLOW)
    assert windows.rooms() == {A: 0, B: 0, C: 0}
    for place in (A, B, C):
        windows.end(place)
    assert windows.rooms() == {A: 1, B: 1, C: 0}
    windows.begin(A)
    assert windows.rooms() == {A: 0, B: 1, C: 0}
    windows.end(A)
    assert windows.rooms() == {B: 1, C: 1, A: 0}
    windows.learn(B, SENT, 5)
    assert windows.rooms() == {C: 1, A: 1}


def test_what_was_longest_without_work_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "KEPT", 1)
    windows = Windows(8)
    windows.begin(A)
    for place in (B, C):
        windows.learn(place, HANGS, SLOW)
    assert (windows[B], windows[C].slow, windows[A].open) == (Window(), True, 1)
    assert windows.rooms() == {A: 0, C: 1}


ACTS = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["begin", "end", "arrives", "hangs", "slow"])), max_size=80
)


@given(ACTS, st.integers(1, 9))
def test_whoever_keeps_to_the_rooms_leaves_half_of_the_workers_to_the_quick(
    acts: list[tuple[DestinationId, str]], workers: int
) -> None:
    windows = Windows(workers)
    opened = dict.fromkeys((A, B, C), 0)
    for place, act in acts:
        match act:
            case "begin":
                if windows.rooms().get(place, 1):
                    was_slow = windows[place].slow
                    windows.begin(place)
                    opened[place] += 1
                    slow = sum(count for one, count in opened.items() if windows[one].slow)
                    assert not was_slow or slow <= max(1, workers // 2)
            case "end" if opened[place]:
                windows.end(place)
                opened[place] -= 1
            case "arrives":
                windows.learn(place, SENT, 1)
            case "slow":
                windows.learn(place, SENT, SLOW)
            case "hangs":
                windows.learn(place, HANGS, SLOW)
            case _:
                pass
        assert {one: windows[one].open for one in opened} == opened
        assert all(1 <= windows[one].size <= WIDEST for one in opened)
        assert all(room >= 0 for room in windows.rooms().values())
