"""How destinations and subscriptions lie in Redis: JSON, pure functions both ways.

Keys of these objects are written to disk; a key may be added, never renamed. A reader ignores keys it does not know, so
that an older process can read what a newer one wrote during an upgrade.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from bot.core.delivery import Attempt, Delivery, DeliveryId, Lane
from bot.core.destination import (
    Destination,
    DestinationId,
    SlackChannel,
    SlackGroup,
    SlackPerson,
    SlackThread,
    Target,
    Webhook,
    destination_id,
)
from bot.core.errors import DestinationError
from bot.core.event import EventKey, Position, Status
from bot.core.filters import parse
from bot.core.progress import Progress, Rung
from bot.core.subscription import (
    Doubt,
    Hold,
    Holding,
    Showing,
    Style,
    Subscription,
    SubscriptionId,
    Threading,
    occasions,
)
from bot.core.timing import read_digest, read_quiet
from bot.ports.outbox import Parked


def destination_json(destination: Destination) -> str:
    """Write a place; equal places give equal text."""
    return orjson.dumps(_destination(destination)).decode()


def destination_from_json(text: str | bytes) -> Destination:
    """Read what `destination_json` wrote. Raises DestinationError for anything else."""
    try:
        return _read_destination(orjson.loads(text))
    except (ValueError, LookupError, TypeError) as error:
        raise DestinationError(f"not a destination: {error}") from error


def subscription_json(subscription: Subscription) -> str:
    """Write a subscription; its filter as canonical text. `place` is for the scripts, which can't hash."""
    return orjson.dumps(
        {
            "id": subscription.id,
            "team": subscription.team,
            "owner": subscription.owner,
            "filter": str(subscription.filter),
            "destination": _destination(subscription.destination),
            "place": destination_id(subscription.destination),
            "style": _style(subscription.style),
            "created": subscription.created,
            "hold": None if subscription.hold is None else _hold(subscription.hold),
            "members": subscription.members,
            # what a version that knew no holds reads
            "paused": subscription.hold is not None,
        }
    ).decode()


def subscription_from_json(text: str | bytes) -> Subscription:
    """Read what `subscription_json` wrote.

    Raises ValueError, LookupError or TypeError for other text, and FilterError where the filter language has moved on.
    """
    found = orjson.loads(text)
    return Subscription(
        id=SubscriptionId(found["id"]),
        team=found["team"],
        owner=found["owner"],
        filter=parse(found["filter"]),
        destination=_read_target(found["destination"]),
        style=_read_style(found.get("style", {})),
        created=found["created"],
        hold=_read_hold(found),
        members=tuple(found.get("members", ())),
    )


def parked_json(parked: Parked) -> bytes:
    """Write a waiting delivery with its event."""
    delivery, position = parked.delivery, parked.position
    return orjson.dumps(
        {
            "delivery": delivery.id,
            "lane": parked.lane,
            "destination": _destination(parked.destination),
            "key": delivery.event,
            "appended": delivery.appended,
            "attempts": delivery.attempts,
            "doubt": delivery.doubt,
            "history": [attempt_fields(attempt) for attempt in delivery.history],
            "position": [position.topic, position.partition, position.offset],
            "event": orjson.Fragment(parked.body),
        }
    )


def parked_from_json(text: str | bytes) -> Parked:
    """Read what `parked_json` wrote. Raises ValueError, LookupError, TypeError or DestinationError for other text."""
    found = orjson.loads(text)
    destination = _read_destination(found["destination"])
    topic, partition, offset = found["position"]
    return Parked(
        delivery=Delivery(
            id=DeliveryId(found["delivery"]),
            event=EventKey(found["key"]),
            destination=DestinationId(destination_id(destination)),
            appended=found["appended"],
            attempts=found["attempts"],
            doubt=found["doubt"],
            history=tuple(Attempt(**attempt) for attempt in found["history"]),
        ),
        lane=Lane(found["lane"]),
        destination=destination,
        body=orjson.dumps(found["event"]),
        position=Position(topic=topic, partition=partition, offset=offset),
    )


def attempt_json(attempt: Attempt) -> bytes:
    """An attempt as a line of a delivery's history in Redis."""
    return orjson.dumps(attempt_fields(attempt))


def attempt_fields(attempt: Attempt) -> dict[str, str | int]:
    """An attempt as JSON has it, here and in the dead-letter topic."""
    return {"at": attempt.at, "outcome": attempt.outcome, "reason": attempt.reason}


def progress_json(progress: Progress) -> bytes:
    """What of a delivery has arrived, as Redis has it."""
    return orjson.dumps(
        {
            "reference": progress.reference,
            "thread": progress.thread,
            "told": progress.told,
            "begun": progress.begun,
            "rung": progress.rung,
            "files": progress.files,
        }
    )


def progress_from_json(text: bytes) -> Progress:
    """Read what `progress_json` wrote."""
    found = orjson.loads(text)
    return Progress(
        reference=found["reference"],
        thread=found["thread"],
        told=found["told"],
        begun=Rung(found["begun"]),
        rung=Rung(found["rung"]),
        files=found["files"],
    )


def _style(style: Style) -> dict[str, str | list[Status] | None]:
    return {
        "mention": style.mention,
        "mention_on": list(style.mention_on),
        "doubt": style.doubt,
        "digest": None if style.digest is None else str(style.digest),
        "quiet": None if style.quiet is None else str(style.quiet),
        "thread": style.thread,
        "show": style.show,
    }


def _read_style(found: Mapping[str, Any]) -> Style:
    digest, quiet, show = found.get("digest"), found.get("quiet"), found.get("show")
    return Style(
        mention=found.get("mention"),
        mention_on=occasions(found.get("mention_on", ())),
        doubt=Doubt(found.get("doubt", Doubt.REPEAT)),
        digest=read_digest(digest) if digest else None,
        quiet=read_quiet(quiet) if quiet else None,
        thread=Threading(found.get("thread", Threading.OFF)),
        show=Showing(show) if show else None,
    )


def _hold(hold: Hold) -> dict[str, str | int | None]:
    return {"kind": hold.kind, "at": hold.at, "until": hold.until, "by": hold.by, "why": hold.why}


def _read_hold(found: Mapping[str, Any]) -> Hold | None:
    hold = found.get("hold")
    if hold is None:
        return Hold(kind=Holding.PAUSED, at=found["created"]) if found["paused"] else None
    return Hold(kind=Holding(hold["kind"]), at=hold["at"], until=hold["until"], by=hold["by"], why=hold["why"])


def _destination(destination: Target) -> dict[str, str]:
    match destination:
        case SlackChannel(team=team, channel=channel):
            return {"kind": "channel", "team": team, "channel": channel}
        case SlackPerson(team=team, user=user):
            return {"kind": "person", "team": team, "user": user}
        case SlackThread(team=team, channel=channel, thread=thread):
            return {"kind": "thread", "team": team, "channel": channel, "thread": thread}
        case Webhook(team=team, url=url):
            return {"kind": "webhook", "team": team, "url": url}
        case SlackGroup(team=team, group=group):
            return {"kind": "group", "team": team, "group": group}


def _read_target(found: Mapping[str, Any]) -> Target:
    match found:
        case {"kind": "group", "team": str(team), "group": str(group)}:
            return SlackGroup(team=team, group=group)
        case _:
            return _read_destination(found)


def _read_destination(found: Mapping[str, Any]) -> Destination:
    match found:
        case {"kind": "channel", "team": str(team), "channel": str(channel)}:
            return SlackChannel(team=team, channel=channel)
        case {"kind": "person", "team": str(team), "user": str(user)}:
            return SlackPerson(team=team, user=user)
        case {"kind": "thread", "team": str(team), "channel": str(channel), "thread": str(thread)}:
            return SlackThread(team=team, channel=channel, thread=thread)
        case {"kind": "webhook", "team": str(team), "url": str(url)}:
            return Webhook(team=team, url=url)
        case _:
            raise ValueError("its kind and fields are unknown")
