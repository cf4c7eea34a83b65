from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from consumers.offsets import unread


@dataclass(frozen=True)
class At:
    offset: int


@given(st.sets(st.integers(0, 50)), st.none() | st.integers(0, 60))
def test_exactly_the_records_at_or_above_the_watermark_are_unread(offsets: set[int], watermark: int | None) -> None:
    records = [At(offset) for offset in sorted(offsets)]
    expected = [record for record in records if watermark is None or not record.offset < watermark]
    assert list(unread(records, watermark)) == expected
