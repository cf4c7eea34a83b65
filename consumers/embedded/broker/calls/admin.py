"""CreateTopics, DeleteTopics, CreatePartitions, and the configurations."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from aiokafka.protocol.types import Array

from consumers.embedded.broker.calls.cluster import NODE_ID
from consumers.embedded.broker.calls.family import Caller, Table, code_of
from consumers.embedded.broker.configs import DEFAULTS, TopicConfig
from consumers.embedded.broker.coordinator import Coordinator
from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.shape import BOOL, INT8, INT16, INT32, STRING, Body, field, throttle
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.wire import Api

_RESULT = (field("error_code", INT16, default=Code.NONE), field("error_message", STRING, 1, default=None))

CREATE_TOPICS: Final = Api(
    key=19,
    versions=(0, 4),
    request=(
        field(
            "topics",
            (
                field("name", STRING),
                field("num_partitions", INT32),
                field("replication_factor", INT16),
                field("assignments", (field("index", INT32), field("brokers", Array(INT32)))),
                field("configs", (field("name", STRING), field("value", STRING, nullable=True))),
            ),
        ),
        field("timeout_ms", INT32),
        field("validate_only", BOOL, 1, default=False),
    ),
    response=(throttle(2), field("topics", (field("name", STRING), *_RESULT))),
)

DELETE_TOPICS: Final = Api(
    key=20,
    versions=(0, 3),
    request=(field("names", Array(STRING)), field("timeout_ms", INT32)),
    response=(throttle(1), field("topics", (field("name", STRING), field("error_code", INT16)))),
)

CREATE_PARTITIONS: Final = Api(
    key=37,
    versions=(0, 1),
    request=(
        # the protocol guide nests count and assignments in a record of their own, which is the same bytes
        field(
            "topics",
            (field("name", STRING), field("count", INT32), field("assignments", Array(Array(INT32)), nullable=True)),
        ),
        field("timeout_ms", INT32),
        field("validate_only", BOOL),
    ),
    response=(
        throttle(0),
        field(
            "topics",
            (
                field("name", STRING),
                field("error_code", INT16, default=Code.NONE),
                field("error_message", STRING, default=None),
            ),
        ),
    ),
)

DESCRIBE_CONFIGS: Final = Api(
    key=32,
    versions=(0, 2),
    request=(
        field("resources", (field("type", INT8), field("name", STRING), field("keys", Array(STRING), nullable=True))),
        field("include_synonyms", BOOL, 1, default=False),
    ),
    response=(
        throttle(0),
        field(
            "resources",
            (
                field("error_code", INT16, default=Code.NONE),
                field("error_message", STRING, default=None),
                field("type", INT8),
                field("name", STRING),
                field(
                    "configs",
                    (
                        field("name", STRING),
                        field("value", STRING, nullable=True),
                        field("read_only", BOOL, default=False),
                        field("is_default", BOOL, until=0),
                        field("source", INT8, 1),
                        field("is_sensitive", BOOL, default=False),
                        field(
                            "synonyms",
                            (field("name", STRING), field("value", STRING, nullable=True), field("source", INT8)),
                            1,
                            default=(),
                        ),
                    ),
                    default=(),
                ),
            ),
        ),
    ),
)

_CONFIGURED = (
    throttle(0),
    field(
        "resources",
        (
            field("error_code", INT16, default=Code.NONE),
            field("error_message", STRING, default=None),
            field("type", INT8),
            field("name", STRING),
        ),
    ),
)

ALTER_CONFIGS: Final = Api(
    key=33,
    versions=(0, 1),
    request=(
        field(
            "resources",
            (
                field("type", INT8),
                field("name", STRING),
                field("configs", (field("name", STRING), field("value", STRING, nullable=True))),
            ),
        ),
        field("validate_only", BOOL),
    ),
    response=_CONFIGURED,
)

INCREMENTAL_ALTER_CONFIGS: Final = Api(
    key=44,
    versions=(0, 0),
    request=(
        field(
            "resources",
            (
                field("type", INT8),
                field("name", STRING),
                field(
                    "configs", (field("name", STRING), field("operation", INT8), field("value", STRING, nullable=True))
                ),
            ),
        ),
        field("validate_only", BOOL),
    ),
    response=_CONFIGURED,
)

_TOPIC, _BROKER = 2, 4
"""Types of resource (``ConfigResource.Type``)."""
_FROM_TOPIC, _FROM_DEFAULT = 1, 5
"""Sources of a value (KIP-226)."""


class AdminCalls:
    """What an administrator may do."""

    def __init__(self, topics: Topics, coordinator: Coordinator, *, clock: Callable[[], int]) -> None:
        self._topics = topics
        self._coordinator = coordinator
        self._clock = clock

    def table(self) -> Table:
        """List what is answered here."""
        return {
            CREATE_TOPICS: self.create_topics,
            DELETE_TOPICS: self.delete_topics,
            CREATE_PARTITIONS: self.create_partitions,
            DESCRIBE_CONFIGS: self.describe_configs,
            ALTER_CONFIGS: self.alter_configs,
            INCREMENTAL_ALTER_CONFIGS: self.incremental_alter_configs,
        }

    async def create_topics(self, body: Body, _: Caller) -> Body:
        """Create topics, or only tell whether they could be."""

        def create(asked: Body) -> None:
            name = asked["name"]
            partitions = len(asked["assignments"]) or asked["num_partitions"]
            told = {one["name"]: one["value"] for one in asked["configs"] if one["value"] is not None}
            if not asked["assignments"] and asked["replication_factor"] not in {-1, 1}:
                raise Refused(Code.INVALID_REPLICATION_FACTOR, "there is one broker")
            if body["validate_only"]:
                self._topics.check(name, partitions, told)
            else:
                self._topics.create(name, partitions, told, now=self._clock())

        return {"topics": [{"name": asked["name"], **_result(create, asked)} for asked in body["topics"]]}

    async def delete_topics(self, body: Body, _: Caller) -> Body:
        """Delete topics with all they hold."""

        def delete(name: str) -> None:
            self._topics.delete(name, now=self._clock())
            self._coordinator.forget_topic(name, now=self._clock())

        return {"topics": [{"name": name, "error_code": code_of(partial(delete, name))} for name in body["names"]]}

    async def create_partitions(self, body: Body, _: Caller) -> Body:
        """Add partitions to topics."""

        def grow(asked: Body) -> None:
            if body["validate_only"]:
                self._topics.partitions(asked["name"])
            else:
                self._topics.grow(asked["name"], asked["count"], now=self._clock())

        return {"topics": [{"name": asked["name"], **_result(grow, asked)} for asked in body["topics"]]}

    async def describe_configs(self, body: Body, _: Caller) -> Body:
        """Tell the configuration of topics; of the broker there is none to tell."""

        def describe(asked: Body) -> list[Body]:
            if asked["type"] == _TOPIC:
                return _described(self._topics.config(asked["name"]), asked["keys"])
            if (asked["type"], asked["name"]) == (_BROKER, str(NODE_ID)):
                return []
            raise Refused(Code.INVALID_REQUEST)

        def answered(asked: Body) -> Body:
            about = {"type": asked["type"], "name": asked["name"]}
            try:
                return {**about, "configs": describe(asked)}
            except Refused as refusal:
                return {**about, "error_code": refusal.code, "error_message": str(refusal)}

        return {"resources": [answered(asked) for asked in body["resources"]]}

    async def alter_configs(self, body: Body, _: Caller) -> Body:
        """Replace configurations."""

        def replace(asked: Body) -> None:
            told = {one["name"]: one["value"] for one in asked["configs"] if one["value"] is not None}
            self._configure(asked, told, only_check=body["validate_only"])

        return _configured(body, replace)

    async def incremental_alter_configs(self, body: Body, _: Caller) -> Body:
        """Change single values (KIP-339): set, delete, append to a list, subtract from it."""

        def change(asked: Body) -> None:
            told = dict(self._topics.config(asked["name"]).told) if asked["type"] == _TOPIC else {}
            for one in asked["configs"]:
                _apply(told, one)
            self._configure(asked, told, only_check=body["validate_only"])

        return _configured(body, change)

    def _configure(self, asked: Body, told: Mapping[str, str], *, only_check: bool) -> None:
        if asked["type"] != _TOPIC:
            raise Refused(Code.INVALID_REQUEST, "only topics have a configuration here")
        if only_check:
            self._topics.config(asked["name"])
            TopicConfig(told=told)
        else:
            self._topics.configure(asked["name"], told, now=self._clock())


def _result(action: Callable[[Body], None], asked: Body) -> Body:
    try:
        action(asked)
    except Refused as refusal:
        return {"error_code": refusal.code, "error_message": str(refusal)}
    return {}


def _configured(body: Body, action: Callable[[Body], None]) -> Body:
    return {
        "resources": [
            {"type": asked["type"], "name": asked["name"], **_result(action, asked)} for asked in body["resources"]
        ]
    }


def _described(config: TopicConfig, names: list[str] | None) -> list[Body]:
    return [
        {
            "name": name,
            "value": config.value(name),
            "is_default": name not in config.told,
            "source": _FROM_TOPIC if name in config.told else _FROM_DEFAULT,
        }
        for name in DEFAULTS
        if names is None or name in names
    ]


def _apply(told: dict[str, str], change: Body) -> None:
    name, value = change["name"], change["value"] or ""
    listed = [one for one in told.get(name, DEFAULTS.get(name, "")).split(",") if one]
    match change["operation"]:
        case 0:
            told[name] = value
        case 1:
            told.pop(name, None)
        case 2:
            told[name] = ",".join([*listed, *(one for one in value.split(",") if one not in listed)])
        case 3:
            told[name] = ",".join(one for one in listed if one not in value.split(","))
        case operation:
            raise Refused(Code.INVALID_REQUEST, f"unknown operation {operation}")
