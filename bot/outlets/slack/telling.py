"""Tells one event in as many posts as it takes, one an attempt: what `render.ladder` cuts, in a place of Slack.

The first post goes where any message of its kind would; the others follow in its thread. Each attempt makes one post or
learns something: that some are there already, or that Slack takes the next one only if it is said more plainly.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, assert_never

from bot.core.backoff import SECOND
from bot.core.cards import card_key
from bot.core.delivery import Outcome, Partly, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, SlackPerson, SlackPlace, SlackThread
from bot.core.progress import Progress, Rung
from bot.outlets.slack.call import Post, Upload, announce
from bot.outlets.slack.errors import Answer, takes_no_file
from bot.outlets.slack.history import Blind, Continued, find_parts
from bot.outlets.slack.threads import Thread
from bot.outlets.slack.web import SlackWeb
from bot.ports.outlet import Item, Parcel
from bot.render.discretion import Seen
from bot.render.doubt import REPEATED, repeated
from bot.render.ladder import File, Next, Saying, Telling, file_of, is_long
from bot.render.message import Message, begun_on, metadata, part_metadata

SHARING = 40 * SECOND
"""Milliseconds after its attempt began within which a file may still come into view: sharing is asynchronous
(slackapi/python-slack-sdk#1329), and an attempt takes up to 25 s."""

EITHER = (Rung.RICH, Rung.PLAIN)
"""A first post that was found may have been said with blocks or without: each is cut in its own way."""

Say: TypeAlias = Callable[[Post | Upload, Parcel], Awaitable[Outcome]]
SayFirst: TypeAlias = Callable[[Post], Awaitable[Outcome]]
Ask: TypeAlias = Callable[["Way", Sequence[Item], Sequence[Seen], str], Awaitable[Outcome | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where a message goes.

    `parcel` is what it was sent with, `thread` is chosen for a channel's, `called` are the ids that it mentions.
    """

    token: str
    parcel: Parcel
    place: SlackPlace
    thread: Thread | None
    called: Sequence[str] = ()

    def first(self, message: Message, metadata: dict[str, Any]) -> Post:
        """The post of a message of its own."""
        channel, parent = _address(self.place)
        post = Post(token=self.token, channel=channel, thread=parent, message=message, metadata=metadata)
        if self.thread is None:
            return post
        return replace(post, thread=self.thread.parent, begins=self.thread, metadata=self.thread.mark(metadata))


def _address(place: SlackPlace) -> tuple[str, str | None]:
    """Channel and thread for chat.postMessage; a user's id as channel means the direct messages with them."""
    match place:
        case SlackChannel(channel=channel):
            return channel, None
        case SlackThread(channel=channel, thread=thread):
            return channel, thread
        case SlackPerson(user=user):
            return user, None
    assert_never(place)


class Teller:
    """Tells one item.

    `say` makes a call and mends it. `ask` asks for what may have been said already, where nobody can look, and tells
    what came of it; or None where it is to be repeated. `clock` gives milliseconds since the epoch.
    """

    def __init__(self, web: SlackWeb, *, say: Say, ask: Ask, clock: Callable[[], int]) -> None:
        self._web = web
        self._say = say
        self._ask = ask
        self._clock = clock

    async def begin(self, way: Way, item: Seen, say: SayFirst) -> Outcome:
        """Make the first post, by `say`: it may be a card's change."""
        progress = item.delivery.progress or Progress()
        telling = await _read(item, Rung.RICH, progress.rung)
        if progress.files and telling.comes_with_file:
            progress = replace(progress, files=await self._takes_files(way, item))
        following = telling.next(progress, now=self._clock())
        return _settled(progress, following, await say(_first(way, item, following.saying, progress)))

    async def found(self, way: Way, item: Item, shown: Seen, progress: Progress) -> Outcome:
        """Go on after a first post that is there: tell which others are, or make the next."""
        telling = await _read(shown, *EITHER)
        if telling.is_told(replace(progress, begun=Rung.PLAIN, rung=Rung.PLAIN)):
            return Sent(reference=progress.reference)  # nothing can be below it, however it was said
        return await self._catch_up(way, item, telling, progress)

    async def go_on(self, way: Way, item: Item, shown: Seen, progress: Progress) -> Outcome:
        """Make the next post, unless it is there already."""
        if item.delivery.doubt is None:
            return await self._next(way, item, await _read(shown, progress.begun), progress)
        return await self._catch_up(way, item, await _read(shown, *EITHER), progress)

    async def _catch_up(self, way: Way, item: Item, telling: Telling, progress: Progress) -> Outcome:
        """Look for the posts of one in doubt."""
        channel = progress.reference.partition("/")[0]
        thread = SlackThread(team=way.place.team, channel=channel, thread=progress.thread)
        card, doubt = card_key(item.event), item.delivery.doubt or item.delivery.appended
        continued = await find_parts(self._web, thread, way.token, item.delivery.id, card=card, since=doubt)
        match continued:
            case Unknown():
                return continued
            case Blind(reason=reason):
                return await self._next(way, item, telling, progress, blind=reason)
        there = _gone_on(progress, continued)
        if continued.filed or telling.is_told(there):
            return Sent(reference=there.reference)
        if there.told > (item.delivery.progress or Progress()).told:
            return Partly(progress=there)
        return await self._next(way, item, telling, there)

    async def _next(
        self, way: Way, item: Item, telling: Telling, progress: Progress, *, blind: str | None = None
    ) -> Outcome:
        following = telling.next(progress, now=self._clock())
        doubt = item.delivery.doubt
        if isinstance(following.saying, File) and doubt is not None and (wait := doubt + SHARING - self._clock()) > 0:
            return Throttled(after=wait, reason="its file may be on its way")
        call = _call(way, telling.item, following.saying, progress)
        if blind is not None:
            asked = await self._ask(way, [item], [telling.item], blind)
            if asked is not None:
                return asked
            call = _repeated(call)
        return _settled(progress, following, await self._say(call, way.parcel))

    async def _takes_files(self, way: Way, item: Seen) -> bool:
        """Ask before a card promises one. Nothing is shown of what is only announced."""
        reply = await announce(self._web, file_of(item), way.token)
        return not (isinstance(reply, Answer) and takes_no_file(reply))


async def _read(item: Seen, *begun: Rung) -> Telling:
    """Cut what may be long on a thread: a model may write what takes seconds to read, and nobody else is to wait.

    `begun` is how its first post may have been said: what is asked of the telling afterwards is at hand.
    """
    telling = Telling(item=item)
    if is_long(item.event.result):
        await asyncio.to_thread(telling.cut, *begun)
    return telling


def begun_at(reference: str) -> Progress:
    """The progress of one whose first post was found."""
    return Progress(reference=reference, thread=reference.partition("/")[2], told=1)


def _first(way: Way, item: Seen, saying: Saying, progress: Progress) -> Post:
    if isinstance(saying, File):
        raise TypeError("a file comes after its card")
    return replace(way.first(saying, begun_on(metadata([item]), progress)), plainer=True)


def _repeated(call: Post | Upload) -> Post | Upload:
    match call:
        case Post():
            return replace(call, message=repeated(call.message))
        case Upload():
            return replace(call, comment=REPEATED)
    assert_never(call)


def _gone_on(progress: Progress, continued: Continued) -> Progress:
    """The progress with the parts that were found; a first post that was found tells how it was said."""
    told = progress.told
    while told in continued.parts:
        told += 1
    gone_on = replace(progress, thread=continued.thread, told=told)
    if progress.told == 1:
        rung, files = continued.begun
        # Where parts follow a first post that promised a file, none was taken.
        return replace(
            gone_on,
            begun=rung,
            rung=max(rung, progress.rung, key=list(Rung).index),
            files=files and progress.files and told == 1,
        )
    return gone_on


def _call(way: Way, item: Seen, saying: Saying, progress: Progress) -> Post | Upload:
    floats = not isinstance(way.place, SlackThread)
    channel, thread = progress.reference.partition("/")[0], progress.thread or None
    match saying:
        case File():
            return Upload(token=way.token, channel=channel, file=saying, thread=thread, floats=floats)
        case Message():
            return Post(
                token=way.token,
                channel=channel,
                message=saying,
                metadata=part_metadata(item.delivery.id, progress.told),
                thread=thread,
                plainer=True,
                floats=floats,
            )
    assert_never(saying)


def _settled(progress: Progress, following: Next, outcome: Outcome) -> Outcome:
    """What the post means for the whole."""
    match outcome:
        case Sent() if following.last:
            return Sent(reference=progress.reference, thread=progress.thread) if progress.told else outcome
        case Sent(reference=reference, thread=thread) if progress.told == 0:
            ts = reference.partition("/")[2]
            return Partly(
                progress=replace(progress, reference=reference, thread=thread or ts, told=1, begun=progress.rung)
            )
        case Sent(reference=reference, thread=thread):
            # One that went to the channel, for its thread was gone, has the others below it.
            ts = reference.partition("/")[2]
            return Partly(progress=replace(progress, thread=progress.thread if thread else ts, told=progress.told + 1))
        case Refused(scope=Scope.DELIVERY):
            fallen = _fallen(progress, following.saying)
            return outcome if fallen is None else Partly(progress=fallen)
        case _:
            return outcome


def _fallen(progress: Progress, refused: Saying) -> Progress | None:
    """How to say it after this was refused; None where nothing is plainer."""
    if isinstance(refused, File):
        return replace(progress, files=False)
    return None if progress.rung.below is None else replace(progress, rung=progress.rung.below)
