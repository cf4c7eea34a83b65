"""Which thread of a channel a message goes to, and where one in doubt may have gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.core.cards import CardKey
from bot.core.delivery import DeliveryId, Unknown
from bot.core.destination import DestinationId, SlackChannel, SlackPlace, SlackThread, destination_id
from bot.core.errors import UnavailableError
from bot.core.event import Event
from bot.core.threads import ThreadKey, threads_of
from bot.outlets.slack.history import Blind, Looked, Seen, find, find_parent
from bot.outlets.slack.web import SlackWeb
from bot.ports.threads import Threads
from bot.render.message import Summed, marked

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where a message goes: under `parent` (a ts), or into the channel as the first message of the thread `key`."""

    place: DestinationId
    key: ThreadKey
    parent: str | None

    def mark(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """Metadata that also tells the thread: so a first message is found again where Redis has forgotten it."""
        return marked(metadata, "thread", self.key)


class Threading:
    """Chooses threads, and looks into them; without `threads` every message is one of its own."""

    def __init__(self, web: SlackWeb, threads: Threads | None) -> None:
        self._web = web
        self._threads = threads

    async def choose(self, place: SlackPlace, events: Sequence[Event]) -> Thread | None:
        """The thread for one message about all the events; None where they don't agree. Raises UnavailableError."""
        if self._threads is None or not isinstance(place, SlackChannel):
            return None
        name = destination_id(place)
        keys = set(await self._threads.of(name, events))
        key = keys.pop()
        if keys or key is None:
            return None
        return Thread(place=name, key=key, parent=await self._threads.parent(name, key))

    async def begin(self, thread: Thread, ts: str) -> None:
        """Keep a message as the first of its thread. It is posted: what fails here costs a second beginning."""
        if self._threads is not None:
            try:
                await self._threads.begin(thread.place, thread.key, ts)
            except UnavailableError as error:
                log.warning("thread_not_kept", place=thread.place, why=str(error))

    async def find(
        self,
        place: SlackPlace,
        token: str,
        doubts: Mapping[DeliveryId, int],
        events: Sequence[Event],
        thread: Thread | None,
        *,
        now: int,
    ) -> Looked | Blind | Unknown:
        """As `slack_history.find`, wherever the events may have been shown: the channel and their threads."""
        if self._threads is None or not isinstance(place, SlackChannel):
            return await find(self._web, place, token, doubts)
        parents = await self._parents(self._threads, place, token, events, thread, now=now)
        if not isinstance(parents, tuple):
            return parents
        found: dict[DeliveryId, str] = {}
        cards: dict[CardKey, Seen] = {}
        summed: dict[str, Summed] = {}
        blind = ""
        wheres: list[SlackPlace] = [*(_thread(place, parent) for parent in parents), place]
        for where in wheres:
            missing = {delivery: at for delivery, at in doubts.items() if delivery not in found}
            if missing:
                looked = await find(self._web, where, token, missing)
                if isinstance(looked, Unknown):
                    return looked
                found.update(looked.found)
                if isinstance(looked, Blind):
                    blind = looked.reason
                else:
                    cards.update(looked.cards)
                    summed.update(looked.summed)
        if blind and len(found) < len(doubts):
            return Blind(reason=blind, found=found)
        return Looked(found=found, cards=cards, summed=summed)

    async def _parents(
        self,
        threads: Threads,
        place: SlackChannel,
        token: str,
        events: Sequence[Event],
        thread: Thread | None,
        *,
        now: int,
    ) -> tuple[str, ...] | Blind | Unknown:
        """The threads that the events may be in; where Redis forgot the one they belong in, it is looked for."""
        name = destination_id(place)
        keys = dict.fromkeys(key for event in events for key in threads_of(event))
        try:
            kept = [await threads.parent(name, key) for key in keys]
        except UnavailableError as error:
            return Unknown(reason=f"could not tell in which thread it may be: {error}")
        parents = [parent for parent in kept if parent is not None]
        if thread is not None and thread.parent is None:
            forgotten = await find_parent(self._web, place, token, thread.key, since=now - threads.lasting)
            if isinstance(forgotten, Blind | Unknown):
                return forgotten
            parents += [forgotten] if forgotten is not None else []
        return tuple(parents)


def _thread(place: SlackChannel, parent: str) -> SlackThread:
    return SlackThread(team=place.team, channel=place.channel, thread=parent)
