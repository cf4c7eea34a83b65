"""Metadata, FindCoordinator: where things are. Everything is here."""

from collections.abc import Callable
from typing import Final

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.family import Caller, Table
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.shape import BOOL, INT8, INT16, INT32, STRING, Body, field, throttle
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.wire import Api

_UNKNOWN_OPERATIONS: Final = -2_147_483_648
"""``authorized_operations`` of a cluster without authorization (KIP-430)."""

METADATA: Final = Api(
    key=3,
    versions=(0, 8),
    request=(
        field("topics", Array(STRING), nullable=True),
        field("allow_auto_topic_creation", BOOL, 4, default=True),
        field("include_cluster_authorized_operations", BOOL, 8),
        field("include_topic_authorized_operations", BOOL, 8),
    ),
    response=(
        throttle(3),
        field(
            "brokers",
            (
                field("node_id", INT32),
                field("host", STRING),
                field("port", INT32),
                field("rack", STRING, 1, default=None),
            ),
        ),
        field("cluster_id", STRING, 2),
        field("controller_id", INT32, 1),
        field(
            "topics",
            (
                field("error_code", INT16, default=Code.NONE),
                field("name", STRING),
                field("is_internal", BOOL, 1, default=False),
                field(
                    "partitions",
                    (
                        field("error_code", INT16, default=Code.NONE),
                        field("index", INT32),
                        field("leader_id", INT32),
                        field("leader_epoch", INT32, 7, default=-1),
                        field("replicas", Array(INT32)),
                        field("isr", Array(INT32)),
                        field("offline_replicas", Array(INT32), 5, default=()),
                    ),
                    default=(),
                ),
                field("authorized_operations", INT32, 8, default=_UNKNOWN_OPERATIONS),
            ),
        ),
        field("authorized_operations", INT32, 8, default=_UNKNOWN_OPERATIONS),
    ),
)

FIND_COORDINATOR: Final = Api(
    key=10,
    versions=(0, 2),
    request=(field("key", STRING), field("key_type", INT8, 1)),
    response=(
        throttle(1),
        field("error_code", INT16, default=Code.NONE),
        field("error_message", STRING, 1, default=None),
        field("node_id", INT32),
        field("host", STRING),
        field("port", INT32),
    ),
)

NODE_ID: Final = 1
CLUSTER_ID: Final = "tidings-embedded"


class ClusterCalls:
    """One node that leads every partition and coordinates every group."""

    def __init__(self, topics: Topics, *, host: str, port: int, clock: Callable[[], int]) -> None:
        self._topics = topics
        self._host = host
        self._port = port
        self._clock = clock

    def table(self) -> Table:
        """List what is answered here."""
        return {METADATA: self.metadata, FIND_COORDINATOR: self.find_coordinator}

    async def metadata(self, body: Body, caller: Caller) -> Body:
        """Describe topics: those named, which are created if need be, or all (null; in version 0 an empty list)."""
        named = body["topics"]
        everything = named is None or (caller.version == 0 and not named)
        return {
            "brokers": [{"node_id": NODE_ID, "host": self._host, "port": self._port}],
            "cluster_id": CLUSTER_ID,
            "controller_id": NODE_ID,
            "topics": [
                self._topic(name, create=body["allow_auto_topic_creation"] and not everything)
                for name in (self._topics.names() if everything else named)
            ],
        }

    def _topic(self, name: str, *, create: bool) -> Body:
        try:
            if create and name not in self._topics:
                self._topics.create(name, -1, {}, now=self._clock())
            partitions = self._topics.partitions(name)
        except Refused as refusal:
            return {"error_code": refusal.code, "name": name}
        return {
            "name": name,
            "partitions": [
                {"index": partition.index, "leader_id": NODE_ID, "replicas": [NODE_ID], "isr": [NODE_ID]}
                for partition in partitions
            ],
        }

    async def find_coordinator(self, _: Body, __: Caller) -> Body:
        """Name this node."""
        return {"node_id": NODE_ID, "host": self._host, "port": self._port}
