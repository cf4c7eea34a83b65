"""What all listeners share: take a request up, work on it after the acknowledgement or before, answer.

A listener *takes* a request: it says what is to be done, and acknowledges. The reception then keeps the request in the
inbox, lets the acknowledgement go and starts the work. A process that is killed leaves its requests in the inbox, and
another one does them. A request whose answer was not noted yet is done again, **from its beginning**: what a listener
does has to come to the same when it is done twice. `Request.id` stays the same, for ids to be drawn from.

An answer is sent at most once. It is noted in the inbox before, and again when its sending begins; a process that takes
over sends an answer that was noted and not begun, and none that was begun, for nobody knows whether it arrived.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.actions.acts import Actions
from bot.core.answers import Actor
from bot.core.errors import TidingsError, UnavailableError
from bot.outlets.slack.web import SlackWeb
from bot.outlets.transport import BROKEN
from bot.ports.summaries import Summaries
from bot.render.message import Message
from bot.slack.errands import BusyError, Errands
from bot.slack.inbox import Inbox, LetGoError
from bot.slack.latest import Latest
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.rooms import Rooms

log = structlog.get_logger()

T = TypeVar("T")

AT_ONCE_SECONDS = 2.5
"""Slack waits 3 s for an answer that comes with the acknowledgement (docs.slack.dev, handling user interaction)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One act of a person, as far as every listener needs it.

    `id` is the same however often, and by whichever process, the request is worked on, and no other request has it.
    `response_url` takes up to five answers within 30 minutes and is a credential (docs.slack.dev, handling user
    interaction); there is none for the Home tab. `token` is the bot's.
    """

    id: str
    actor: Actor
    channel: str | None
    body: Mapping[str, Any] = field(repr=False)
    response_url: str | None = field(repr=False)
    token: str = field(repr=False)


Work = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a listener wants done. `fresh`: only while Slack's trigger lives, so never by another process."""

    name: str
    request: Request
    work: Work
    fresh: bool


SLIP = "tidings.slip"
"""Where in Bolt's context the slip is."""


@dataclass(slots=True, kw_only=True)
class Slip:
    """Goes with one payload through Bolt and brings back what its listener took. `id` is the request's."""

    id: str
    task: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where listeners hand in what they took, and answer."""

    actions: Actions
    errands: Errands
    inbox: Inbox
    web: SlackWeb
    orphans: OrphanKeeper | None = None
    summaries: Summaries | None = None
    latest: Latest = field(default_factory=Latest)
    rooms: Rooms = field(default_factory=Rooms)

    def take(
        self, name: str, body: Mapping[str, Any], context: AsyncBoltContext, work: Work, *, fresh: bool = False
    ) -> None:
        """Have the work done once the request is in the inbox; nothing of it happens before the listener returns.

        `fresh` is for work that needs Slack's `trigger_id`, which dies after 3 s: after a takeover the person is told
        to click again instead. Raises BusyError where there is too much work already.
        """
        self.errands.check()
        slip: Slip = context[SLIP]
        if slip.task is not None:
            raise TidingsError(f"the request that {name!r} takes was taken before, by {slip.task.name!r}")
        slip.task = Task(name=name, request=_request(slip.id, body, context), work=work, fresh=fresh)

    async def at_once(
        self,
        name: str,
        body: Mapping[str, Any],
        context: AsyncBoltContext,
        work: Callable[[Request], Awaitable[T]],
        *,
        otherwise: T,
        seconds: float = AT_ONCE_SECONDS,
    ) -> T:
        """Do work whose value goes with the acknowledgement: what a submitted view says, the options of a menu.

        `otherwise` is the value where something is unavailable, there is too much to do, or time is over; the work is
        then cut off, wherever it is. Nothing of this is in the inbox: Slack tells the person when we are killed, and
        does not repeat such requests. Work that needs no value is for `take`; a listener may do both.
        """
        slip: Slip = context[SLIP]
        request = _request(slip.id, body, context)

        async def working() -> T:
            return await work(request)

        try:
            return await self.errands.within(seconds, name, working())
        except UnavailableError as error:
            log.warning("request_unavailable", request=name, reason=str(error))
        except TimeoutError:
            log.warning("request_late", request=name)
        except BusyError as error:
            log.warning("request_refused", request=name, reason=str(error))
        return otherwise

    async def answer(self, request: Request, message: Message, *, replace: bool = False) -> None:
        """Tell the person, and nobody else; `replace` puts it in place of the message that was clicked in.

        Whoever could read that message reads what replaces it. Raises LetGoError where the answer isn't ours to send:
        let it pass. Once the answer is noted the work is not done again, so it is the last thing that work does.
        """
        if request.response_url is None:
            return
        said = {
            "response_type": "in_channel" if replace and _is_everyones(request) else "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": list(message.blocks),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        answer = orjson.dumps({"to": request.response_url, "said": said})
        try:
            await self.inbox.note(request.id, answer)
        except UnavailableError as error:
            raise LetGoError(again=True) from error
        await self.deliver(request.id, answer)

    async def deliver(self, request: str, answer: bytes) -> None:
        """Send an answer that is noted in the inbox. Raises LetGoError as `answer` does."""
        await self.begin(request)
        noted = orjson.loads(answer)
        # The SDK's own `respond` opens a session for each answer, and sends again when a connection drops.
        hook = AsyncWebhookClient(noted["to"], session=self.web.api.session, retry_handlers=[])
        try:
            sent = await hook.send_dict(noted["said"])
        except BROKEN as error:
            log.warning("reply_failed", reason=type(error).__name__)
            return
        if sent.status_code != 200:  # noqa: PLR2004 (Slack knows no other success here)
            log.warning("reply_failed", status=sent.status_code, reason=sent.body[:200])

    async def begin(self, request: str) -> None:
        """Note that what comes now, and shows, must not come twice: from here on nobody does the request again.

        For work that tells people something by other ways than `answer`. Raises LetGoError as `answer` does.
        """
        try:
            await self.inbox.begin(request)
        except UnavailableError as error:
            raise LetGoError(again=True) from error


def _is_everyones(request: Request) -> bool:
    """Whether the message that was clicked in is shown to all in its conversation."""
    return (request.body.get("container") or {}).get("is_ephemeral") is False


def _request(identity: str, body: Mapping[str, Any], context: AsyncBoltContext) -> Request:
    installed = context.authorize_result
    if installed is None or installed.team_id is None or context.user_id is None:
        raise TidingsError("a request without a person or workspace reached a listener")
    return Request(
        id=identity,
        actor=Actor(team=installed.team_id, user=context.user_id),
        channel=context.channel_id,
        body=body,
        response_url=context.response_url,
        token=context.bot_token or "",
    )
