"""Opens modals, as long as Slack lets us."""

from typing import Final

import structlog

from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Said
from bot.render.message import Block
from bot.render.modals import too_late
from bot.slack.desk import Desk, Request

log = structlog.get_logger()

_LATE: Final = frozenset({"expired_trigger_id", "exchanged_trigger_id"})


async def show(desk: Desk, request: Request, view: Block, *, again: str | None = None, kept: str = "") -> bool:
    """Open a modal with the request's trigger; where that is too old and there is a way, offer to open it `again`."""
    trigger = request.body.get("trigger_id")
    if not trigger:
        return False
    reply = await desk.web.ask(desk.web.api.views_open(token=request.token, trigger_id=str(trigger), view=view))
    if isinstance(reply, Said):
        return True
    log.warning("modal_failed", reply=repr(reply))
    if not isinstance(reply, Answer) or reply.error not in _LATE or request.response_url is None or again is None:
        return False
    await desk.answer(request, too_late(again, kept=kept))
    return True
