"""Fixed scripts that each show one thing, in rounds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

from consumers.chaos import acts
from consumers.chaos.chronicle import Chronicle
from consumers.chaos.script import tour
from consumers.chaos.stage import Stage
from consumers.chaos.trial import ChaosError

Script: TypeAlias = Callable[[Stage, Chronicle], Awaitable["Halves | None"]]

REST_SECONDS: Final = 3.0
"""Between rounds: so long that there is something new to lose."""
HANG_SECONDS: Final = 30.0
SLOW: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """A run of two halves that are to be compared: one calm, one with trouble at `slow`."""

    calm: tuple[float, float]
    troubled: tuple[float, float]
    slow: str


async def rolling(stage: Stage, chronicle: Chronicle) -> None:
    """SIGTERM and a restart of one member after the other, once each a round."""
    for _ in range(stage.trial.rounds or 30):
        for member in list(stage.members):
            await acts.restart(member, chronicle, "rolling")
            await asyncio.sleep(0.2)


async def zombie(stage: Stage, chronicle: Chronicle) -> None:
    """SIGSTOP of one member for twice its session, then SIGCONT, one after the other."""
    for number in range(stage.trial.rounds or 6):
        member = stage.members[number % len(stage.members)]
        await acts.freeze(member, chronicle, "zombie", seconds=2 * stage.trial.session)
        await asyncio.sleep(REST_SECONDS)


async def redis_cut(stage: Stage, chronicle: Chronicle) -> None:
    """Redis loses its last second."""
    await _rounds(acts.redis_cut, stage, chronicle)


async def redis_wipe(stage: Stage, chronicle: Chronicle) -> None:
    """Redis is flushed, or comes back with an empty disk."""
    await _rounds(acts.redis_wipe, stage, chronicle)


async def _rounds(act: Callable[[Stage, Random, Chronicle], Awaitable[None]], stage: Stage, log: Chronicle) -> None:
    dice = Random(stage.trial.seed)  # noqa: S311 - repeatable dice, no secret
    for _ in range(stage.trial.rounds or 20):
        await asyncio.sleep(REST_SECONDS)
        await act(stage, dice, log)


async def slow_receiver(stage: Stage, chronicle: Chronicle) -> Halves:
    """A calm half, and a half in which the busiest receiver answers no request before 30 seconds have passed."""
    half = stage.trial.seconds / 2
    await asyncio.sleep(WARM_UP)
    start = time.time()
    await asyncio.sleep(half)
    middle = time.time()
    mood = {"kind": "hang", "seconds": HANG_SECONDS, "until": middle + half, "once": False}
    with chronicle.act("slow-receiver", "receiver", SLOW):
        await stage.control("mood", {"path": SLOW, **mood})
        await asyncio.sleep(half)
    return Halves(calm=(start, middle), troubled=(middle, time.time()), slow=f"hook {SLOW}")


WARM_UP: Final = 5.0
PRESETS: Final[Mapping[str, Script]] = MappingProxyType(
    {
        "tour": tour,
        "rolling": rolling,
        "zombie": zombie,
        "redis-cut": redis_cut,
        "redis-wipe": redis_wipe,
        "slow-receiver": slow_receiver,
    }
)


def preset(name: str) -> Script:
    """The script of a name. Raises ChaosError."""
    try:
        return PRESETS[name]
    except KeyError:
        raise ChaosError(f"no such preset: {name}; there are {', '.join(PRESETS)}") from None
