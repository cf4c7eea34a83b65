"""What may be there already: looked for where we may look, and where we may not, repeated or asked for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import structlog

from bot.core.delivery import Asked, Lane, Outcome, Sent, Unknown
from bot.core.destination import DestinationId, SlackPlace, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.subscription import Doubt
from bot.outlets.slack.cards import Carding
from bot.outlets.slack.history import Blind, Looked
from bot.outlets.slack.speaking import Speaker
from bot.outlets.slack.summing import Summarising
from bot.outlets.slack.telling import Way
from bot.outlets.slack.threads import Thread, Threading
from bot.ports.outlet import Item
from bot.render.discretion import Seen
from bot.render.doubt import question, question_metadata

log = structlog.get_logger()

PolicyOf: TypeAlias = Callable[[DestinationId, Sequence[Event]], Awaitable[Doubt]]


class Doubts:
    """Looks wherever a delivery may have been said; `policy_of` says what becomes of one where we may not look.

    `summarising` is None where nothing is summed up. `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self,
        threading: Threading,
        carding: Carding,
        summarising: Summarising | None,
        speaker: Speaker,
        *,
        policy_of: PolicyOf,
        clock: Callable[[], int],
    ) -> None:
        self._threading = threading
        self._carding = carding
        self._summarising = summarising
        self._speaker = speaker
        self._policy_of = policy_of
        self._clock = clock

    async def look(
        self, place: SlackPlace, items: tuple[Item, ...], token: str, thread: Thread | None, lane: Lane | None = None
    ) -> Looked | Blind | Unknown:
        """Which of those in doubt arrived, in messages of their own, on cards or in a summary."""
        doubts = {item.delivery.id: item.delivery.doubt for item in items if item.delivery.doubt is not None}
        if not doubts:
            return Looked(found={})
        events = [item.event for item in items if item.delivery.id in doubts]
        by = self._summarising
        try:
            since = min(doubts.values()) if by is None else await by.since(min(doubts.values()), lane)
            doubts = {one: min(at, since) for one, at in doubts.items()}
            looked = await self._threading.find(place, token, doubts, events, thread, now=self._clock())
            if isinstance(looked, Looked) and by is not None:
                looked = await by.recall(looked, list(doubts), lane)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell whether it was summed up: {error}")
        if isinstance(looked, Unknown) or lane is not None:
            return looked
        return await self._carding.recall(place, token, items, looked, thread)

    async def ask(self, way: Way, items: Sequence[Item], shown: Sequence[Seen], reason: str) -> Outcome | None:
        """Ask for what may be there already; None where it is to be repeated."""
        try:
            policy = await self.policy(way, items, reason)
        except UnavailableError as error:
            return Unknown(reason=f"could not tell whether to ask: {error}")
        match policy:
            case Doubt.REPEAT:
                return None
            case Doubt.ASK:
                return await self.question(way, shown, reason)

    async def policy(self, way: Way, items: Sequence[Item], reason: str) -> Doubt:
        """What becomes of items that may be there already, by their whole events. Raises UnavailableError."""
        policy = await self._policy_of(destination_id(way.place), [item.event for item in items])
        log.warning("slack_may_not_look", place=destination_id(way.place), reason=reason, policy=policy)
        return policy

    async def question(self, way: Way, shown: Sequence[Seen], reason: str) -> Outcome:
        """Post the card that asks for them."""
        asking = replace(way, thread=None).first(question(shown), question_metadata(shown))
        outcome = await self._speaker.say(asking, way.parcel)
        return Asked(reference=outcome.reference, reason=reason) if isinstance(outcome, Sent) else outcome
