"""Small forms off the Home tab: what a person says of themselves, where a lost place moves, why an event came."""

from typing import Any
from zoneinfo import available_timezones

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.core.answers import BadPlace, NotAllowed
from bot.core.destination import DestinationId, SlackChannel
from bot.core.looks import Preferred
from bot.core.timing import Quiet
from bot.render.faults import UNAVAILABLE, fault, refused
from bot.render.home import PREFERENCES, WHY, Shown, Tab
from bot.render.inputs import action
from bot.render.modals import said_view
from bot.render.preferences import AUTO, MOVE, PREFER, preferences_view
from bot.render.replies import reply
from bot.slack import forms
from bot.slack.desk import Desk, Request
from bot.slack.home import show as show_home
from bot.slack.opening import show


def listen(bolt: AsyncApp, desk: Desk) -> None:
    """Open them, and take them up when they are sent off."""

    @bolt.action(PREFERENCES)
    async def preferences(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("preferences", body, context, lambda request: _ask(desk, request), fresh=True)
        await ack()

    @bolt.action(WHY)
    async def why(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        desk.take("why-button", body, context, lambda request: _why(desk, request), fresh=True)
        await ack()

    @bolt.view(PREFER)
    async def preferred(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        otherwise = _errors("results", UNAVAILABLE)
        answer = await desk.at_once(
            "preferences-submit", body, context, lambda request: _prefer(desk, request), otherwise=otherwise
        )
        await ack(**answer)

    @bolt.view(MOVE)
    async def moved(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        otherwise = _errors("channel", UNAVAILABLE)
        answer = await desk.at_once(
            "move-submit", body, context, lambda request: _move(desk, request), otherwise=otherwise
        )
        await ack(**answer)


async def _ask(desk: Desk, request: Request) -> None:
    said = await desk.actions.preferences(request.actor)
    if isinstance(said, Preferred):
        await show(desk, request, preferences_view(said))
    else:
        await show(desk, request, said_view("Preferences", reply(said)))


async def _why(desk: Desk, request: Request) -> None:
    event = str(request.body["actions"][0].get("value", ""))
    answer = await desk.actions.why(request.actor, event)
    await show(desk, request, said_view("Why", reply(answer)))


async def _prefer(desk: Desk, request: Request) -> dict[str, Any]:
    """Keep what was said; what is as before is not touched. An empty answer closes the form."""
    actions, actor = desk.actions, request.actor
    values = request.body["view"]["state"]["values"]
    form = forms.filled_in(values)
    if form.quiet and form.since == form.until:
        return _errors("until", "Quiet hours that end where they begin would last for ever.")
    before = await actions.preferences(actor)
    if not isinstance(before, Preferred):
        return _errors("results", refused(before))
    quiet = Quiet(start=form.since, end=form.until) if form.quiet else None
    chosen = (((values.get("zone") or {}).get(action("zone")) or {}).get("selected_option") or {}).get("value")
    zone = None if chosen in {None, AUTO} else str(chosen)
    if zone is not None and zone not in available_timezones():
        return _errors("zone", "I know no such time zone.")
    wanted = bool(((values.get("results") or {}).get(action("results")) or {}).get("selected_options"))
    after: Any = before
    if quiet != before.person.quiet:
        after = await actions.be_quiet(actor, quiet)
    if isinstance(after, Preferred) and zone != before.person.zone:
        after = await actions.live_in(actor, zone)
    if isinstance(after, Preferred) and wanted is not (before.results is not None):
        after = await actions.want_results(actor, wanted=wanted)
    if isinstance(after, NotAllowed):
        return _errors("results", refused(after))
    if isinstance(after, BadPlace):
        return _errors("results", fault(after.problem, after.detail))
    desk.errands.start("home", show_home(desk, request))
    return {}


async def _move(desk: Desk, request: Request) -> dict[str, Any]:
    actor, view = request.actor, request.body["view"]
    form = forms.filled_in(view["state"]["values"])
    if not form.channel:
        return _errors("channel", "Choose a channel.")
    place = DestinationId(str(view.get("private_metadata", "")))
    answer = await desk.actions.move_place(actor, place, SlackChannel(team=actor.team, channel=form.channel))
    if isinstance(answer, BadPlace):
        return _errors("channel", fault(answer.problem, answer.detail))
    if isinstance(answer, NotAllowed):
        return _errors("channel", refused(answer))
    desk.errands.start("home", show_home(desk, request, shown=Shown(tab=Tab.HEALTH)))
    return {"response_action": "update", "view": said_view("Moved", reply(answer))}


def _errors(field: str, text: str) -> dict[str, Any]:
    return {"response_action": "errors", "errors": {field: text}}
