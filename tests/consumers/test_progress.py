from hypothesis import given
from hypothesis import strategies as st

from consumers.progress import Standing, look, stuck

A, B = ("t", 0), ("t", 1)


def test_only_a_partition_before_records_stands() -> None:
    found = look({}, {A: 3, B: 5}, {A: 4, B: 5}, now=10.0)
    assert found == {A: Standing(position=3, since=10.0)}


def test_what_stands_keeps_its_time_and_what_moves_gets_a_new_one() -> None:
    before = {A: Standing(position=3, since=1.0), B: Standing(position=3, since=1.0)}
    found = look(before, {A: 3, B: 4}, {A: 9, B: 9}, now=10.0)
    assert found == {A: Standing(position=3, since=1.0), B: Standing(position=4, since=10.0)}


def test_a_partition_without_an_end_or_a_position_is_not_looked_at() -> None:
    assert look({A: Standing(position=3, since=1.0)}, {A: 3}, {B: 9}, now=10.0) == {}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20), st.integers(1, 5))
def test_stuck_is_who_stood_at_one_position_before_records_for_the_whole_limit(
    looks: list[tuple[int, int]], limit: int
) -> None:
    standing: dict[tuple[str, int], Standing] = {}
    for now, (position, more) in enumerate(looks):
        standing = look(standing, {A: position}, {A: position + more}, now=float(now))
    same = 0
    for position, more in reversed(looks):
        if not more or position != looks[-1][0]:
            break
        same += 1
    assert bool(stuck(standing, now=float(len(looks) - 1), limit=limit)) == (same - 1 >= limit)
