"""Lets the story play: publishes, watches every far side, and reports."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from consumers.demo.audit import Audit
from consumers.demo.stage import TOPIC, Play, Stage, StageError, stage
from consumers.demo.story import Occurrence, TraceError, look_for_trace, made_up, replay
from consumers.demo.table import show
from consumers.demo.workspace import WorkspaceError
from consumers.embedded.servers import StartError
from consumers.kafka import producer

SETTLE_SECONDS = 30.0
LOOK_SECONDS = 0.1
CLOUDEVENTS = ("content-type", b"application/cloudevents+json; charset=utf-8")
ASKERS = ("maya.lindqvist", "ines.duarte", "priya.raman")


async def perform(play: Play) -> tuple[dict[str, Any], bool]:
    """Play it to the end, or until interrupted.

    Returns the report, and whether nothing was missing, repeated, unexpected or out of order. Raises StageError.
    """
    try:
        if play.replay is not None:
            look_for_trace(play.replay)
        async with stage(play) as made:
            return await _perform(play, made)
    except (StartError, WorkspaceError, TraceError) as error:
        raise StageError(str(error)) from error


async def _perform(play: Play, made: Stage) -> tuple[dict[str, Any], bool]:
    names = await made.workspace.names()

    def seen(channel: str, event: str, at: float) -> None:
        place = names.get(channel)
        if place is not None:
            made.audit.see(place, event, at)

    async with AsyncExitStack() as open_:
        watchers = [
            asyncio.create_task(made.workspace.watch(seen, made.audit.known)),
            asyncio.create_task(_browse(made)),
        ]
        open_.push_async_callback(_end, watchers)
        if not play.as_json:
            await open_.enter_async_context(show(play, made))
        with suppress(asyncio.CancelledError):
            await _publish(play, made)
        late = await _settle(made.audit)
    report = made.audit.report()
    report["settled_after_s"] = round(late, 1)
    report["slack_429"] = (await made.workspace.stats())["throttled"]
    return report, made.audit.clean


async def _publish(play: Play, made: Stage) -> None:
    """Publish each event at its time, without waiting for the one before; ends when Kafka has them all."""
    people = [made.workspace.users[name] for name in ASKERS]
    begin = time.monotonic()
    under_way: set[asyncio.Future[Any]] = set()
    async with producer(made.kafka) as kafka:
        for one in _story(play, people):
            if play.seconds is not None and one.at > play.seconds:
                break
            if (early := one.at - (time.monotonic() - begin)) > 0:
                await asyncio.sleep(early)
            value = one.cloudevent(datetime.now(UTC))
            made.audit.publish(one.id, one.key, one.data, time.time())
            sent = await kafka.send(TOPIC, value, key=one.key.encode(), headers=[CLOUDEVENTS])
            under_way.add(sent)
            sent.add_done_callback(under_way.discard)
        if under_way:
            await asyncio.gather(*under_way)


def _story(play: Play, people: list[str]) -> Iterator[Occurrence]:
    if play.replay is None:
        return made_up(play.seed, rate=play.rate, people=people)
    return replay(play.replay, speed=play.speed, seed=play.seed, people=people)


async def _browse(made: Stage) -> None:
    """A browser that wants everything, over a WebSocket."""
    headers = {"Authorization": f"Bearer {made.token}"}
    async with made.session.ws_connect(f"{made.service}/ws", headers=headers, max_msg_size=0) as socket:
        async for message in socket:
            frame = orjson.loads(message.data)
            if "event" in frame:
                made.audit.see("browser", frame["event"]["id"], time.time())
            elif "skipped" in frame:
                made.audit.see("browser", frame["skipped"]["id"], time.time())


async def _settle(audit: Audit) -> float:
    """Wait until everything is visible, 30 seconds at most; returns how long that took."""
    begin = time.monotonic()
    while audit.missing and time.monotonic() - begin < SETTLE_SECONDS:  # noqa: ASYNC110 - it is plain numbers
        await asyncio.sleep(LOOK_SECONDS)
    return time.monotonic() - begin


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
