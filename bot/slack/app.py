"""The Bolt app: everything explicit, so that nothing in the environment changes what it is.

Order of a request: the transport proves that it is Slack's (a signature, or the socket we opened), Bolt finds the
installation and the listener, the listener hands the work to the desk and acknowledges, the reception keeps the request
in Redis. The work, with every call to Slack in it, comes after; Slack waits for none of it.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse

from bot.actions.acts import Actions
from bot.outlets.slack.web import SlackWeb
from bot.ports.installation import Installations
from bot.ports.summaries import Summaries
from bot.slack import (
    buttons,
    channels,
    commands,
    home,
    lifecycle,
    lists,
    modals,
    preferences,
    results,
    shortcuts,
    unexpected,
)
from bot.slack.desk import SLIP, Desk, Slip
from bot.slack.errands import Errands
from bot.slack.inbox import Inbox
from bot.slack.lifecycle import Lifecycle
from bot.slack.orphans import cards, happenings
from bot.slack.orphans.keeper import OrphanKeeper
from bot.slack.reception import Reception

NOT_INSTALLED = "Tidings is not installed in this workspace. Ask an admin to install it."


class SlackApp:
    """Listens to people in Slack. `web` is entered already; whoever makes the app drains it before closing `web`.

    `installed` keeps the installations, where there may be many; `summaries` the lists behind summaries' buttons.
    """

    def __init__(
        self,
        *,
        web: SlackWeb,
        installations: Installations,
        actions: Actions,
        inbox: Inbox,
        orphans: OrphanKeeper | None = None,
        installed: Lifecycle | None = None,
        summaries: Summaries | None = None,
    ) -> None:
        self.errands = Errands()
        self.bolt = AsyncApp(
            name="tidings",
            client=web.api,
            authorize=_Authorize(installations),  # type: ignore[arg-type]
            user_facing_authorize_error_message=NOT_INSTALLED,
            # Requests reach Bolt only through `dispatch`, proven by their transport. An empty secret keeps Bolt from
            # reading the environment and makes it turn away whatever should come another way.
            signing_secret="",
            # The listener runs at once and acknowledges at its end, instead of being polled for every 10 ms.
            process_before_response=True,
        )
        desk = Desk(actions=actions, errands=self.errands, inbox=inbox, web=web, orphans=orphans, summaries=summaries)
        commands.listen(self.bolt, desk)
        buttons.listen(self.bolt, desk)
        lists.listen(self.bolt, desk)
        modals.listen(self.bolt, desk)
        home.listen(self.bolt, desk)
        preferences.listen(self.bolt, desk)
        shortcuts.listen(self.bolt, desk)
        results.listen(self.bolt, desk)
        channels.listen(self.bolt, desk)
        happenings.listen(self.bolt, desk)
        cards.listen(self.bolt, desk)
        lifecycle.listen(self.bolt, installed)
        unexpected.listen(self.bolt)
        self.reception = Reception(self._ask, desk)

    async def dispatch(
        self, payload: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, envelope: str | None = None
    ) -> BoltResponse:
        """Receive one request that is surely Slack's; `envelope` is Socket Mode's id of it."""
        return await self.reception.receive(payload, headers=headers or {}, envelope=envelope)

    def serving(self, drain: float) -> AbstractAsyncContextManager[None]:
        """Take over what other processes left; on the way out finish, for `drain` seconds, what was acknowledged."""
        return self.reception.open(drain)

    async def _ask(self, payload: Mapping[str, Any], headers: Mapping[str, str], slip: Slip) -> BoltResponse:
        """Give Bolt one request.

        Bolt's own reading of a form body loses a slash command that has the word "payload" in it, so it gets what was
        read before, as a socket would bring it.
        """
        request = AsyncBoltRequest(mode="socket_mode", body=dict(payload), headers={**headers}, context={SLIP: slip})
        return await self.bolt.async_dispatch(request)

    async def drain(self, seconds: float) -> int:
        """Finish what was acknowledged; returns how many pieces of work were cut off."""
        return await self.errands.drain(seconds)


class _Authorize(AsyncAuthorize):
    """Finds the installation without asking Slack each time, as Bolt's own does."""

    def __init__(self, installations: Installations) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._installations = installations

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,  # noqa: ARG002 (Bolt's signature)
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,  # noqa: ARG002 (as above)
        actor_team_id: str | None = None,  # noqa: ARG002 (as above)
        actor_user_id: str | None = None,  # noqa: ARG002 (as above)
    ) -> AuthorizeResult | None:
        found = await self._installations.find(team_id, enterprise_id)
        if found is None:
            return None
        return AuthorizeResult(
            enterprise_id=found.enterprise,
            team_id=found.team or None,
            bot_id=found.bot,
            bot_user_id=found.bot_user,
            bot_token=found.token,
            user_id=user_id,
        )
