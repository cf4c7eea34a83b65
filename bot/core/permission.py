"""Who may do what: one table of acts and the roles that a person needs for them.

A person has several roles towards a subscription or a place at once; an act is allowed when one of them allows it.
`docs/permissions.md` is generated from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Rank(StrEnum):
    """What a person is in the workspace."""

    ADMIN = "admin"
    """Admin or owner of the workspace, or of the user group that the settings name."""
    MEMBER = "member"
    GUEST = "guest"
    """Restricted to some channels, or to one."""
    STRANGER = "stranger"
    """Of another organisation, met in a shared channel (Slack Connect)."""
    GONE = "gone"
    """Deactivated, a bot, or unknown."""


class Role(StrEnum):
    """What a person is towards a subscription or a place."""

    OWNER = "owner"
    """They made the subscription, or took it over."""
    RECIPIENT = "recipient"
    """It comes to them: as a direct message, alone or as one of a group."""
    INSIDER = "insider"
    """They are in the channel that it leads to; of a public channel everyone of the workspace is."""
    MEMBER = "member"
    """They belong to the workspace."""
    ADMIN = "admin"


class Act(StrEnum):
    """What can be done."""

    SUBSCRIBE_SELF = "subscribe themselves, by direct message"
    SUBSCRIBE_CHANNEL = "subscribe a channel"
    SUBSCRIBE_PERSON = "subscribe somebody else, by direct message"
    SUBSCRIBE_GROUP = "subscribe a user group"
    SUBSCRIBE_WEBHOOK = "subscribe a webhook"
    SUBSCRIBE_EXTERNAL = "subscribe a channel that is shared with another organisation"
    SEE = "see a subscription, and list those of a channel or a person"
    EDIT = "edit, move or test a subscription"
    HOLD = "pause, mute or resume a subscription"
    END = "end a subscription"
    PREVIEW = "preview a filter, and ask why an event came or did not"
    RATE = "say whether a result is good"
    FETCH = "have a result that they see sent to themselves"
    REPEAT = "have a result sent to its place again"
    SEE_ALL = "list all subscriptions, and the audit"
    ADMINISTER = "resume a paused place, take over a subscription, replay dead letters, manage API keys"


ROLES: Final[Mapping[Act, frozenset[Role]]] = {
    Act.SUBSCRIBE_SELF: frozenset({Role.RECIPIENT}),
    Act.SUBSCRIBE_CHANNEL: frozenset({Role.INSIDER, Role.ADMIN}),
    Act.SUBSCRIBE_PERSON: frozenset({Role.MEMBER, Role.ADMIN}),
    Act.SUBSCRIBE_GROUP: frozenset({Role.RECIPIENT, Role.ADMIN}),
    Act.SUBSCRIBE_WEBHOOK: frozenset({Role.MEMBER, Role.ADMIN}),
    Act.SUBSCRIBE_EXTERNAL: frozenset({Role.ADMIN}),
    Act.SEE: frozenset({Role.OWNER, Role.RECIPIENT, Role.INSIDER, Role.ADMIN}),
    Act.EDIT: frozenset({Role.OWNER, Role.ADMIN}),
    Act.HOLD: frozenset({Role.OWNER, Role.RECIPIENT, Role.ADMIN}),
    Act.END: frozenset({Role.OWNER, Role.RECIPIENT, Role.ADMIN}),
    Act.PREVIEW: frozenset({Role.MEMBER, Role.ADMIN}),
    Act.RATE: frozenset({Role.RECIPIENT, Role.INSIDER, Role.ADMIN}),
    Act.FETCH: frozenset({Role.RECIPIENT, Role.INSIDER, Role.ADMIN}),
    Act.REPEAT: frozenset({Role.OWNER, Role.ADMIN}),
    Act.SEE_ALL: frozenset({Role.ADMIN}),
    Act.ADMINISTER: frozenset({Role.ADMIN}),
}
"""Each act with the roles of which one is enough. Nobody holds or ends anything for the other members of a group: of a
group, RECIPIENT counts for SUBSCRIBE_GROUP and SEE only."""


class Admission(StrEnum):
    """What a guest, or a stranger, may do at all."""

    DENY = "deny"
    """Nothing."""
    SELF = "self"
    """What concerns themselves only: direct messages to them."""
    ALLOW = "allow"
    """What a member may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How far people who do not belong to the workspace are let in."""

    guests: Admission = Admission.DENY
    strangers: Admission = Admission.DENY


_ALONE: Final = frozenset({Act.SUBSCRIBE_SELF, Act.SEE, Act.HOLD, Act.END, Act.EDIT, Act.RATE, Act.FETCH})


CLOSED: Final = Policy()


def may(act: Act, roles: frozenset[Role], *, rank: Rank, policy: Policy = CLOSED) -> bool:
    """Whether somebody of this rank, who has these roles, may do it."""
    match rank:
        case Rank.GONE:
            return False
        case Rank.ADMIN:
            return Role.ADMIN in ROLES[act] or bool(ROLES[act] & roles)
        case Rank.GUEST | Rank.STRANGER:
            admission = policy.guests if rank is Rank.GUEST else policy.strangers
            match admission:
                case Admission.DENY:
                    return False
                case Admission.SELF:
                    return act in _ALONE and bool(ROLES[act] & roles & {Role.OWNER, Role.RECIPIENT})
                case Admission.ALLOW:
                    pass
        case Rank.MEMBER:
            pass
    return bool(ROLES[act] & (roles | {Role.MEMBER}) - {Role.ADMIN})
