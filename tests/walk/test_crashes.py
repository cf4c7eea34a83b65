"""A process is killed before and after each of its calls to the outside, and another goes on where it left off.

The points are enumerated: one telling of the story counts the calls, and each other telling dies at one of them.
"""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis
from structlog.testing import capture_logs

from consumers import ingest
from tests.walk.crashes import Crash, Life
from tests.walk.stage import Stage, stage
from tests.walk.story import Story

RESTARTS = (1, 600_000)
"""How long until the other process starts, in milliseconds: the dead one's leases still hold, or are over.

After the long one it sends before it reads and commits, after the short one it reads first.
"""


@pytest.fixture
async def scene(
    kafka_address: str, redis: Redis, kafka: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    monkeypatch.setattr(ingest, "COMMIT_SECONDS", 3_600)  # commits come when the story says so
    with capture_logs():  # a traceback for each crash is nothing to read
        async with stage(kafka_address, redis, kafka) as made:
            yield made


async def test_the_story_without_a_crash(scene: Stage) -> None:
    calls = await told(scene)
    wanted = {"dead.unreadable", "dead.buried", "parked.keep", "partitions.park", "parked.forget", "source.commit"}
    assert wanted | {"slack.http", "webhook.http", "outbox.settle", "outbox.append"} <= set(calls)


async def told(scene: Stage, *, cards: bool = False) -> list[str]:
    """Tell the story to its end; returns its calls."""
    story = Story(scene, cards)
    await story.begin()
    life = Life(story.noted)
    await story.live(life)
    await story.verify()
    return life.calls


async def survives(scene: Stage, number: int, name: str, *, before: bool, restart: int, cards: bool) -> None:
    """The process dies at its call `number`; another one ends the story, and everything is as it must be."""
    story = Story(scene, cards)
    await story.begin()
    first = Life(story.noted, dies_at=number, before=before)
    with pytest.raises(Crash):
        await story.live(first)
    assert first.calls[number - 1] == name, "the story goes the same way each time"
    untold = story.untold()
    story.pass_time(restart)
    await story.live(Life(story.noted), sends_first=restart == max(RESTARTS))
    await story.verify(untold)


def points(calls: list[str], *, part: int) -> list[tuple[int, str, bool, int]]:
    """Before and after each call, after short and long restarts: all of them, or every `part`th."""
    everything = [
        (number, name, before, restart)
        for number, name in enumerate(calls, start=1)
        for before in (True, False)
        for restart in RESTARTS
    ]
    return everything[::part]


async def enumerate_crashes(scene: Stage, *, part: int, cards: bool = False) -> None:
    failed = []
    for number, name, before, restart in points(await told(scene, cards=cards), part=part):
        where = f"{'before' if before else 'after'} call {number}, {name}, restarted after {restart} ms"
        try:
            await survives(scene, number, name, before=before, restart=restart, cards=cards)
        except AssertionError as error:
            failed.append(f"{where}: {error}")
    assert not failed, "\n".join(failed)


async def test_a_crash_at_every_fifth_point_loses_and_repeats_nothing(scene: Stage) -> None:
    await enumerate_crashes(scene, part=5)


async def test_a_crash_on_a_card_s_way_loses_and_repeats_nothing(scene: Stage) -> None:
    await enumerate_crashes(scene, part=17, cards=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("cards", [False, True])
async def test_a_crash_at_any_point_loses_and_repeats_nothing(scene: Stage, *, cards: bool) -> None:
    await enumerate_crashes(scene, part=1, cards=cards)
