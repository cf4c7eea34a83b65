"""Places and owners that are lost, and found again: what happened → what follows. Values and one table; no I/O.

Slack's events are the fast way, and what the outbox has paused is the sure one: whichever comes first is told, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from bot.core.destination import DestinationId, SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.notices import Orphanhood
from bot.core.subscription import Hold, Holding, Subscription


class Happening(StrEnum):
    """What Slack says happened to a channel (docs.slack.dev, events)."""

    ARCHIVED = "archived"
    UNARCHIVED = "unarchived"
    DELETED = "deleted"
    RENAMED = "renamed"
    RENUMBERED = "renumbered"
    """It has another id now; a private channel gets one when it is shared."""
    SHARED = "shared"
    """People of another organisation are in it now."""
    UNSHARED = "unshared"
    """None are any more."""
    LEFT = "left"
    """The bot is no longer in it."""
    JOINED = "joined"
    """The bot is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Nothing more is sent there: the place is paused, for `why`. `rest`: its subscriptions are held, too.

    `over`: a reason for which it is paused already makes way.
    """

    what: Orphanhood
    why: str
    rest: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regain:
    """What was lost in one of these ways goes on."""

    from_: frozenset[Orphanhood]


@dataclass(frozen=True, slots=True)
class Follow:
    """The subscriptions, and what waits, go to the channel's new id."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing: names are stored nowhere."""


Consequence: TypeAlias = Lose | Regain | Follow | Pass


_TABLE: Final[Mapping[Happening, Consequence]] = {
    Happening.ARCHIVED: Lose(what=Orphanhood.ARCHIVED, why="the channel was archived"),
    Happening.DELETED: Lose(what=Orphanhood.DELETED, why="the channel was deleted", over=True),
    Happening.SHARED: Lose(
        what=Orphanhood.EXTERNAL, why="the channel is shared with another organisation now", rest=True, over=True
    ),
    Happening.LEFT: Lose(what=Orphanhood.REMOVED, why="I was removed from the channel"),
    Happening.UNARCHIVED: Regain(from_=frozenset({Orphanhood.ARCHIVED})),
    Happening.UNSHARED: Regain(from_=frozenset({Orphanhood.EXTERNAL})),
    Happening.JOINED: Regain(from_=frozenset({Orphanhood.REMOVED})),
    Happening.RENUMBERED: Follow(),
    Happening.RENAMED: Pass(),
}


def follows(happening: Happening, *, is_external: bool = False) -> Consequence:
    """What follows from an event about a channel; `is_external`: it is shared with another organisation by now.

    Nothing goes on in a channel that was shared while we did not hear of it.
    """
    match _TABLE[happening]:
        case Regain(from_=from_) if is_external and Orphanhood.EXTERNAL not in from_:
            return _TABLE[Happening.SHARED]
        case consequence:
            return consequence


_FOUND: Final = (
    ("the channel was archived", Orphanhood.ARCHIVED),
    ("the channel was deleted", Orphanhood.DELETED),
    ("the channel is shared with another organisation", Orphanhood.EXTERNAL),
    ("I was removed from the channel", Orphanhood.REMOVED),
    ("Slack: is_archived", Orphanhood.ARCHIVED),
    ("Slack: not_in_channel", Orphanhood.REMOVED),
    # A private channel that the bot was removed from does not exist for it.
    ("Slack: channel_not_found", Orphanhood.REMOVED),
)


def lost_how(place: DestinationId, why: str) -> Orphanhood:
    """What a pause's reason says happened: our own reasons, and Slack's errors as the outlet words them."""
    if place.count("/") == 1:
        return Orphanhood.INSTALLATION
    return next((what for beginning, what in _FOUND if why.startswith(beginning)), Orphanhood.UNREACHABLE)


def channel_of(target: Target) -> str | None:
    """The id of the channel that a subscription leads to."""
    match target:
        case SlackChannel(channel=channel) | SlackThread(channel=channel):
            return channel
        case SlackPerson() | SlackGroup() | Webhook():
            return None


def moved(target: Target, channel: str) -> SlackChannel | SlackThread | None:
    """The same place in a channel that has another id now."""
    match target:
        case SlackChannel(team=team):
            return SlackChannel(team=team, channel=channel)
        case SlackThread(team=team, thread=thread):
            return SlackThread(team=team, channel=channel, thread=thread)
        case SlackPerson() | SlackGroup() | Webhook():
            return None


def is_in_channel(place: DestinationId, team: str, channel: str) -> bool:
    """Whether the place is the channel, or a thread of it."""
    name = f"slack/{team}/{channel}"
    return place == name or place.startswith(f"{name}/")


def outlives_owner(one: Subscription) -> bool:
    """Whether somebody has to decide about it when its owner leaves: it comes to others, who may not know of it."""
    match one.destination:
        case SlackPerson():
            return False
        case SlackChannel() | SlackThread() | SlackGroup() | Webhook():
            return True


def orphaned(one: Subscription, why: str, *, now: int) -> Hold | None:
    """The hold of an orphan; None where it rests already, because somebody wants it so, or is an orphan."""
    if one.hold is not None and one.hold.holds(now):
        return None
    return Hold(kind=Holding.ORPHANED, at=now, why=why)


def is_orphan(one: Subscription) -> bool:
    """Whether we hold it until somebody decides."""
    return one.hold is not None and one.hold.kind is Holding.ORPHANED
