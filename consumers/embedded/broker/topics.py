"""The topics: which there are, how they are configured, and where their partitions live."""

import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from consumers.embedded.broker.configs import TopicConfig
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.ledger import Ledger
from consumers.embedded.broker.log import FolderShelf, MemoryShelf, Shelf
from consumers.embedded.broker.partition import Partition

_NAME: Final = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")
"""As Kafka's ``Topic.validate``; it also keeps a name from leading out of the data folder."""
_MOST_PARTITIONS: Final = 1_000
"""Each has a file open; more than that is no topic for one machine."""


class Topics:
    """Every topic and partition."""

    def __init__(self, ledger: Ledger, folder: Path | None, *, default_partitions: int) -> None:
        self._ledger = ledger
        self._folder = folder
        self._default_partitions = default_partitions
        self._partitions: dict[str, list[Partition]] = {}
        for (name,), kept in ledger.under("topic"):
            config = TopicConfig(told=kept["config"])
            self._partitions[name] = [self._open(name, index, config) for index in range(kept["partitions"])]
        self._sweep()

    def _open(self, name: str, index: int, config: TopicConfig) -> Partition:
        start_offset = self._ledger.get(("start", name, index), 0)
        return Partition(name, index, config, self._shelf(name, index), start_offset=start_offset)

    def _shelf(self, name: str, index: int) -> Shelf:
        return MemoryShelf() if self._folder is None else FolderShelf(self._folder / f"{name}-{index}")

    def _sweep(self) -> None:
        """Remove folders whose topic is gone: a kill came between forgetting and removing."""
        if self._folder is not None and self._folder.exists():
            known = {f"{topic}-{index}" for topic, parts in self._partitions.items() for index in range(len(parts))}
            for folder in self._folder.iterdir():
                if folder.name not in known:
                    shutil.rmtree(folder)

    def __contains__(self, name: object) -> bool:
        return name in self._partitions

    def names(self) -> list[str]:
        """List the topics."""
        return list(self._partitions)

    def partitions(self, name: str) -> list[Partition]:
        """List a topic's partitions.

        Raises:
            Refused: there is no such topic.
        """
        try:
            return self._partitions[name]
        except KeyError:
            raise Refused(Code.UNKNOWN_TOPIC_OR_PARTITION) from None

    def partition(self, name: str, index: int) -> Partition:
        """Find one partition.

        Raises:
            Refused: there is no such topic or partition.
        """
        parts = self.partitions(name)
        if not 0 <= index < len(parts):
            raise Refused(Code.UNKNOWN_TOPIC_OR_PARTITION)
        return parts[index]

    def config(self, name: str) -> TopicConfig:
        """Give a topic's configuration.

        Raises:
            Refused: there is no such topic.
        """
        return self.partitions(name)[0].config

    def check(self, name: str, partitions: int, told: Mapping[str, str]) -> TopicConfig:
        """Check what a topic is to be like, -1 standing for the default number of partitions.

        Raises:
            Refused: the topic exists, or its name, number of partitions or configuration is not possible.
        """
        if not _NAME.fullmatch(name):
            raise Refused(Code.INVALID_TOPIC_EXCEPTION, f"{name!r} is no topic name: [a-zA-Z0-9._-], at most 249")
        if name in self._partitions:
            raise Refused(Code.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        if partitions != -1 and not 1 <= partitions <= _MOST_PARTITIONS:
            raise Refused(Code.INVALID_PARTITIONS, f"{partitions} partitions; 1 to {_MOST_PARTITIONS} are possible")
        return TopicConfig(told=dict(told))

    def create(self, name: str, partitions: int, told: Mapping[str, str], *, now: int) -> None:
        """Make a topic.

        Raises:
            Refused: as ``check``.
        """
        config = self.check(name, partitions, told)
        count = self._default_partitions if partitions == -1 else partitions
        parts = [self._open(name, index, config) for index in range(count)]
        self._ledger.write({("topic", name): {"partitions": count, "config": dict(told)}}, now=now)
        self._partitions[name] = parts

    def grow(self, name: str, count: int, *, now: int) -> None:
        """Add partitions until there are ``count``.

        Raises:
            Refused: there is no such topic, or it has as many or more.
        """
        parts = self.partitions(name)
        if not len(parts) < count <= _MOST_PARTITIONS:
            raise Refused(Code.INVALID_PARTITIONS, f"Topic currently has {len(parts)} partitions, {count} asked for.")
        config = parts[0].config
        self._ledger.write({("topic", name): {"partitions": count, "config": dict(config.told)}}, now=now)
        parts.extend(self._open(name, index, config) for index in range(len(parts), count))

    def configure(self, name: str, told: Mapping[str, str], *, now: int) -> None:
        """Replace a topic's configuration.

        Raises:
            Refused: there is no such topic, or a value is not possible.
        """
        parts, config = self.partitions(name), TopicConfig(told=dict(told))
        self._ledger.write({("topic", name): {"partitions": len(parts), "config": dict(told)}}, now=now)
        for partition in parts:
            partition.config = config

    def delete(self, name: str, *, now: int) -> None:
        """Remove a topic with its records and what groups have committed for it.

        Raises:
            Refused: there is no such topic.
        """
        parts = self.partitions(name)
        changes: dict[tuple[str | int, ...], None] = {("topic", name): None}
        changes |= dict.fromkeys(("start", name, index) for index in range(len(parts)))
        self._ledger.write(changes, now=now)
        del self._partitions[name]
        for partition in parts:
            partition.delete()
            if self._folder is not None:
                shutil.rmtree(self._folder / f"{name}-{partition.index}")

    def delete_records(self, partition: Partition, before: int, *, now: int) -> int:
        """Make records before an offset unreadable (-1: all there are) and give the first offset left (KIP-107).

        Raises:
            Refused: the offset is behind the end, or the topic is only compacted.
        """
        if not partition.config.deleted:
            raise Refused(Code.POLICY_VIOLATION)
        end = partition.log.end_offset
        before = end if before == -1 else before
        if not 0 <= before <= end:
            raise Refused(Code.OFFSET_OUT_OF_RANGE)
        self._ledger.write({("start", partition.topic, partition.index): before}, now=now)
        partition.log.drop_before(before)
        return partition.log.start_offset

    def all(self) -> Iterable[Partition]:
        """List every partition."""
        return [partition for parts in self._partitions.values() for partition in parts]

    def close(self) -> None:
        """Close every file."""
        for partition in self.all():
            partition.log.close()
