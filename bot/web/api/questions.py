"""Endpoints that ask, and the two that concern more than one subscription."""

from bot.core.answers import NoSuchSubscription, PlaceResumed, Undone
from bot.core.destination import DestinationId
from bot.core.filters import parse
from bot.core.looks import History, Preview, Report, Why
from bot.core.permission import Rank
from bot.core.subscription import SubscriptionId
from bot.web.api.bodies import (
    AuditBody,
    AuditQuery,
    PlaceBody,
    PreviewBody,
    PreviewQuestion,
    StatusBody,
    UndoneBody,
    WhyBody,
)
from bot.web.api.call import Answered, Call
from bot.web.api.forms import change_body, event_body, maybe, verdict_body
from bot.web.api.refusals import refusal


async def preview(call: Call) -> Answered:
    """What a filter would have matched lately."""
    answer = await call.actions.preview(call.actor, parse(call.body(PreviewQuestion).filter))
    if not isinstance(answer, Preview):
        raise refusal(answer, call.key)
    return Answered(
        body=PreviewBody.model_construct(
            filter=str(answer.filter),
            matched=answer.matched,
            of=answer.of,
            samples=tuple(event_body(event) for event in answer.samples),
        )
    )


async def why(call: Call) -> Answered:
    """Why an event came, or did not."""
    answer = await call.actions.why(call.actor, call.request.match_info["id"])
    if not isinstance(answer, Why):
        raise refusal(answer, call.key)
    verdicts = tuple(verdict_body(one) for one in answer.verdicts)
    return Answered(body=WhyBody.model_construct(event=event_body(answer.event), verdicts=verdicts))


async def status(call: Call) -> Answered:
    """How things stand."""
    answer = await call.actions.status(call.actor)
    if not isinstance(answer, Report):
        raise refusal(answer, call.key)
    return Answered(
        body=StatusBody.model_construct(
            waiting=answer.waiting,
            lanes=answer.lanes,
            parked=answer.parked,
            paused={str(name): reason for name, reason in answer.paused.items()},
            subscriptions=answer.subscriptions,
            events=answer.events,
            since=answer.since,
        )
    )


async def audit(call: Call) -> Answered:
    """Who changed what."""
    query = call.query(AuditQuery)
    subject = None if query.subscription is None else SubscriptionId(query.subscription)
    if subject is not None and call.actor.rank is not Rank.ADMIN:
        seen = await call.actions.see(call.actor, subject)
        if isinstance(seen, NoSuchSubscription):
            raise refusal(seen, call.key)  # as of any other that the key may not see
    answer = await call.actions.history(call.actor, subject, limit=query.limit)
    if not isinstance(answer, History):
        raise refusal(answer, call.key)
    return Answered(body=AuditBody.model_construct(changes=tuple(change_body(one) for one in answer.changes)))


async def undo(call: Call) -> Answered:
    """Take back the last change of the key's owner, made here or in Slack."""
    answer = await call.actions.undo(call.actor)
    if not isinstance(answer, Undone):
        raise refusal(answer, call.key)
    return Answered(
        body=UndoneBody.model_construct(
            act=answer.act, subscription=answer.subject or None, before=maybe(answer.before), after=maybe(answer.after)
        )
    )


async def resume_place(call: Call) -> Answered:
    """Let everything that is held for a place go on."""
    answer = await call.actions.resume_place(call.actor, DestinationId(call.request.match_info["id"]))
    if not isinstance(answer, PlaceResumed):
        raise refusal(answer, call.key)
    return Answered(body=PlaceBody.model_construct(place=answer.place, lanes=answer.lanes))
