"""How often and how long a kind of far side is tried again: data for `delivery.settle`."""

from bot.core.backoff import HOUR, MINUTE, SECOND, Schedule

SLACK = Schedule(
    waits=(*(SECOND << power for power in range(9)), 5 * MINUTE),
    # Time ends it, not the count: even the shortest wait that chance gives, 30 s, makes fewer tries in a day.
    attempts=5_000,
    budget=24 * HOUR,
    spread=1.0,
)
"""1 s, 2 s, 4 s … 256 s, then 5 minutes, with full jitter, for a day: Slack is away for minutes, and comes back."""

WEBHOOK = Schedule(
    waits=(5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR),
    attempts=8,
    # The waits come to 27.6 hours, to 33.1 with all chance against us; the rest is for a receiver that asks for time.
    budget=72 * HOUR,
    spread=0.2,
)
"""Svix's schedule, within what Standard Webhooks recommends ("Deliverability and reliability"), ± 20 %."""
