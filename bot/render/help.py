"""The help text, made of the table in `usage`."""

from bot.render.message import Block, Message
from bot.render.mrkdwn import code
from bot.render.pieces import context, header, rows, section
from bot.render.usage import COMMAND, DESCRIPTION, FIELDS, VERBS, Verb

_RULES = (
    ("model:fraud-* status:failed", "a blank means and: both must hold"),
    ("status:failed,cancelled", "a comma means or: one of them"),
    ("-tag:test", "a minus means not"),
    ("fraud-*", "a star stands for anything; capitals make no difference"),
    ('"chargeback"', "quoted text is looked for in title, result and error"),
)


def about(topic: str | None) -> Message:
    """Help on a verb or on filters; on everything in short where there is no topic."""
    if topic == "filter":
        return _filters()
    verbs = tuple(verb for verb in VERBS if topic in {None, verb.name})
    blocks: list[Block] = [header(DESCRIPTION)]
    for verb in verbs:
        blocks += [section(f"{code(f'{COMMAND} {verb.form}')}\n{verb.does}"), *_examples(verb)]
    return Message(text=f"{COMMAND}: {', '.join(verb.form for verb in verbs)}", blocks=tuple(blocks))


def _filters() -> Message:
    blocks = (
        header("Filters"),
        section("A filter says which events you want. Without one you get them all."),
        rows(_RULES),
        section("*Fields*"),
        rows((field.example, field.means) for field in FIELDS),
    )
    return Message(text="How filters are written: model:fraud-* status:failed confidence<0.8 -tag:test", blocks=blocks)


def _examples(verb: Verb) -> list[Block]:
    return [context("\n".join(code(f"{COMMAND} {example}") for example in verb.examples))] if verb.examples else []
