"""Reading and making topics, on both brokers."""

from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ClusterAuthorizationFailedError, InvalidReplicationFactorError

from bot.settings import Settings, load
from consumers.findings import Severity, journals, logs
from consumers.topics import look, prepare
from tests.contracts.test_kafka import administrator, configs, eventually


@pytest.fixture
def settings(kafka: str) -> Settings:
    name = uuid4().hex[:10]
    topics = {f"{kind}_topic": f"{kind}-{name}" for kind in ("dead", "feedback", "subscriptions", "registry", "parked")}
    return load(frozenset(), env_file=None, kafka=kafka, topic=f"events-{name}", **topics)


async def names(settings: Settings) -> list[bool]:
    async with administrator(settings.kafka) as admin:
        there = await admin.list_topics()
    wanted = (settings.topic, *logs(settings), *journals(settings))
    return [name in there for name in wanted]


async def test_what_is_missing_is_made_once_as_it_should_be(settings: Settings) -> None:
    made = await prepare(settings.kafka, settings)
    assert [finding.severity for finding in made] == [Severity.INFO] * 5
    await eventually(lambda: names(settings), [False, *[True] * 5])
    assert await prepare(settings.kafka, settings) == []
    async with administrator(settings.kafka) as admin:
        for name in journals(settings):
            assert (await configs(admin, name))["cleanup.policy"] == "compact"
            (topic,) = await admin.describe_topics([name])
            assert len(topic["partitions"]) == 1
    found = await look(settings.kafka, settings)
    assert [(one.severity, one.what.split()[0]) for one in found] == [
        (Severity.INFO, "Kafka"),
        (Severity.WARNING, settings.topic),
    ]


async def test_looking_makes_nothing_and_tells_what_is_missing(settings: Settings) -> None:
    found = await look(settings.kafka, settings)
    assert sum("does not exist" in one.what for one in found) == 6
    assert await names(settings) == [False] * 6


async def test_what_is_wrong_is_found_in_what_the_broker_tells(settings: Settings) -> None:
    short = {"retention.ms": "3600000", "retention.bytes": "1000000", "cleanup.policy": "compact"}
    async with administrator(settings.kafka) as admin:
        await admin.create_topics(
            [
                NewTopic(settings.topic, 2, 1, topic_configs=short),
                NewTopic(settings.dead_topic, 1, 1),
                NewTopic(settings.feedback_topic, 1, 1),
                NewTopic(settings.subscriptions_topic, 2, 1),
                NewTopic(settings.registry_topic, 1, 1, topic_configs={"cleanup.policy": "compact"}),
                NewTopic(settings.parked_topic, 1, 1, topic_configs={"cleanup.policy": "compact"}),
            ]
        )
    await eventually(lambda: names(settings), [True] * 6)
    found = [one.what for one in await look(settings.kafka, settings)]
    assert [what.split(":")[0].partition(" ")[2] for what in found] == [
        "has a single broker",
        "is compacted",
        "has cleanup.policy=delete",
        "has 2 partitions",
        "keeps records for 1 h and deliveries are tried for up to 72 h",
        "is cut at 1000000 bytes a partition (retention.bytes)",
    ]


async def test_a_kafka_that_is_away_is_a_finding(settings: Settings) -> None:
    for ask in (look, prepare):
        (only,) = await ask("127.0.0.1:1", settings)
        assert only.severity is Severity.WARNING
        assert "127.0.0.1" in only.what


@pytest.mark.parametrize(
    ("refusal", "tries"), [(InvalidReplicationFactorError, 2), (ClusterAuthorizationFailedError, 1)]
)
async def test_a_topic_that_can_not_be_made_is_told_with_the_command_that_would(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, refusal: Any, tries: int
) -> None:
    asked: list[tuple[str, int]] = []

    class Refusal:
        topic_errors = ((settings.dead_topic, refusal.errno, "no"),)

    async def refuse(_: Any, topics: list[NewTopic]) -> Any:
        asked.extend((one.name, one.replication_factor) for one in topics)
        return Refusal()

    monkeypatch.setattr(AIOKafkaAdminClient, "create_topics", refuse)
    found = await prepare(settings.kafka, settings)
    assert [one.severity for one in found] == [Severity.ERROR] * 5
    assert "--config cleanup.policy=compact" in found[2].remedy
    assert [replicas for name, replicas in asked if name == settings.dead_topic] == [-1, 1][:tries]
