"""The help text, made of the tables in `usage`."""

from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape
from bot.render.pieces import context, divider, header, preformatted, rows, section
from bot.render.usage import COMMAND, DESCRIPTION, FIELDS, STYLES, VERBS, Verb

_RULES = (
    ("model:fraud-* status:failed", "a blank means and: both must hold"),
    ("status:failed,cancelled", "a comma means or: one of them"),
    ("-tag:test", "a minus means not"),
    ("fraud-*", "a star stands for anything; capitals make no difference"),
    ('"chargeback"', "quoted text is looked for in title, result and error"),
)
_PLACES = (
    ("to #ml-review", "a channel; I join public ones by myself"),
    ("to me", "a direct message"),
    ("to @ana, to ana@example.com", "a direct message to somebody else, who is told"),
    ("to @ml-team", "a direct message to each member of a user group"),
    ("to https://example.com/hook", "a webhook, signed as Standard Webhooks says"),
)
_DEAD = "tidings dead list"


def about(topic: str | None) -> Message:
    """Help on one of `commands.TOPICS`; on everything in short where there is no topic."""
    match topic:
        case None:
            return _everything()
        case "filter":
            return _filters()
        case "style":
            return _styles()
        case "dead":
            return _dead()
        case _:
            return _verb(next(verb for verb in VERBS if verb.name == topic))


def _everything() -> Message:
    """Each verb in a line or two: whatever is longer is not read."""
    blocks: list[Block] = [header(DESCRIPTION), rows((verb.form, _first(verb.does)) for verb in VERBS)]
    begin = code(f"{COMMAND} subscribe model:fraud-* status:failed")
    more = f"Begin with {begin}. {code(f'{COMMAND} help filter')}, or any other topic, tells more."
    return Message(text=f"{COMMAND}: {', '.join(verb.name for verb in VERBS)}", blocks=(*blocks, context(more)))


def _first(text: str) -> str:
    """The first sentence, as plain text."""
    return f"{text.partition('. ')[0].partition(': ')[0].rstrip('.')}".replace("`", "")


def _verb(verb: Verb) -> Message:
    blocks: list[Block] = [header(f"{COMMAND} {verb.name}"), section(f"{code(verb.form)}\n{verb.does}")]
    if verb.name in {"subscribe", "edit"}:
        blocks += [divider(), section("*Places*"), rows(_PLACES), section("*Styles*"), rows(STYLES)]
    if verb.examples:
        blocks.append(preformatted("\n".join(f"{COMMAND} {example}" for example in verb.examples)))
    return Message(text=escape(f"{COMMAND} {verb.form}"), blocks=tuple(blocks))


def _filters() -> Message:
    blocks = (
        header("Filters"),
        section("A filter says which events you want. Without one you get them all."),
        rows(_RULES),
        section("*Fields*"),
        rows((field.example, field.means) for field in FIELDS),
    )
    return Message(text="How filters are written: model:fraud-* status:failed confidence<0.8 -tag:test", blocks=blocks)


def _styles() -> Message:
    blocks = (
        header("Places and styles"),
        section("They follow the filter, in any order. `edit` changes each of them alone."),
        rows(_PLACES),
        section("*Styles*"),
        rows(STYLES),
        context("Webhooks get each event as it comes: digest, quiet and thread are for Slack."),
    )
    return Message(text="What may follow a filter: to, mention, digest, quiet, thread, doubt, show", blocks=blocks)


def _dead() -> Message:
    blocks = (
        header("Dead letters"),
        section(
            "What can never be delivered is kept in Kafka, with its reason and its history, and can be replayed. "
            "That is an operator's work, on the command line:"
        ),
        preformatted(f"{_DEAD}\ntidings dead replay --help"),
        context(f"{code(f'{COMMAND} status')} tells what is paused; {code(f'{COMMAND} admin resume')} lets it go on."),
    )
    return Message(text=f"Dead letters are listed by: {_DEAD}", blocks=blocks)
