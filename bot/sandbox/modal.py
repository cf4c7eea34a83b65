"""Modals that a person sends off or closes, and what the app's ack makes of them."""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.asking import Asking
from bot.sandbox.delivery import Envelope
from bot.sandbox.state import missing_answers
from bot.sandbox.validation.surfaces import check_view


class Modals:
    """Submitting and closing; each returns what the page is told."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._backend = asking.backend

    async def submit(self, user: str, view_id: str, values: Json) -> Json:
        """Send a modal off; the ack says what becomes of it."""
        back = self._backend
        view = back.views.find(user, view_id)
        back.views.remember(view, values)
        missing = missing_answers(view["blocks"], view["state"]["values"])
        if missing:
            return {"ok": False, "errors": missing}
        payload = self._asking.payload("view_submission", user)
        payload |= {"view": view, "response_urls": self._response_urls(user, view)}
        payload["trigger_id"] = back.triggers.issue(user, back.clock())
        answer = await self._asking.ask(
            Envelope(kind="interactive", payload=payload, expects_answer=True), user=user, what="The form"
        )
        try:
            return self._respond(user, view, answer)
        except Refusal as refusal:
            self._asking.notice(user, "error", f"The app answered the form with a view that is refused: {refusal.code}")
            return {"ok": False, "error": refusal.code}

    def _respond(self, user: str, view: Json, answer: Json) -> Json:
        """Source: docs.slack.dev/surfaces/modals#response_actions."""
        views = self._backend.views
        match answer.get("response_action"):
            case "errors":
                return {"ok": False, "errors": answer.get("errors", {})}
            case "update":
                views.update(check_view(answer.get("view"), {"modal"}), view_id=view["id"])
            case "push":
                views.push(user, check_view(answer.get("view"), {"modal"}))
            case "clear":
                views.close(user, view["id"], everything=True)
            case _:
                views.close(user, view["id"], everything=view["clear_on_close"])
        return {"ok": True}

    def _response_urls(self, user: str, view: Json) -> list[Json]:
        """One response URL per conversation select that asks for it (``response_url_enabled``)."""
        back = self._backend
        urls: list[Json] = []
        for block in view["blocks"]:
            part = block.get("element", {})
            if not part.get("response_url_enabled"):
                continue
            answer = view["state"]["values"].get(block["block_id"], {}).get(part["action_id"], {})
            channel_id = answer.get("selected_conversation") or answer.get("selected_channel")
            if channel_id:
                secret = back.response_urls.issue(user=user, channel=channel_id, now=back.clock())
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": part["action_id"],
                        "channel_id": channel_id,
                        "response_url": back.response_url("app", secret),
                    }
                )
        return urls

    async def close(self, user: str, view_id: str) -> Json:
        """Close a modal with its cross or Cancel; the app hears of it where it asked to."""
        view = self._backend.views.find(user, view_id)
        cleared = view["clear_on_close"]
        for closed in self._backend.views.close(user, view_id, everything=cleared):
            if closed["notify_on_close"]:
                payload = self._asking.payload("view_closed", user) | {"view": closed, "is_cleared": cleared}
                await self._asking.tell(Envelope(kind="interactive", payload=payload))
        return {"ok": True}
