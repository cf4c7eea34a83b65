"""`tidings keys create|list|revoke`."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from consumers.shell import DEFAULT_ENV, AsJson, EnvFile, Yes, err, fail, go_on, out, run_to_end, settings_of, told

app = typer.Typer(no_args_is_help=True, help="API keys: who may use the REST API, in whose name.")

Team = Annotated[str | None, typer.Option(help="The workspace, T…; else Slack is asked whose the bot token is.")]


@app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="What it is for, e.g. terraform.")],
    *,
    owner: Annotated[str, typer.Option(help="Slack user ID, U…: what the key makes belongs to them.")],
    scope: Annotated[
        str, typer.Option(help="read, write (and read), or admin (everybody's, not only the owner's).")
    ] = ("read"),
    expires: Annotated[str | None, typer.Option("--expires-in", help="45m, 2h, 90d or 52w; without it, never.")] = None,
    team: Team = None,
    env_file: EnvFile = DEFAULT_ENV,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once."""
    from consumers.keyring import create

    settings = settings_of(env_file, frozenset())
    key, text = run_to_end(told(create(settings, name=name, owner=owner, scope=scope, expires=expires, team=team)))
    if as_json:
        sys.stdout.write(json.dumps({"id": key.id, "key": text}) + "\n")
        return
    err.print(f"Key {key.id}, {scope}, in the name of {key.owner}. It is shown this once:", highlight=False)
    sys.stdout.write(f"{text}\n")


@app.command("list")
def keys_list(*, team: Team = None, env_file: EnvFile = DEFAULT_ENV, as_json: AsJson = False) -> None:
    """List the keys; of their secrets nothing is known."""
    from consumers.keyring import row, rows

    settings = settings_of(env_file, frozenset())
    found: list[dict[str, Any]] = run_to_end(told(rows(settings, team)))
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    table = Table("id", "name", "team", "owner", "scopes", "created", "last used", "expires")
    for one in found:
        table.add_row(*map(Text, row(one)))
    out.print(table if found else "No keys yet: tidings keys create NAME --owner U…")


@app.command("revoke")
def keys_revoke(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As `tidings keys list` shows it.")],
    *,
    yes: Yes = False,
    env_file: EnvFile = DEFAULT_ENV,
) -> None:
    """Revoke a key: from then on it opens nothing."""
    from consumers.keyring import find, revoke

    settings = settings_of(env_file, frozenset())
    key = run_to_end(told(find(settings, identity)))
    if key is None:
        fail(f"there is no key {identity}; tidings keys list shows those that are")
    if go_on(1, f"to revoke: {key.id} ({key.name}), in the name of {key.owner}", yes=yes, dry_run=False):
        run_to_end(told(revoke(settings, key.id)))
        err.print(f"{key.id} opens nothing any more", highlight=False)
