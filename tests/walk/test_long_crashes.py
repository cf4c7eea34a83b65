"""The same as `test_crashes`, of results that take several posts: each part and each file is there once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.core.delivery import DeliveryId, delivery_id
from bot.core.destination import Destination, destination_id
from bot.core.event import event_key
from bot.ports.outlet import Item
from bot.render.ladder import take
from bot.render.message import carried, part_of
from bot.render.richtext import plain
from bot.sandbox.message import Message
from consumers import ingest
from tests.walk.crashes import Crash, Life
from tests.walk.stage import Stage, stage
from tests.walk.story import EVENTS, Story, Untold

RESTARTS = (1, 600_000)
LONG = {
    name: " ".join(f"w{number:05d}" for number in range(size // 7)) for name, size in (("e2", 25_000), ("e4", 100_000))
}
"""Results of 25,000 and of 100,000 characters: three messages, and a file."""


class LongStory(Story):
    """The story with long results, for Slack alone."""

    @property
    def places(self) -> tuple[Destination, ...]:
        return (self.channel,)

    def _said(self, name: str) -> Mapping[str, Any]:
        return {"result": LONG[name]} if name in LONG else {}

    def _fit(self, items: Sequence[Item]) -> int:
        return take(items)

    async def verify(self, untold: Untold | None = None) -> None:
        """Each post once, in order, none of the next event before the last of one."""
        assert self._told() == ["e1", "e2", "e2: part 1", "e2: part 2", "e3", "e4", "e4: file"]
        assert self._words("e2") == LONG["e2"].split()
        assert self.buried == []
        state = await self.outbox.state()
        assert (state.deliveries, state.lanes, state.parked) == (0, 0, 0)
        assert [one.delivery.id async for one in self.parked.living()] == []
        _ = untold

    def _delivery(self, name: str) -> DeliveryId:
        return delivery_id(event_key("/test", f"{self.name}-{name}"), destination_id(self.channel))

    def _posted(self) -> list[Message]:
        found = self.stage.sandbox.workspace.channel(self.channel.channel).messages.values()
        return sorted(found, key=lambda one: float(one.ts))

    def _told(self) -> list[str]:
        told = []
        for message, name in product(self._posted(), EVENTS):
            one, data = self._delivery(name), message.content.metadata
            told += [name] if one in carried(data) else []
            told += [f"{name}: part {part}"] if (part := part_of(data, one)) is not None else []
            told += [f"{name}: file" for file in message.files if one in file["name"]]
        return told

    def _words(self, name: str) -> list[str]:
        """Those of the result that its messages show."""
        one = self._delivery(name)
        said = [
            plain(block["elements"])
            for message in self._posted()
            if one in carried(message.content.metadata) or part_of(message.content.metadata, one) is not None
            for block in message.content.blocks
            if block["type"] == "rich_text"
        ]
        return " ".join(said).split()


@pytest.fixture
async def scene(
    kafka_address: str, redis: Redis, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr(ingest, "COMMIT_SECONDS", 3_600)
    with capture_logs():
        async with stage(kafka_address, redis, kafka) as made:
            yield made


async def told(scene: Stage) -> list[str]:
    story = LongStory(scene)
    await story.begin()
    life = Life(story.noted)
    await story.live(life)
    await story.verify()
    return life.calls


async def survives(scene: Stage, number: int, *, before: bool, restart: int) -> None:
    story = LongStory(scene)
    await story.begin()
    with pytest.raises(Crash):
        await story.live(Life(story.noted, dies_at=number, before=before))
    story.pass_time(restart)
    await story.live(Life(story.noted), sends_first=restart == max(RESTARTS))
    await story.verify()


async def enumerate_crashes(scene: Stage, *, part: int) -> None:
    """Die before and after each call, or every `part`th of them."""
    calls = await told(scene)
    points = [
        (number, name, before, restart)
        for number, name in enumerate(calls, start=1)
        for before in (True, False)
        for restart in RESTARTS
    ][::part]
    failed = []
    for number, name, before, restart in points:
        try:
            await survives(scene, number, before=before, restart=restart)
        except AssertionError as error:
            failed.append(f"{'before' if before else 'after'} call {number}, {name}, after {restart} ms: {error}")
    assert not failed, "\n".join(failed)


async def test_a_long_story_without_a_crash(scene: Stage) -> None:
    assert (await told(scene)).count("slack.http") == 10  # four cards, two parts, a file in three calls, asking for it


async def test_a_crash_at_every_sixteenth_point_loses_and_repeats_no_part(scene: Stage) -> None:
    await enumerate_crashes(scene, part=16)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_crash_at_any_point_loses_and_repeats_no_part(scene: Stage) -> None:
    await enumerate_crashes(scene, part=1)
