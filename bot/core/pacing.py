"""How fast a lane may send: pure arithmetic on its due time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`interval` is the least time between two sends of a lane, in milliseconds; 0 sets no limit.

    `turn` is how many sends a worker may make before it gives the lane back, so that one lane with a long backlog
    delays the others by no more than one turn.
    """

    interval: int
    turn: int


# Slack: about one message a second and channel (docs.slack.dev, chat.postMessage); 5 % of room for clocks.
SLACK = Pace(interval=1_050, turn=1)
WEBHOOK = Pace(interval=0, turn=16)


def next_send(pace: Pace, *, now: int) -> int:
    """The time at which the lane may send again, in milliseconds."""
    return now + pace.interval
