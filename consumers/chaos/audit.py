"""What was published, what the far sides saw, what violence was done when: and whether it all adds up.

Pure, and knows nothing of filters, routing, the outbox or leases. Times are seconds since the epoch.

A *repeat* is a request for a webhook-id that was requested before. It is explained by what lies between the two:

| why | when |
|---|---|
| refused | no earlier request of it was answered 2xx, the last one was answered otherwise |
| unanswered | no earlier one was answered 2xx in full: cut, reset or hanging |
| member | one was, and a member was killed, stopped or paused before it can have noted that |
| redis_away | one was, and Redis was away when it was to be noted |
| redis_lost | one was, and Redis lost what it had noted since |

Anything else is unexplained.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final, Literal, TypeAlias

from consumers.demo.audit import Place, percentiles

NOTE_SECONDS: Final = 2.0
"""How long after its answer a busy member may take to note a delivery."""
IN_HAND_SECONDS: Final = 1.0
"""How long a worker may be busy with what it had taken before Redis lost it."""
EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An event that Kafka acknowledged."""

    id: str
    key: str
    data: Mapping[str, Any]
    at: float
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An event seen in a Slack conversation; those of one message are a microsecond apart, in its order."""

    place: str
    event: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A verified request to a webhook's receiver; `status` None where no answer was written in full."""

    place: str
    event: str
    webhook: str
    body: str
    opened: float
    answered: float
    status: int | None

    @property
    def accepted(self) -> bool:
        """Answered 2xx, in full."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


Victim: TypeAlias = Literal["member", "redis", "redis_lost", "broker", "slack", "receiver"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violence:
    """What was done, to whom, and while what time it was not itself; `since` is from when on Redis lost what it knew.

    `committed` is what ingest had committed to Kafka when Redis lost something, by partition.
    """

    act: str
    victim: Victim
    target: str
    begin: float
    end: float
    kills: int = 0
    since: float | None = None
    committed: Mapping[int, int] | None = None


@dataclass(slots=True)
class Verdict:
    """The counts; `examples` has the first of each kind of wrong, for whoever has to find out why."""

    expected: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    repeated_slack: int = 0
    repeated_webhook: int = 0
    why_repeated: Counter[str] = field(default_factory=Counter)
    beyond_commit: int = 0
    ids_differed: int = 0
    bodies_differed: int = 0
    out_of_order: int = 0
    unexpected: int = 0
    seen_at: dict[tuple[str, str], float] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def unexplained(self) -> int:
        """Webhook repeats for which there was no reason."""
        return self.why_repeated["unexplained"]

    @property
    def clean(self) -> bool:
        """Nothing wrong."""
        wrong = (self.missing, self.repeated_slack, self.unexplained, self.ids_differed, self.bodies_differed)
        return not any((*wrong, self.out_of_order, self.unexpected, self.beyond_commit))

    def note(self, kind: str, text: str) -> None:
        """Keep an example."""
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(text)


def judge(
    published: Mapping[str, Published],
    doubtful: frozenset[str],
    places: Sequence[Place],
    posts: Sequence[Posted],
    requests: Sequence[Request],
    violence: Sequence[Violence],
) -> Verdict:
    """Compare. `doubtful` are ids of events that may be in Kafka or not."""
    verdict = Verdict()
    _posts(verdict, posts)
    _requests(verdict, requests, published, violence)
    for place in places:
        wanted = {one.id for one in published.values() if place.wants(one.data)}
        seen = {event for where, event in verdict.seen_at if where == place.name}
        verdict.expected[place.kind] += len(wanted)
        verdict.delivered[place.kind] += len(wanted & seen)
        verdict.missing += len(wanted - seen)
        verdict.unexpected += len(seen - wanted - doubtful)
        for event in sorted(wanted - seen):
            verdict.note("missing", f"{place.name}: {event} ({_where(published.get(event))})")
        for event in sorted(seen - wanted - doubtful):
            verdict.note("unexpected", f"{place.name}: {event}")
    _order(verdict, published)
    return verdict


def _posts(verdict: Verdict, posts: Iterable[Posted]) -> None:
    for post in posts:
        place = (post.place, post.event)
        if place in verdict.seen_at:
            verdict.repeated_slack += 1
            verdict.note("repeated_slack", f"{post.place}: {post.event} at {verdict.seen_at[place]} and {post.at}")
        else:
            verdict.seen_at[place] = post.at


def _requests(
    verdict: Verdict,
    requests: Sequence[Request],
    published: Mapping[str, Published],
    violence: Sequence[Violence],
) -> None:
    earlier: dict[tuple[str, str], list[Request]] = defaultdict(list)
    for request in sorted(requests, key=lambda one: one.opened):
        place = (request.place, request.event)
        before = earlier[place]
        if before:
            _repeat(verdict, before, request, published.get(request.event), violence)
        before.append(request)
        if request.accepted:
            verdict.seen_at[place] = min(request.answered, verdict.seen_at.get(place, request.answered))


def _repeat(
    verdict: Verdict,
    before: Sequence[Request],
    request: Request,
    published: Published | None,
    violence: Sequence[Violence],
) -> None:
    verdict.repeated_webhook += 1
    verdict.ids_differed += request.webhook != before[0].webhook
    verdict.bodies_differed += request.body != before[0].body
    why, cause = explain(before, request, violence)
    verdict.why_repeated[why] += 1
    if why == "unexplained":
        times = ", ".join(f"{one.opened:.3f} to {one.answered:.3f} {one.status}" for one in (*before, request))
        verdict.note("unexplained", f"{request.place}: {request.event} {request.webhook}: {times}")
    if cause is not None and cause.committed is not None and published is not None:
        committed = cause.committed.get(published.partition)
        if committed is not None and published.offset < committed:
            verdict.beyond_commit += 1
            verdict.note("beyond_commit", f"{request.place}: {request.event}, offset {published.offset} < {committed}")


def explain(before: Sequence[Request], again: Request, violence: Sequence[Violence]) -> tuple[str, Violence | None]:
    """Why it was requested again after the requests before."""
    accepted = [one for one in before if one.accepted and one.answered <= again.opened]
    if not accepted:
        return ("unanswered" if any(one.status is None or one.accepted for one in before) else "refused"), None
    first = accepted[-1]
    for one in violence:
        met = one.begin - NOTE_SECONDS <= first.answered and first.opened <= one.end
        if one.victim == "member" and met:
            return "member", one
        if one.victim == "redis" and met:
            return "redis_away", one
        if one.victim == "redis_lost" and _forgot(one, first, again):
            return "redis_lost", one
    return "unexplained", None


def _forgot(loss: Violence, first: Request, again: Request) -> bool:
    """Whether the first was noted in what was lost, or by a worker that had it in hand when all was lost."""
    since = loss.begin if loss.since is None else loss.since
    noted = since - NOTE_SECONDS <= first.answered and first.opened <= loss.end + IN_HAND_SECONDS
    return noted and again.opened > loss.begin


def _order(verdict: Verdict, published: Mapping[str, Published]) -> None:
    """Within each place and key, what was first seen later must not lie before in Kafka."""
    last: dict[tuple[str, str], Published] = {}
    for (place, event), at in sorted(verdict.seen_at.items(), key=itemgetter(1)):
        one = published.get(event)
        if one is None:
            continue
        former = last.get((place, one.key))
        if former is not None and former.offset > one.offset:
            verdict.out_of_order += 1
            verdict.note("out_of_order", f"{place}: {one.id} at {at} after {former.id}")
        else:
            last[place, one.key] = one


def _where(one: Published | None) -> str:
    return "" if one is None else f"partition {one.partition}, offset {one.offset}, published {one.at:.3f}"


def gap(times: Iterable[float], begin: float, end: float) -> float:
    """The longest silence within the two times, in seconds."""
    inside = [begin, *sorted(time for time in times if begin < time < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def latencies(
    verdict: Verdict, published: Mapping[str, Published], places: Iterable[str], begin: float, end: float
) -> dict[str, float | None]:
    """Median and 99th percentile from publishing to sight, in milliseconds, of events published between the times."""
    names = frozenset(places)
    return percentiles(
        sorted(
            (at - published[event].at) * 1000
            for (place, event), at in verdict.seen_at.items()
            if place in names and event in published and begin <= published[event].at < end
        )
    )
