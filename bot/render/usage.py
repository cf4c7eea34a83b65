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
        form="subscribe [filter] [to #channel | me | https://…] [mention @person] [doubt repeat | ask]",
        does="Get the events that match the filter: in this channel, another one, a direct message or a webhook. "
        "Without a filter you get every event.\n"
        "When an answer of Slack's is lost, a result may be there already. Where I may not look, `doubt repeat` shows "
        "it again and says so; `doubt ask` shows a button instead.",
        examples=(
            "subscribe model:fraud-* status:failed",
            "subscribe confidence<0.8 -tag:test to me",
            "subscribe status:needs_review to #ml-review mention @ana",
            "subscribe label.team:payments doubt ask",
        ),
    ),
    Verb(
        name="unsubscribe",
        form="unsubscribe ID",
        does="End a subscription. The ID stands beside it in the list; its owner and admins may.",
        examples=("unsubscribe k7m2qx",),
    ),
    Verb(
        name="list",
        form="list [all]",
        does="Show your subscriptions and this channel's. Admins can list all of the workspace's.",
    ),
    Verb(
        name="help",
        form="help [topic]",
        does="Show this, or one topic: filter, subscribe, unsubscribe or list.",
        examples=("help filter",),
    ),
)


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
    """What Slack shows beside the command while it is typed."""
    return " | ".join(verb.form for verb in VERBS)
