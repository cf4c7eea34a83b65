"""A topic's configuration: https://kafka.apache.org/documentation/#topicconfigs.

Names that Kafka knows are taken and told back; those in ``TopicConfig`` also have an effect here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from consumers.embedded.broker.errors import Code, Refused

_NUMBERS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {  # name → default, least value
        "delete.retention.ms": (86_400_000, 0),
        "max.message.bytes": (1_048_588, 0),
        "retention.bytes": (-1, -1),
        "retention.ms": (604_800_000, -1),
        "segment.bytes": (16_777_216, 14),
    }
)
_TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {  # known and told, without effect here
        "compression.type": "producer",
        "file.delete.delay.ms": "60000",
        "flush.messages": "9223372036854775807",
        "flush.ms": "9223372036854775807",
        "index.interval.bytes": "4096",
        "max.compaction.lag.ms": "9223372036854775807",
        "message.timestamp.type": "CreateTime",
        "min.cleanable.dirty.ratio": "0.5",
        "min.compaction.lag.ms": "0",
        "min.insync.replicas": "1",
        "preallocate": "false",
        "segment.index.bytes": "10485760",
        "segment.jitter.ms": "0",
        "segment.ms": "604800000",
        "unclean.leader.election.enable": "false",
    }
)
_POLICY: Final = "cleanup.policy"
DEFAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {_POLICY: "delete", **_TOLD, **{name: str(default) for name, (default, _) in _NUMBERS.items()}}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicConfig:
    """What a topic was told, by Kafka's names; checked when made.

    Raises:
        Refused: a name is unknown or a value impossible.
    """

    told: Mapping[str, str] = field(default_factory=dict)
    compacted: bool = field(init=False)
    deleted: bool = field(init=False)
    delete_retention_ms: int = field(init=False)
    max_message_bytes: int = field(init=False)
    retention_bytes: int = field(init=False)
    retention_ms: int = field(init=False)
    segment_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        for name in self.told:
            if name not in DEFAULTS:
                raise Refused(Code.INVALID_CONFIG, f"Unknown topic config name: {name}")
        policies = {policy.strip() for policy in self.value(_POLICY).split(",") if policy.strip()}
        if not policies <= {"delete", "compact"}:
            raise Refused(Code.INVALID_CONFIG, f"Invalid value {self.value(_POLICY)} for configuration {_POLICY}")
        object.__setattr__(self, "compacted", "compact" in policies)
        object.__setattr__(self, "deleted", "delete" in policies)
        for name, (_, least) in _NUMBERS.items():
            object.__setattr__(self, name.replace(".", "_"), self._number(name, least))

    def value(self, name: str) -> str:
        """Give the value that holds."""
        return self.told.get(name, DEFAULTS[name])

    def _number(self, name: str, least: int) -> int:
        try:
            number = int(self.value(name))
        except ValueError:
            number = least - 1
        if number < least:
            raise Refused(Code.INVALID_CONFIG, f"Invalid value {self.value(name)} for configuration {name}")
        return number
