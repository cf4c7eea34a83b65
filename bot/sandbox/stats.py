"""Counts per Web API method: calls, refusals of each kind, injected faults."""

from collections import Counter, defaultdict

from bot.sandbox.answers import Json


class Stats:
    """What was asked of this sandbox since its start or last reset."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._throttled: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._errors: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def called(self, method: str) -> None:
        """A request for this method arrived."""
        self._calls[method] += 1

    def refused(self, method: str, code: str) -> None:
        """A request was answered with an error."""
        self._errors[method][code] += 1
        if code == "ratelimited":
            self._throttled[method] += 1

    def faulted(self, method: str) -> None:
        """A fault was injected into a request."""
        self._faults[method] += 1

    def calls(self, method: str) -> int:
        """How often a method was called."""
        return self._calls[method]

    def to_json(self) -> Json:
        """Counts by method."""
        return {
            "methods": {
                method: {
                    "calls": calls,
                    "throttled": self._throttled[method],
                    "faults": self._faults[method],
                    "errors": dict(self._errors[method]),
                }
                for method, calls in sorted(self._calls.items())
            },
            "calls": self._calls.total(),
            "throttled": self._throttled.total(),
        }
