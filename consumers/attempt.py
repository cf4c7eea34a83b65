"""One attempt at what a lane holds: what is said together, and the outlet's call, in time and measured."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import takewhile

from opentelemetry.trace import SpanKind

from bot.core.delivery import Failed, Outcome, Paced, Refused, Scope, Unknown
from bot.core.destination import DestinationId
from bot.core.errors import UnavailableError
from bot.core.pressure import DOUBTFUL, Backlog, Held, Manner, choose
from bot.core.window import Windows
from bot.ports.outbox import Leased
from bot.ports.outlet import Item, Outlet, Parcel, Service, Summing
from bot.telemetry import Metrics, tracer


class Attempts:
    """Makes attempts; what each destination's come to is learned by `windows`. `clock` gives ms since the epoch."""

    def __init__(self, windows: Windows, metrics: Metrics, *, clock: Callable[[], int]) -> None:
        self._windows = windows
        self._metrics = metrics
        self._clock = clock
        self._tracer = tracer()

    async def make(
        self, kind: str, service: Service, leased: Leased, items: list[Item], held: Held | None
    ) -> tuple[list[Item], Outcome]:
        """Send as many of the items as belong in one message; alone if they are refused together.

        What is in doubt goes by itself: if it has to be asked for, the rest needs no asking.
        """
        backlog = _backlog(leased, len(items), held)
        alike = list(takewhile(lambda item: _is_doubtful(item) == _is_doubtful(items[0]), items))
        parcel = self._parcel(service, leased, alike, backlog)
        tried = list(parcel.items)
        whole = parcel.held is not None or (parcel.summing is not None and parcel.summing.whole)
        if service.together is not None and not whole:
            try:
                tried = list(await service.together(leased.destination, tried))
            except UnavailableError as error:
                return tried[:1], Failed(reason=f"could not tell what belongs together: {error}")
        outcome = await self._send(kind, service.outlet, leased, replace(parcel, items=tuple(tried)))
        match outcome:
            case Refused(scope=Scope.DELIVERY) if len(tried) > 1:
                tried = tried[:1]
                alone = Parcel(destination=leased.destination, items=tuple(tried), paid=True)
                outcome = await self._send(kind, service.outlet, leased, alone)
            case _:
                pass
        return tried, outcome

    def _parcel(self, service: Service, leased: Leased, items: list[Item], backlog: Backlog) -> Parcel:
        """What the attempt says of items that are all in doubt, or all not."""
        if not service.sums:
            return Parcel(destination=leased.destination, items=tuple(items[: service.fit(items)]), held=backlog.held)
        if items[0].delivery.progress is not None:
            # It was begun alone; with what remains of it, a summary has one more to count.
            counted = Summing(lane=leased.lane, whole=False, left=backlog.waiting - 1) if backlog.summed else None
            return Parcel(destination=leased.destination, items=tuple(items[:1]), summing=counted)
        if _is_doubtful(items[0]) and len(items) > DOUBTFUL:
            items, backlog = items[:DOUBTFUL], replace(backlog, more=backlog.held is not None)
        telling = choose(items, backlog, now=self._clock(), interval=service.pace.interval)
        whole = telling.manner is Manner.SUMMARY
        summing = Summing(lane=leased.lane, whole=whole, aside=telling.aside, left=telling.left)
        return Parcel(
            destination=leased.destination,
            # What a window held back is said together, however long.
            items=telling.items if whole or backlog.held else telling.items[: service.fit(telling.items)],
            held=backlog.held,
            summing=summing if telling.pressed else None,
        )

    async def _send(self, kind: str, outlet: Outlet, leased: Leased, parcel: Parcel) -> Outcome:
        """One call of the outlet, ended in time to settle within the lease: a holder past its lease must not send."""
        seconds = (leased.send_by - self._clock()) / 1000
        if seconds <= 0:  # this process was stopped for a while, or its loop was
            return Failed(reason="the lease ran out before it could be sent")
        deadline = asyncio.get_running_loop().time() + seconds
        attributes: dict[str, str | int] = {
            "messaging.operation.name": "send",
            "messaging.destination.name": leased.lane,
            "messaging.batch.message_count": len(parcel.items),
        }
        span = self._tracer.start_as_current_span(f"send {kind}", kind=SpanKind.PRODUCER, attributes=attributes)
        began = self._clock()
        with span:
            try:
                async with asyncio.timeout_at(deadline):
                    outcome = await outlet.send(replace(parcel, lane=leased.lane, deadline=deadline))
            except TimeoutError:
                outcome = Unknown(reason=f"no answer within {seconds:.0f} s")
        if not isinstance(outcome, Paced):
            took = self._clock() - began
            self._metrics.attempt_seconds.labels(kind).observe(took / 1000)
            self._windows.learn(place_of(leased), outcome, took)
        return outcome


def _is_doubtful(item: Item) -> bool:
    return item.delivery.doubt is not None


def _backlog(leased: Leased, count: int, held: Held | None) -> Backlog:
    """What of the lane's matters for the first `count` deliveries in hand."""
    return Backlog(
        waiting=leased.waiting,
        summed=leased.window == (held.end if held else 0),
        held=held,
        more=held is not None and count == len(leased.deliveries) < leased.waiting,
    )


def place_of(leased: Leased) -> DestinationId:
    """The destination whose lane it is."""
    return DestinationId(leased.lane.partition("#")[0])
