"""Commands that change something. What is done twice must come to the same: see `desk`."""

from typing import TypeAlias

from bot.core import commands as typed
from bot.core.answers import NotAllowed
from bot.core.destination import DestinationId, SlackGroup, Target, destination_id
from bot.core.errors import CommandError
from bot.core.reading.clauses import misfit
from bot.core.subscription import Style, Subscription
from bot.core.typed import plain
from bot.render.message import Message
from bot.render.replies import reply
from bot.render.reply.places import no_such_person
from bot.render.reply.subscriptions import end_all
from bot.slack.desk import Desk, Request
from bot.slack.places import find

Change: TypeAlias = (
    typed.Subscribe
    | typed.Edit
    | typed.Unsubscribe
    | typed.UnsubscribeAll
    | typed.Rest
    | typed.Resume
    | typed.Test
    | typed.Undo
    | typed.WantResults
    | typed.BeQuiet
    | typed.LiveIn
    | typed.ResumePlace
    | typed.MovePlace
    | typed.Adopt
)


async def change(desk: Desk, request: Request, command: Change, text: str, *, confirmed: bool) -> Message:
    """Do it. `text` is the command, `confirmed` is as in `Actions.subscribe`. Raises MistakeError."""
    match command:
        case typed.Subscribe():
            return await _subscribe(desk, request, command, text, confirmed=confirmed)
        case typed.Edit():
            return await _edit(desk, request, command, text, confirmed=confirmed)
        case typed.WantResults() | typed.BeQuiet() | typed.LiveIn():
            return await _prefer(desk, request, command)
        case typed.ResumePlace() | typed.MovePlace() | typed.Adopt():
            return await _administer(desk, request, command, text)
        case _:
            return await _one(desk, request, command)


async def _subscribe(desk: Desk, request: Request, command: typed.Subscribe, text: str, *, confirmed: bool) -> Message:
    place = await find(desk, request, command.to)
    if place is None or isinstance(place, NotAllowed):
        return _unfound(command.to, place)
    _check(text, command.style, place)
    answer = await desk.actions.subscribe(
        request.actor,
        wanted=command.filter,
        destination=place,
        style=command.style,
        confirmed=confirmed,
        request=request.id,
    )
    return reply(answer, again=text)


async def _edit(desk: Desk, request: Request, command: typed.Edit, text: str, *, confirmed: bool) -> Message:
    former = await desk.actions.see(request.actor, command.id)
    if not isinstance(former, Subscription):
        return reply(former)
    place = None
    if command.to is not None:
        found = await find(desk, request, command.to)
        if found is None or isinstance(found, NotAllowed):
            return _unfound(command.to, found)
        place = found
    style = command.restyled(former.style)
    _check(text, style, place or former.destination)
    answer = await desk.actions.edit(
        request.actor,
        command.id,
        wanted=command.filter,
        destination=place,
        style=style if command.given else None,
        confirmed=confirmed,
        # the style is made of what was read, so somebody's change of it in between must not be written over
        still=lambda now: now.style == former.style,
    )
    return reply(answer, again=text)


async def _one(
    desk: Desk,
    request: Request,
    command: typed.Unsubscribe | typed.UnsubscribeAll | typed.Rest | typed.Resume | typed.Test | typed.Undo,
) -> Message:
    actions, actor = desk.actions, request.actor
    match command:
        case typed.Unsubscribe(id=subscription):
            return reply(await actions.unsubscribe(actor, subscription))
        case typed.UnsubscribeAll():
            found = await actions.list_person(actor, actor.user)
            if isinstance(found, NotAllowed):
                return reply(found)
            return end_all(sum(one.owner == actor.user for one in found.subscriptions))
        case typed.Rest(id=subscription, kind=kind, length=length):
            until = None if length is None else actions.now() + length
            return reply(await actions.hold(actor, subscription, kind, until=until))
        case typed.Resume(id=subscription):
            return reply(await actions.resume(actor, subscription))
        case typed.Test(id=subscription):
            await desk.begin(request.id)  # done twice it would send two
            return reply(await actions.test(actor, subscription))
        case typed.Undo():
            await desk.begin(request.id)  # done twice it would take back two changes
            return reply(await actions.undo(actor))


async def _prefer(desk: Desk, request: Request, command: typed.WantResults | typed.BeQuiet | typed.LiveIn) -> Message:
    match command:
        case typed.WantResults(wanted=wanted):
            return reply(await desk.actions.want_results(request.actor, wanted=wanted))
        case typed.BeQuiet(quiet=quiet):
            return reply(await desk.actions.be_quiet(request.actor, quiet))
        case typed.LiveIn(zone=zone):
            return reply(await desk.actions.live_in(request.actor, zone))


async def _administer(
    desk: Desk, request: Request, command: typed.ResumePlace | typed.MovePlace | typed.Adopt, text: str
) -> Message:
    if isinstance(command, typed.Adopt):
        return reply(await desk.actions.adopt(request.actor, command.ids))
    place = command.place
    name = place.id if isinstance(place, typed.Named) else await find(desk, request, place)
    if name is None or isinstance(name, NotAllowed):
        return _unfound(command.place, name)
    held = DestinationId(name) if isinstance(name, str) else destination_id(name)
    if isinstance(command, typed.ResumePlace):
        return reply(await desk.actions.resume_place(request.actor, held))
    to = await find(desk, request, command.to)
    if to is None or isinstance(to, NotAllowed):
        return _unfound(command.to, to)
    if isinstance(to, SlackGroup):
        raise CommandError("a place moves to a channel, a person or a webhook", text=plain(text), position=0)
    return reply(await desk.actions.move_place(request.actor, held, to))


def _check(text: str, style: Style, place: Target) -> None:
    """Raise the mistake in asking the place for a style that it can't have."""
    mistake = misfit(text, style, place)
    if mistake is not None:
        raise mistake


def _unfound(to: typed.Place | typed.Named, found: NotAllowed | None) -> Message:
    """Say that a place was not found, or may not be looked for."""
    if found is not None:
        return reply(found)
    return no_such_person(to.address if isinstance(to, typed.Email) else "")
