"""Reads how Kafka's topics are, and makes those that Tidings needs for itself.

aiokafka's admin client: asking for a topic by name makes it where the broker allows that, so all are listed instead;
and -1 ("the broker's default", KIP-464) is taken only together with an empty replica assignment.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidRequestError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    UnsupportedVersionError,
    for_code,
)

from bot.settings import Settings
from consumers.findings import JOURNAL, Cluster, Finding, Topic, creation, error, info, journals, judge, logs, warning

LOOK_SECONDS: Final = 15.0
BROKERS_DEFAULT: Final = -1
NO_DEFAULTS: Final = (
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidRequestError,
    UnsupportedVersionError,
)
"""How a broker answers that has no defaults for a new topic, or fewer brokers than they ask for."""


async def look(servers: str, settings: Settings) -> list[Finding]:
    """Look at the topics and tell what weakens a promise. A Kafka that can't be asked is a finding too."""
    try:
        async with _administrator(servers) as admin:
            return judge(await _cluster(admin, settings), settings)
    except (KafkaError, OSError) as failure:
        return [warning(f"Kafka's topics could not be looked at: {_said(failure)}", "see whether Kafka answers")]


async def prepare(servers: str, settings: Settings) -> list[Finding]:
    """Make the logs and the journals where they are missing; tell what was made and what could not be."""
    wanted: Mapping[str, tuple[int, Mapping[str, str]]] = {
        **dict.fromkeys(logs(settings), (BROKERS_DEFAULT, {})),
        **dict.fromkeys(journals(settings), (1, JOURNAL)),
    }
    found: list[Finding] = []
    try:
        async with _administrator(servers) as admin:
            there = set(await admin.list_topics())
            for name, (partitions, configs) in wanted.items():
                if name not in there:
                    found += await _make(admin, name, partitions, configs, settings)
    except (KafkaError, OSError) as failure:
        found.append(warning(f"Kafka's topics could not be prepared: {_said(failure)}", "see whether Kafka answers"))
    return found


async def _make(
    admin: AIOKafkaAdminClient, name: str, partitions: int, configs: Mapping[str, str], settings: Settings
) -> Sequence[Finding]:
    """Make a topic by the brokers' defaults, with one replica where they refuse those."""
    refused = await _create(admin, NewTopic(name, partitions, BROKERS_DEFAULT, {}, dict(configs)))
    if refused in NO_DEFAULTS:
        refused = await _create(admin, NewTopic(name, abs(partitions), 1, None, dict(configs)))
    if refused is TopicAlreadyExistsError:  # another process was quicker
        return []
    if refused is NoError:
        return [info(f"{name} did not exist and was made", "nothing to do")]
    what = f"{name} does not exist and could not be made: {refused.__name__}"
    return [error(what, creation(name, partitions, configs, settings))]


async def _create(admin: AIOKafkaAdminClient, wanted: NewTopic) -> type[KafkaError]:
    answer: Any = await admin.create_topics([wanted])
    refused: type[KafkaError] = for_code(answer.topic_errors[0][1])
    return refused


@asynccontextmanager
async def _administrator(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, for a bounded time. Raises KafkaError or OSError (TimeoutError is one)."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await admin.start()
            yield admin
    finally:
        await admin.close()


async def _cluster(admin: AIOKafkaAdminClient, settings: Settings) -> Cluster:
    names = {settings.topic, *logs(settings), *journals(settings)}
    brokers = (await admin.describe_cluster())["brokers"]
    told = {one["topic"]: one["partitions"] for one in await admin.describe_topics() if one["topic"] in names}
    configs: dict[str, dict[str, str]] = {}
    if told:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in told]
        answers: Sequence[Any] = await admin.describe_configs(asked)
        for code, _, _, name, entries in (resource for answer in answers for resource in answer.resources):
            if code:
                raise for_code(code)(f"the settings of {name}")
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return Cluster(
        brokers=len(brokers),
        topics={
            name: Topic(
                partitions=len(partitions),
                replicas=min((len(one["replicas"]) for one in partitions), default=0),
                configs=configs.get(name, {}),
            )
            for name, partitions in told.items()
        },
    )


def _said(failure: Exception) -> str:
    return str(failure) or type(failure).__name__
