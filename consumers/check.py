"""`tidings check`: every dependency looked at once, one line each, with the fix where one is needed."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.manifest import manifest
from consumers import durability, findings, topics


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look found. `fix` tells what to do and is empty when all is well."""

    what: str
    found: str
    fix: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done."""
        return not self.fix


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything; a look that fails is a finding, never an exception."""
    for look in (_redis, _kafka, _slack):
        for finding in await look(settings):
            yield finding
    yield _manifest()


async def _redis(settings: Settings) -> Sequence[Finding]:
    client = Redis.from_url(settings.redis, decode_responses=True, socket_connect_timeout=5)
    try:
        info = await client.info("server")
        weak = await durability.look(client)
    except (RedisError, OSError, TimeoutError) as error:
        return [Finding(what="Redis", found=str(error), fix="Start it, or set TIDINGS_REDIS to where it listens.")]
    finally:
        await client.aclose()
    return [Finding(what="Redis", found=f"version {info['redis_version']}"), *_weaknesses("Redis durability", weak)]


def _weaknesses(what: str, found: Sequence[findings.Finding]) -> list[Finding]:
    """What weakens a promise needs mending; what is only good to know doesn't."""
    if not found:
        return [Finding(what=what, found="nothing weakens a promise")]
    return [
        Finding(what=what, found=one.what, fix="" if one.severity is findings.Severity.INFO else one.remedy)
        for one in found
    ]


async def _kafka(settings: Settings) -> Sequence[Finding]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=5_000)
    try:
        await admin.start()
        there = set(await admin.list_topics())
        described = {topic["topic"]: topic for topic in await admin.describe_topics([settings.topic])}
    except (KafkaError, OSError, TimeoutError) as error:
        fix = "Start it, or set TIDINGS_KAFKA to its bootstrap servers."
        return [Finding(what="Kafka", found=f"{settings.kafka}: {str(error) or type(error).__name__}", fix=fix)]
    finally:
        await admin.close()
    found = [Finding(what="Kafka", found=settings.kafka)]
    for topic, purpose in ((settings.topic, "events"), (settings.dead_topic, "dead letters")):
        if topic not in there:
            fix = f"Create it: kafka-topics.sh --create --topic {topic} --bootstrap-server {settings.kafka}"
            found.append(Finding(what=f"Topic for {purpose}", found=f"{topic} does not exist", fix=fix))
        else:
            parts = len(described[topic]["partitions"]) if topic in described else None
            found.append(
                Finding(
                    what=f"Topic for {purpose}", found=topic + (f", {parts} partitions" if parts is not None else "")
                )
            )
    return [*found, *_weaknesses("Kafka topics", await topics.look(settings.kafka, settings))]


async def _slack(settings: Settings) -> Sequence[Finding]:
    token = settings.slack_bot_token.get_secret_value()
    if settings.slack_client_id:
        return [Finding(what="Slack", found=f"installed at {settings.public_url}/slack/install, by many")]
    if not token:
        return [
            Finding(what="Slack", found="no token", fix="Set TIDINGS_SLACK_BOT_TOKEN (your app > OAuth & Permissions).")
        ]
    client = AsyncWebClient(token=token, base_url=settings.slack_api_url, retry_handlers=[], timeout=10)
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return [
            Finding(
                what="Slack",
                found=str(error.response.get("error")),
                fix="Install the app again and copy its bot token.",
            )
        ]
    except (OSError, TimeoutError) as error:
        found = f"{settings.slack_api_url}: {str(error) or type(error).__name__}"
        return [Finding(what="Slack", found=found, fix="Check the network and TIDINGS_SLACK_API_URL.")]
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")}
    wanted = set(yaml.safe_load(manifest(socket_mode=True))["oauth_config"]["scopes"]["bot"])
    missing = sorted(wanted - granted)
    return [
        Finding(what="Slack", found=f"{answer['user']} in {answer['team']}"),
        Finding(
            what="Slack scopes",
            found=f"{len(wanted) - len(missing)} of {len(wanted)}",
            fix=f"Add {', '.join(missing)} under OAuth & Permissions and install the app again." if missing else "",
        ),
        Finding(what="Slack events", found="Socket Mode" if settings.slack_app_token.get_secret_value() else "HTTP"),
    ]


def _manifest() -> Finding:
    document = yaml.safe_load(manifest(socket_mode=False))
    commands = ", ".join(command["command"] for command in document["features"]["slash_commands"])
    return Finding(what="Manifest", found=commands)
