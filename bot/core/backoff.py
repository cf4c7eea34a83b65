"""Retry arithmetic as data: how long to wait before which attempt, and when to give up."""

from dataclasses import dataclass

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Waits in milliseconds before the second, third, … attempt; the last one repeats up to `attempts` in all.

    `spread` is how much of each wait is chance: 1.0 is full jitter (anywhere between zero and the wait, "Exponential
    Backoff And Jitter", AWS Architecture Blog), 0.2 is ± 20 %. `budget` is the delivery's whole time, in milliseconds.
    """

    waits: tuple[int, ...]
    attempts: int
    budget: int
    spread: float


def wait(schedule: Schedule, *, attempt: int, jitter: float) -> int | None:
    """Milliseconds to wait after the failed `attempt` (1 is the first), or None to give up.

    `jitter` is within 0 and 1. Full jitter keeps a floor of a tenth of the wait, so that a retry is never instant.
    """
    if attempt >= schedule.attempts:
        return None
    full = schedule.waits[min(attempt, len(schedule.waits)) - 1]
    if schedule.spread >= 1:
        return max(full // 10, round(full * jitter))
    return round(full * (1 + schedule.spread * (2 * jitter - 1)))
