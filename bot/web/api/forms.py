"""Between the core's values and the bodies; pure functions both ways."""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import assert_never

from bot.core.delivery import Attempt
from bot.core.destination import (
    Destination,
    SlackChannel,
    SlackGroup,
    SlackPerson,
    SlackThread,
    Target,
    Webhook,
    destination_id,
)
from bot.core.event import Event
from bot.core.looks import Change, Trace, Verdict
from bot.core.subscription import Style, Subscription, occasions
from bot.core.timing import read_digest, read_quiet
from bot.render.discretion import for_members
from bot.web.api.bodies import (
    AttemptBody,
    ChangeBody,
    ChannelPlace,
    DeliveryBody,
    EventBody,
    GroupPlace,
    HoldBody,
    PersonPlace,
    Place,
    StyleBody,
    SubscriptionBody,
    ThreadPlace,
    VerdictBody,
    WebhookPlace,
)


def target(place: Place, *, team: str) -> Target:
    """The place, of the key's own workspace."""
    match place:
        case ChannelPlace():
            return SlackChannel(team=team, channel=place.channel)
        case PersonPlace():
            return SlackPerson(team=team, user=place.user)
        case ThreadPlace():
            return SlackThread(team=team, channel=place.channel, thread=place.thread)
        case GroupPlace():
            return SlackGroup(team=team, group=place.group)
        case WebhookPlace():
            return Webhook(team=team, url=place.url)
    assert_never(place)


def place_body(place: Target) -> Place:
    """The place as JSON has it; its workspace is the key's."""
    match place:
        case SlackChannel(channel=channel):
            return ChannelPlace.model_construct(kind="channel", channel=channel)
        case SlackPerson(user=user):
            return PersonPlace.model_construct(kind="person", user=user)
        case SlackThread(channel=channel, thread=thread):
            return ThreadPlace.model_construct(kind="thread", channel=channel, thread=thread)
        case SlackGroup(group=group):
            return GroupPlace.model_construct(kind="group", group=group)
        case Webhook(url=url):
            return WebhookPlace.model_construct(kind="webhook", url=url)
    assert_never(place)


def style(body: StyleBody, *, former: Style | None = None) -> Style:
    """The style; what the body does not give is as in `former`. Raises MistakeError."""
    given = (
        body
        if former is None
        else StyleBody.model_construct(**style_body(former).model_dump() | body.model_dump(exclude_unset=True))
    )
    return Style(
        mention=given.mention,
        mention_on=occasions(given.mention_on) if given.mention else (),
        doubt=given.doubt,
        digest=None if given.digest is None else read_digest(given.digest),
        quiet=None if given.quiet is None else read_quiet(given.quiet),
        thread=given.thread,
        show=given.show,
    )


def style_body(one: Style) -> StyleBody:
    """The style as JSON has it."""
    return StyleBody.model_construct(
        mention=one.mention,
        mention_on=one.mention_on,
        doubt=one.doubt,
        digest=None if one.digest is None else str(one.digest),
        quiet=None if one.quiet is None else str(one.quiet),
        thread=one.thread,
        show=one.show,
    )


def subscription_body(one: Subscription) -> SubscriptionBody:
    """The subscription as JSON has it."""
    hold = one.hold
    return SubscriptionBody.model_construct(
        id=one.id,
        owner=one.owner,
        filter=str(one.filter),
        destination=place_body(one.destination),
        style=style_body(one.style),
        hold=None
        if hold is None
        else HoldBody.model_construct(
            kind=hold.kind,
            at=moment(hold.at),
            until=None if hold.until is None else moment(hold.until),
            by=hold.by,
            why=hold.why,
        ),
        created=moment(one.created),
        members=one.members,
    )


def etag(one: Subscription) -> str:
    """A strong entity tag (RFC 9110, section 8.8.3): another state has another one."""
    text = subscription_body(one).model_dump_json().encode()
    return f'"{blake2b(text, digest_size=12).hexdigest()}"'


def event_body(event: Event) -> EventBody:
    """The event as anybody who may preview may see it: what its sensitivity protects stays out."""
    return EventBody.model_construct(
        source=event.source,
        id=event.id,
        time=event.time,
        inference=event.inference,
        status=event.status,
        model=event.model.name,
        confidence=event.confidence,
        tags=event.tags,
        title=for_members(event).title,
    )


def verdict_body(verdict: Verdict) -> VerdictBody:
    """The verdict as JSON has it."""
    return VerdictBody.model_construct(
        subscription=subscription_body(verdict.subscription),
        matches=verdict.failed is None,
        failed=None if verdict.failed is None else str(verdict.failed),
        deliveries=tuple(_delivery(place, trace) for place, trace in verdict.traces),
    )


def change_body(change: Change) -> ChangeBody:
    """The change as JSON has it."""
    return ChangeBody.model_construct(
        at=moment(change.at),
        user=change.actor.user,
        via=change.actor.via,
        act=change.act,
        subscription=change.subject or None,
        before=maybe(change.before),
        after=maybe(change.after),
    )


def maybe(one: Subscription | None) -> SubscriptionBody | None:
    """The subscription, if there is one."""
    return None if one is None else subscription_body(one)


def moment(at: int) -> datetime:
    """Milliseconds since the epoch as a time in UTC."""
    return datetime.fromtimestamp(at / 1000, tz=UTC)


def _delivery(place: Destination, trace: Trace) -> DeliveryBody:
    return DeliveryBody.model_construct(
        place=destination_id(place),
        standing=trace.standing,
        due=None if trace.due is None else moment(trace.due),
        attempts=tuple(_attempt(one) for one in trace.attempts),
        link=trace.link,
    )


def _attempt(one: Attempt) -> AttemptBody:
    return AttemptBody.model_construct(at=moment(one.at), outcome=one.outcome, reason=one.reason)
