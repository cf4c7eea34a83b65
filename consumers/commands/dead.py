"""`tidings dead list|show|replay|drop`."""

import json
import sys
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from consumers.shell import (
    DEFAULT_ENV,
    AsJson,
    DryRun,
    EnvFile,
    Since,
    Until,
    Wanted,
    Yes,
    counted,
    err,
    fail,
    go_on,
    out,
    print_result,
    progress,
    reading,
    run_to_end,
    selection,
    settings_of,
    told,
)

app = typer.Typer(no_args_is_help=True, help="Dead letters: what was given up, and what could not be read.")

Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids as `tidings dead list` shows them; the beginning is enough.")
]
To = Annotated[str, typer.Option("--destination", help="Part of a destination's id, or of a webhook's host.")]
Reason = Annotated[str, typer.Option(help="Part of the reason.")]


@app.command("list")
def dead_list(
    wanted: Annotated[str, typer.Argument(metavar="[FILTER]", help="As in a subscription: model:fraud-*.")] = "",
    *,
    destination: To = "",
    reason: Reason = "",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 50,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """List the open dead letters, newest first."""
    from bot.render.letters import document, row
    from bot.wiring.stores import now_ms
    from consumers.dead import newest
    from consumers.dead import opened as open_letters

    settings = settings_of(env_file, frozenset())
    chosen = selection(wanted, destination, reason, since, until)

    async def read() -> tuple[int, list[Any]]:
        async with open_letters(settings, reading) as letters:
            return await newest(letters, chosen, limit)

    count, found = run_to_end(told(read()))
    if as_json:
        sys.stdout.write(json.dumps([document(letter) for letter in found]) + "\n")
        return
    if not found:
        out.print("No dead letters match." if chosen != selection() else "No dead letters. All is well.")
        return
    table = Table("id", "age", "event", "destination", "reason", "attempts")
    table.columns[0].overflow = "fold"
    for letter in found:
        one = row(letter, now=now_ms())
        table.add_row(*map(Text, (one.id, one.age, one.event, one.destination, one.reason, one.attempts)))
    out.print(table)
    of = f"the newest {len(found):,} of " if count > len(found) else ""
    out.print(f"{of}{counted(count, 'dead letter')}; `tidings dead show ID` tells all about one", highlight=False)


@app.command("show")
def dead_show(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The beginning is enough.")],
    *,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """Show all about one dead letter: its attempts and the event, or the record that could not be read."""
    from bot.core.deadletter import Selection
    from bot.render.letters import document, page
    from bot.wiring.stores import now_ms
    from consumers.dead import newest
    from consumers.dead import opened as open_letters

    settings = settings_of(env_file, frozenset())

    async def read() -> list[Any]:
        async with open_letters(settings, reading) as letters:
            _, found = await newest(letters, Selection(ids=letters.ids([identity])), 1)
            return found

    (letter,) = run_to_end(told(read()))
    if as_json:
        sys.stdout.write(json.dumps(document(letter)) + "\n")
    else:
        out.print(page(letter, now=now_ms()), markup=False, highlight=False, soft_wrap=True)


@app.command("replay")
def dead_replay(
    ids: Ids = None,
    *,
    wanted: Wanted = None,
    destination: To = "",
    reason: Reason = "",
    since: Since = None,
    until: Until = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """Put dead letters on their way again: deliveries under the same id, records as they were."""
    from consumers.dead import mending, tally

    settings = settings_of(env_file, frozenset())
    chosen = selection(wanted or "", destination, reason, since, until)
    _some(ids, given=wanted is not None or chosen != selection())

    async def work() -> dict[str, Any]:
        async with mending(settings, reading) as (letters, mend):
            meant = replace(chosen, ids=letters.ids(ids or []))
            count = await tally(letters, meant)
            plan = f"{counted(count.buried, 'delivery', 'deliveries')} and {counted(count.unread, 'record')} to replay"
            garbled = f"; {counted(count.garbled, 'letter')} can't be read and stay" if count.garbled else ""
            if not go_on(count.buried + count.unread, plan + garbled, yes=yes, dry_run=dry_run):
                return {"dry_run": dry_run, **asdict(count)}
            with progress("replaying", count.total) as tell:
                done = await mend.replay(meant, tell)
            said = f"replayed: {counted(done.deliveries.entered, 'delivery', 'deliveries')} on their way"
            said += f", {counted(done.records, 'record')} back in {settings.topic}"
            known = done.deliveries.waiting + done.deliveries.delivered
            err.print(said + (f"; {known:,} were waiting or delivered already" if known else ""), highlight=False)
            return {"dry_run": False, **asdict(done)}

    print_result(run_to_end(told(work())), as_json=as_json)


@app.command("drop")
def dead_drop(
    ids: Ids = None,
    *,
    wanted: Wanted = None,
    destination: To = "",
    reason: Reason = "",
    since: Since = None,
    until: Until = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """Forget dead letters: they are listed no more."""
    from consumers.dead import mending, tally

    settings = settings_of(env_file, frozenset())
    chosen = selection(wanted or "", destination, reason, since, until)
    _some(ids, given=wanted is not None or chosen != selection())

    async def work() -> dict[str, Any]:
        async with mending(settings, reading) as (letters, mend):
            meant = replace(chosen, ids=letters.ids(ids or []))
            count = await tally(letters, meant)
            if not go_on(count.total, f"{counted(count.total, 'dead letter')} to drop", yes=yes, dry_run=dry_run):
                return {"dry_run": dry_run, **asdict(count)}
            with progress("dropping", count.total) as tell:
                dropped = await mend.drop(meant, tell)
            err.print(f"dropped {counted(dropped, 'dead letter')}", highlight=False)
            return {"dry_run": False, "dropped": dropped}

    print_result(run_to_end(told(work())), as_json=as_json)


def _some(ids: list[str] | None, *, given: bool) -> None:
    if not ids and not given:
        fail("say which: ids, or --filter, --destination, --reason, --since, --until; --filter '' means all")
