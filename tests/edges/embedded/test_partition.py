import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.embedded.broker.batch import marker, split
from consumers.embedded.broker.configs import TopicConfig
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.log import FolderShelf, MemoryShelf, Shelf
from consumers.embedded.broker.partition import Partition
from tests.edges.embedded.batches import NOW, built, idempotent, keyed, read, transactional, values

ALL = 1 << 40
DAY = 86_400_000


def partition(shelf: Shelf | None = None, **told: str) -> Partition:
    config = TopicConfig(told={name.replace("_", "."): value for name, value in told.items()})
    return Partition("t", 0, config, shelf or MemoryShelf())


def put(place: Partition, raw: bytes) -> int:
    ((batch, part),) = place.check(raw)
    return place.append(batch, part)


def refusal(action: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.code


def committed(place: Partition) -> list[bytes | None]:
    """Read as a client that reads committed records does: up to the last stable offset, without what was aborted."""
    data = place.log.read(place.log.start_offset, place.stable_offset, ALL)
    aborted = list(place.producers.aborted_between(0, ALL))
    found: list[bytes | None] = []
    for batch, raw in split(data):
        if not batch.control and not any(one.covers(batch) for one in aborted):
            found += values(raw)
    return found


def all_values(place: Partition) -> list[bytes | None]:
    return values(place.log.read(place.log.start_offset, place.log.end_offset, ALL))


# ── idempotence (KIP-98) ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_repeated_batch_gets_the_offset_it_has_and_is_stored_once() -> None:
    place = partition()
    put(place, idempotent(0, 3))
    offset = put(place, idempotent(3, 2))

    assert put(place, idempotent(3, 2)) == offset == 3
    assert place.log.end_offset == 5


def test_the_last_five_batches_are_known_when_they_are_repeated() -> None:
    place = partition()
    for number in range(6):
        put(place, idempotent(number))

    assert [put(place, idempotent(number)) for number in range(1, 6)] == [1, 2, 3, 4, 5]
    assert refusal(lambda: put(place, idempotent(0))) is Code.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_gap_in_the_sequence_is_refused_until_it_is_filled() -> None:
    place = partition()
    put(place, idempotent(0))

    assert refusal(lambda: put(place, idempotent(2))) is Code.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert put(place, idempotent(1)) == 1
    assert put(place, idempotent(2)) == 2


def test_sequences_start_again_after_the_largest_number() -> None:
    place = partition()
    put(place, idempotent((1 << 31) - 1))

    assert put(place, idempotent(0)) == 1


def test_a_new_epoch_starts_at_0_and_fences_the_old_one() -> None:
    place = partition()
    put(place, idempotent(0))

    assert refusal(lambda: put(place, idempotent(1, epoch=1))) is Code.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert put(place, idempotent(0, epoch=1)) == 1
    assert refusal(lambda: put(place, idempotent(1, epoch=0))) is Code.INVALID_PRODUCER_EPOCH


def test_a_producer_that_is_not_known_any_more_may_go_on_where_it_was() -> None:
    assert put(partition(), idempotent(41)) == 0  # KIP-360


def test_a_producer_is_forgotten_after_a_day_without_a_batch_and_not_before() -> None:
    place = partition()
    put(place, idempotent(0))
    place.clean(NOW)
    place.clean(NOW + DAY)
    assert refusal(lambda: put(place, idempotent(7))) is Code.OUT_OF_ORDER_SEQUENCE_NUMBER

    place.clean(NOW + DAY + 1)

    assert put(place, idempotent(7)) == 1


@settings(max_examples=40)
@given(st.lists(st.integers(0, 12), max_size=60))
def test_however_a_client_repeats_itself_each_record_is_stored_once_and_in_order(tries: list[int]) -> None:
    place = partition()
    for sequence in tries:
        try:
            put(place, idempotent(sequence))
        except Refused as refused:
            assert refused.code is Code.OUT_OF_ORDER_SEQUENCE_NUMBER  # noqa: PT017 - either outcome is right
    stored = [int(value or b"") for value in all_values(place)]
    assert stored == list(range(stored[0], stored[0] + len(stored))) if stored else not tries


def test_a_restart_remembers_sequences(tmp_path: Path) -> None:
    place = partition(FolderShelf(tmp_path))
    put(place, idempotent(0, 2))

    again = partition(FolderShelf(tmp_path))

    assert put(again, idempotent(0, 2)) == 0
    assert again.log.end_offset == 2
    assert refusal(lambda: put(again, idempotent(5))) is Code.OUT_OF_ORDER_SEQUENCE_NUMBER


# ── transactions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def finish(place: Partition, *, commit: bool, producer_id: int = 7) -> None:
    place.end_transaction(producer_id=producer_id, producer_epoch=0, commit=commit, now=NOW)


def test_committed_readers_stop_before_the_first_open_transaction() -> None:
    place = partition()
    put(place, built([(b"k", b"plain")]))
    put(place, transactional(0, b"open"))
    put(place, built([(b"k", b"behind")]))

    assert place.stable_offset == 1
    assert committed(place) == [b"plain"]
    finish(place, commit=True)
    assert committed(place) == [b"plain", b"open", b"behind"]


def test_aborted_records_are_stored_and_told_but_not_read() -> None:
    place = partition()
    put(place, transactional(0, b"a"))
    finish(place, commit=False)
    put(place, transactional(1, b"b"))
    finish(place, commit=True)

    assert committed(place) == [b"b"]
    assert [tuple(one) for one in place.producers.aborted_between(0, ALL)] == [(7, 0, 1)]
    assert list(place.producers.aborted_between(2, ALL)) == []
    assert list(place.producers.aborted_between(0, 0)) == []


def test_two_transactions_that_interleave_end_each_on_its_own() -> None:
    place = partition()
    put(place, transactional(0, b"7", producer_id=7))
    put(place, transactional(0, b"8", producer_id=8))
    finish(place, commit=True, producer_id=8)
    assert place.stable_offset == 0
    finish(place, commit=False, producer_id=7)

    assert committed(place) == [b"8"]


def test_a_restart_remembers_open_and_aborted_transactions(tmp_path: Path) -> None:
    place = partition(FolderShelf(tmp_path))
    put(place, transactional(0, b"aborted"))
    finish(place, commit=False)
    put(place, transactional(1, b"open"))

    again = partition(FolderShelf(tmp_path))

    assert again.stable_offset == 2
    assert committed(again) == []
    finish(again, commit=True)
    assert committed(again) == [b"open"]


def test_a_marker_of_a_later_epoch_fences_the_producer_of_the_earlier() -> None:
    place = partition()
    put(place, transactional(0))
    place.end_transaction(producer_id=7, producer_epoch=1, commit=False, now=NOW)

    assert refusal(lambda: put(place, transactional(1))) is Code.INVALID_PRODUCER_EPOCH


# ── what is let in ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_above_the_limit_is_refused() -> None:
    place = partition(max_message_bytes="200")

    assert refusal(lambda: put(place, built([(b"k", b"v" * 200)]))) is Code.MESSAGE_TOO_LARGE
    assert put(place, built([(b"k", b"v" * 50)])) == 0


def test_damaged_old_empty_and_forged_batches_are_refused() -> None:
    place = partition()
    old = bytearray(built([(b"k", b"v")]))
    old[16] = 0
    assert refusal(lambda: put(place, b"nonsense" * 20)) is Code.UNSUPPORTED_FOR_MESSAGE_FORMAT
    assert refusal(lambda: put(place, bytes(old))) is Code.UNSUPPORTED_FOR_MESSAGE_FORMAT
    assert refusal(lambda: put(place, built([(b"k", b"v")])[:-1])) is Code.CORRUPT_MESSAGE
    assert refusal(lambda: put(place, b"")) is Code.INVALID_RECORD
    forged = marker(producer_id=7, producer_epoch=0, commit=True, timestamp=NOW)
    assert refusal(lambda: put(place, forged)) is Code.INVALID_RECORD
    assert place.log.end_offset == 0


def test_a_compacted_topic_takes_no_record_without_a_key() -> None:
    place = partition(cleanup_policy="compact")

    assert refusal(lambda: put(place, built([(b"k", b"1"), (None, b"2")]))) is Code.INVALID_RECORD
    assert put(place, built([(b"k", b"1")])) == 0


def test_a_full_disk_is_told_as_a_storage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    place = partition()

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place.log._segments[0].storage, "append", full)

    assert refusal(lambda: put(place, idempotent(0))) is Code.KAFKA_STORAGE_ERROR
    assert place.log.end_offset == 0


# ── compaction ────────────────────────────────────────────────────────────────────────────────────────────────────────


def left(place: Partition) -> list[tuple[int, bytes | None, bytes | None]]:
    data = b"".join(place.log.batches())
    return [(offset, key, value) for offset, _, key, value in read(data)]


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.text("xy", max_size=3)), min_size=1, max_size=4), min_size=1
    ),
    st.sampled_from([0, 1, 4]),
)
def test_compaction_keeps_the_last_record_of_each_key_where_it_was(
    batches: list[list[tuple[str, str]]], codec: int
) -> None:
    place = partition(cleanup_policy="compact", segment_bytes="200")
    for pairs in batches:
        put(place, built(keyed(pairs), codec=codec))
    before = left(place)
    last = {key: offset for offset, key, _ in before}

    place.clean(NOW)

    assert left(place) == [one for one in before if last[one[1]] == one[0]]
    assert place.log.end_offset == len(before)
    place.clean(NOW)
    assert left(place) == [one for one in before if last[one[1]] == one[0]]


def test_a_tombstone_stays_for_a_while_and_then_goes(tmp_path: Path) -> None:
    place = partition(FolderShelf(tmp_path), cleanup_policy="compact", delete_retention_ms="1000")
    put(place, built(keyed([("a", "1"), ("b", "2"), ("a", None)])))

    place.clean(NOW)
    assert [(key, value) for _, key, value in left(place)] == [(b"b", b"2"), (b"a", None)]
    place.clean(NOW + 1_003)
    assert [(key, value) for _, key, value in left(place)] == [(b"b", b"2")]

    again = partition(FolderShelf(tmp_path), cleanup_policy="compact")
    assert left(again) == left(place)
    assert again.log.end_offset == 3


def test_an_aborted_record_does_not_win_over_the_one_before_it() -> None:
    place = partition(cleanup_policy="compact")
    put(place, built(keyed([("a", "kept")])))
    put(place, transactional(0, b"aborted", key=b"a"))
    finish(place, commit=False)

    place.clean(NOW)

    assert (0, b"a", b"kept") in left(place)
    assert b"aborted" not in [value for _, _, value in left(place)]


def test_compaction_stops_before_an_open_transaction() -> None:
    place = partition(cleanup_policy="compact", segment_bytes="80")
    put(place, built(keyed([("a", "1")])))
    put(place, built(keyed([("a", "2")])))
    put(place, transactional(0, b"open", key=b"a"))
    put(place, built(keyed([("a", "3")])))

    place.clean(NOW)

    assert [value for _, _, value in left(place)] == [b"2", b"open", b"3"]


def test_without_a_policy_of_compaction_every_record_stays() -> None:
    place = partition(retention_ms="-1")
    put(place, built(keyed([("a", "1"), ("a", "2")])))

    place.clean(NOW + 100 * DAY)

    assert len(left(place)) == 2


def test_old_records_go_by_the_topics_retention() -> None:
    place = partition(retention_ms="1000")
    put(place, built(keyed([("a", "1")])))

    place.clean(NOW + 900)
    assert place.log.start_offset == 0
    place.clean(NOW + 1_001)
    assert (place.log.start_offset, place.log.end_offset) == (1, 1)


# ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_record_wakes_those_who_wait_for_its_partition_and_nobody_else() -> None:
    here, elsewhere = partition(), partition()
    loop = asyncio.get_running_loop()
    waiting, other, gone = loop.create_future(), loop.create_future(), loop.create_future()
    here.watch(waiting)
    elsewhere.watch(other)
    here.watch(gone)
    here.unwatch(gone)

    put(here, built([(b"k", b"v")]))

    assert (waiting.done(), other.done(), gone.done()) == (True, False, False)
