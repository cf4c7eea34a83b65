"""Endpoints about subscriptions."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from aiohttp import hdrs

from bot.actions.listing import mentions
from bot.core.answers import (
    Changed,
    Listing,
    NotAllowed,
    Overtaken,
    Subscribed,
    Tested,
    Unchanged,
    Unsubscribed,
)
from bot.core.destination import Target
from bot.core.errors import DestinationError
from bot.core.filters import parse
from bot.core.fitness import misfit
from bot.core.permission import Rank
from bot.core.subscription import Holding, Style, Subscription
from bot.core.target import read_place
from bot.web.api.bodies import (
    ListQuery,
    MadeSubscription,
    NewSubscription,
    Rest,
    SubscriptionChange,
    SubscriptionList,
    TestBody,
)
from bot.web.api.call import Answered, Call
from bot.web.api.forms import etag, style, subscription_body, target
from bot.web.api.refusals import Refusal, refusal, stale
from bot.web.problem import Problem

LONGEST: Final = 10 * 365 * 86_400_000
"""How long one may rest, in milliseconds."""


async def index(call: Call) -> Answered:
    """A page of subscriptions."""
    query = call.query(ListQuery)
    after = _after(query.cursor)
    listing = await _listing(call, query)
    if not isinstance(listing, Listing):
        raise refusal(listing, call.key)
    found = [
        one
        for one in listing.subscriptions
        if query.owner in {None, one.owner} and mentions(one, query.q) and _place(one) > after
    ]
    page = found[: query.limit]
    more = _cursor(page[-1]) if len(found) > len(page) else None
    return Answered(
        body=SubscriptionList.model_construct(subscriptions=tuple(subscription_body(one) for one in page), next=more)
    )


async def create(call: Call) -> Answered:
    """Subscribe."""
    body = call.body(NewSubscription)
    wanted, place, look = parse(body.filter), target(body.destination, team=call.actor.team), style(body.style)
    _fitting(place, look)
    answer = await call.actions.subscribe(
        call.actor, wanted=wanted, destination=place, style=look, confirmed=body.confirmed, request=call.once
    )
    if not isinstance(answer, Subscribed):
        raise refusal(answer, call.key)
    made = answer.subscription
    headers = {str(hdrs.LOCATION): f"/api/v1/subscriptions/{made.id}"}
    return _shown(made, status=201, joined=answer.joined, secret=answer.secret, headers=headers)


async def read(call: Call) -> Answered:
    """One subscription."""
    return _told(await _seen(call))


async def change(call: Call) -> Answered:
    """Change what is given, if it is still as If-Match says."""
    body = call.body(SubscriptionChange)
    wanted = None if body.filter is None else parse(body.filter)
    place = None if body.destination is None else target(body.destination, team=call.actor.team)
    while True:
        former = await _seen(call)
        look = None if body.style is None else style(body.style, former=former.style)
        _fitting(place or former.destination, look or former.style)
        answer = await call.actions.edit(
            call.actor,
            former.id,
            wanted=wanted,
            destination=place,
            style=look,
            confirmed=body.confirmed,
            still=lambda one, former=former: one == former and (call.still is None or call.still(one)),  # type: ignore[misc] # a lambda's default has no type
        )
        match answer:
            case Changed(after=after, joined=joined, secret=secret):
                return _shown(after, joined=joined, secret=secret)
            case Unchanged(subscription=same):
                return _shown(same)
            case Overtaken() if call.still is not None and not call.still(former):
                raise stale()
            case Overtaken():
                continue  # somebody changed it in between: look again
        raise refusal(answer, call.key)


async def end(call: Call) -> Answered:
    """Forget it, if it is still as If-Match says."""
    answer = await call.actions.unsubscribe(call.actor, call.subscription, still=call.still)
    match answer:
        case Unsubscribed():
            return Answered(status=204)
        case Overtaken():
            raise stale()
    raise refusal(answer, call.key)


async def pause(call: Call) -> Answered:
    """Let its events wait."""
    return await _rest(call, Holding.PAUSED)


async def mute(call: Call) -> Answered:
    """Let its events pass by."""
    return await _rest(call, Holding.MUTED)


async def resume(call: Call) -> Answered:
    """Let it go on."""
    return _rested(call, await call.actions.resume(call.actor, call.subscription))


async def test(call: Call) -> Answered:
    """Send a result that is marked TEST."""
    answer = await call.actions.test(call.actor, call.subscription)
    if not isinstance(answer, Tested):
        raise refusal(answer, call.key)
    return Answered(body=TestBody.model_construct(subscription=answer.subscription.id), status=202)


async def _listing(call: Call, query: ListQuery) -> Listing | NotAllowed:
    actor, actions = call.actor, call.actions
    if query.place is not None:
        try:
            place = read_place(query.place, team=actor.team)
        except DestinationError as error:
            raise Problem(400, str(error), code="invalid") from error
        if place.team != actor.team:
            raise Problem(404, "The place is not of this key's workspace.", code="no_such_place")
        return await actions.list_place(actor, place)
    if query.owner is not None:
        return await actions.list_person(actor, query.owner)
    if actor.rank is Rank.ADMIN:
        return await actions.list_all(actor)
    return await actions.list_near(actor, None)


async def _seen(call: Call) -> Subscription:
    found = await call.actions.see(call.actor, call.subscription)
    if not isinstance(found, Subscription):
        raise refusal(found, call.key)
    return found


async def _rest(call: Call, kind: Holding) -> Answered:
    body = call.body(Rest)
    until = None if body.until is None else round(body.until.timestamp() * 1000)
    if until is not None and not call.now < until <= call.now + LONGEST:
        raise Problem(422, "until is a time in the next ten years.", code="invalid")
    return _rested(call, await call.actions.hold(call.actor, call.subscription, kind, until=until))


def _rested(call: Call, answer: Changed | Unchanged | Refusal) -> Answered:
    match answer:
        case Changed(after=one) | Unchanged(subscription=one):
            return _told(one)
    raise refusal(answer, call.key)


def _told(one: Subscription) -> Answered:
    return Answered(body=subscription_body(one), headers={hdrs.ETAG: etag(one)})


def _shown(
    one: Subscription,
    *,
    status: int = 200,
    joined: bool = False,
    secret: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answered:
    body = MadeSubscription.model_construct(**dict(subscription_body(one)), joined=joined, secret=secret)
    return Answered(body=body, status=status, headers={hdrs.ETAG: etag(one)} | (headers or {}))


def _fitting(place: Target, look: Style) -> None:
    why = misfit(place, look)
    if why is not None:
        raise Problem(422, f"The style does not suit the place: {why}.", code="misfit")


def _place(one: Subscription) -> tuple[int, str]:
    """Where it stands in a list."""
    return one.created, one.id


def _cursor(last: Subscription) -> str:
    return urlsafe_b64encode(f"{last.created}.{last.id}".encode()).decode().rstrip("=")


def _after(cursor: str | None) -> tuple[int, str]:
    if cursor is None:
        return -1, ""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        created, _, name = text.partition(".")
        return int(created), name
    except (Error, ValueError) as error:
        raise Problem(400, "The cursor is none of ours.", code="invalid") from error
