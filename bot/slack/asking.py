"""Commands that look and change nothing."""

from typing import TypeAlias

from bot.core import commands as typed
from bot.core.answers import Listing, NotAllowed, Shelf
from bot.core.destination import SlackPerson, destination_id
from bot.core.looks import NoSuchEvent, Why
from bot.render.message import Message
from bot.render.replies import reply
from bot.render.reply.places import no_such_person
from bot.slack.desk import Desk, Request
from bot.slack.links import events_behind, is_link
from bot.slack.places import find, here, named

Look: TypeAlias = (
    typed.List
    | typed.ListAll
    | typed.ListPlace
    | typed.ListPerson
    | typed.Preview
    | typed.Why
    | typed.Status
    | typed.History
    | typed.Preferences
)


async def look(desk: Desk, request: Request, command: Look) -> Message:
    """Answer a question."""
    actions, actor = desk.actions, request.actor
    match command:
        case typed.Preview(filter=wanted):
            return reply(await actions.preview(actor, wanted))
        case typed.Why(query=query):
            return reply(await _why(desk, request, query))
        case typed.Status():
            return reply(await actions.status(actor))
        case typed.History(id=subscription):
            return reply(await actions.history(actor, subscription))
        case typed.Preferences():
            return reply(await actions.preferences(actor))
        case _:
            return await _list(desk, request, command)


async def _list(
    desk: Desk, request: Request, command: typed.List | typed.ListAll | typed.ListPlace | typed.ListPerson
) -> Message:
    actions, actor, now = desk.actions, request.actor, desk.actions.now()
    match command:
        case typed.List():
            return reply(await actions.list_near(actor, here(request)), now=now)
        case typed.ListAll(wanted=wanted):
            return reply(await actions.list_all(actor, wanted=wanted), now=now)
        case typed.ListPlace(place=to) | typed.ListPerson(person=to):
            return await _list_of(desk, request, to, person=isinstance(command, typed.ListPerson))


async def _list_of(desk: Desk, request: Request, to: typed.Place, *, person: bool) -> Message:
    """The list of a place, or of all that a person owns or gets."""
    actions, actor = desk.actions, request.actor
    found = await find(desk, request, to)
    match found:
        case None:
            return no_such_person(to.address if isinstance(to, typed.Email) else "")
        case NotAllowed():
            return reply(found)
        case SlackPerson(user=user) if person:
            return reply(await actions.list_person(actor, user), now=actions.now())
        case _:
            return reply(await actions.list_place(actor, found), now=actions.now())


async def shelf(desk: Desk, request: Request, name: str, wanted: str) -> Listing | NotAllowed:
    """The list that a button's value tells of; an unknown one is the usual one."""
    actions, actor = desk.actions, request.actor
    match name:
        case Shelf.ALL:
            return await actions.list_all(actor, wanted=wanted)
        case Shelf.PERSON:
            return await actions.list_person(actor, wanted)
        case Shelf.PLACE:
            place = named(request, wanted)
            if place is not None:
                return await actions.list_place(actor, place)
            # A thread or a webhook, whose name doesn't tell what it is: it is found among all, by who may see all.
            everyones = await actions.list_all(actor)
            if isinstance(everyones, NotAllowed):
                return everyones
            there = next((one for one in everyones.subscriptions if destination_id(one.destination) == wanted), None)
            return everyones if there is None else await actions.list_place(actor, there.destination)
        case _:
            return await actions.list_near(actor, here(request))


async def _why(desk: Desk, request: Request, query: str) -> Why | NoSuchEvent | NotAllowed:
    place = here(request)
    if not is_link(query):
        return await desk.actions.why(request.actor, query, here=place)
    for event in await events_behind(desk, request, query):
        found = await desk.actions.why(request.actor, event, here=place)
        if not isinstance(found, NoSuchEvent):
            return found
    return await desk.actions.why(request.actor, query, here=place)
