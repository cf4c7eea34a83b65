"""What a far side takes of us in a workspace: figures, and what each call is counted against.

The arithmetic on them is atomic, and so in `bot/stores/lua/budget.lua`. Times are milliseconds.

Rules of these figures:
1. `most` is the documented figure, and the ceiling: we never try whether a far side takes more. What is learned is only
   where less is taken (promise 5: limits are obeyed, not discovered).
2. In the long run MARGIN below it: a steady rate of exactly `most` has no room for the way from here to there.
3. No minute has more than `most` calls, whatever a process did with its turns: the time of each of the last `most` is
   kept, and the oldest of them must be WINDOW old.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.backoff import MINUTE, SECOND

POST, UPDATE, UPLOAD = "chat.postMessage", "chat.update", "files.completeUploadExternal"
LOOK = "conversations.info"

MARGIN = 0.05
SLACK_WAY = 2 * SECOND
"""How much longer one call may be on its way than another: less than that is seen as the same minute by Slack."""
WINDOW = MINUTE + SLACK_WAY
SPACING = 1_050
"""Between two messages in a channel: about one a second (docs.slack.dev, chat.postMessage); 5 % of room for clocks."""
GRACE = 3 * SECOND
"""How long a turn waits for who it was given to, where others of the same channel want it."""

CUT = 0.5
"""What a 429 leaves of the rate (multiplicative decrease)."""
REGAIN = 0.25
"""What of the full rate a minute of calls at full rate gives back (additive increase): half is regained in 2 to 3."""
FLOOR = 1 / 16
"""The least share of the full rate: so that a workspace that takes little still gets all, and heals."""
LONGEST_COOL = 24 * 3_600 * SECOND
"""Nobody waits three centuries because a header says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a workspace takes of one method: at most `most` calls, at least 1, within any minute.

    `at_once`: so many of them in one go, after a rest; the rest of the minute's share is then used up.
    """

    method: str
    most: int
    at_once: int | None = None

    @property
    def interval(self) -> float:
        """Between two calls at the full rate."""
        return MINUTE / (self.most * (1 - MARGIN))

    @property
    def burst(self) -> int:
        """How many calls a workspace takes at once that was left alone: what the margin leaves, unless it is given."""
        if self.at_once is not None:
            return self.at_once
        return max(1, self.most - math.floor(WINDOW / self.interval))

    @property
    def gain(self) -> float:
        """The share of the full rate that a call gives back which nobody said no to."""
        return REGAIN / self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a call of a method is counted against.

    Within a channel, calls of the same method come one after the other, in the order in which their deliveries asked;
    each of the `budgets`, in this order, has to have a place for it. Calls with a `spacing`, of whatever method, are
    that far apart in a channel; 0 sets no distance.
    """

    spacing: int
    budgets: tuple[Budget, ...]


def costs(*, messages: int = 300, updates: int = 50, uploads: int = 100) -> Mapping[str, Cost]:
    """The cost of each of Slack's methods that says something; the figures are calls a minute and workspace.

    chat.postMessage: "several hundred messages per minute" (its page); chat.update: tier 3, 50; uploads: tier 4, 100
    (docs.slack.dev/apis/web-api/rate-limits). What an upload shows is a message in its channel, too. Of what may be
    looked up about channels, tier 3, a fifth is left to what people ask.
    """
    post = Budget(method=POST, most=messages)
    return {
        POST: Cost(spacing=SPACING, budgets=(post,)),
        UPDATE: Cost(spacing=0, budgets=(Budget(method=UPDATE, most=updates),)),
        LOOK: Cost(spacing=0, budgets=(Budget(method=LOOK, most=40, at_once=40),)),
        UPLOAD: Cost(spacing=SPACING, budgets=(Budget(method=UPLOAD, most=uploads), post)),
    }
