"""All consumer groups and what they have committed, kept in the ledger."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.group import Group, State
from consumers.embedded.broker.ledger import Ledger

LONGEST_METADATA: Final = 4_096
"""``offset.metadata.max.bytes`` of Kafka."""

Position = tuple[str, int]
"""A topic and the number of one of its partitions."""


class Committed(NamedTuple):
    """How far a group says it is."""

    offset: int
    leader_epoch: int = -1
    metadata: str = ""


class Coordinator:
    """Finds groups, and remembers them and their offsets."""

    def __init__(self, ledger: Ledger, *, initial_delay_ms: int, now: int) -> None:
        self._ledger = ledger
        self._initial_delay_ms = initial_delay_ms
        self._groups: dict[str, Group] = {}
        self._offsets: dict[str, dict[Position, Committed]] = {}
        for (group_id,), kept in ledger.under("group"):
            self._groups[group_id] = Group.restored(group_id, kept, initial_delay_ms=initial_delay_ms, now=now)
        for (group_id, topic, index), kept in ledger.under("offset"):
            self._offsets.setdefault(group_id, {})[topic, index] = Committed(*kept)

    def group(self, group_id: str) -> Group:
        """Find a group; one that is asked for exists.

        Raises:
            Refused: the id is empty.
        """
        if not group_id:
            raise Refused(Code.INVALID_GROUP_ID)
        if group_id not in self._groups:
            self._groups[group_id] = Group(id=group_id, initial_delay_ms=self._initial_delay_ms)
        return self._groups[group_id]

    def known(self, group_id: str) -> Group | None:
        """Find a group that has had members or has committed offsets."""
        group = self._groups.get(group_id)
        if group_id in self._offsets or (group is not None and group.begun):
            return self.group(group_id)
        return None

    def ids(self) -> list[str]:
        """List the groups that ``known`` knows."""
        return [group_id for group_id in {**self._groups, **self._offsets} if self.known(group_id) is not None]

    def save(self, *, now: int) -> None:
        """Write down the groups that became stable or empty; ``now`` in ms since the epoch."""
        changed = [group for group in self._groups.values() if group.unsaved]
        self._ledger.write({("group", group.id): group.snapshot() for group in changed}, now=now)

    def tick(self, steady: int, *, now: int) -> None:
        """Let time pass for every group: ``steady`` ms of a steady clock, ``now`` ms since the epoch."""
        for group in self._groups.values():
            group.tick(steady)
        self.save(now=now)

    def offsets(self, group_id: str) -> Mapping[Position, Committed]:
        """Tell what a group has committed."""
        return self._offsets.get(group_id, {})

    def commit(self, group_id: str, offsets: Mapping[Position, Committed], *, now: int) -> None:
        """Remember offsets."""
        self._ledger.write(
            {("offset", group_id, topic, index): list(one) for (topic, index), one in offsets.items()},
            now=now,
        )
        self._offsets.setdefault(group_id, {}).update(offsets)

    def forget_topic(self, topic: str, *, now: int) -> None:
        """Forget what was committed for a topic that is deleted."""
        for group_id, offsets in self._offsets.items():
            gone = [position for position in offsets if position[0] == topic]
            self._ledger.write({("offset", group_id, *position): None for position in gone}, now=now)
            for position in gone:
                del offsets[position]

    def delete(self, group_id: str, *, now: int) -> None:
        """Forget a group without members.

        Raises:
            Refused: it has members, or there is none of the name.
        """
        group = self.known(group_id)
        if group is None:
            raise Refused(Code.GROUP_ID_NOT_FOUND)
        if group.state is not State.EMPTY:
            raise Refused(Code.NON_EMPTY_GROUP)
        self._ledger.write(dict.fromkeys(self._keys(group_id)), now=now)
        del self._groups[group_id]
        self._offsets.pop(group_id, None)

    def _keys(self, group_id: str) -> Iterator[tuple[str | int, ...]]:
        yield "group", group_id
        for topic, index in self._offsets.get(group_id, {}):
            yield "offset", group_id, topic, index
