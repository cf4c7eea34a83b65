"""Asking the app on a person's behalf: what every interaction's payload has, and what a missing ack looks like."""

from collections.abc import Callable
from typing import Literal

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.backend import Backend
from bot.sandbox.delivery import Acked, Deliveries, Envelope, NotAcked

Notice = Callable[[str, Literal["info", "warning", "error"], str], None]


class Asking:
    """One question to the app at a time, and its answer."""

    def __init__(self, *, backend: Backend, deliveries: Deliveries, notice: Notice) -> None:
        self.backend = backend
        self.notice = notice
        self._deliveries = deliveries

    async def ask(self, envelope: Envelope, *, user: str, what: str) -> Json:
        """The ack's payload; without an ack the person reads what Slack would show about ``what``."""
        match await self._deliveries.ask(envelope):
            case Acked(payload=payload):
                return payload
            case NotAcked(reason=reason):
                code = "operation_timeout" if reason == "timeout" else "dispatch_failed"
                self.notice(user, "error", f'{what} failed with the error "{code}"')
                raise Refusal(code)

    async def tell(self, envelope: Envelope) -> None:
        """Deliver once; nobody waits for the answer."""
        await self._deliveries.ask(envelope)

    def payload(self, kind: str, user: str) -> Json:
        """The fields that every interaction has.

        Source: docs.slack.dev/reference/interaction-payloads.
        """
        back = self.backend
        name = back.workspace.person(user).name
        return {
            "type": kind,
            "user": {"id": user, "username": name, "name": name, "team_id": back.workspace.team_id},
            "team": {"id": back.workspace.team_id, "domain": back.workspace.domain},
            "api_app_id": back.app.id,
            "token": back.app.verification_token,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def action_ts(self) -> str:
        """When a person did something."""
        return f"{self.backend.clock():.6f}"
