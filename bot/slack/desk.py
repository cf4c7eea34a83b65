"""What all listeners share: take a request up once, do the work after the acknowledgement, answer whatever happens."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.actions.acts import Actions
from bot.core.answers import Actor
from bot.core.errors import TidingsError, UnavailableError
from bot.outlets.slack_web import Said, SlackWeb
from bot.outlets.transport import BROKEN
from bot.render.message import Block, Message
from bot.render.replies import trouble, unavailable
from bot.slack.errands import Errands
from bot.slack.inbox import Inbox, identity

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One act of a person, as far as every listener needs it.

    `response_url` takes up to five answers within 30 minutes and is a credential (docs.slack.dev, handling user
    interaction); there is none for the Home tab. `token` is the bot's.
    """

    actor: Actor
    channel: str | None
    body: Mapping[str, Any] = field(repr=False)
    response_url: str | None = field(repr=False)
    token: str = field(repr=False)


Work = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where requests are handed in."""

    actions: Actions
    errands: Errands
    inbox: Inbox
    web: SlackWeb

    def take(self, name: str, body: Mapping[str, Any], context: AsyncBoltContext, work: Work) -> None:
        """Begin the work and return at once. Raises BusyError where there is too much of it already."""
        self.errands.start(name, self._once(name, _request(body, context), work))

    async def answer(self, request: Request, message: Message, *, replace: bool = False) -> None:
        """Tell the person, and nobody else; `replace` puts it in place of the message that was clicked in.

        Whoever could read that message reads what replaces it.
        """
        if request.response_url is None:
            return
        # The SDK's own `respond` opens a session for each answer, and sends again when a connection drops.
        hook = AsyncWebhookClient(request.response_url, session=self.web.api.session, retry_handlers=[])
        try:
            sent = await hook.send_dict(
                {
                    "response_type": "in_channel" if replace and _is_everyones(request) else "ephemeral",
                    "replace_original": replace,
                    "text": message.text,
                    "blocks": list(message.blocks),
                    "unfurl_links": False,
                    "unfurl_media": False,
                }
            )
        except BROKEN as error:
            log.warning("reply_failed", reason=type(error).__name__)
            return
        if sent.status_code != 200:  # noqa: PLR2004 (Slack knows no other success here)
            log.warning("reply_failed", status=sent.status_code, reason=sent.body[:200])

    async def publish(self, request: Request, view: Block) -> None:
        """Show the person's App Home."""
        call = self.web.api.views_publish(token=request.token, user_id=request.actor.user, view=view)
        reply = await self.web.ask(call)
        if not isinstance(reply, Said):
            log.warning("home_failed", reply=repr(reply))

    async def _once(self, name: str, request: Request, work: Work) -> None:
        try:
            if (known := identity(request.body)) is not None and not await self.inbox.first(known):
                log.info("request_repeated", request=name)
                return
            await work(request)
        except UnavailableError as error:
            log.warning("request_unavailable", request=name, reason=str(error))
            await self.answer(request, unavailable(error))
        except Exception:
            # The person waits for an answer; the errand's owner logs the rest.
            await self.answer(request, trouble())
            raise


def _is_everyones(request: Request) -> bool:
    """Whether the message that was clicked in is shown to all in its conversation."""
    return (request.body.get("container") or {}).get("is_ephemeral") is False


def _request(body: Mapping[str, Any], context: AsyncBoltContext) -> Request:
    installed = context.authorize_result
    if installed is None or installed.team_id is None or context.user_id is None:
        raise TidingsError("a request without a person or workspace reached a listener")
    return Request(
        actor=Actor(team=installed.team_id, user=context.user_id),
        channel=context.channel_id,
        body=body,
        response_url=context.response_url,
        token=context.bot_token or "",
    )
