"""Looks: previews, how things stand, what a person has told about themselves."""

from bot.core.destination import DestinationId, InstallationId
from bot.core.event import Event
from bot.core.looks import Preferred, Preview, Report
from bot.render.blocks import headline, summary
from bot.render.discretion import for_reader
from bot.render.figures import age
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape
from bot.render.pieces import button, context, divider, section
from bot.render.reply.phrases import DOT, as_typed, said, typed, what
from bot.render.reply.places import named
from bot.render.richtext import BOLD, span
from bot.render.richtext import section as rich_section

RESUME_PLACE = "place.resume"
"""action_id, and with a suffix its kin, of the buttons that let a paused place go on; the value is its name."""

_PAUSED = 10
_TITLE = 150


def preview(answer: Preview) -> Message:
    """What a filter would have matched."""
    events = what(answer.filter)
    if not answer.of:
        return said("I have seen no events since I started, so I can't tell what would have matched.")
    figure = f"{answer.matched:,} of the last {answer.of:,} events"
    sense = f"It stands for {events}."
    head = f"This filter would have matched {figure}."
    blocks: list[Block] = [section(f"*{head}* {sense}"), *as_typed(answer.filter)]
    if answer.samples:
        blocks += [context("The newest of them:"), *(line(event, answer.viewer.user) for event in answer.samples)]
    return Message(text=head, blocks=tuple(blocks))


def line(event: Event, reader: str) -> Block:
    """An event in two lines; its title is content, and shown as `discretion` allows."""
    shown = for_reader(event, reader)
    title, facts = headline(shown, _TITLE), summary(shown)
    return {"type": "rich_text", "elements": [rich_section([*span(title, BOLD), *span(f"\n{facts}")])]}


def report(answer: Report) -> Message:
    """How things stand: one line where all is well, and what is paused."""
    waiting = (
        "nothing waits"
        if not answer.waiting
        else f"{answer.waiting:,} {'delivery waits' if answer.waiting == 1 else 'deliveries wait'}"
    )
    if not answer.paused:
        lead = f"All is well: {waiting}, and nothing is paused."
    else:
        many = len(answer.paused)
        lead = f"{'1 place is' if many == 1 else f'{many} places are'} paused; {waiting}."
    blocks: list[Block] = [section(f"*{lead}*"), context(DOT.join(_facts(answer)))]
    if answer.paused:
        blocks.append(divider())
    for number, (name, why) in enumerate(list(answer.paused.items())[:_PAUSED]):
        blocks.append(_paused(name, why, number=number, may=answer.detailed))
    if len(answer.paused) > _PAUSED:
        blocks.append(context(f"and {len(answer.paused) - _PAUSED} more"))
    return Message(text=lead, blocks=tuple(blocks))


def _paused(name: DestinationId | InstallationId, why: str, *, number: int, may: bool) -> Block:
    text = f"Nothing is sent to {named(name)}: {escape(why)}\n{code(name)}"
    resume = button("Resume", action=f"{RESUME_PLACE}.{number}", value=name) if may else None
    return section(text, accessory=resume)


def _facts(answer: Report) -> list[str]:
    own = answer.subscriptions
    facts = [f"you own {own} {'subscription' if own == 1 else 'subscriptions'}"]
    if answer.since is None:
        facts.append("no events seen since I started")
    else:
        facts.append(f"last event {age(answer.since)} ago")
    if answer.detailed:
        facts += [f"{answer.lanes:,} lanes", f"{answer.parked:,} parked", f"{answer.events:,} events remembered"]
        if answer.dead is not None:
            facts.append(f"{answer.dead:,} dead letters")
    return facts


def preferred(answer: Preferred) -> Message:
    """What a person has told about themselves."""
    person = answer.person
    results = (
        f"You get the results of what you ask models ({code(answer.results)}). {typed('me off')} ends it."
        if answer.results is not None
        else f"You don't get the results of what you ask models. {typed('me on')} changes that."
    )
    quiet = (
        f"Direct messages wait from {str(person.quiet).replace('-', ' to ')}. {typed('me quiet off')} ends it."
        if person.quiet is not None
        else f"Direct messages come at any hour. {typed('me quiet 22:00-07:00')} changes that."
    )
    zone = f"Your hours are those of {code(answer.zone)}, {'as you said' if person.zone else 'as Slack says'}."
    text = "\n".join(f"•  {part}" for part in (results, quiet, zone))
    return Message(text=f"{results} {quiet} {zone}", blocks=(section(f"*About you*\n{text}"),))
