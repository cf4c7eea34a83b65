from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.embedded.broker.batch import read_batch
from consumers.embedded.broker.log import FolderShelf, Log, MemoryShelf, Shelf
from tests.edges.embedded.batches import NOW, built, read, values

BIG = 1 << 30
ALL = 1 << 40


def opened(shelf: Shelf) -> Log:
    log = Log(shelf)
    for _ in log.replay():
        pass
    return log


def write(log: Log, *texts: str, timestamp: int = NOW, segment_bytes: int = BIG) -> int:
    raw = built([(None, text.encode()) for text in texts], timestamp=timestamp)
    return log.append(read_batch(raw), raw, segment_bytes=segment_bytes)


def everything(log: Log) -> list[bytes | None]:
    found: list[bytes | None] = []
    offset = log.start_offset
    while data := log.read(offset, log.end_offset, 200):
        found += [value for at, _, _, value in read(data) if at >= offset]
        offset = read(data)[-1][0] + 1
    return found


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.log"))


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.text("ab", max_size=30), min_size=1, max_size=4), max_size=30),
    st.integers(100, 1_000),
    st.data(),
)
def test_a_read_from_any_offset_gives_the_rest_in_order(
    batches: list[list[str]], segment_bytes: int, data: st.DataObject
) -> None:
    log = opened(MemoryShelf())
    for texts in batches:
        write(log, *texts, segment_bytes=segment_bytes)
    flat = [text.encode() for texts in batches for text in texts]
    assert log.end_offset == len(flat)
    if flat:
        offset = data.draw(st.integers(0, len(flat) - 1))
        chunk = read(log.read(offset, log.end_offset, data.draw(st.integers(0, 500))))
        assert chunk[0][0] <= offset <= chunk[-1][0]
        assert [value for _, _, _, value in chunk] == flat[chunk[0][0] : chunk[-1][0] + 1]


def test_a_read_stays_below_its_bound_and_gives_at_least_one_batch_however_large() -> None:
    log = opened(MemoryShelf())
    write(log, "a" * 1_000)
    write(log, "b" * 1_000)

    assert values(log.read(0, 2, 10)) == [b"a" * 1_000]
    assert values(log.read(0, 2, BIG)) == [b"a" * 1_000, b"b" * 1_000]
    assert values(log.read(0, 1, BIG)) == [b"a" * 1_000]
    assert log.read(1, 1, BIG) == b""


def test_what_was_written_is_there_after_a_start(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    for number in range(20):
        write(log, f"{number:50}", segment_bytes=400)
    assert len(segments(tmp_path)) > 3

    again = opened(FolderShelf(tmp_path))  # the first was never closed: as after kill -9

    assert everything(again) == everything(log)
    assert write(again, "next") == 20


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(cut=st.integers(1, 200))
def test_a_torn_tail_costs_the_last_batch_and_nothing_else(tmp_path: Path, cut: int) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    log = opened(FolderShelf(tmp_path))
    write(log, "one")
    write(log, "two")
    size = (tmp_path / segments(tmp_path)[0]).stat().st_size
    last = write(log, "x" * 200)
    with (tmp_path / segments(tmp_path)[0]).open("r+b") as file:
        file.truncate((size + len(built([(None, b"x" * 200)]))) - cut)

    again = opened(FolderShelf(tmp_path))

    assert everything(again) == [b"one", b"two"]
    assert write(again, "again") == last
    assert everything(opened(FolderShelf(tmp_path))) == [b"one", b"two", b"again"]


def test_a_damaged_tail_is_cut_off(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    write(log, "one")
    write(log, "two")
    path = tmp_path / segments(tmp_path)[0]
    content = bytearray(path.read_bytes())
    content[-3] ^= 0xFF
    path.write_bytes(content)

    assert everything(opened(FolderShelf(tmp_path))) == [b"one"]


def test_a_full_disk_leaves_no_half_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = opened(FolderShelf(tmp_path))
    write(log, "one")
    storage = log._segments[0].storage
    whole = storage.append

    def full(data: bytes) -> None:
        whole(data[:30])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "append", full)
        with pytest.raises(OSError, match="No space"):
            write(log, "two")
    write(log, "three")

    assert everything(log) == everything(opened(FolderShelf(tmp_path))) == [b"one", b"three"]


def test_time_finds_the_first_record_that_is_not_older() -> None:
    log = opened(MemoryShelf())
    for number in range(6):
        write(log, "a", "b", timestamp=NOW + 1_000 * number, segment_bytes=150)

    assert log.at(NOW - 5, ALL) == (0, NOW)
    assert log.at(NOW + 1, ALL) == (1, NOW + 1)
    assert log.at(NOW + 2_500, ALL) == (6, NOW + 3_000)
    assert log.at(NOW + 9_000, ALL) is None
    assert log.at(NOW + 2_500, 6) is None


def test_time_does_not_find_deleted_records() -> None:
    log = opened(MemoryShelf())
    write(log, "a", "b", "c")
    log.drop_before(2)

    assert log.at(NOW, ALL) == (2, NOW + 2)


def test_retention_by_time_removes_whole_old_segments(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    for number in range(5):
        write(log, f"{number}", timestamp=NOW + 1_000 * number, segment_bytes=80)

    log.retain(not_before=NOW + 2_500, max_bytes=None, below=ALL)

    assert (log.start_offset, log.end_offset) == (3, 5)
    assert everything(log) == [b"3", b"4"]
    again = opened(FolderShelf(tmp_path))
    assert (again.start_offset, again.end_offset) == (3, 5)


def test_retention_that_removes_all_keeps_the_next_offset(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    write(log, "a", "b")

    log.retain(not_before=NOW + 10, max_bytes=None, below=ALL)

    assert (log.start_offset, log.end_offset) == (2, 2)
    assert opened(FolderShelf(tmp_path)).end_offset == 2


def test_retention_by_size_removes_the_oldest_until_the_rest_is_about_that_size() -> None:
    log = opened(MemoryShelf())
    for number in range(10):
        write(log, f"{number:30}", segment_bytes=110)
    each = log.size // 10

    log.retain(not_before=None, max_bytes=3 * each, below=ALL)

    assert log.start_offset == 7
    assert log.size == 3 * each


def test_retention_touches_nothing_of_an_open_transaction() -> None:
    log = opened(MemoryShelf())
    for number in range(4):
        write(log, f"{number}", segment_bytes=80)

    log.retain(not_before=NOW + 100, max_bytes=None, below=2)

    assert log.start_offset == 2


def test_deleted_records_are_gone_at_once_and_their_segments_with_them(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    for number in range(6):
        write(log, f"{number}", segment_bytes=160)
    before = segments(tmp_path)

    log.drop_before(3)

    assert log.start_offset == 3
    assert everything(log) == [b"3", b"4", b"5"]
    assert set(segments(tmp_path)) < set(before)


def test_a_start_removes_what_an_interrupted_compaction_left(tmp_path: Path) -> None:
    log = opened(FolderShelf(tmp_path))
    for number in range(4):
        write(log, f"{number}", segment_bytes=80)
    (tmp_path / f"{0:020}.cleaned").write_bytes(b"half")
    first = tmp_path / f"{0:020}.log"
    first.write_bytes(b"".join((tmp_path / f"{number:020}.log").read_bytes() for number in range(3)))

    again = opened(FolderShelf(tmp_path))

    assert everything(again) == [b"0", b"1", b"2", b"3"]
    assert segments(tmp_path) == [f"{0:020}.log", f"{3:020}.log"]
    assert not list(tmp_path.glob("*.cleaned"))
