"""The whole service around a sandbox, with two subscriptions: a private channel's and a public one's."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiokafka import AIOKafkaProducer

from bot.core.cloudevent import encode
from bot.core.event import Event
from bot.sandbox.manifest import APP_TOKEN, BOT_TOKEN
from bot.slack.manifest import manifest
from consumers.demo.workspace import Workspace
from consumers.embedded.servers import child, embedded_kafka, embedded_redis
from consumers.kafka import producer
from tests.gallery.cases import PRIVATE, PUBLIC, Case
from tests.walk.parts import eventually

WHO = "tomas.okafor"
TOPIC = "inference.events"
QUIET_SECONDS = 4.0
"""Nothing new for so long: all that a case leads to is there."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """What is there to play on."""

    workspace: Workspace
    session: aiohttp.ClientSession
    kafka: AIOKafkaProducer

    async def play(self, case: Case) -> str:
        """Publish the case's events; the ts of the message to picture, once all of it can be seen."""
        seen = (await self._ledger(0))["next"]
        for step in case.steps:
            before = (await self._ledger(0))["next"]
            await asyncio.gather(*[await self._publish(event) for event in step])
            await self._settled(before)
        posts = [entry for entry in (await self._ledger(seen))["entries"] if entry["kind"] == "post"]
        return str(posts[-1 if case.last else 0]["ts"])

    async def _publish(self, event: Event) -> "asyncio.Future[Any]":
        headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
        sent: asyncio.Future[Any] = await self.kafka.send(
            TOPIC, encode(event), key=event.inference.encode(), headers=headers
        )
        return sent

    async def _settled(self, after: int) -> None:
        """Wait until something came, and nothing more has for a while."""
        last, since = after, asyncio.get_running_loop().time()
        async with asyncio.timeout(120):
            while True:
                now = (await self._ledger(after))["next"]
                if now != last:
                    last, since = now, asyncio.get_running_loop().time()
                elif last != after and asyncio.get_running_loop().time() - since > QUIET_SECONDS:
                    return
                await asyncio.sleep(0.1)

    async def _ledger(self, after: int) -> dict[str, Any]:
        entries: list[dict[str, Any]] = []
        while True:
            async with self.session.get(f"{self.workspace.url}/sandbox/ledger?after={after}") as answer:
                page = await answer.json()
            entries += page["entries"]
            after = page["next"]
            if not page["has_more"]:
                return {"entries": entries, "next": after}


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start everything; stop it on the way out."""
    async with AsyncExitStack() as open_:
        folder = Path(open_.enter_context(TemporaryDirectory(prefix="tidings-gallery-")))
        (folder / "manifest.yml").write_text(manifest(socket_mode=True), encoding="utf-8")
        kafka = await open_.enter_async_context(embedded_kafka(folder / "kafka", default_partitions=1))
        redis = await open_.enter_async_context(embedded_redis(folder / "redis"))
        sandbox = await open_.enter_async_context(
            child("bot.sandbox", ["--manifest", str(folder / "manifest.yml")], log=folder / "sandbox.log")
        )
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "SLACK_"))},
            "TIDINGS_KAFKA": kafka,
            "TIDINGS_REDIS": redis,
            "TIDINGS_TOPIC": TOPIC,
            "TIDINGS_SECRET": secrets.token_urlsafe(48),
            "TIDINGS_SLACK_BOT_TOKEN": BOT_TOKEN,
            "TIDINGS_SLACK_APP_TOKEN": APP_TOKEN,
            "TIDINGS_SLACK_API_URL": f"{sandbox}/api/",
            "TIDINGS_PORT": "0",
        }
        roles = ("ingest", "dispatch", "slack")
        arguments = ["run", "--env-file", os.devnull, *(part for role in roles for part in ("--role", role))]
        await open_.enter_async_context(
            child("consumers", arguments, log=folder / "service.log", environment=environment)
        )
        session = await open_.enter_async_context(aiohttp.ClientSession())
        workspace = Workspace(sandbox, session)
        await eventually(workspace.learn)
        made = Stage(workspace=workspace, session=session, kafka=await open_.enter_async_context(producer(kafka)))
        async with session.get(f"{sandbox}/client/boot?user={workspace.users[WHO]}") as answer:
            workspace.channels |= {channel["name"]: channel["id"] for channel in (await answer.json())["channels"]}
        await workspace.command(WHO, PUBLIC, "subscribe env:staging")
        await workspace.command(WHO, PRIVATE, "subscribe env:production")
        await made._settled(0)
        yield made
