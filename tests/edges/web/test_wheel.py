from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.wheel import Wheel


@settings(deadline=None)  # the machine may be busy
@given(things=st.sets(st.integers()), slots=st.integers(1, 12), rounds=st.integers(1, 3), turned=st.integers(0, 30))
def test_each_thing_comes_round_once_in_a_round(things: set[int], slots: int, rounds: int, turned: int) -> None:
    wheel: Wheel[int] = Wheel(slots)
    for _ in range(turned):
        wheel.turn()
    for thing in things:
        wheel.add(thing)
    for _ in range(rounds):
        came = [thing for _ in range(slots) for thing in wheel.turn()]
        assert sorted(came) == sorted(things)


def test_a_crowd_is_spread_over_the_wheel() -> None:
    wheel: Wheel[int] = Wheel(10)
    for thing in range(1_000):
        wheel.add(thing)
    assert [len(wheel.turn()) for _ in range(10)] == [100] * 10


def test_what_was_removed_comes_round_no_more() -> None:
    wheel: Wheel[int] = Wheel(2)
    wheel.add(1)
    wheel.add(2)
    wheel.remove(1)
    wheel.remove(1)
    wheel.remove(3)
    assert [*wheel.turn(), *wheel.turn()] == [2]
