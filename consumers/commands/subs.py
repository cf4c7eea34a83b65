"""`tidings subs list|export|import|diff`."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.settings import Role
from consumers.shell import (
    DEFAULT_ENV,
    AsJson,
    DryRun,
    EnvFile,
    Yes,
    counted,
    err,
    fail,
    go_on,
    out,
    run_to_end,
    settings_of,
    told,
)

app = typer.Typer(no_args_is_help=True, help="Everyone's subscriptions, and the same as a file.")

Team = Annotated[str | None, typer.Option(help="The workspace, T…, where there are several.")]
Source = Annotated[Path, typer.Argument(help="A file as `tidings subs export` writes it; - for standard input.")]
Owner = Annotated[str | None, typer.Option(help="Slack user ID, U…: owns what is made without an owner: of its own.")]


@app.command("list")
def subs_list(
    *,
    wanted: Annotated[str | None, typer.Option("--filter", help="Only those whose filter contains this text.")] = None,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """List every subscription."""
    from bot.core.destination import destination_id
    from consumers.keeper import at_hand

    settings = settings_of(env_file, frozenset())

    async def read() -> list[dict[str, Any]]:
        async with at_hand(settings) as kept:
            _, everyone = await kept.subscriptions.snapshot()
        return [
            {
                "id": one.id,
                "team": one.team,
                "owner": one.owner,
                "filter": str(one.filter),
                "destination": destination_id(one.destination),
                "state": "active" if one.hold is None else one.hold.kind,
            }
            for one in everyone
            if wanted is None or wanted in str(one.filter)
        ]

    rows = run_to_end(read())
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    table = Table("id", "team", "owner", "filter", "destination", "state")
    for row in rows:
        table.add_row(
            row["id"], row["team"], row["owner"], row["filter"] or "everything", row["destination"], row["state"]
        )
    out.print(table if rows else "No subscriptions yet: type /tidings subscribe in Slack.")


@app.command("export")
def subs_export(*, team: Team = None, env_file: EnvFile = DEFAULT_ENV) -> None:
    """Write a workspace's subscriptions as YAML, to keep, to review and to import. Webhook URLs are in it."""
    from consumers.keeper import at_hand
    from consumers.subsfile import write
    from consumers.subsplan import present, team_for

    settings = settings_of(env_file, frozenset())

    async def read() -> str:
        async with at_hand(settings) as kept:
            meant = await team_for(settings, kept, team)
            return write((await present(kept, meant)).values(), team=meant)

    sys.stdout.write(run_to_end(told(read())))


@app.command("import")
def subs_import(
    file: Source,
    *,
    prune: Annotated[bool, typer.Option("--prune", help="Also end what the file does not have.")] = False,
    owner: Owner = None,
    team: Team = None,
    external: Annotated[
        bool, typer.Option("--external", help="Also channels that are shared with other organisations.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    env_file: EnvFile = DEFAULT_ENV,
) -> None:
    """Make a workspace's subscriptions what the file says. Shows the plan first, and asks."""
    from consumers.keeper import at_hand
    from consumers.subsplan import Leave, doing, plan, present, shown, team_for

    settings = settings_of(env_file, frozenset() if dry_run else frozenset({Role.DISPATCH}))

    async def work() -> int:
        text = _text(file)
        async with at_hand(settings) as kept:
            found = await _read(file, text, team, lambda named: team_for(settings, kept, named))
            there = await present(kept, found.team)
            steps = plan(found.entries, there, now=kept.clock(), owner=owner, prune=prune)
            todo = [step for step in steps if not isinstance(step, Leave)]
            _show(steps)
            if not go_on(len(todo), _summary(steps), yes=yes, dry_run=dry_run):
                return 0
            failed = 0
            async with doing(settings, kept, found.team, external=external) as doer:
                for step in todo:
                    why = await doer.do(step)
                    if why is not None:
                        failed += 1
                        one = shown(step).fields()
                        err.print(f"{one['to']} {one['filter']}: {why}", style="red", markup=False, highlight=False)
            err.print(f"{counted(len(todo) - failed, 'change')} made, {failed:,} failed", highlight=False)
            return failed

    if run_to_end(told(work())):
        raise typer.Exit(1)


@app.command("diff")
def subs_diff(file: Source, *, team: Team = None, env_file: EnvFile = DEFAULT_ENV) -> None:
    """Show how a workspace's subscriptions differ from the file; exit 1 where they do."""
    from consumers.keeper import at_hand
    from consumers.subsplan import Leave, plan, present, team_for

    settings = settings_of(env_file, frozenset())

    async def work() -> bool:
        text = _text(file)
        async with at_hand(settings) as kept:
            found = await _read(file, text, team, lambda named: team_for(settings, kept, named))
            there = await present(kept, found.team)
            steps = plan(found.entries, there, now=kept.clock(), owner="", prune=True)
        _show(steps)
        err.print(_summary(steps), highlight=False)
        return any(not isinstance(step, Leave) for step in steps)

    if run_to_end(told(work())):
        raise typer.Exit(1)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} can't be read: {error}")


async def _read(file: Path, text: str, team: str | None, find: Any) -> Any:
    """The file, of the workspace that it names, or else of the only one there is."""
    from consumers.subsfile import read, team_named

    return read(text, name=str(file), team=team or team_named(text) or await find(None))


def _show(steps: Sequence[Any]) -> None:
    from consumers.subsplan import Change, Create, Leave, Remove, changes, shown

    looks = {Create: ("+ create", "green"), Change: ("~ change", "yellow"), Remove: ("- remove", "red")}
    table = Table("", "id", "to", "filter", "what", box=None)
    for step in steps:
        if isinstance(step, Leave):
            continue
        word, colour = looks[type(step)]
        one = shown(step).fields()
        details = [f"{name}: {before or '∅'} → {after or '∅'}" for name, (before, after) in changes(step).items()] or [
            f"{name}: {value}" for name, value in one.items() if name not in {"id", "to", "filter"}
        ]
        cells = (word, one.get("id", ""), one["to"], one["filter"] or "everything", "\n".join(details))
        table.add_row(*(Text(cell, style=colour) for cell in cells))
    if table.row_count:
        out.print(table)


def _summary(steps: Sequence[Any]) -> str:
    from consumers.subsplan import Change, Create, Leave, Remove

    words = {Create: "to create", Change: "to change", Remove: "to remove", Leave: "as they are"}
    counts = [f"{sum(isinstance(step, kind) for step in steps):,} {word}" for kind, word in words.items()]
    return ", ".join(counts)
