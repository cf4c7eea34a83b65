"""What commands share: where they print, how they read settings, run, ask, and fail."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.core.deadletter import Selection
from bot.core.errors import MistakeError, TidingsError
from bot.settings import Role, Settings, SettingsError, load

T = TypeVar("T")

out = Console()
err = Console(stderr=True)

EnvFile = Annotated[Path, typer.Option("--env-file", help="File with settings; the environment wins over it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
DEFAULT_ENV = Path(".env")
Since = Annotated[str | None, typer.Option(help="From then on: 2h, 15m, 3d, yesterday, 2026-11-23T10:00Z.")]
Until = Annotated[str | None, typer.Option(help="Before then; as --since.")]
Wanted = Annotated[str | None, typer.Option("--filter", help="Events that match, as in a subscription: status:failed.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")]

LONG = 2_000
"""Records from which on a progress bar is shown."""


def settings_of(env_file: Path, roles: frozenset[Role]) -> Settings:
    """Settings good enough for the roles, or an end with status 2 that names what is missing."""
    try:
        return load(roles, env_file=env_file)
    except SettingsError as error:
        for problem in error.problems:
            err.print(problem, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where there is one; Ctrl-C is no traceback."""
    try:
        try:
            import uvloop
        except ImportError:
            return asyncio.run(work)
        return uvloop.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(text: str) -> NoReturn:
    """End with status 2, saying why."""
    err.print(text, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2)


async def told(work: Coroutine[Any, Any, T]) -> T:
    """A person's mistakes and services that are away, told in a line or three."""
    try:
        return await work
    except MistakeError as error:
        fail(f"{error.message}\n{error.caret()}")
    except TidingsError as error:
        fail(str(error))


def selection(
    wanted: str = "", destination: str = "", reason: str = "", since: str | None = None, until: str | None = None
) -> Selection:
    """What the options mean."""
    from bot.core.filters import parse
    from bot.core.moment import milliseconds, read_moment

    now = datetime.now(UTC)
    try:
        return Selection(
            filter=parse(wanted),
            destination=destination,
            reason=reason,
            since=None if since is None else milliseconds(read_moment(since, now=now)),
            until=None if until is None else milliseconds(read_moment(until, now=now)),
        )
    except MistakeError as error:
        fail(f"{error.message}\n{error.caret()}")


def go_on(count: int, what: str, *, yes: bool, dry_run: bool) -> bool:
    """Say what would be done, and ask; on no terminal there is nobody to ask."""
    err.print(what, highlight=False, soft_wrap=True)
    if dry_run or not count:
        return False
    if yes:
        return True
    if not sys.stdin.isatty():
        fail("nothing was done: add --yes to do it, or --dry-run to count only")
    if not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)
    return True


def reading(size: int) -> AbstractContextManager[Callable[[int], None]]:
    """A bar for reading so many records."""
    return progress("reading", size)


@contextmanager
def progress(what: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal and there is something to wait for."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=size < LONG or not err.is_terminal) as progress:
        bar = progress.add_task(what, total=size)
        yield lambda done: progress.update(bar, completed=done)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def print_result(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what a command came to, if it was asked for as JSON; people were told already."""
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
