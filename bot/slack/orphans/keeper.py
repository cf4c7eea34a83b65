"""The orphan keeper: hears what happens to channels, looks at what is paused, and sees that people are told, once.

What Slack says is written into the outbox at once (`hear`). Everything else is done by one process at a time, some
seconds later: it looks at all that the outbox has paused, whatever paused it, and tells whom it concerns. So a lost
event, or a place that was lost in a way that no event tells of, makes no difference but in time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from bot.core.destination import Destination, DestinationId, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.notices import Orphanhood
from bot.core.orphans import Consequence, Follow, Happening, Lose, Pass, Regain, follows, is_in_channel, lost_how, moved
from bot.core.subscription import Subscription
from bot.slack.orphans.groups import Groups
from bot.slack.orphans.owners import Owners
from bot.slack.orphans.registrar import Means, Registrar
from bot.slack.orphans.roll import Called, Roll
from bot.slack.orphans.teller import Teller
from bot.stores.orphans import Told

LOOK_SECONDS: Final = 10.0
ROUNDS: Final = 20
LOOKED_INTO: Final = (Happening.JOINED, Happening.UNARCHIVED)
"""What could have happened to the channel while we did not hear of it is asked for."""

log = structlog.get_logger()


class OrphanKeeper:
    """`look_seconds` is how often it looks by itself."""

    def __init__(self, means: Means, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._means = means
        self._look_seconds = look_seconds
        self._roll = Roll(means.subscriptions)
        self._registrar = Registrar(means)
        self._teller = Teller(means)
        self._owners = Owners(means, self._registrar, self._teller)
        self._groups = Groups(means, self._registrar, self._teller)
        self._wake = asyncio.Event()
        self._following: dict[DestinationId, Destination] = {}

    async def hear(self, team: str, channel: str, happening: Happening, *, to: str = "") -> None:
        """Something happened to a channel; `to` is its new id where it has one. Raises UnavailableError."""
        log.info("channel_happening", team=team, channel=channel, happening=happening)
        self._means.channels.forget(team, channel)
        affected = (await self._roll.call()).in_channel.get((team, channel), ())
        facts = await self._means.channels.find(team, channel) if affected and happening in LOOKED_INTO else None
        consequence = follows(happening, is_external=facts is not None and facts.is_external)
        await self._do(consequence, team, channel, affected, to)
        self._wake.set()

    async def hear_of_group(self, team: str, group: str) -> None:
        """A user group changed. Raises UnavailableError."""
        called = await self._roll.call()
        await self._groups.visit(team, group, called.of_group.get((team, group), ()))

    async def decided(self, place: DestinationId) -> None:
        """Somebody decided about a place: if it is lost again, that is told again. Raises UnavailableError."""
        await self._means.told.forget(place)

    async def was_told(self, place: DestinationId) -> Orphanhood | None:
        """How a place was lost, if it was told that it is. Raises UnavailableError."""
        told = (await self._means.told.all()).get(place)
        return None if told is None else told.what

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Look again and again."""
        stop = asyncio.Event()
        looking = asyncio.create_task(self._keep_looking(stop), name="orphan-keeper")
        try:
            yield
        finally:
            stop.set()  # redis-py can swallow a cancellation
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            with suppress(UnavailableError):
                await self._means.told.leave()

    async def look(self) -> bool:
        """Look once, if it is this process's turn; whether it was. Raises UnavailableError."""
        means = self._means
        await self._go_on_following()
        if not await means.told.turn():
            return False
        paused, known = await means.lanes.paused(), await means.told.all()
        called = await self._roll.call()
        for place, why in paused.items():
            if place not in known:
                try:
                    await self._lost(DestinationId(place), why, called)
                except UnavailableError as error:  # of one workspace, perhaps
                    log.warning("orphan_put_off", place=place, reason=str(error))
        for key, told in known.items():
            if key == told.place and told.what is not Orphanhood.OWNER_GONE and not _is_group(told.place):
                await self._look_after(told, called, is_paused=key in paused)
        for place, why in paused.items():
            await self._give_up(DestinationId(place), why)
        await self._owners.look(called, known)
        await self._groups.look(called, known)
        return True

    async def _keep_looking(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.look()
            except UnavailableError as error:
                log.warning("orphan_look_put_off", reason=str(error))
            except Exception:
                # Nobody would be told of anything any more: the loop has to go on.
                log.exception("orphan_look_failed")
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._wake.wait()

    async def _do(
        self, consequence: Consequence, team: str, channel: str, affected: Sequence[Subscription], to: str
    ) -> None:
        match consequence:
            case Pass():
                pass
            case Lose():
                await self._lose(consequence, affected)
            case Regain(from_=from_):
                await self._regain(team, channel, from_, affected)
            case Follow():
                await self._follow(to, affected)

    async def _lose(self, how: Lose, affected: Sequence[Subscription]) -> None:
        for place in {destination_id(one.destination): None for one in affected}:
            await self._means.halts.halt(place, how.why, over=how.over)
        for one in affected if how.rest else ():
            await self._registrar.orphan(one, how.why)

    async def _regain(
        self, team: str, channel: str, from_: frozenset[Orphanhood], affected: Sequence[Subscription]
    ) -> None:
        paused = await self._means.lanes.paused()
        for place, why in paused.items():
            if is_in_channel(DestinationId(place), team, channel) and lost_how(DestinationId(place), why) in from_:
                for one in affected:
                    await self._registrar.release(one, why)
                await self._means.lanes.resume(place)

    async def _follow(self, to: str, affected: Sequence[Subscription]) -> None:
        means = self._means
        paused = await means.lanes.paused()
        leads = {destination_id(one.destination): moved(one.destination, to) for one in affected}
        for place, there in leads.items():
            if there is None:
                continue
            if place in paused:  # before anything can be sent there
                await means.halts.halt(destination_id(there), paused[place])
            for one in affected:
                if destination_id(one.destination) == place:
                    await self._registrar.lead(one, there)
            self._following[place] = there
            log.info("place_renumbered", place=place, to=destination_id(there))
        await self._go_on_following()

    async def _go_on_following(self) -> None:
        """Let what waits follow; what a worker held is given back to the old place, and follows later."""
        for place, there in tuple(self._following.items()):
            await self._means.move(place, there)
            if not (await self._means.halts.held(place)).deliveries:
                self._following.pop(place, None)

    async def _lost(self, place: DestinationId, why: str, called: Called) -> None:
        """Tell whom it concerns, or, where it concerns nobody, let the place be as if nothing had been there."""
        what, team = lost_how(place, why), place.split("/")[1]
        if what is Orphanhood.INSTALLATION:
            affected = [one for one in called.everyone if one.team == team and not isinstance(one.destination, Webhook)]
        else:
            affected = list(called.at.get(place, ()))
        if what is not Orphanhood.INSTALLATION and await self._is_abandoned(place, called):
            await self._means.lanes.resume(place)
            log.info("place_abandoned", place=place, reason=why)
            return
        if user := _person(place):
            self._owners.hurry(team, user)
        await self._teller.tell(place, place, what, why, affected)

    async def _look_after(self, told: Told, called: Called, *, is_paused: bool) -> None:
        """See whether what was told is over: it goes on, or nothing leads there any more."""
        means, place = self._means, told.place
        if not is_paused:
            await self._teller.recovered(place, told)
        elif told.what is not Orphanhood.INSTALLATION and await self._is_abandoned(place, called):
            await means.told.forget(place)
            await means.lanes.resume(place)
            log.info("place_abandoned", place=place, reason=told.why)

    async def _give_up(self, place: DestinationId, why: str) -> None:
        """Give up what has waited too long for it; of thousands the rest at the next look."""
        means = self._means
        if means.overheld is None:
            return
        for _ in range(ROUNDS):
            given_up = await means.overheld.give_up(place, why, now=means.now())
            if not given_up:
                return
            means.expired(place.partition("/")[0], given_up)

    async def _is_abandoned(self, place: DestinationId, called: Called) -> bool:
        """Whether nothing leads there, and nothing waits."""
        return not called.at.get(place) and not (await self._means.halts.held(place)).deliveries


def _person(place: DestinationId) -> str | None:
    _, _, name = place.partition("/@")
    return name or None


def _is_group(place: DestinationId) -> bool:
    return "/!" in place
