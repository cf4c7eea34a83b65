"""What the broker must remember beside the records: topics, offsets, groups, transactions, producer ids.

A map from key to JSON value, written as a compacted log of its own, so that replay, torn tails and compaction are the
same code as for any partition. In memory it is just the map.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from consumers.embedded.broker import batch as batches
from consumers.embedded.broker.configs import TopicConfig
from consumers.embedded.broker.log import Shelf
from consumers.embedded.broker.partition import Partition

Key = tuple[str | int, ...]
_COMPACT_EVERY: Final = 4_194_304
"""Bytes written between two compactions."""


class Ledger:
    """A durable map. Changes given together are kept together or not at all."""

    def __init__(self, shelf: Shelf | None) -> None:
        self._entries: dict[Key, Any] = {}
        self._partition: Partition | None = None
        if shelf is not None:
            config = TopicConfig(told={"cleanup.policy": "compact", "delete.retention.ms": "0"})
            self._partition = Partition("__ledger", 0, config, shelf)
            self._read(self._partition)
        self._compacted_size = self._size

    @property
    def _size(self) -> int:
        return 0 if self._partition is None else self._partition.log.size

    def _read(self, partition: Partition) -> None:
        for raw in partition.log.batches():
            for record in batches.records(raw):
                value = batches.value_of(record)
                key = tuple(json.loads(record.key or b"[]"))
                if value is None:
                    self._entries.pop(key, None)
                else:
                    self._entries[key] = json.loads(value)

    def write(self, changes: Mapping[Key, Any], *, now: int) -> None:
        """Set values; None removes. ``now`` in ms since the epoch.

        Raises:
            OSError: nothing was kept.
        """
        if not changes:
            return
        if self._partition is not None:
            raw = batches.plain(
                [
                    (json.dumps(key).encode(), None if value is None else json.dumps(value).encode())
                    for key, value in changes.items()
                ],
                timestamp=now,
            )
            self._partition.append(batches.read_batch(raw), raw)
            if self._size - self._compacted_size > _COMPACT_EVERY:
                self.compact(now)
        for key, value in changes.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value

    def get(self, key: Key, default: Any = None) -> Any:
        """Read a value."""
        return self._entries.get(key, default)

    def under(self, kind: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """List what is kept under a first word: the rest of each key, and its value."""
        return iter([(key[1:], value) for key, value in self._entries.items() if key[0] == kind])

    def compact(self, now: int) -> None:
        """Rewrite the log with the values that hold."""
        if self._partition is not None:
            self._partition.clean(now)
            self._compacted_size = self._size

    def close(self) -> None:
        """Close the file."""
        if self._partition is not None:
            self._partition.log.close()
