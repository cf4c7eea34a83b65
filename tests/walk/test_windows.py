"""What was held back until a window's end is said once, whichever process says it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import pytest
from redis.asyncio import Redis

from bot.core.delivery import Lane
from bot.core.destination import Destination, SlackChannel
from bot.core.pacing import Pace
from bot.core.pressure import RUN, Held
from bot.core.subscription import Style
from bot.core.timing import read_digest
from bot.ports.gate import Let, Verdict
from bot.ports.outlet import Item
from bot.render.message import carried, summed_up
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from bot.stores.keys import Keys
from bot.stores.outbox import RedisOutbox
from bot.stores.summaries import RedisSummaries
from tests.bench.burst import append, dispatching, made_up
from tests.walk.parts import eventually

WINDOWS = [
    Held(kind="hourly", opens=f"{hour}:00", closes=f"{hour + 1}:00", end=1_800_000_000_000 + hour * 3_600_000)
    for hour in (12, 13)
]


@dataclass
class Clockwork:
    """A gate whose windows are over: the first `border` events were held back in the first, the rest in the second."""

    border: int

    async def ask(self, lane: Lane, destination: Destination, items: Sequence[Item], *, now: int) -> Verdict:
        assert (destination, now > 0) == (destination, bool(lane))
        windows = [int(int(item.event.id.removeprefix("burst-")) >= self.border) for item in items]
        return Let(count=len(list(takewhile(lambda each: each == windows[0], windows))), held=WINDOWS[windows[0]])


@pytest.mark.parametrize("many", [(12, 15), (57, 30), (600, 57)])
async def test_each_window_is_one_message_however_many_processes_there_are(
    outbox: RedisOutbox, redis: Redis, keys: Keys, many: tuple[int, int]
) -> None:
    quick = Pace(interval=20, turn=1)
    summaries = RedisSummaries(redis, keys)
    async with Sandbox(rates=Rates(enabled=False)) as made:
        place = SlackChannel(team=made.workspace.team_id, channel=made.channel_id("fraud-alerts"))
        await append(outbox, place, made_up(sum(many)), style=Style(digest=read_digest("hourly")))

        async def empty() -> bool:
            return (await outbox.state()).deliveries == 0

        gate = Clockwork(many[0])
        async with (
            dispatching(made, outbox, summaries, quick, gate),
            dispatching(made, outbox, summaries, quick, gate),
        ):
            await eventually(empty)
        entries = made.workspace.ledger.page(after=0, limit=1_000, kind="post")["entries"]
    entries = [entry for entry in entries if entry["text"].startswith("Hourly digest")]
    texts = Counter(entry["text"].split(" · ")[1] for entry in entries)
    assert texts == {"12:00–13:00": 1, "13:00–14:00": 1}  # noqa: RUF001 (a span of time)
    told = [summed_up(entry["metadata"]) for entry in entries]
    counted = [
        len(carried(entry["metadata"])) if card is None else card.told
        for entry, card in zip(entries, told, strict=True)
    ]
    assert counted[-1] == many[1]
    assert counted[0] == {12: 12, 57: 57, 600: RUN - 2}[many[0]], "of a long window's run, the failed ones go beside it"
