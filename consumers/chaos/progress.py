"""A line on standard error that tells people how far a run is."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from consumers.chaos.run import Run

_PER_SECOND = 2


class Progress:
    """Shows while it is entered; silent where standard error is no terminal."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        console = Console(stderr=True)
        self._live = Live(get_renderable=self._line, console=console, refresh_per_second=_PER_SECOND, transient=True)
        self._shown = console.is_terminal

    def __enter__(self) -> Self:
        """Show it."""
        if self._shown:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._live.stop()

    def _line(self) -> Text:
        run = self._run
        seconds = int(time.time() - run.begin) if run.begin else 0
        doing = ", ".join(sorted(name for name, count in run.chronicle.now.items() if count))
        phase = "settling" if run.end else doing or "calm"
        return Text(
            f"{seconds // 60}:{seconds % 60:02d}  {len(run.load.published):,} events  "
            f"{len(run.ledgers.seen):,} delivered  {run.waiting():,} waiting  {run.chronicle.kills} kills  {phase}"
        )
