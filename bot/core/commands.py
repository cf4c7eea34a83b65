"""What a slash command asks for: values only. How they are typed is read by `reader`, and told by `render.usage`."""

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from bot.core.event import Status as Of
from bot.core.filters import Filter
from bot.core.subscription import Doubt, Holding, Showing, Style, SubscriptionId, Threading
from bot.core.timing import Digest, Quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the command was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """A direct message to whoever typed the command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel by its id; `name` is empty where Slack does not tell it."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A direct message to a person, by their user id."""

    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A direct message to a person, by their e-mail address. Whether Slack knows it is not judged here."""

    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A direct message to each member of a user group, by its id."""

    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A webhook. Whether it may be one is not judged here."""

    url: str


Place: TypeAlias = Here | Me | Channel | Person | Email | Group | Url


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A place, or all of a workspace's Slack, by the name that the outbox knows it under, e.g. `slack/T1/C2`."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe:
    """Send the filter's events to a place, in a style; see `subscription.Style`."""

    filter: Filter = field(default_factory=Filter)
    to: Place = field(default_factory=Here)
    mention: str | None = None
    mention_on: tuple[Of, ...] = ()
    doubt: Doubt = Doubt.REPEAT
    digest: Digest | None = None
    quiet: Quiet | None = None
    thread: Threading = Threading.OFF
    show: Showing | None = None

    @property
    def style(self) -> Style:
        """How and when the deliveries look."""
        return Style(
            mention=self.mention,
            mention_on=self.mention_on,
            doubt=self.doubt,
            digest=self.digest,
            quiet=self.quiet,
            thread=self.thread,
            show=self.show,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Change what is given, and leave the rest. Of `style` only the fields that `given` names count."""

    id: SubscriptionId
    filter: Filter | None = None
    to: Place | None = None
    given: frozenset[str] = frozenset()
    style: Style = field(default_factory=Style)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is given."""
        return self.filter is None and self.to is None and not self.given

    def restyled(self, former: Style) -> Style:
        """The style after the edit."""
        changes = {name: getattr(self.style, name) for name in self.given}
        return replace(former, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """End a subscription."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribeAll:
    """End all that the person owns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """Show the person's subscriptions and the place's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAll:
    """Show all of the workspace's in which the words of `wanted` occur."""

    wanted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlace:
    """Show those that lead to a place."""

    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPerson:
    """Show those that a person owns or gets."""

    person: Me | Person | Email


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Pause (events wait) or mute (they pass by) a subscription, for so many milliseconds or until it is resumed."""

    id: SubscriptionId
    kind: Holding
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Let a paused or muted subscription go on."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Send a result that is marked TEST."""

    id: SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Show what a filter would have matched."""

    filter: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Tell why an event came or did not: by its id, its inference's, or a link to its message."""

    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Tell how things stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take back the person's last change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Tell who changed what: of one subscription, or of all."""

    id: SubscriptionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Show what the person has told about themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantResults:
    """Get the results of what they asked models themselves, or no longer."""

    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BeQuiet:
    """Hold direct messages to them at these hours; None: at none."""

    quiet: Quiet | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveIn:
    """Reckon their hours in an IANA time zone; None: in the one that Slack knows."""

    zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePlace:
    """Let everything that is held for a place go on."""

    place: Place | Named


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlace:
    """Let all that leads to a place lead elsewhere."""

    place: Place | Named
    to: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Become the owner of subscriptions."""

    ids: tuple[SubscriptionId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Show what can be typed: in general, or about one topic of TOPICS."""

    topic: str | None = None


Command: TypeAlias = (
    Subscribe
    | Edit
    | Unsubscribe
    | UnsubscribeAll
    | List
    | ListAll
    | ListPlace
    | ListPerson
    | Rest
    | Resume
    | Test
    | Preview
    | Why
    | Status
    | Undo
    | History
    | Preferences
    | WantResults
    | BeQuiet
    | LiveIn
    | ResumePlace
    | MovePlace
    | Adopt
    | Help
)

VERBS: Final = (
    *("subscribe", "unsubscribe", "edit", "list", "pause", "mute", "resume", "test", "preview", "why"),
    *("status", "undo", "history", "me", "admin", "help"),
)
TOPICS: Final = (*VERBS, "filter", "style", "dead")
"""What `help` tells about: verbs, how filters and styles are written, and where dead letters are."""
