"""The same service, unmodified, at somebody else's Slack: `SLACK_API_URL` is all that changes.

The other server is local-slack (github.com/parvalabs/local-slack), which has its own ideas of Slack: nothing of it is
ours. Tell how it is started, and these tests run:

    TIDINGS_LOCAL_SLACK="bun PATH/server/src/cli.ts" .venv/bin/pytest tests/walk/test_another_slack.py
"""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import yaml
from aiokafka import AIOKafkaProducer

from bot.settings import Role, Settings, load
from consumers.embedded.valkey import free_port
from tests.walk.parts import cloudevent, eventually
from tests.walk.test_run import ready, running

COMMAND = os.environ.get("TIDINGS_LOCAL_SLACK", "")
ANA, CHANNEL = "U01ALICE", "C01GEN"

pytestmark = pytest.mark.skipif(not COMMAND, reason="TIDINGS_LOCAL_SLACK does not say how local-slack is started")


@dataclass
class LocalSlack:
    url: str
    mode: str
    port: int
    session: aiohttp.ClientSession

    async def control(self, path: str, **body: Any) -> Any:
        async with self.session.request("POST" if body else "GET", f"{self.url}/_control/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def command(self, text: str) -> None:
        await self.control("command", channel=CHANNEL, user=ANA, command="/tidings", text=text)

    async def said(self, needle: str) -> bool:
        """Whether the text occurs in anything that the app sent: a call, an answer, a message."""
        log = (await self.control("log"))["log"]
        calls = [entry for entry in log if entry["direction"] == "from_bot"]
        return any(needle in str(entry) for entry in [*calls, *await self.messages()])

    async def says(self, needle: str) -> None:
        async def heard() -> bool:
            return await self.said(needle)

        await eventually(heard)

    async def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.control(f"messages/{CHANNEL}"))["messages"]
        return found


@pytest.fixture(params=["socket", "events"])
async def local_slack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LocalSlack]:
    port, ours = free_port(), free_port()
    config = {
        "workspace": {"name": "Elsewhere", "domain": "elsewhere", "teamId": "T01TEST"},
        "app": {
            "appId": "A01APP",
            "botUserId": "U0BOT",
            "botName": "tidings",
            "botToken": "xoxb-elsewhere",
            "appToken": "xapp-elsewhere",
            "signingSecret": "elsewhere",
            "mode": request.param,
            "requestUrl": f"http://127.0.0.1:{ours}/slack/events",
        },
        "users": [{"id": ANA, "name": "alice", "real_name": "Alice Anderson", "email": "alice@example.com"}],
        "channels": [{"id": CHANNEL, "name": "general", "members": [ANA, "U0BOT"]}],
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    words = [*shlex.split(COMMAND), "--config", str(tmp_path / "config.yaml"), "--port", str(port)]
    program = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    async with aiohttp.ClientSession() as session:
        made = LocalSlack(f"http://localhost:{port}", request.param, ours, session)

        async def answers() -> bool:
            try:
                await made.control("state")
            except aiohttp.ClientError:
                return False
            return True

        try:
            await eventually(answers)
            yield made
        finally:
            program.terminate()
            await program.wait()


@pytest.fixture
def settings(
    kafka_address: str, redis_url: str, topic: str, local_slack: LocalSlack, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    monkeypatch.setenv("SLACK_API_URL", f"{local_slack.url}/api/")
    return load(
        frozenset(Role),
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        dead_topic=f"{topic}-dead",
        group=topic,
        namespace=uuid4().hex,
        secret="s" * 40,
        slack_bot_token="xoxb-elsewhere",
        slack_app_token="xapp-elsewhere" if local_slack.mode == "socket" else "",
        slack_signing_secret="elsewhere",
        host="127.0.0.1",
        port=local_slack.port,
        drain_seconds=5,
    )


async def test_people_subscribe_and_are_told_at_a_slack_that_is_not_ours(
    settings: Settings, local_slack: LocalSlack, kafka: AIOKafkaProducer
) -> None:
    async with running(settings) as made:
        await eventually(lambda: ready(made))
        await local_slack.command("help")
        await local_slack.says("/tidings subscribe")
        await local_slack.command("subscribe status:fialed")
        await local_slack.says("did you mean failed")
        await local_slack.command("subscribe status:failed")
        await local_slack.says("Subscribed.")
        await local_slack.command("list")
        await local_slack.says("Your subscriptions and this channel's")
        await local_slack.control("open-home", user=ANA)
        await local_slack.says("views.publish")
        await kafka.send_and_wait(settings.topic, cloudevent(1, status="failed"))

        async def told() -> bool:
            return any(one.get("subtype") != "ephemeral" for one in await local_slack.messages())

        await eventually(told)
        (message,) = [one for one in await local_slack.messages() if one.get("subtype") != "ephemeral"]
        assert message["blocks"]
