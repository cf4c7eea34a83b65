import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.embedded.broker import batch as batches
from consumers.embedded.broker.batch import CorruptError, OldFormatError
from tests.edges.embedded.batches import NOW, built, read

PAIRS = st.lists(st.tuples(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20)), min_size=1)


@settings(max_examples=40)
@given(PAIRS, st.sampled_from([0, 1, 2, 3, 4]), st.integers(0, 1 << 40))
def test_what_a_client_wrote_comes_back_from_its_place_in_the_log(
    pairs: list[tuple[bytes | None, bytes | None]], codec: int, base: int
) -> None:
    raw = batches.placed(built(pairs, codec=codec), base)

    expected = [(base + index, NOW + index, key, value) for index, (key, value) in enumerate(pairs)]
    assert read(raw) == expected
    mine = list(batches.records(raw))
    assert [(one.offset, one.timestamp, one.key, batches.value_of(one)) for one in mine] == expected
    assert [one.tombstone for one in mine] == [value is None for _, value in pairs]


@settings(max_examples=40)
@given(PAIRS, st.sampled_from([0, 1, 3, 4]), st.data())
def test_a_batch_keeps_offsets_and_end_when_records_are_taken_out(
    pairs: list[tuple[bytes | None, bytes | None]], codec: int, data: st.DataObject
) -> None:
    raw = batches.placed(built(pairs, codec=codec), 1_000)
    chosen = data.draw(st.sets(st.integers(0, len(pairs) - 1)))

    left = batches.keeping(raw, [one for one in batches.records(raw) if one.offset - 1_000 in chosen])

    assert read(left) == [one for one in read(raw) if one[0] - 1_000 in chosen]
    assert batches.read_batch(left).last_offset == batches.read_batch(raw).last_offset


@settings(max_examples=40)
@given(PAIRS, st.data())
def test_any_changed_byte_that_the_checksum_covers_is_noticed(
    pairs: list[tuple[bytes | None, bytes | None]], data: st.DataObject
) -> None:
    raw = bytearray(built(pairs))
    raw[data.draw(st.integers(17, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(CorruptError):
        batches.read_batch(bytes(raw))


@pytest.mark.parametrize("end", [1, 60, 61, 70])
def test_a_batch_that_is_cut_off_is_noticed(end: int) -> None:
    with pytest.raises(CorruptError):
        batches.read_batch(built([(b"k", b"v" * 50)])[:end])


def test_the_formats_before_kafka_0_11_are_refused_by_name() -> None:
    raw = bytearray(built([(b"k", b"v" * 50)]))
    raw[16] = 1

    with pytest.raises(OldFormatError, match="message format 1"):
        batches.read_batch(bytes(raw))


def test_several_batches_are_taken_apart() -> None:
    first, second = built([(b"a", b"1")]), built([(b"b", b"2"), (b"c", b"3")])

    assert [raw for _, raw in batches.split(first + second)] == [first, second]


@pytest.mark.parametrize("commit", [True, False])
def test_clients_read_a_marker_as_what_it_is(*, commit: bool) -> None:
    raw = batches.marker(producer_id=5, producer_epoch=3, commit=commit, timestamp=NOW)

    batch = MemoryRecords(raw).next_batch()
    assert isinstance(batch, DefaultRecordBatch)
    assert (batch.is_control_batch, batch.is_transactional, batch.producer_id) == (True, True, 5)
    assert batch.validate_crc()
    assert next(batch).key == (b"\0\0\0\1" if commit else b"\0\0\0\0")
    assert batches.commits(raw) is commit


def test_content_that_does_not_decompress_is_corrupt_not_a_crash() -> None:
    raw = batches.read_batch(built([(b"k", b"v")]))._replace(attributes=1)

    with pytest.raises(CorruptError, match="can't be read"):
        list(batches.records(batches._sealed(raw, b"no gzip")))


def test_a_record_that_leads_outside_its_batch_is_corrupt() -> None:
    raw = batches.read_batch(built([(b"k", b"v")]))

    with pytest.raises(CorruptError, match="leads outside"):
        list(batches.records(batches._sealed(raw, b"\x7e\0\0\0")))
