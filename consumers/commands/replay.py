"""`tidings replay`."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from consumers.shell import (
    DEFAULT_ENV,
    AsJson,
    DryRun,
    EnvFile,
    Until,
    Wanted,
    Yes,
    counted,
    err,
    fail,
    go_on,
    print_result,
    progress,
    run_to_end,
    selection,
    settings_of,
    told,
)


def replay(
    since: Annotated[str, typer.Option(help="Events from then on: 2h, 15m, yesterday, 2026-11-23T10:00Z.")],
    until: Until = None,
    *,
    wanted: Wanted = None,
    to: Annotated[str | None, typer.Option("--to", help="'#C024BE7LR', @U024BE7LR or https://…: all go there.")] = None,
    subscriptions: Annotated[
        bool, typer.Option("--subscriptions", help="As subscriptions stand now; so it is without --to.")
    ] = False,
    team: Annotated[str | None, typer.Option(help="The workspace of --to; else Slack is asked.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was delivered already.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """Send the events of a stretch of time once more. Counts first, and asks."""
    from consumers.history import opened as open_history

    settings = settings_of(env_file, frozenset())
    if to is not None and subscriptions:
        fail("--to and --subscriptions are two ways; give one of them")
    chosen = selection(wanted or "", since=since, until=until)
    if chosen.until is not None and chosen.since is not None and chosen.until <= chosen.since:
        fail(f"--until {until} is not after --since {since}")

    async def work() -> dict[str, Any]:
        async with open_history(settings, chosen, to=to, team=team) as history:
            with progress("counting", history.size) as tell:
                plan = await history.plan(tell)
            left = plan.left(again=again)
            counts = [
                f"{counted(plan.events, 'matching event')} of {counted(plan.records, 'record')}",
                counted(plan.deliveries, "delivery", "deliveries"),
                f"{plan.delivered:,} delivered already ({'sent again' if again else 'left out; --again sends them'})",
                f"{plan.waiting:,} waiting",
            ]
            err.print(", ".join(counts), highlight=False, soft_wrap=True)
            if history.forgotten:
                err.print(
                    f"What was delivered more than {settings.remember_hours:g} hours ago is no longer known and will "
                    "be sent again.",
                    highlight=False,
                    soft_wrap=True,
                )
            found = {"dry_run": dry_run, **asdict(plan)}
            if not go_on(left, f"{counted(left, 'delivery', 'deliveries')} to send", yes=yes, dry_run=dry_run):
                return found
            with progress("replaying", history.size) as tell:
                done = await history.replay(again=again, tell=tell)
            err.print(f"{counted(done.entered, 'delivery', 'deliveries')} on their way", highlight=False)
            return found | asdict(done)

    print_result(run_to_end(told(work())), as_json=as_json)
