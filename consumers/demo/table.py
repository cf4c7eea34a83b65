"""What the terminal shows while the demo plays: three addresses and a live table."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.console import Console
from rich.live import Live
from rich.table import Table

from consumers.demo.audit import Audit, percentiles
from consumers.demo.stage import Play, Stage

REFRESH_SECONDS = 0.5
KINDS = ("slack", "webhook", "browser")


@asynccontextmanager
async def show(play: Play, made: Stage) -> AsyncIterator[None]:
    """Keep the table current until left, and leave its last state on the screen."""
    console = Console()
    places = {"Slack sandbox": made.workspace.url, "Webhooks to": made.receiver.url}
    for name, url in (*places.items(), ("Live console", f"{made.service}  token: {made.token}")):
        console.print(f"[bold]{name:14}[/] {url}", highlight=False, soft_wrap=True)
    with Live(_table(play, made.audit), console=console, auto_refresh=False) as live:

        async def refresh() -> None:
            while True:
                live.update(_table(play, made.audit), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)

        task = asyncio.create_task(refresh())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            live.update(_table(play, made.audit), refresh=True)


def _table(play: Play, audit: Audit) -> Table:
    title = f"{audit.published} events published" + ("" if play.seconds else ", Ctrl-C ends it")
    table = Table(title=title, title_justify="left", caption=_verdict(audit), caption_justify="left")
    for heading in ("to", "expected", "delivered", "waiting", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="left" if heading == "to" else "right")
    expected, delivered = audit.expected(), audit.delivered()
    for kind in KINDS:
        times = percentiles(audit.latencies(kind))
        row = (expected[kind], delivered[kind], expected[kind] - delivered[kind], times["p50"], times["p99"])
        table.add_row(kind, *("-" if cell is None else f"{cell:,}" for cell in row))
    return table


def _verdict(audit: Audit) -> str:
    wrong = {"repeated": audit.repeated, "out of order": audit.out_of_order, "unexpected": audit.unexpected}
    found = ", ".join(f"{count} {name}" for name, count in wrong.items() if count)
    return f"[bold red]{found}[/]" if found else "[green]nothing repeated, nothing out of order[/]"
