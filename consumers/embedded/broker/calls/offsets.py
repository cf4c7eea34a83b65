"""OffsetCommit, OffsetFetch."""

from collections.abc import Callable
from typing import Final

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.family import Caller, Table, each_partition
from consumers.embedded.broker.coordinator import LONGEST_METADATA, Committed, Coordinator, Position
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.shape import INT16, INT32, INT64, STRING, Body, field, throttle
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.wire import Api

OFFSET_COMMIT: Final = Api(
    key=8,
    versions=(1, 7),
    request=(
        field("group_id", STRING),
        field("generation_id", INT32),
        field("member_id", STRING),
        field("group_instance_id", STRING, 7, nullable=True),
        field("retention_time_ms", INT64, 2, until=4),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("offset", INT64),
                        field("leader_epoch", INT32, 6, default=-1),
                        field("commit_timestamp", INT64, 1, until=1),
                        field("metadata", STRING, nullable=True),
                    ),
                ),
            ),
        ),
    ),
    response=(
        throttle(3),
        field(
            "topics",
            (
                field("name", STRING),
                field("partitions", (field("index", INT32), field("error_code", INT16, default=Code.NONE))),
            ),
        ),
    ),
)

OFFSET_FETCH: Final = Api(
    key=9,
    versions=(1, 5),
    request=(
        field("group_id", STRING),
        field("topics", (field("name", STRING), field("indexes", Array(INT32))), nullable=True),
    ),
    response=(
        throttle(3),
        field(
            "topics",
            (
                field("name", STRING),
                field(
                    "partitions",
                    (
                        field("index", INT32),
                        field("offset", INT64),
                        field("leader_epoch", INT32, 5),
                        field("metadata", STRING, nullable=True),
                        field("error_code", INT16, default=Code.NONE),
                    ),
                ),
            ),
        ),
        field("error_code", INT16, 2, default=Code.NONE),
    ),
)

_NOTHING: Final = Committed(-1)


class OffsetCalls:
    """How far groups are."""

    def __init__(
        self,
        topics: Topics,
        coordinator: Coordinator,
        *,
        clock: Callable[[], int],
        steady_clock: Callable[[], int],
    ) -> None:
        self._topics = topics
        self._coordinator = coordinator
        self._clock = clock
        self._steady = steady_clock

    def table(self) -> Table:
        """List what is answered here."""
        return {OFFSET_COMMIT: self.commit, OFFSET_FETCH: self.fetch}

    async def commit(self, body: Body, _: Caller) -> Body:
        """Remember how far a group is, if a present member of the present generation says so."""
        fenced = self._fenced(body)
        accepted: dict[Position, Committed] = {}

        def check(topic: str, asked: Body) -> Body:
            if fenced:
                raise Refused(fenced)
            accepted[topic, asked["index"]] = committed(self._topics, topic, asked)
            return {"index": asked["index"]}

        topics = each_partition(body["topics"], "partitions", check, failed=failed)
        if accepted:
            self._coordinator.commit(body["group_id"], accepted, now=self._clock())
        return {"topics": topics}

    def _fenced(self, body: Body) -> Code:
        try:
            group = self._coordinator.group(body["group_id"])
        except Refused as refusal:
            return refusal.code
        return group.fence_commit(body["member_id"], body["group_instance_id"], body["generation_id"], self._steady())

    async def fetch(self, body: Body, _: Caller) -> Body:
        """Tell how far a group is, in the partitions named or (null) in all it has committed."""
        offsets = self._coordinator.offsets(body["group_id"])
        named = body["topics"]
        if named is None:
            topics: dict[str, list[int]] = {}
            for topic, index in offsets:
                topics.setdefault(topic, []).append(index)
            named = [{"name": topic, "indexes": indexes} for topic, indexes in topics.items()]
        return {
            "topics": [
                {
                    "name": topic["name"],
                    "partitions": [
                        {"index": index, **offsets.get((topic["name"], index), _NOTHING)._asdict()}
                        for index in topic["indexes"]
                    ],
                }
                for topic in named
            ]
        }


def committed(topics: Topics, topic: str, asked: Body) -> Committed:
    """Read one partition of a commit.

    Raises:
        Refused: the metadata is too long, or there is no such partition.
    """
    topics.partition(topic, asked["index"])
    metadata = asked["metadata"] or ""
    if len(metadata) > LONGEST_METADATA:
        raise Refused(Code.OFFSET_METADATA_TOO_LARGE)
    return Committed(asked["offset"], asked["leader_epoch"], metadata)


def failed(asked: Body, refusal: Refused) -> Body:
    """Tell of one partition that its commit was refused."""
    return {"index": asked["index"], "error_code": refusal.code}
