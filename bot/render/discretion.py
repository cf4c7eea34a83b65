"""What a place may see of an event: a lesser event, made before anything is said of it.

What is said in Slack is said of a `Seen`: what is not in it can't be shown, whatever a renderer does.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.core.cloudevent import encode
from bot.core.delivery import Delivery
from bot.core.event import Event, Failure, Json, Model, Requester, Sensitivity, Usage
from bot.core.pii import mask, mask_json
from bot.core.showing import Audience, View, view
from bot.core.subscription import Showing
from bot.render.message import Item
from bot.render.text import shorten, units

BEGINNING = 300
"""Characters of a result that a summary has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A delivery with as much of its event as the place may see; `notice` says what is missing and why, if anything.

    Of links that a model wrote, only those are links that lead to `hosts`: see `core.hosts`.
    """

    delivery: Delivery
    event: Event
    notice: str = ""
    hosts: Collection[str] = ()


def seen(item: Item, view: View, *, hosts: Collection[str] = ()) -> Seen:
    """The item as this view has it."""
    event, notice = reduced(item.event, view)
    return Seen(delivery=item.delivery, event=event, notice=notice, hosts=hosts)


def body(event: Event, view: View) -> bytes:
    """The event as an endpoint gets it where its subscriptions ask for less: its data tell which showing it is.

    It still is one that can be read: a masked address is none and is left out, and a model has a name.
    """
    less, _ = reduced(event, view)
    whole = replace(
        less,
        requester=less.requester and replace(less.requester, email=None),
        model=less.model if less.model.name else Model(name="withheld"),
        extra={**less.extra, "showing": str(view.showing)},
    )
    return encode(whole)


def for_reader(event: Event, reader: str) -> Event:
    """The event as a person may see it who looks at it alone, `reader` being their Slack id."""
    return reduced(event, view(event, Audience.PERSON, reader=reader))[0]


def for_members(event: Event) -> Event:
    """The event as any member of the team may see it."""
    return reduced(event, view(event, Audience.PRIVATE))[0]


def reduced(event: Event, view: View) -> tuple[Event, str]:
    """As much of the event as may be shown, and what is said of the rest."""
    match view.showing:
        case Showing.FULL:
            return event, ""
        case Showing.MASKED:
            less = _masked(event)
            return less, f"PII masked: {_why(view)}." if less != event else ""
        case Showing.SUMMARY:
            less = _summarised(_masked(event))
            return less, f"Only the beginning is shown, PII masked: {_why(view)}." if less != event else ""
        case Showing.METADATA:
            return _metadata(event), _withheld(event, view)
        case Showing.LINK:
            links = tuple(replace(one, title=None) for one in event.links)
            bare = replace(_metadata(event), model=Model(name=""), links=links, environment=None)
            return replace(bare, confidence=None, latency=None, usage=Usage(), tags=()), _withheld(event, view)


def _masked(event: Event) -> Event:
    asked_by, error = event.requester, event.error
    return replace(
        event,
        requester=asked_by and Requester(slack_id=asked_by.slack_id, email=_mask(asked_by.email)),
        title=_mask(event.title),
        result=mask_json(event.result),
        error=error and Failure(type=_mask(error.type), message=_mask(error.message)),
        tags=tuple(map(mask, event.tags)),
        labels={name: mask(value) for name, value in event.labels.items()},
        links=tuple(replace(one, url=mask(one.url), title=_mask(one.title)) for one in event.links),
        images=tuple(replace(one, url=mask(one.url), alt=mask(one.alt)) for one in event.images),
        extra={name: mask_json(value) for name, value in event.extra.items()},
    )


def _mask(text: str | None) -> str | None:
    return None if text is None else mask(text)


def _summarised(event: Event) -> Event:
    error = event.error
    return replace(
        event,
        result=_beginning(event.result),
        error=error and replace(error, message=None if error.message is None else shorten(error.message, BEGINNING)),
        images=(),
        extra={},
    )


def _beginning(value: Json) -> Json:
    """The beginning of a text; of anything else as it is if it is short, else of its JSON, as code."""
    match value:
        case None:
            return None
        case str():
            return shorten(value, BEGINNING)
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return value if units(text) <= BEGINNING else f"~~~json\n{shorten(text, BEGINNING).replace('~~~', '')}\n~~~"


def _metadata(event: Event) -> Event:
    return replace(
        event,
        requester=None,
        title=None,
        result=None,
        error=None,
        tags=(),
        labels={},
        links=(),
        images=(),
        extra={},
        session=None,
    )


def _why(view: View) -> str:
    return "a subscription here asks for it" if view.asked else f"{_PLACES[view.audience]}"


_PLACES = {
    Audience.REQUESTER: "direct message",
    Audience.PERSON: "direct message",
    Audience.PRIVATE: "private channel",
    Audience.PUBLIC: "public channel",
    Audience.SHARED: "channel shared with another organisation",
    Audience.ENDPOINT: "webhook",
}


def _withheld(event: Event, view: View) -> str:
    """What is said in the content's place."""
    if view.asked:
        return f"Content withheld: {_why(view)}."
    match event.sensitivity:
        case Sensitivity.RESTRICTED:
            return "Content withheld: restricted, shown only to its requester."
        case Sensitivity.CONFIDENTIAL:
            return "Content withheld: confidential, shown only to people, in direct messages."
        case _:
            return f"Content withheld: {event.sensitivity}, and this is a {_PLACES[view.audience]}."
