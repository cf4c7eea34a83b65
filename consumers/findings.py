"""What of Kafka's topics weakens a promise: a judgement over a value, each finding with its remedy."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.core import schedules
from bot.core.backoff import HOUR
from bot.settings import Settings

MARGIN: Final = 24 * HOUR
HORIZON: Final = max(schedules.SLACK.budget, schedules.WEBHOOK.budget) + MARGIN
"""How long an event may still be needed, in milliseconds: the longest a delivery is tried, and a day to act in."""
REPLICAS: Final = 3
IN_SYNC: Final = 2
JOURNAL: Final[Mapping[str, str]] = MappingProxyType({"cleanup.policy": "compact"})


class Severity(StrEnum):
    """How bad it is: good to know, a promise that holds only while all goes well, a promise that does not hold."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that an operator should know, on one line, and what to do about it."""

    severity: Severity
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as Kafka tells of it. `replicas` is that of the partition with the fewest."""

    partitions: int
    replicas: int
    configs: Mapping[str, str]

    @property
    def policies(self) -> frozenset[str]:
        """What happens to old records: delete, compact, or both."""
        return frozenset(part.strip() for part in self.configs.get("cleanup.policy", "delete").split(","))

    def number(self, name: str, default: int) -> int:
        """A setting that is a number."""
        return int(self.configs.get(name) or default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The topics that may be seen, by name, and how many brokers there are."""

    brokers: int
    topics: Mapping[str, Topic]


def journals(settings: Settings) -> tuple[str, ...]:
    """The compacted topics."""
    return settings.subscriptions_topic, settings.registry_topic, settings.parked_topic


def logs(settings: Settings) -> tuple[str, ...]:
    """What Tidings writes down for others, a record after the other."""
    return settings.dead_topic, settings.feedback_topic


def judge(cluster: Cluster, settings: Settings) -> list[Finding]:
    """Tell everything about the topics that weakens a promise."""
    events = settings.topic
    found: list[Finding] = []
    if cluster.brokers == 1:
        what = "Kafka has a single broker: every record is as safe as its disk"
        found.append(info(what, f"fine for a trial; else three brokers, replication {REPLICAS}"))
    for name in (events, *logs(settings), *journals(settings)):
        topic = cluster.topics.get(name)
        if topic is None:
            found.append(_missing(name, settings))
            continue
        found += _judge_safety(name, topic, settings) if cluster.brokers > 1 else []
        if name in journals(settings):
            found += _judge_journal(name, topic, settings)
        elif "compact" in topic.policies:
            what = f"{name} is compacted: of records with the same key only the last remains, others may vanish unread"
            found.append(warning(what, _alter(name, "cleanup.policy=delete", settings)))
    if events in cluster.topics:
        found += _judge_retention(events, cluster.topics[events], settings)
    return found


def _judge_safety(name: str, topic: Topic, settings: Settings) -> list[Finding]:
    found = []
    in_sync = topic.number("min.insync.replicas", 1)
    if topic.replicas < REPLICAS:
        what = f"{name} has {topic.replicas} replica(s): losing as many brokers loses records"
        found.append(warning(what, f"raise it to {REPLICAS} with kafka-reassign-partitions.sh"))
    if in_sync > topic.replicas:
        what = f"{name} asks for {in_sync} replicas in sync and has {topic.replicas}: nothing can be written to it"
        found.append(error(what, _alter(name, f"min.insync.replicas={max(1, topic.replicas - 1)}", settings)))
    elif in_sync < IN_SYNC:
        what = f"{name} takes a record as written with {in_sync} replica in sync (min.insync.replicas)"
        found.append(warning(what, _alter(name, f"min.insync.replicas={IN_SYNC}", settings)))
    if topic.configs.get("unclean.leader.election.enable") == "true":
        what = f"{name} lets a replica that lags lead (unclean.leader.election.enable): records may vanish"
        found.append(warning(what, _alter(name, "unclean.leader.election.enable=false", settings)))
    return found


def _judge_journal(name: str, topic: Topic, settings: Settings) -> list[Finding]:
    found = []
    if topic.policies != {"compact"}:
        policy = ",".join(sorted(topic.policies))
        what = f"{name} has cleanup.policy={policy}: what it keeps would vanish after its retention"
        found.append(error(what, _alter(name, "cleanup.policy=compact", settings)))
    if topic.partitions != 1:
        what = f"{name} has {topic.partitions} partitions: it is read as one history and must have one"
        again = f"kafka-topics.sh --bootstrap-server {settings.kafka} --delete --topic {name}"
        found.append(error(what, f"while it is empty: {again}, and start again"))
    return found


def _judge_retention(name: str, topic: Topic, settings: Settings) -> list[Finding]:
    found = []
    kept = topic.number("retention.ms", -1)
    if 0 <= kept < HORIZON:
        tried = (HORIZON - MARGIN) / HOUR
        what = (
            f"{name} keeps records for {kept / HOUR:.0f} h and deliveries are tried for up to {tried:.0f} h: "
            "an event that is still needed may be gone when Redis is lost"
        )
        found.append(warning(what, _alter(name, f"retention.ms={HORIZON}", settings)))
    limit = topic.number("retention.bytes", -1)
    if limit >= 0:
        what = (
            f"{name} is cut at {limit} bytes a partition (retention.bytes): a burst removes records before their time"
        )
        found.append(info(what, _alter(name, "retention.bytes=-1", settings)))
    return found


def _missing(name: str, settings: Settings) -> Finding:
    if name == settings.topic:
        what = f"{name} does not exist, or may not be seen: ingest waits for it"
        return warning(
            what, f"publish an event where Kafka makes topics by itself, else: {creation(name, 6, {}, settings)}"
        )
    made = creation(name, 1, {} if name in logs(settings) else JOURNAL, settings)
    return error(f"{name} does not exist, or may not be seen", f"the ingest role makes it at its start, else: {made}")


def creation(name: str, partitions: int, configs: Mapping[str, str], settings: Settings) -> str:
    """The command that makes a topic; the brokers' defaults hold for what is not told (-1 partitions: neither)."""
    told = "".join(f" --config {key}={value}" for key, value in configs.items())
    count = f" --partitions {partitions}" if partitions > 0 else ""
    return f"kafka-topics.sh --bootstrap-server {settings.kafka} --create --topic {name}{count}{told}"


def _alter(name: str, config: str, settings: Settings) -> str:
    where = f"--bootstrap-server {settings.kafka} --alter --entity-type topics --entity-name {name}"
    return f"kafka-configs.sh {where} --add-config {config}"


def info(what: str, remedy: str) -> Finding:
    """Good to know."""
    return Finding(severity=Severity.INFO, what=what, remedy=remedy)


def warning(what: str, remedy: str) -> Finding:
    """A promise that holds only while all goes well."""
    return Finding(severity=Severity.WARNING, what=what, remedy=remedy)


def error(what: str, remedy: str) -> Finding:
    """A promise that does not hold."""
    return Finding(severity=Severity.ERROR, what=what, remedy=remedy)
