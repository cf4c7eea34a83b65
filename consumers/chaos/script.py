"""Which acts there are, how often each is drawn, and the presets: fixed scripts that each show one thing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from consumers.chaos import acts, weather
from consumers.chaos.chronicle import Chronicle
from consumers.chaos.stage import Stage
from consumers.chaos.trial import ChaosError, Trial

Do: TypeAlias = Callable[[Stage, Random, Chronicle], Awaitable[None]]

GAP_SECONDS: Final = 1.0
"""The mean time between two draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What may be drawn. Of one `place` only one act is under way, but for members, who are many."""

    name: str
    do: Do
    place: str
    weight: float


TABLE: Final[Sequence[Act]] = (
    Act(name="kill", do=acts.kill, place="member", weight=12),
    Act(name="term", do=acts.term, place="member", weight=2),
    Act(name="zombie", do=acts.zombie, place="member", weight=0.6),
    Act(name="join", do=acts.join, place="joiner", weight=1.5),
    Act(name="redis-kill", do=acts.redis_kill, place="redis", weight=1.5),
    Act(name="redis-cut", do=acts.redis_cut, place="redis", weight=0.6),
    Act(name="redis-wipe", do=acts.redis_wipe, place="redis", weight=0.3),
    Act(name="broker-kill", do=acts.broker_kill, place="broker", weight=0.5),
    Act(name="broker-pause", do=acts.broker_pause, place="broker", weight=0.5),
    Act(name="slack-429", do=weather.slack_throttles, place="slack", weight=0.6),
    Act(name="slack-5xx", do=weather.slack_fails, place="slack", weight=0.6),
    Act(name="slack-html", do=weather.slack_talks_html, place="slack", weight=0.6),
    Act(name="slack-drop", do=weather.slack_drops, place="slack", weight=0.8),
    Act(name="slack-slow", do=weather.slack_is_slow, place="slack", weight=0.4),
    Act(name="hook-hang", do=weather.hook_hangs, place="receiver", weight=0.6),
    Act(name="hook-reset", do=weather.hook_resets, place="receiver", weight=0.6),
    Act(name="hook-5xx", do=weather.hook_refuses, place="receiver", weight=0.6),
    Act(name="hook-410", do=weather.hook_goes, place="receiver", weight=0.4),
)
APART_MEMBERS: Final = 3
BROKER_ACTS: Final = frozenset({"broker-kill", "broker-pause"})


def chosen(trial: Trial) -> Sequence[Act]:
    """The acts that this trial draws from. Raises ChaosError for what there is not."""
    names = {act.name for act in TABLE}
    if unknown := sorted(set(trial.acts) - names):
        raise ChaosError(f"no such act: {', '.join(unknown)}; there are {', '.join(sorted(names))}")
    if trial.split and trial.members < APART_MEMBERS:
        raise ChaosError(f"--split needs {APART_MEMBERS} members: ingest, dispatch and people")
    found = [act for act in TABLE if not trial.acts or act.name in trial.acts]
    return [act for act in found if trial.kafka is None or act.name not in BROKER_ACTS]


async def drawn(stage: Stage, chronicle: Chronicle) -> None:
    """Draw acts by weight from the seed until the trial's time is up; then wait until every act has ended."""
    dice = Random(stage.trial.seed)  # noqa: S311 - repeatable dice, no secret
    table = chosen(stage.trial)
    weights = [act.weight for act in table]
    under_way: dict[asyncio.Task[None], str] = {}
    loop = asyncio.get_running_loop()
    end = loop.time() + stage.trial.seconds
    try:
        while table and loop.time() < end:
            await asyncio.sleep(min(dice.expovariate(1 / GAP_SECONDS), end - loop.time()))
            (act,) = dice.choices(table, weights)
            own = Random(dice.random())  # noqa: S311 - so that what one act draws moves no other
            _check(under_way)
            if act.place == "member" or act.place not in under_way.values():
                task = asyncio.create_task(_perform(act, stage, own, chronicle), name=act.name)
                under_way[task] = act.place
        await asyncio.sleep(max(0.0, end - loop.time()))
        if under_way:
            await asyncio.wait(under_way)
            _check(under_way)
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def tour(stage: Stage, chronicle: Chronicle) -> None:
    """Every act of the trial once, or as many times as it has rounds: one after the other at each place."""
    dice = Random(stage.trial.seed)  # noqa: S311 - repeatable dice, no secret
    places: dict[str, list[tuple[Act, Random]]] = {}
    for act in list(chosen(stage.trial)) * max(1, stage.trial.rounds):
        own = Random(dice.random())  # noqa: S311 - as above
        places.setdefault(act.place, []).append((act, own))

    async def visit(acts_there: Sequence[tuple[Act, Random]]) -> None:
        for act, own in acts_there:
            await asyncio.sleep(own.uniform(0, GAP_SECONDS))
            await act.do(stage, own, chronicle)

    async with asyncio.TaskGroup() as tasks:
        for place, there in places.items():
            tasks.create_task(visit(there), name=place)


async def _perform(act: Act, stage: Stage, dice: Random, chronicle: Chronicle) -> None:
    await act.do(stage, dice, chronicle)


def _check(under_way: dict[asyncio.Task[None], str]) -> None:
    """Forget what has ended; raise what went wrong."""
    for task in [task for task in under_way if task.done()]:
        del under_way[task]
        task.result()
