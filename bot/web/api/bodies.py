"""What goes in and out as JSON: the models that requests are checked with and `docs/openapi.json` is made from.

Nothing unknown is taken, and nothing is guessed: "true" is no truth value, 1 is no text.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from bot.core.event import Status
from bot.core.filters import MAX_LENGTH
from bot.core.subscription import Doubt, Holding, Showing, Threading

SUBSCRIPTION_ID: Final = "^[0-9a-hjkmnp-tv-z]{6}$"
_TIME: Final = "([01]?[0-9]|2[0-3]):[0-5][0-9]"
DIGEST: Final = f"^(15m|hourly|daily( {_TIME})?)$"


class Strict(BaseModel):
    """Takes what it knows and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


def _described(format_: str, **bounds: Any) -> Any:
    """A text whose format JSON Schema can't describe: it is named, and told in docs/api.md."""
    return Field(json_schema_extra={"format": format_}, **bounds)


def _slack_id(kinds: str) -> Any:
    return Field(pattern=f"^[{kinds}][A-Z0-9]{{2,20}}$")


ChannelId: TypeAlias = Annotated[str, _slack_id("CG")]
PersonId: TypeAlias = Annotated[str, _slack_id("UW")]
GroupId: TypeAlias = Annotated[str, _slack_id("S")]
FilterText: TypeAlias = Annotated[str, _described("tidings-filter", max_length=4 * MAX_LENGTH)]
Moment: TypeAlias = Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "date-time"})]
SubscriptionName: TypeAlias = Annotated[str, Field(pattern=SUBSCRIPTION_ID)]


class ChannelPlace(Strict):
    """A channel, public or private."""

    kind: Literal["channel"]
    channel: ChannelId


class PersonPlace(Strict):
    """A person, by direct message."""

    kind: Literal["person"]
    user: PersonId


class ThreadPlace(Strict):
    """One thread of a channel; `thread` is the timestamp of its first message."""

    kind: Literal["thread"]
    channel: ChannelId
    thread: Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,6}$")]


class GroupPlace(Strict):
    """A user group: a direct message to each of its members."""

    kind: Literal["group"]
    group: GroupId


class WebhookPlace(Strict):
    """An endpoint that takes Standard Webhooks."""

    kind: Literal["webhook"]
    url: Annotated[str, _described("tidings-webhook", max_length=2048)]


Place: TypeAlias = Annotated[
    ChannelPlace | PersonPlace | ThreadPlace | GroupPlace | WebhookPlace, Field(discriminator="kind")
]


class StyleBody(Strict):
    """How and when deliveries look."""

    mention: Annotated[str, _slack_id("UWS")] | None = None
    """A person or a user group to call with each."""
    mention_on: tuple[Status, ...] = ()
    """The statuses for which they are called; none: for all."""
    doubt: Doubt = Doubt.REPEAT
    """What becomes of a result that may have been shown already: repeat it, or ask."""
    digest: Annotated[str, Field(pattern=DIGEST)] | None = None
    """One message for each 15m, hourly or daily; `daily 17:30` says when, in the owner's time zone."""
    quiet: Annotated[str, _described("tidings-quiet", max_length=20)] | None = None
    """Hours in which nothing is sent, e.g. 22:00-07:00, in the owner's time zone."""
    thread: Threading = Threading.OFF
    """Which messages become replies in one thread."""
    show: Showing | None = None
    """How much of each event is shown; null for what is usual where it is shown."""


class NewSubscription(Strict):
    """What to subscribe."""

    filter: FilterText = ""
    """As in Slack: `model:fraud-* status:failed`; empty for every event."""
    destination: Place
    style: StyleBody = StyleBody()
    confirmed: bool = False
    """That a channel shared with another organisation is meant."""


class SubscriptionChange(Strict):
    """What to change; what is not given stays, also within `style`."""

    filter: FilterText | None = None
    destination: Place | None = None
    style: StyleBody | None = None
    confirmed: bool = False


class Rest(Strict):
    """How long it rests, at most ten years; without `until`, until it is resumed."""

    until: Annotated[AwareDatetime, WithJsonSchema({"type": "string", "format": "tidings-future"})] | None = None


class HoldBody(Strict):
    """A subscription's rest: paused events wait, muted ones pass by; orphaned is a pause of Tidings's own."""

    kind: Holding
    at: Moment
    until: Moment | None
    by: str
    """Who asked for it; empty for Tidings itself."""
    why: str


class SubscriptionBody(Strict):
    """Who wants which events, where, and in which style."""

    id: SubscriptionName
    owner: str
    filter: str
    destination: Place
    style: StyleBody
    hold: HoldBody | None
    created: Moment
    members: tuple[str, ...]
    """The people behind a user group, as of the last look."""


class MadeSubscription(SubscriptionBody):
    """The subscription; `secret` signs a webhook's requests, and is told this once, to its only owner."""

    joined: bool
    """Whether the bot joined the channel for it."""
    secret: str | None


class Query(BaseModel):
    """What stands behind the question mark: text, which is read as what it means."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _digits(value: Any) -> Any:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticCustomError("number", "must be a whole number")
    return value


_Limit: TypeAlias = Annotated[int, Field(ge=1, le=100)]
Limit: TypeAlias = Annotated[_Limit, BeforeValidator(_digits, json_schema_input_type=_Limit)]


class ListQuery(Query):
    """Which subscriptions: without anything, the owner's and those that come to them; with scope admin, all."""

    place: Annotated[str, _described("tidings-place", max_length=512)] | None = None
    """Those that lead there: `#C024BE7LR`, `@U024BE7LR`, `@S024BE7LR`, `#C024BE7LR/1700000000.000100`, `https://…`."""
    owner: PersonId | None = None
    """Those of this person."""
    q: Annotated[str, Field(max_length=100)] = ""
    """Those in which all these words occur."""
    limit: Limit = 50
    """How many a page."""
    cursor: Annotated[str, _described("tidings-cursor", max_length=64)] | None = None
    """The `next` of the page before."""


class AuditQuery(Query):
    """Whose history."""

    subscription: SubscriptionName | None = None
    """Of one subscription; without it of the workspace, which takes the scope admin."""
    limit: Limit = 20
    """How many changes."""


class SubscriptionList(Strict):
    """A page of a list, oldest first; `next` is the cursor of the page after it."""

    subscriptions: tuple[SubscriptionBody, ...]
    next: str | None


class TestBody(Strict):
    """A result marked TEST is on its way."""

    subscription: SubscriptionName


class PreviewQuestion(Strict):
    """The filter to try."""

    filter: FilterText


class EventBody(Strict):
    """An event, without its content."""

    source: str
    id: str
    time: Moment
    inference: str
    status: str
    model: str
    confidence: float | None
    tags: tuple[str, ...]
    title: str | None
    """None also where its sensitivity keeps it from being shown here."""


class PreviewBody(Strict):
    """Of the last `of` events, `matched` are wanted; `samples` are the newest of those."""

    filter: str
    matched: int
    of: int
    samples: tuple[EventBody, ...]


class AttemptBody(Strict):
    """One try to deliver."""

    at: Moment
    outcome: str
    reason: str


class DeliveryBody(Strict):
    """What became of the event at one place."""

    place: str
    standing: str
    """unknown, waiting, delivered or buried."""
    due: Moment | None
    attempts: tuple[AttemptBody, ...]
    link: str | None


class VerdictBody(Strict):
    """Whether one subscription wants the event; `failed` is the first term that does not hold."""

    subscription: SubscriptionBody
    matches: bool
    failed: str | None
    deliveries: tuple[DeliveryBody, ...]


class WhyBody(Strict):
    """The verdicts of the subscriptions that the key may see."""

    event: EventBody
    verdicts: tuple[VerdictBody, ...]


class StatusBody(Strict):
    """How things stand; `paused` is what is paused of the workspace, with the reasons."""

    waiting: int
    lanes: int
    parked: int
    paused: dict[str, str]
    subscriptions: int
    """The owner's."""
    events: int
    """Seen lately."""
    since: int | None
    """Milliseconds since the newest of those."""


class ChangeBody(Strict):
    """One act of a person."""

    at: Moment
    user: str
    via: str
    act: str
    subscription: SubscriptionName | None
    before: SubscriptionBody | None
    after: SubscriptionBody | None


class AuditBody(Strict):
    """The newest changes first."""

    changes: tuple[ChangeBody, ...]


class UndoneBody(Strict):
    """The owner's last change is taken back: the subscription is `after` again, None: gone again."""

    act: str
    subscription: SubscriptionName | None
    before: SubscriptionBody | None
    after: SubscriptionBody | None


class PlaceBody(Strict):
    """A place goes on: so many of its lanes had something to send."""

    place: str
    lanes: int


class FieldError(Strict):
    """What is wrong with one field; `pointer` is a JSON Pointer (RFC 6901) into the body."""

    pointer: str
    detail: str


class ProblemBody(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    status: int
    title: str
    code: str | None = None
    """One word for machines."""
    detail: str | None = None
    text: str | None = None
    """Of a filter that can't be read: what was typed …"""
    position: int | None = None
    """… and where reading failed, from 0 …"""
    caret: str | None = None
    """… and both, as two lines for a monospaced font."""
    errors: tuple[FieldError, ...] | None = None
    scope: str | None = None
    """The scope that the key lacks."""
