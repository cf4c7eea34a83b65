"""What the far sides do: Slack throttles, fails and loses answers; receivers hang, reset and refuse."""

import asyncio
import time
from http import HTTPStatus
from random import Random
from typing import Any, Final

from redis.asyncio import Redis

from bot.core.destination import Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.sandbox.seed import TEAM_ID
from bot.stores.keys import Keys
from bot.stores.outbox import Limits, RedisOutbox
from bot.wiring.stores import SHARDS
from consumers.chaos.chronicle import Chronicle
from consumers.chaos.stage import Stage
from consumers.chaos.wishes import HOOKS

POST: Final = "chat.postMessage"
SPELL: Final = (2.0, 6.0)
"""Seconds that bad weather lasts."""


async def slack_throttles(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """A few 429 with a Retry-After of a second or two."""
    fault = {"kind": "ratelimited", "retry_after": dice.randint(1, 2), "times": dice.randint(1, 4)}
    await _slack("slack-429", stage, dice, chronicle, fault)


async def slack_fails(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """5xx without a word of Slack's, before or after the message was stored."""
    fault = {"kind": "text", "status": dice.choice((500, 502, 503)), "times": dice.randint(1, 4)}
    await _slack("slack-5xx", stage, dice, chronicle, {**fault, "after": dice.random() < 0.5})  # noqa: PLR2004 - either


async def slack_talks_html(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """A proxy's page with status 200 or 502 instead of Slack's answer, after the message was stored."""
    fault = {"kind": "html", "status": dice.choice((200, 502)), "times": dice.randint(1, 3), "after": True}
    await _slack("slack-html", stage, dice, chronicle, fault)


async def slack_drops(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """The connection is cut after the message was stored, or before."""
    fault = {"kind": "drop", "times": dice.randint(1, 4), "after": dice.random() < 0.7}  # noqa: PLR2004 - mostly after
    await _slack("slack-drop", stage, dice, chronicle, fault)


async def slack_is_slow(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """Answers take longer, though not longer than an attempt may."""
    seconds = dice.uniform(0.2, stage.trial.lease / 2)
    await _slack("slack-slow", stage, dice, chronicle, {"kind": "latency", "seconds": seconds, "times": 10})


async def _slack(name: str, stage: Stage, dice: Random, chronicle: Chronicle, fault: dict[str, Any]) -> None:
    seconds = dice.uniform(*SPELL)
    with chronicle.act(name, "slack", POST):
        await stage.fault(method=POST, **fault)
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.shield(stage.no_faults())


async def hook_hangs(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """Requests hang, some longer than an attempt may last."""
    await _hook(
        "hook-hang", stage, dice, chronicle, {"kind": "hang", "seconds": dice.uniform(0.5, 1.5 * stage.trial.lease)}
    )


async def hook_resets(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """The connection is reset once the request was read."""
    await _hook("hook-reset", stage, dice, chronicle, {"kind": "reset"})


async def hook_refuses(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """500, 502 or 503."""
    await _hook("hook-5xx", stage, dice, chronicle, {"kind": "status", "status": dice.choice((500, 502, 503))})


async def hook_goes(stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    """410: the destination is paused; when the receiver is back, an operator resumes it."""
    path = await _hook("hook-410", stage, dice, chronicle, {"kind": "status", "status": HTTPStatus.GONE})
    destination = destination_id(Webhook(team=TEAM_ID, url=f"{stage.receiver}/{path}"))
    async with Redis.from_url(stage.redis_url, protocol=3) as client:
        outbox = RedisOutbox(client, Keys(), Limits(shards=SHARDS))
        late = asyncio.get_running_loop().time() + 1.5 * stage.trial.lease  # no answer is noted later than that
        resumed = False
        while not resumed or asyncio.get_running_loop().time() < late:
            await asyncio.sleep(1.0)
            try:
                await outbox.resume(destination)
                resumed = True
            except UnavailableError:
                resumed = False  # another act has taken Redis away


async def _hook(name: str, stage: Stage, dice: Random, chronicle: Chronicle, mood: dict[str, Any]) -> str:
    path, seconds = dice.choice(HOOKS), dice.uniform(*SPELL)
    with chronicle.act(name, "receiver", path):
        await stage.control("mood", {"path": path, "until": time.time() + seconds, **mood})
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.shield(stage.control("mood", {"path": path, "kind": "ok"}))
    return path
