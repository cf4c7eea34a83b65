"""What can be typed: the one table behind the help text and the manifest's usage hint."""

from dataclasses import dataclass

COMMAND = "/tidings"
DESCRIPTION = "Be told when an AI inference is done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that the command can do. `form` shows how it is typed; `examples` can be typed as they are."""

    name: str
    form: str
    does: str
    examples: tuple[str, ...] = ()


VERBS = (
    Verb(
        name="subscribe",
        form="subscribe [filter] [to PLACE] [mention @person] [digest hourly] [quiet 22:00-07:00] [thread session]",
        does="Get the events that match the filter: in this channel, or wherever `to` says: #channel, @person, @group, "
        "me, an e-mail address or `https://…`. Alone it opens a form. `help style` tells about the rest.",
        examples=(
            "subscribe model:fraud-* status:failed",
            "subscribe confidence<0.8 -tag:test to me digest hourly",
            "subscribe status:needs_review to #ml-review mention @ana",
        ),
    ),
    Verb(
        name="unsubscribe",
        form="unsubscribe ID | all",
        does="End a subscription, or all of yours. The ID stands beside it in the list. "
        "Its owner, whoever gets it, and admins may.",
        examples=("unsubscribe k7m2qx",),
    ),
    Verb(
        name="edit",
        form="edit ID [filter] [to PLACE] […]",
        does="Change what you name, and leave the rest. `filter any`, `digest off`, `quiet off`, `thread off` and "
        "`mention nobody` take something away. With the ID alone it opens a form.",
        examples=("edit k7m2qx status:failed,cancelled", "edit k7m2qx to #ml-review digest daily 09:00"),
    ),
    Verb(
        name="list",
        form="list [all [words] | in #channel | of @person]",
        does="Show your subscriptions and this channel's, a channel's, or a person's. "
        "Admins can list, and search, all of the workspace's.",
        examples=("list in #ml-review", "list all fraud paused"),
    ),
    Verb(
        name="pause",
        form="pause ID [for 2h]",
        does="Let its events wait; they come when it is resumed, or when the time is over.",
        examples=("pause k7m2qx for 2h",),
    ),
    Verb(
        name="mute",
        form="mute ID [for 2h]",
        does="Let its events pass by; nothing comes later.",
        examples=("mute k7m2qx for 45m",),
    ),
    Verb(
        name="resume", form="resume ID", does="Let a paused or muted subscription go on.", examples=("resume k7m2qx",)
    ),
    Verb(
        name="test",
        form="test ID",
        does="Send a made-up result, marked TEST, to where it leads.",
        examples=("test k7m2qx",),
    ),
    Verb(
        name="preview",
        form="preview FILTER",
        does="Show how many of the last events the filter would have matched, and three of them.",
        examples=("preview model:fraud-* confidence<0.8",),
    ),
    Verb(
        name="why",
        form="why EVENT",
        does="Tell why an event came, or did not: for each subscription that you may see, what fits and what became "
        "of it. EVENT is its ID, its inference's, or a link to its message.",
        examples=("why inf-9f2c",),
    ),
    Verb(name="status", form="status", does="Tell how things stand: what waits, what is paused and why."),
    Verb(name="undo", form="undo", does="Take back your last change; again, the one before it."),
    Verb(
        name="history",
        form="history [ID]",
        does="Tell who changed a subscription, and how. Without an ID, everyone's changes, for admins.",
        examples=("history k7m2qx",),
    ),
    Verb(
        name="me",
        form="me [on | off | quiet 22:00-07:00 | zone Europe/Berlin]",
        does="About yourself. `on`: get the results of what you asked models, by direct message. `quiet`: hours at "
        "which no direct message comes; what comes then waits for their end. `zone`: whose clock counts; `auto` "
        "for the one in Slack.",
        examples=("me on", "me quiet 22:00-07:00", "me quiet off", "me zone Europe/Berlin"),
    ),
    Verb(
        name="admin",
        form="admin [resume PLACE | move PLACE to PLACE | adopt ID | list | audit | health | dead]",
        does="`resume` lets a paused place go on, `move` leads a lost place's subscriptions elsewhere with what waits; "
        "owners may do both with their own. For admins: `adopt` takes subscriptions over, `list` has everyone's, "
        "`audit` everyone's changes; `dead` tells where dead letters are.",
        examples=("admin resume #ml-review", "admin move #ml-review to #ml-archive", "admin adopt k7m2qx"),
    ),
    Verb(
        name="help",
        form="help [topic]",
        does="Show this, or one topic: a verb, filter or style.",
        examples=("help filter", "help style"),
    ),
)


STYLES = (
    ("mention @ana", "calls a person, or a user group, with each result; `on failed,needs_review`: with those only"),
    ("digest 15m", "one message for each quarter of an hour, with all that came in it"),
    ("digest hourly", "one message an hour"),
    ("digest daily 09:00", "one message a day, at this time of yours"),
    ("quiet 22:00-07:00", "nothing at these hours of yours; what comes then is sent at their end"),
    ("thread inference", "one thread for what happens with an inference; channels only"),
    ("thread session", "one thread for a conversation or workflow; channels only"),
    ("doubt repeat", "when Slack's answer was lost and I may not look, a result is shown again, and says so"),
    ("doubt ask", "… a button asks whether to show it"),
    ("show full", "everything that may be seen there; it unmasks personal data in a public channel"),
    ("show masked", "all, with e-mail addresses, phone and card numbers, tokens and the like masked"),
    ("show summary", "the beginning, masked likewise"),
    ("show metadata", "status, model and figures; no title, no content"),
    ("show link", "the status, and the event's own links"),
    ("show usual", "what is usual there: it depends on the event's sensitivity and on who reads"),
)
"""What may follow a filter, besides a place; each with what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that a filter can name: what it is, and an example."""

    name: str
    means: str
    example: str


FIELDS = (
    Field(name="model", means="the model's name", example="model:fraud-*"),
    Field(name="version", means="the model's version", example="version:2.1,2.2"),
    Field(name="provider", means="who serves the model", example="provider:openai"),
    Field(
        name="status",
        means="queued, running, needs_review, completed, failed or cancelled",
        example="status:failed,needs_review",
    ),
    Field(name="confidence", means="from 0 to 1", example="confidence<0.8"),
    Field(name="latency", means="seconds; 500ms and 2m are understood", example="latency>=2.5s"),
    Field(name="cost", means="US dollars", example="cost>0.10"),
    Field(name="tokens", means="input and output together", example="tokens>4000"),
    Field(name="user", means="who asked: a person, Slack id or e-mail address", example="user:ana@example.com"),
    Field(name="tag", means="one of the event's tags", example="-tag:test"),
    Field(name="label.KEY", means="one of the event's labels", example="label.team:risk"),
    Field(name="session", means="the conversation or workflow", example="session:case-118"),
    Field(name="inference", means="the inference's own id", example="inference:inf-9f2c"),
    Field(name="env", means="where it ran", example="env:production"),
    Field(name="type", means="the event's type", example="type:*.failed"),
    Field(name="source", means="the service that published it", example="source:/scoring/*"),
    Field(name="sensitivity", means="public, internal, confidential or restricted", example="sensitivity:public"),
)


def usage_hint() -> str:
    """What Slack shows beside the command while it is typed: what people begin with, then the other verbs."""
    first, *others = VERBS
    return " | ".join((first.form, *(verb.name for verb in others)))
