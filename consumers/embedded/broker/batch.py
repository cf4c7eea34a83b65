"""Record batches as bytes: https://kafka.apache.org/documentation/#recordbatch (format v2, KIP-98).

The broker keeps batches as they came. It reads the fixed header, writes the base offset (which the checksum leaves out
for that purpose) and looks at single records only to search by time or to compact.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.record.util import calc_crc32c, decode_varint, encode_varint

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
HEADER_SIZE: Final = _HEADER.size
_LENGTH_END: Final = 12
"""Bytes before the part that ``batch_length`` counts."""
_CRC_START: Final = 21
"""The checksum covers everything from the attributes on."""
_MAGIC: Final = 2
_CODEC, _TRANSACTIONAL, _CONTROL = 0x07, 0x10, 0x20
_DECOMPRESS: Final = {1: gzip_decode, 2: snappy_decode, 3: lz4_decode, 4: zstd_decode}
NO_PRODUCER: Final = -1


class CorruptError(ValueError):
    """The bytes are no record batches, or their checksum is wrong."""


class OldFormatError(CorruptError):
    """A message set of before Kafka 0.11."""


class Batch(NamedTuple):
    """A batch's fixed header. A tuple, because one is made for every batch that passes."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """All its bytes."""
        return _LENGTH_END + self.length

    @property
    def last_offset(self) -> int:
        """The offset of its last record, whether or not compaction left that one."""
        return self.base_offset + self.last_offset_delta

    @property
    def transactional(self) -> bool:
        """Whether it is visible only once its transaction commits."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether it is a commit or abort marker instead of data."""
        return bool(self.attributes & _CONTROL)


class Record(NamedTuple):
    """One record of a batch, as much of it as the broker looks at."""

    offset: int
    timestamp: int
    key: bytes | None
    tombstone: bool
    raw: bytes
    """Its bytes with the length before them, to be copied as they are."""


def read_batch(data: bytes, position: int = 0) -> Batch:
    """Read the header of the batch that starts at ``position``, checking shape and checksum.

    Raises:
        CorruptError: it is cut off, of another format, or damaged.
    """
    if len(data) - position < HEADER_SIZE:
        raise CorruptError(f"{len(data) - position} bytes where a batch's header has {HEADER_SIZE}")
    batch = Batch._make(_HEADER.unpack_from(data, position))
    if batch.magic != _MAGIC:
        # the magic byte is at the same place in every format
        raise OldFormatError(f"message format {batch.magic}; only {_MAGIC} is kept here")
    end = position + batch.size
    if batch.length < HEADER_SIZE - _LENGTH_END or end > len(data):
        raise CorruptError(f"a batch of {batch.size} bytes where {len(data) - position} are left")
    if batch.crc != calc_crc32c(data[position + _CRC_START : end]):
        raise CorruptError("the checksum is wrong")
    if batch.last_offset_delta < 0:
        raise CorruptError("a batch that ends before it starts")
    return batch


def split(data: bytes) -> Iterator[tuple[Batch, bytes]]:
    """Take a producer's bytes apart into batches.

    Raises:
        CorruptError: as ``read_batch``.
    """
    position = 0
    while position < len(data):
        batch = read_batch(data, position)
        end = position + batch.size
        yield batch, data if not position and end == len(data) else data[position:end]
        position = end


def placed(raw: bytes, base_offset: int) -> bytes:
    """Give a batch its place in the log; leader epoch 0, as there is one leader for ever."""
    return b"%b\0\0\0\0%b" % (struct.pack(">q", base_offset) + raw[8:12], raw[16:])


def records(raw: bytes) -> Iterator[Record]:
    """Read the records of a batch.

    Raises:
        CorruptError: the content does not decompress or its lengths lead outside.
    """
    batch = Batch._make(_HEADER.unpack_from(raw))
    try:
        yield from _records(batch, _content(batch, raw))
    except CorruptError:
        raise
    except Exception as error:  # each codec has exceptions of its own
        raise CorruptError(f"the records of batch {batch.base_offset} can't be read: {error}") from error


def _content(batch: Batch, raw: bytes) -> bytes:
    codec = batch.attributes & _CODEC
    return _DECOMPRESS[codec](raw[HEADER_SIZE:]) if codec else raw[HEADER_SIZE:]


def _records(batch: Batch, content: bytes) -> Iterator[Record]:
    buffer = bytearray(content)
    position = 0
    for _ in range(batch.record_count):
        start = position
        size, position = decode_varint(buffer, position)
        end = position + size
        if size < 0 or end > len(content):
            raise CorruptError(f"a record of {size} bytes leads outside its batch")
        timestamp, position = decode_varint(buffer, position + 1)  # after its unused attributes
        offset, position = decode_varint(buffer, position)
        key_size, position = decode_varint(buffer, position)
        key = content[position : position + key_size] if key_size >= 0 else None
        value_size, _ = decode_varint(buffer, position + max(key_size, 0))
        yield Record(
            batch.base_offset + offset,
            batch.first_timestamp + timestamp,
            key,
            value_size < 0,
            content[start:end],
        )
        position = end


def keeping(raw: bytes, kept: Iterable[Record]) -> bytes:
    """Rebuild a batch with some of its records, uncompressed; offsets, sequences and times stay as they were."""
    batch = Batch._make(_HEADER.unpack_from(raw))
    parts = [record.raw for record in kept]
    return _sealed(
        batch._replace(attributes=batch.attributes & ~_CODEC, record_count=len(parts)),
        b"".join(parts),
    )


def marker(*, producer_id: int, producer_epoch: int, commit: bool, timestamp: int) -> bytes:
    """Make the control batch that ends a transaction: https://kafka.apache.org/documentation/#controlbatch."""
    key = struct.pack(">hh", 0, 1 if commit else 0)
    value = struct.pack(">hi", 0, 0)
    batch = Batch(
        0,
        0,
        0,
        _MAGIC,
        0,
        _TRANSACTIONAL | _CONTROL,
        0,
        timestamp,
        timestamp,
        producer_id,
        producer_epoch,
        -1,
        1,
    )
    return _sealed(batch, record(key=key, value=value))


def plain(pairs: Iterable[tuple[bytes, bytes | None]], *, timestamp: int) -> bytes:
    """Make a batch of keys and values without a producer, for the broker's own ledger."""
    content = [record(key=key, value=value, offset_delta=delta) for delta, (key, value) in enumerate(pairs)]
    count = len(content)
    batch = Batch(0, 0, 0, _MAGIC, 0, 0, count - 1, timestamp, timestamp, NO_PRODUCER, -1, -1, count)
    return _sealed(batch, b"".join(content))


def commits(raw: bytes) -> bool:
    """Tell of a control batch whether it commits (or aborts)."""
    return any(record.key is not None and record.key[2:4] == b"\0\1" for record in records(raw))


def value_of(entry: Record) -> bytes | None:
    """Read a record's value."""
    buffer = bytearray(entry.raw)
    _, position = decode_varint(buffer, 0)
    _, position = decode_varint(buffer, position + 1)
    _, position = decode_varint(buffer, position)
    size, position = decode_varint(buffer, position)
    size, position = decode_varint(buffer, position + max(size, 0))
    return None if size < 0 else entry.raw[position : position + size]


def record(*, key: bytes, value: bytes | None, offset_delta: int = 0) -> bytes:
    """Encode one record without headers: https://kafka.apache.org/documentation/#record."""
    body = bytearray(b"\0")
    encode_varint(0, body.append)
    encode_varint(offset_delta, body.append)
    encode_varint(len(key), body.append)
    body += key
    encode_varint(-1 if value is None else len(value), body.append)
    body += value or b""
    encode_varint(0, body.append)
    size = bytearray()
    encode_varint(len(body), size.append)
    return bytes(size + body)


def _sealed(batch: Batch, content: bytes) -> bytes:
    """Write a batch with the length and checksum of its content."""
    sized = batch._replace(length=HEADER_SIZE - _LENGTH_END + len(content))
    checked = _HEADER.pack(*sized)[_CRC_START:] + content
    return _HEADER.pack(*sized._replace(crc=calc_crc32c(checked)))[:_CRC_START] + checked
