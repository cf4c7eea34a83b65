from typing import Any

import pytest

from bot.core import schedules
from bot.core.backoff import Schedule
from bot.settings import load
from consumers.findings import HORIZON, Cluster, Severity, Topic, creation, judge

SETTINGS = load(frozenset(), env_file=None, kafka="kafka:9092")
GOOD = {"min.insync.replicas": "2", "cleanup.policy": "delete", "retention.ms": str(HORIZON), "retention.bytes": "-1"}
JOURNAL = {**GOOD, "cleanup.policy": "compact"}


def topic(*, partitions: int = 1, replicas: int = 3, **changes: str) -> Topic:
    configs = {**GOOD, **{name.replace("_", "."): value for name, value in changes.items()}}
    return Topic(partitions=partitions, replicas=replicas, configs=configs)


def cluster(*, brokers: int = 3, **changes: Topic | None) -> Cluster:
    topics: dict[str, Topic | None] = {
        "events": topic(partitions=6),
        "dead": topic(),
        "feedback": topic(),
        "subscriptions": topic(cleanup_policy="compact"),
        "registry": topic(cleanup_policy="compact"),
        "parked": topic(cleanup_policy="compact"),
        **changes,
    }
    return Cluster(brokers=brokers, topics={f"inference.{name}": one for name, one in topics.items() if one})


def test_topics_as_they_should_be_leave_nothing_to_say() -> None:
    assert judge(cluster(), SETTINGS) == []


def test_a_single_broker_gets_one_gentle_line() -> None:
    lonely: dict[str, Any] = {
        name: topic(replicas=1, min_insync_replicas="1") for name in ("events", "dead", "feedback")
    }
    journal = topic(replicas=1, min_insync_replicas="1", cleanup_policy="compact")
    (only,) = judge(cluster(brokers=1, subscriptions=journal, registry=journal, parked=journal, **lonely), SETTINGS)
    assert only.severity is Severity.INFO
    assert "single broker" in only.what


@pytest.mark.parametrize(
    ("changed", "severity", "what", "remedy"),
    [
        pytest.param({"events": topic(replicas=2)}, "warning", "2 replica", "reassign", id="too few replicas"),
        pytest.param({"dead": topic(min_insync_replicas="1")}, "warning", "1 replica in sync", "=2", id="one in sync"),
        pytest.param(
            {"dead": topic(min_insync_replicas="4")}, "error", "nothing can be written", "=2", id="more than there are"
        ),
        pytest.param(
            {"events": topic(unclean_leader_election_enable="true")}, "warning", "lags", "=false", id="unclean election"
        ),
        pytest.param(
            {"events": topic(cleanup_policy="compact,delete")}, "warning", "compacted", "=delete", id="compact"
        ),
        pytest.param(
            {"events": topic(retention_ms=str(HORIZON - 1))}, "warning", "72 h", f"={HORIZON}", id="retention"
        ),
        pytest.param({"events": topic(retention_bytes="1000")}, "info", "1000 bytes", "=-1", id="retention by size"),
        pytest.param({"events": None}, "warning", "ingest waits", "--create", id="no events topic"),
        pytest.param({"dead": None}, "error", "does not exist", "--create", id="no dead-letter topic"),
        pytest.param({"parked": None}, "error", "does not exist", "--config cleanup.policy=compact", id="no journal"),
        pytest.param({"parked": topic()}, "error", "cleanup.policy=delete", "=compact", id="a journal that forgets"),
        pytest.param(
            {"parked": topic(cleanup_policy="compact, delete")}, "error", "compact,delete", "=compact", id="or half so"
        ),
        pytest.param(
            {"subscriptions": topic(partitions=3, cleanup_policy="compact")},
            "error",
            "3 partitions",
            "--delete",
            id="a journal in pieces",
        ),
    ],
)
def test_what_weakens_a_promise_is_told_with_its_remedy(
    changed: dict[str, Any], severity: str, what: str, remedy: str
) -> None:
    (name,) = changed
    (only,) = judge(cluster(**changed), SETTINGS)
    assert only.severity == severity
    assert f"inference.{name}" in only.what
    assert what in only.what
    assert remedy in only.remedy
    assert "reassign" in only.remedy or f"inference.{name}" in only.remedy
    assert "\n" not in only.what + only.remedy


def test_records_kept_for_ever_or_just_long_enough_are_kept_long_enough() -> None:
    for kept in ("-1", str(HORIZON)):
        assert judge(cluster(events=topic(retention_ms=kept)), SETTINGS) == []


def test_the_horizon_covers_the_longest_budget_of_all_schedules() -> None:
    budgets = [one.budget for one in vars(schedules).values() if isinstance(one, Schedule)]
    assert len(budgets) >= 2
    assert max(budgets) < HORIZON


def test_a_command_names_the_servers_the_topic_and_what_is_told() -> None:
    assert creation("t", -1, {}, SETTINGS) == "kafka-topics.sh --bootstrap-server kafka:9092 --create --topic t"
    assert creation("t", 1, {"a": "b"}, SETTINGS).endswith("--topic t --partitions 1 --config a=b")
