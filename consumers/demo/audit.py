"""Who should have seen what, and who did: an audit that knows nothing of filters, routing or the outbox.

Expectations are plain Python conditions on the published JSON, written beside each subscription; sightings are what the
far sides themselves report. Both are keyed by place and event id.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Wants = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A far side that wants some events: its kind (slack, webhook, browser), a name, and what it wants."""

    kind: str
    name: str
    wants: Wants


@dataclass(slots=True)
class _Seen:
    times: dict[str, float] = field(default_factory=dict)
    repeats: int = 0
    disorder: int = 0
    last: dict[str, int] = field(default_factory=dict)


class Audit:
    """Counts what was published, expected, seen, missing, repeated and out of order, and how long it took."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        self.published = 0
        self._published_at: dict[str, float] = {}
        self._key: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._expected: dict[str, set[str]] = defaultdict(set)
        self._seen: dict[str, _Seen] = defaultdict(_Seen)

    def publish(self, event_id: str, key: str, data: Mapping[str, Any], at: float) -> None:
        """Note an event that Kafka has taken, `at` seconds since the epoch."""
        self.published += 1
        self._published_at[event_id] = at
        self._key[event_id] = key
        self._order[event_id] = self.published
        for place in self.places:
            if place.wants(data):
                self._expected[place.name].add(event_id)

    def known(self) -> Iterable[str]:
        """The ids of all events published."""
        return self._order

    def see(self, place: str, event_id: str, at: float) -> None:
        """Note that the event is visible at the place, `at` seconds since the epoch."""
        seen = self._seen[place]
        if event_id in seen.times:
            seen.repeats += 1
            return
        seen.times[event_id] = at
        key, order = self._key.get(event_id, event_id), self._order.get(event_id, 0)
        if order < seen.last.get(key, 0):
            seen.disorder += 1
        seen.last[key] = max(order, seen.last.get(key, 0))

    def waiting(self, place: str) -> int:
        """Events that the place should see and has not."""
        return len(self._expected[place] - self._seen[place].times.keys())

    @property
    def missing(self) -> int:
        """The same, of all places."""
        return sum(self.waiting(place.name) for place in self.places)

    @property
    def repeated(self) -> int:
        """Sightings of an event already seen at that place."""
        return sum(seen.repeats for seen in self._seen.values())

    @property
    def out_of_order(self) -> int:
        """Sightings after a later event of the same inference at that place."""
        return sum(seen.disorder for seen in self._seen.values())

    @property
    def unexpected(self) -> int:
        """Sightings of events that the place did not want."""
        return sum(len(self._seen[place.name].times.keys() - self._expected[place.name]) for place in self.places)

    def delivered(self) -> dict[str, int]:
        """Expected events that were seen, by kind."""
        counts: Counter[str] = Counter()
        for place in self.places:
            counts[place.kind] += len(self._expected[place.name] & self._seen[place.name].times.keys())
        return {kind: counts[kind] for kind in ("slack", "webhook", "browser")}

    def expected(self) -> dict[str, int]:
        """Events that should be seen, by kind."""
        counts: Counter[str] = Counter()
        for place in self.places:
            counts[place.kind] += len(self._expected[place.name])
        return {kind: counts[kind] for kind in ("slack", "webhook", "browser")}

    def latencies(self, kind: str | None = None) -> list[float]:
        """Milliseconds from publishing to sight, sorted."""
        return sorted(
            (at - self._published_at[event]) * 1000
            for place in self.places
            if kind in {None, place.kind}
            for event, at in self._seen[place.name].times.items()
            if event in self._published_at
        )

    def report(self) -> dict[str, Any]:
        """What `tidings demo --json` prints."""
        kinds = ("slack", "webhook", "browser")
        return {
            "published": self.published,
            "expected": self.expected(),
            "delivered": self.delivered(),
            "missing": self.missing,
            "repeated": self.repeated,
            "out_of_order": self.out_of_order,
            "unexpected": self.unexpected,
            "latency_ms": {
                **percentiles(self.latencies()),
                **{kind: percentiles(self.latencies(kind)) for kind in kinds},
            },
        }

    @property
    def clean(self) -> bool:
        """Nothing missing, repeated, out of order or unexpected."""
        return not (self.missing or self.repeated or self.out_of_order or self.unexpected)


def percentiles(values: list[float]) -> dict[str, float | None]:
    """The median and the 99th percentile of sorted values (nearest rank), None of nothing."""
    if not values:
        return {"p50": None, "p99": None}
    return {
        name: round(values[min(len(values) - 1, max(0, -(-len(values) * percent // 100) - 1))], 1)
        for name, percent in (("p50", 50), ("p99", 99))
    }
