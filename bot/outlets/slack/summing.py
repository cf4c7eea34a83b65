"""A lane's summary in Slack: one card that is posted once and then updated, whatever crashes in between.

The deliveries are taken into the summary's list before the call, and each only once: so a call that is made again says
the same, and nothing is counted twice. The card's metadata marks the deliveries that its last call told, so that one in
doubt is found there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.core.backoff import MINUTE, SECOND
from bot.core.delivery import DeliveryId, Failed, Lane, Outcome, Sent
from bot.core.errors import UnavailableError
from bot.core.pressure import LOUD
from bot.outlets.slack.call import Post, Update
from bot.outlets.slack.history import Blind, Looked
from bot.ports.outlet import Parcel, Summing
from bot.ports.summaries import ListId, Row, Summaries, Summary
from bot.render.discretion import Seen
from bot.render.message import summary_metadata
from bot.render.summary import Account, card, row_of

log = structlog.get_logger()

REACH = 15 * MINUTE
"""Milliseconds before a doubt in which a card may have been posted that told of it later."""
FORGOTTEN = "a summary tells of results that nobody remembers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A summary, and the call that makes its card show this much."""

    summary: Summary
    call: Post | Update


class Summarising:
    """The summaries of lanes; `summaries` remembers them."""

    def __init__(self, summaries: Summaries) -> None:
        self._summaries = summaries

    async def draft(
        self, post: Post, parcel: Parcel, summing: Summing, items: Sequence[Seen], aside: Sequence[Seen], *, now: int
    ) -> Draft:
        """Take the items into the summary. `post` says where, and as whom. Raises UnavailableError."""
        summary = await self._tell(parcel, summing, items, aside)
        account = Account(
            list=summary.list,
            counts=summary.counts,
            newest=summary.newest,
            since=summary.since,
            oldest=min(item.delivery.appended for item in items),
            left=summing.left,
            held=parcel.held,
            shown=tuple(item for item in items if item.event.status in LOUD),
        )
        metadata = summary_metadata(summary.list, summary.told, summary.last)
        post = replace(post, message=card(account, now=now), metadata=metadata)
        if summary.channel is None or summary.ts is None:
            return Draft(summary=summary, call=post)
        update = Update(
            token=post.token,
            channel=summary.channel,
            ts=summary.ts,
            message=post.message,
            metadata=metadata,
            instead=post,
        )
        return Draft(summary=summary, call=update)

    async def shown(self, draft: Draft, summing: Summing, outcome: Outcome) -> None:
        """Note what the card shows, if it does. What fails here is put right by the next call."""
        if isinstance(outcome, Sent):
            await self._note(draft.summary, outcome.reference, over=summing.left == 0)

    async def beside(self, parcel: Parcel, summing: Summing, items: Sequence[Seen]) -> None:
        """Count in the summary what a message beside it said: the next call shows it."""
        try:
            await self._tell(parcel, summing, (), items)
        except UnavailableError as error:
            log.warning("summary_not_noted", lane=summing.lane, why=str(error))

    async def since(self, doubt: int, lane: Lane | None) -> int:
        """From when on to look for what may have arrived since `doubt`: a card is as old as when it was posted.

        Raises UnavailableError.
        """
        living = None if lane is None else await self._summaries.living(lane)
        posted = doubt if living is None or living.ts is None else int(float(living.ts) * SECOND)
        return min(doubt - REACH, posted)

    async def recall(self, looked: Looked, doubtful: Sequence[DeliveryId], lane: Lane | None) -> Looked | Blind:
        """What a look into the history comes to where there are summaries. Raises UnavailableError.

        What Redis knows to be told is found, too. Where a card tells of more than it has marks of and Redis knows of,
        as it was wiped, nobody can tell. A card that was posted, and its answer lost, is the lane's from now on.
        """
        found: dict[DeliveryId, str] = dict(looked.found)
        living = None if lane is None else await self._summaries.living(lane)
        for reference, one in looked.summed.items():
            name = ListId(one.list)
            if living is not None and living.ts is None and living.list == name:
                await self._note(replace(living, told=one.told), reference, over=False)
            missing = [each for each in doubtful if each not in found]
            told = await self._summaries.surely_told(name, missing)
            found.update(dict.fromkeys(told, reference))
            if len(missing) > len(told) and await self._summaries.known(name) < one.unmarked:
                return Blind(reason=FORGOTTEN, found=found)
        return replace(looked, found=found)

    async def _tell(self, parcel: Parcel, summing: Summing, inside: Sequence[Seen], aside: Sequence[Seen]) -> Summary:
        told = (*inside, *aside)
        return await self._summaries.tell(
            summing.lane,
            told[0].delivery.destination,
            [_row(item) for item in told],
            window=parcel.held.end if parcel.held else 0,
            aside=frozenset(item.delivery.id for item in aside),
        )

    async def _note(self, summary: Summary, reference: str, *, over: bool) -> None:
        channel, _, ts = reference.partition("/")
        try:
            await self._summaries.shown(summary, channel, ts, over=over)
        except UnavailableError as error:
            log.warning("summary_not_noted", lane=summary.lane, why=str(error))


def not_told(error: UnavailableError) -> Failed:
    """What an attempt comes to for which Redis was needed."""
    return Failed(reason=f"could not sum up: {error}")


def _row(item: Seen) -> Row:
    title, model, address = row_of(item.event)
    return Row(delivery=item.delivery.id, status=item.event.status, title=title, model=model, link=address)
