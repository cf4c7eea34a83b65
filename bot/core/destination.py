"""Where a delivery goes, and the short stable name under which the outbox knows the place."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import NewType, TypeAlias

DestinationId = NewType("DestinationId", str)
"""Stable name of a place, e.g. `slack/T1/C2` or `webhook/T1/9f86d081884c7d65`; equal places have equal names."""


InstallationId = NewType("InstallationId", str)
"""Name of what serves all of a team's places of one kind, e.g. `slack/T1`: one token, one quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackChannel:
    """A public or private channel."""

    team: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPerson:
    """A person, reached by direct message."""

    team: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackThread:
    """One thread of a channel; `thread` is the parent's timestamp."""

    team: str
    channel: str
    thread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An HTTPS endpoint that takes Standard Webhooks. `team` owns it: two teams never share an endpoint's secret."""

    team: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackGroup:
    """A user group: stands for a direct message to each of its members."""

    team: str
    group: str


SlackPlace: TypeAlias = SlackChannel | SlackPerson | SlackThread
Destination: TypeAlias = SlackPlace | Webhook
"""What a delivery has."""
Target: TypeAlias = Destination | SlackGroup
"""What a subscription has."""


def destination_id(destination: Target) -> DestinationId:
    """Name the place. A webhook's URL may hold a credential, so only a hash of it becomes part of the name."""
    match destination:
        case SlackChannel(team=team, channel=channel):
            return DestinationId(f"slack/{team}/{channel}")
        case SlackPerson(team=team, user=user):
            return DestinationId(f"slack/{team}/@{user}")
        case SlackGroup(team=team, group=group):
            return DestinationId(f"slack/{team}/!{group}")
        case SlackThread(team=team, channel=channel, thread=thread):
            return DestinationId(f"slack/{team}/{channel}/{thread}")
        case Webhook(team=team, url=url):
            return DestinationId(f"webhook/{team}/{blake2b(url.encode(), digest_size=8).hexdigest()}")


def slack_installation(team: str) -> InstallationId:
    """What serves all of a team's places in Slack."""
    return InstallationId(f"slack/{team}")


def installation_of(place: DestinationId) -> InstallationId:
    """The installation that serves a place."""
    kind, team = place.split("/")[:2]
    return InstallationId(f"{kind}/{team}")


def workspace_of(place: DestinationId) -> str | None:
    """The workspace that a place belongs to; None where the text is no place's name."""
    parts = place.split("/")
    return parts[1] if len(parts) > 1 else None
