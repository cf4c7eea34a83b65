"""Rate limits as Slack publishes them. Decisions only: the time comes in, seconds to wait come out.

Source: docs.slack.dev/apis/web-api/rate-limits and the method pages. The size of bursts is not published;
``CHANNEL_BURST`` and ``WORKSPACE_MESSAGES`` are careful guesses.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

TIERS: Mapping[int, int] = MappingProxyType({1: 1, 2: 20, 3: 50, 4: 100})
"""Calls per minute of each tier, per method and workspace."""

CHANNEL_BURST = 4
WORKSPACE_MESSAGES = 300
SPECIAL = 600
WINDOW = 60.0
_ROUNDING = 1e-6  # a clock in seconds since the epoch is no finer as a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How much is allowed.

    Attributes:
        tiers: calls per minute of each published tier.
        special: calls per minute of methods whose limit is only called generous.
        channel_per_second: messages per second and channel in the long run.
        channel_burst: messages that a quiet channel takes at once.
        workspace_per_minute: messages per minute over all channels ("several hundred").
        methods: calls per minute of single methods, where that differs from their tier; 1 for
            conversations.history is what apps outside the Marketplace get since 2025.
        enabled: whether anything is limited at all.
    """

    tiers: Mapping[int, int] = field(default_factory=lambda: TIERS)
    special: int = SPECIAL
    channel_per_second: float = 1.0
    channel_burst: int = CHANNEL_BURST
    workspace_per_minute: int = WORKSPACE_MESSAGES
    methods: Mapping[str, int] = field(default_factory=dict)
    enabled: bool = True


class _Window:
    """At most ``most`` acts within any minute."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until another act is allowed; 0 for now."""
        while self._times and now - self._times[0] >= WINDOW:
            self._times.popleft()
        return 0.0 if len(self._times) < self._most else self._times[0] + WINDOW - now

    def take(self, now: float) -> None:
        """Count an act."""
        self._times.append(now)


class Limits:
    """The budgets of one app in one workspace."""

    def __init__(self, rates: Rates, tiers: Mapping[str, int | None]) -> None:
        """``tiers`` gives the tier of each method; None for a special one."""
        self.rates = rates
        self._tiers = tiers
        self._methods: dict[str, _Window] = {}
        self._workspace = _Window(rates.workspace_per_minute)
        self._channels: dict[str, float] = {}

    def call(self, method: str, now: float) -> int:
        """Take a call of the method's budget; whole seconds for Retry-After when there is none left."""
        if not self.rates.enabled:
            return 0
        window = self._methods.get(method)
        if window is None:
            tier = self._tiers.get(method)
            most = self.rates.special if tier is None else self.rates.tiers[tier]
            window = self._methods[method] = _Window(self.rates.methods.get(method, most))
        if wait := window.wait(now):
            return math.ceil(wait)
        window.take(now)
        return 0

    def message(self, channel: str, now: float) -> int:
        """Take a message to a channel; whole seconds for Retry-After when it is too soon.

        The channel's budget is a virtual schedule (the generic cell rate algorithm): ``due`` is when the
        messages so far would have been sent at the steady rate.
        """
        if not self.rates.enabled:
            return 0
        step = 1.0 / self.rates.channel_per_second
        due = max(self._channels.get(channel, now), now)
        early = due - now - (self.rates.channel_burst - 1) * step
        wait = max(early, self._workspace.wait(now))
        if wait > _ROUNDING:
            return math.ceil(wait)
        self._channels[channel] = due + step
        self._workspace.take(now)
        return 0
