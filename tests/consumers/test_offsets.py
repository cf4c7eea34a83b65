from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.offsets import UNDECIDED, Bounds, Halted, Lost, Recreated, Start, Taken, take_up, unread


@dataclass(frozen=True)
class At:
    offset: int


@given(st.sets(st.integers(0, 50)), st.integers(0, 60))
def test_exactly_the_records_at_or_above_the_watermark_are_unread(offsets: set[int], watermark: int) -> None:
    records = [At(offset) for offset in sorted(offsets)]
    expected = [record for record in records if not record.offset < watermark]
    assert list(unread(records, watermark)) == expected


def bounds(beginning: int, end: int, committed: int | None = None) -> Bounds:
    return Bounds(beginning=beginning, end=end, committed=committed)


@pytest.mark.parametrize(
    ("watermark", "within", "halt", "taken"),
    [
        pytest.param(None, bounds(0, 9), False, Start(offset=0), id="a new group reads from the beginning"),
        pytest.param(None, bounds(4, 9), True, Start(offset=4), id="what a new group never saw is not lost"),
        pytest.param(None, bounds(0, 9, 3), False, Start(offset=3), id="a wiped outbox goes by the committed offset"),
        pytest.param(7, bounds(0, 9, 3), False, Start(offset=7), id="the watermark goes before the committed offset"),
        pytest.param(2, bounds(0, 9, 3), False, Start(offset=2), id="also when the outbox went back in time"),
        pytest.param(9, bounds(0, 9), True, Start(offset=9), id="all was read"),
        pytest.param(9, bounds(9, 9), True, Start(offset=9), id="all was read, and removed"),
        pytest.param(2, bounds(5, 9), True, Lost(offset=5, records=3), id="retention passed the watermark"),
        pytest.param(None, bounds(5, 9, 4), False, Lost(offset=5, records=1), id="or the committed offset"),
        pytest.param(7, bounds(0, 3), False, Recreated(offset=0, known=7, end=3), id="the topic was recreated"),
        pytest.param(
            7,
            Bounds(beginning=0, end=9, committed=None, renewed=True),
            False,
            Recreated(offset=0, known=7, end=9),
            id="the topic was recreated and has grown already",
        ),
        pytest.param(7, bounds(1, 3), True, Halted(known=7, end=3), id="a person is to decide"),
        pytest.param(UNDECIDED, bounds(1, 99), True, Halted(known=UNDECIDED, end=99), id="still"),
        pytest.param(
            UNDECIDED, bounds(1, 99), False, Recreated(offset=1, known=UNDECIDED, end=99), id="the person decided"
        ),
    ],
)
def test_where_a_partition_is_taken_up(watermark: int | None, within: Bounds, halt: bool, taken: Taken) -> None:  # noqa: FBT001 - a parameter of the table
    assert take_up(watermark, within, halt=halt) == taken


@given(
    st.none() | st.integers(0, 20),
    st.integers(0, 10),
    st.integers(0, 10),
    st.none() | st.integers(0, 20),
    st.booleans(),
)
def test_no_record_is_passed_over_without_a_word(
    watermark: int | None,
    beginning: int,
    length: int,
    committed: int | None,
    halt: bool,  # noqa: FBT001 - drawn
) -> None:
    within = bounds(beginning, beginning + length, committed)
    known = committed if watermark is None else watermark
    match take_up(watermark, within, halt=halt):
        case Start(offset=offset):
            assert offset == (beginning if known is None else known)
            assert within.beginning <= offset <= within.end
        case Lost(offset=offset, records=records):
            assert known is not None
            assert offset - records == known
            assert offset == beginning
            assert records > 0
        case Recreated(offset=offset, known=passed, end=end):
            assert (offset, passed, end, halt) == (beginning, known, within.end, False)
            assert passed > end
        case Halted(known=passed, end=end):
            assert (passed, end, halt) == (known, within.end, True)
            assert passed > end
