"""How far a delivery has got that takes several posts, and how plainly it has to be said."""

from dataclasses import dataclass
from enum import StrEnum


class Rung(StrEnum):
    """How a result is said; each is plainer than the one before, for a far side that refuses that one."""

    RICH = "rich"
    """Block Kit's rich text."""
    MARKDOWN = "markdown"
    """One block of standard Markdown."""
    PLAIN = "plain"
    """No blocks at all."""

    @property
    def below(self) -> "Rung | None":
        """The next plainer one; None below the plainest."""
        match self:
            case Rung.RICH:
                return Rung.MARKDOWN
            case Rung.MARKDOWN:
                return Rung.PLAIN
            case Rung.PLAIN:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The first `told` posts of a delivery have arrived.

    `reference` is the first one's, as in `delivery.Sent`, and `thread` the far side's id of the thread where the others
    go; both are empty while none has arrived. `begun` is the rung of the first, `rung` that of the next. `files`:
    whether the far side takes files, as far as it has said.
    """

    reference: str = ""
    thread: str = ""
    told: int = 0
    begun: Rung = Rung.RICH
    rung: Rung = Rung.RICH
    files: bool = True
