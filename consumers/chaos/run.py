"""One run: set the stage, publish, do violence, wait until all is settled, and judge."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from consumers.chaos.audit import Verdict, gap, judge, latencies
from consumers.chaos.chronicle import Chronicle
from consumers.chaos.ledgers import Ledgers, Remarks
from consumers.chaos.load import Load, story
from consumers.chaos.presets import Halves, Script, preset
from consumers.chaos.progress import Progress
from consumers.chaos.script import chosen, drawn
from consumers.chaos.stage import Stage, stage
from consumers.chaos.trial import ChaosError, Trial
from consumers.chaos.wishes import ASKER
from consumers.demo.workspace import WorkspaceError
from consumers.embedded.servers import StartError
from consumers.kafka import producer

ACKNOWLEDGED_SECONDS: Final = 45.0
LOOK_SECONDS: Final = 0.2
NO_REPEATS: Final = ("rolling",)
"""Presets in which nobody dies before his time, so that no outcome is unknown."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run consists of, while it lasts."""

    stage: Stage
    load: Load
    ledgers: Ledgers
    chronicle: Chronicle
    begin: float = 0.0
    end: float = 0.0
    settled: float = 0.0
    halves: Halves | None = None
    throttled: int = 0

    _owed: set[tuple[str, str]] = field(default_factory=set)
    _known: int = 0

    def waiting(self) -> int:
        """Expected and not seen yet: places and events."""
        for one in islice(self.load.published.values(), self._known, None):
            self._known += 1
            self._owed |= {(place.name, one.id) for place in self.stage.places if place.wants(one.data)}
        self._owed -= self._owed & self.ledgers.seen
        return len(self._owed)


async def perform(trial: Trial, *, quiet: bool = False) -> tuple[dict[str, Any], bool]:
    """Run a trial to its end; gives the report, and whether all was well.

    After a failure the folder with logs and ledgers stays, and the report says where it is. Raises ChaosError.
    """
    chosen(trial)
    script = None if trial.preset is None else preset(trial.preset)
    folder = trial.folder or Path(tempfile.mkdtemp(prefix="tidings-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    keep = True
    try:
        async with stage(trial, folder) as made:
            run = await _perform(made, script, quiet=quiet)
        verdict = _judged(run)
        report = _report(run, verdict)
        clean = verdict.clean and not report["alarms"]
        if trial.preset in NO_REPEATS:
            clean = clean and not verdict.repeated_webhook
        (folder / "verdict.json").write_bytes(orjson.dumps({**report, "examples": verdict.examples}))
        keep = not clean or trial.folder is not None
    except (ChaosError, StartError, WorkspaceError, BaseExceptionGroup) as error:
        if not isinstance(cause := _cause(error), ChaosError | StartError | WorkspaceError):
            raise
        raise ChaosError(f"{cause}\nlogs: {folder}") from error
    except asyncio.CancelledError:
        keep = trial.folder is not None
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    report["logs"] = str(folder) if keep else None
    return report, clean


def _cause(error: BaseException) -> BaseException:
    """What is at the bottom of a group of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def _perform(made: Stage, script: Script | None, *, quiet: bool) -> Run:
    names = await made.workspace.names()
    load = Load()
    run = Run(
        stage=made,
        load=load,
        ledgers=Ledgers(made.workspace, made.folder, names, load.known),
        chronicle=Chronicle(made.folder / "acts.jsonl"),
    )
    async with AsyncExitStack() as open_:
        await open_.enter_async_context(_beside(run.ledgers.follow()))
        if not quiet:
            open_.enter_context(Progress(run))
        await _violence_under_load(run, script)
        await _settle(run)
        run.throttled = int((await made.workspace.stats())["throttled"])
    run.ledgers.read_webhooks()
    return run


async def _violence_under_load(run: Run, script: Script | None) -> None:
    made = run.stage
    occurrences = story(made.trial.seed, rate=made.trial.rate, asker=made.workspace.users[ASKER])
    async with producer(made.kafka) as kafka:
        run.begin = time.time()
        async with _beside(run.load.publish(kafka, made.topic, occurrences)):
            if script is None:
                await drawn(made, run.chronicle)
            else:
                run.halves = await script(made, run.chronicle)
        await run.load.finish(ACKNOWLEDGED_SECONDS)
        run.end = time.time()


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    """Do some work while the block lasts; what goes wrong with it ends the block."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()


async def _settle(run: Run) -> None:
    """Wait until everything was seen and then nothing more for as long as a late take-over may take."""
    begin = time.monotonic()
    quiet = run.stage.trial.lease + 1
    heard, since = -1, begin
    while time.monotonic() - begin < run.stage.trial.settle:
        count = len(run.ledgers.posts) + len(run.ledgers.requests)
        if count != heard:
            heard, since = count, time.monotonic()
            run.settled = time.monotonic() - begin
        if time.monotonic() - since > quiet and not run.waiting():
            return
        await asyncio.sleep(LOOK_SECONDS)


def _judged(run: Run) -> Verdict:
    return judge(
        run.load.published,
        frozenset(run.load.doubtful),
        run.stage.places,
        run.ledgers.posts,
        run.ledgers.requests,
        run.chronicle.violence,
    )


def _report(run: Run, verdict: Verdict) -> dict[str, Any]:
    trial, chronicle = run.stage.trial, run.chronicle
    remarks = Remarks([member.program.log for member in run.stage.members])
    slow = {run.halves.slow} if run.halves else set()
    others = [place.name for place in run.stage.places if place.name not in slow]
    kinds = {kind: [place.name for place in run.stage.places if place.kind == kind] for kind in ("slack", "webhook")}
    unknown = verdict.why_repeated.total() - verdict.why_repeated["refused"]
    return {
        "seed": trial.seed,
        "seconds": round(run.end - run.begin, 1),
        "events": len(run.load.published),
        "unacknowledged": len(run.load.doubtful),
        "expected": verdict.expected.total(),
        "delivered": verdict.delivered.total(),
        "missing": verdict.missing,
        "repeated_slack": verdict.repeated_slack,
        "repeated_webhook": verdict.repeated_webhook,
        "repeated_webhook_unknown": unknown - verdict.unexplained,
        "repeated_webhook_why": dict(verdict.why_repeated),
        "repeated_webhook_unexplained": verdict.unexplained,
        "repeated_webhook_beyond_commit": verdict.beyond_commit,
        "webhook_ids_differed": verdict.ids_differed + verdict.bodies_differed,
        "out_of_order": verdict.out_of_order,
        "unexpected": verdict.unexpected,
        "unverified": run.ledgers.unverified,
        "kills": chronicle.kills,
        "acts": dict(chronicle.acts),
        "takeovers": remarks.takeovers,
        "slack_429": run.throttled,
        "buried": remarks.counts["buried"],
        "alarms": remarks.alarms,
        "max_gap_ms": round(gap(verdict.seen_at.values(), run.begin, run.end) * 1000),
        "latency_ms": {
            kind: latencies(verdict, run.load.published, places, run.begin, run.end) for kind, places in kinds.items()
        },
        "settled_after_s": round(run.settled, 1),
        **(_compared(run.halves, verdict, run, others) if run.halves else {}),
        "again": trial.command,
    }


def _compared(halves: Halves, verdict: Verdict, run: Run, others: list[str]) -> dict[str, Any]:
    """The 99th percentile of each destination but the slow one, in the calm half and in the other."""
    found: dict[str, Any] = {}
    for name, places in {"every other": others, **{other: [other] for other in others}}.items():
        calm, troubled = (
            latencies(verdict, run.load.published, places, *half)["p99"] for half in (halves.calm, halves.troubled)
        )
        change = round((troubled / calm - 1) * 100, 1) if calm and troubled else None
        found[name] = {"calm_p99_ms": calm, "hanging_p99_ms": troubled, "change_percent": change}
    return {"slow": halves.slow, "halves": found}
