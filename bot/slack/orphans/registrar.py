"""Writes down what becomes of orphans' subscriptions: the change, its audit record, and a nudge to what waits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.core.answers import Actor
from bot.core.destination import Destination, DestinationId, SlackGroup, destination_id
from bot.core.looks import Change
from bot.core.orphans import is_orphan, orphaned
from bot.core.routing import places
from bot.core.subscription import Subscription
from bot.ports.outbox import Lanes
from bot.ports.people import Audit, Notices, People, Subscriptions
from bot.slack.directory.channels import SlackChannels
from bot.stores.halts import Halts
from bot.stores.orphans import RedisOrphans
from bot.stores.overheld import Overheld

VIA = "tidings"
"""The `via` of an actor that is nobody: what Tidings does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What it takes to care for orphans. `move` is as in `actions.world`; `now` and `hold` are in milliseconds.

    `hold` is how long events wait, and `overheld` gives them up then; None where that is left to their age.
    `expired` counts those given up, by kind of outlet.
    """

    subscriptions: Subscriptions
    people: People
    channels: SlackChannels
    audit: Audit
    lanes: Lanes
    notices: Notices
    halts: Halts
    told: RedisOrphans
    move: Callable[[DestinationId, Destination], Awaitable[int]]
    now: Callable[[], int]
    hold: int
    overheld: Overheld | None = None
    expired: Callable[[str, int], None] = lambda _, __: None


class Registrar:
    """Each change is made to what is kept at that moment, whoever changes it meanwhile. Raises UnavailableError."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def orphan(self, one: Subscription, why: str) -> None:
        """Let it rest until somebody decides, unless it rests already."""

        def resting(found: Subscription) -> Subscription:
            hold = orphaned(found, why, now=self._means.now())
            return found if hold is None else replace(found, hold=hold)

        await self._change(one, "orphan", resting)

    async def release(self, one: Subscription, why: str) -> None:
        """Let an orphan go on that rests for this reason."""

        def going(found: Subscription) -> Subscription:
            ours = is_orphan(found) and found.hold is not None and found.hold.why == why
            return replace(found, hold=None) if ours else found

        await self._change(one, "resume", going)

    async def lead(self, one: Subscription, to: Destination) -> None:
        """Let it lead elsewhere; it ends where another subscription wants the same there already."""
        await self._change(one, "move", lambda found: replace(found, destination=to))

    async def enrol(self, one: Subscription, members: tuple[str, ...]) -> None:
        """Take note of who is in the group that it leads to. This is no news for the audit."""
        await self._change(one, None, lambda found: replace(found, members=members))

    async def _change(self, one: Subscription, act: str | None, change: Callable[[Subscription], Subscription]) -> None:
        means = self._means
        found: Subscription | None = one
        while found is not None:
            after = change(found)
            if after == found:
                return
            kept = await means.subscriptions.replace(found, after)
            if kept is None:
                found = await means.subscriptions.get(one.id)
                continue
            if kept.id != found.id:
                await means.subscriptions.remove(found.id)
            if act is not None:
                await self._record(act, found, after if kept.id == found.id else None)
            if not isinstance(found.destination, SlackGroup) or found.hold != after.hold:
                await means.lanes.nudge(found.id, [destination_id(place) for place in places(found)])
            return

    async def _record(self, act: str, before: Subscription, after: Subscription | None) -> None:
        means = self._means
        actor = Actor(team=before.team, user="", via=VIA)
        await means.audit.record(
            Change(at=means.now(), actor=actor, act=act, subject=before.id, before=before, after=after)
        )
