"""Tells people unasked, by direct message: the port `Notices`.

One post a person, one after the other and with a pause between: what a workspace takes in all, several hundred messages
a minute, is for results (docs.slack.dev, rate limits).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog

from bot.core.backoff import SECOND
from bot.core.budget import POST
from bot.core.errors import UnavailableError
from bot.core.notices import Notice
from bot.outlets.slack.errors import Answer, Kind, kind_of
from bot.outlets.slack.web import Reply, Said, SlackWeb
from bot.ports.budgets import Budgets, Expense
from bot.render.message import Message
from bot.render.notices import notice as said
from bot.slack.directory.lookup import TokenOf
from bot.slack.errands import BusyError, Errands

GAP_SECONDS = 0.25
TRIES = 3
LONGEST_WAIT = 60.0
"""Seconds; of a longer pause that Slack asks for the notice is not worth it."""
WAITING = 2_000

log = structlog.get_logger()


class SlackNotices:
    """Posts notices. Enter `serving` for as long as there are some; on the way out those under way are finished.

    They take no turns, but `budgets` count them, so that results make room.
    """

    def __init__(
        self, web: SlackWeb, token_of: TokenOf, *, budgets: Budgets | None = None, gap: float = GAP_SECONDS
    ) -> None:
        self._web = web
        self._token_of = token_of
        self._budgets = budgets
        self._gap = gap
        self._errands = Errands(at_once=1, waiting=WAITING)

    @asynccontextmanager
    async def serving(self, drain: float) -> AsyncIterator[None]:
        """On the way out wait up to `drain` seconds for what is under way; the rest is cut off, and logged."""
        try:
            yield
        finally:
            await self._errands.drain(drain)

    async def tell(self, team: str, users: Sequence[str], notice: Notice) -> None:
        """Begin to send it to each, and return; what can't be told is logged, and fails nothing."""
        for user in dict.fromkeys(users):
            kind = type(notice).__name__
            try:
                self._errands.start(f"notice-{kind}", self._tell(team, user, kind, said(notice, reader=user)))
            except BusyError as error:
                log.warning("notice_dropped", notice=kind, team=team, user=user, reason=str(error))

    async def _tell(self, team: str, user: str, kind: str, message: Message) -> None:
        try:
            reply = await self._post(team, user, message)
        except UnavailableError as error:
            log.warning("notice_failed", notice=kind, team=team, user=user, reason=str(error))
            return
        if isinstance(reply, Said):
            log.info("notice_told", notice=kind, team=team, user=user)
        else:
            log.warning("notice_failed", notice=kind, team=team, user=user, reason=repr(reply))
        await asyncio.sleep(self._gap)

    async def _post(self, team: str, user: str, message: Message) -> Reply:
        """Post it; again only where Slack says that it took nothing, and to wait."""
        token, tries = await self._token_of(team), 0
        while True:
            with suppress(UnavailableError):  # it is told though nobody counts
                await self._charge(team, user)
            reply = await self._web.ask(
                self._web.api.chat_postMessage(
                    token=token,
                    channel=user,
                    text=message.text,
                    blocks=list(message.blocks),
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
            tries += 1
            if not isinstance(reply, Answer) or kind_of(reply) is not Kind.LIMITED or tries == TRIES:
                return reply
            wait = (reply.retry_after or 0) / SECOND
            if wait > LONGEST_WAIT:
                return reply
            await asyncio.sleep(max(wait, self._gap))

    async def _charge(self, team: str, user: str) -> None:
        if self._budgets is not None:
            await self._budgets.charge(Expense(team=team, channel=user, method=POST))
