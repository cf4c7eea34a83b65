"""The form in which people subscribe and edit, and what is said around it.

A block's id and its element's action id stay the same as long as it asks for the same: Slack then keeps what was typed.
https://docs.slack.dev/surfaces/modals
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.destination import SlackChannel, Target
from bot.core.errors import FilterError
from bot.core.event import Status
from bot.core.form import Form, Setting, Where, group_id, takes_hours, takes_threads, target
from bot.core.looks import Preview
from bot.core.subscription import Doubt, Showing, Subscription, Threading
from bot.core.timing import Every, clock
from bot.render import inputs
from bot.render.figures import word
from bot.render.inputs import ask, option
from bot.render.message import Block, Message
from bot.render.mrkdwn import escape, place
from bot.render.pieces import actions, button, context, divider, section
from bot.render.replies import mistake
from bot.render.reply.looks import line
from bot.render.reply.phrases import as_typed, what

SUBSCRIBE: Final = "subscribe"
"""callback_id of the form, of the global shortcut that opens it, and the beginning of its elements' action ids."""
MORE: Final = "more_like"
LESS: Final = "less_like"
"""callback_ids of the message shortcuts."""
OPEN: Final = "form.open"
"""action_id of buttons that open the form; the value is what was typed before."""
SAID: Final = "said"
"""callback_id of modals that only say something."""

SHARED_QUESTION: Final = "confirmed"

_WHERE: Final = {
    Where.KEEP: "Where it leads now",
    Where.HERE: "This channel",
    Where.CHANNEL: "A channel",
    Where.ME: "Me, by direct message",
    Where.PERSON: "Somebody else, by direct message",
    Where.GROUP: "Each member of a user group",
    Where.WEBHOOK: "A webhook",
}
AS_THEY_COME: Final = "each"

_DIGESTS: Final = {
    AS_THEY_COME: "Each result as it comes",
    Every.QUARTER: "One message every 15 minutes",
    Every.HOUR: "One message an hour",
    Every.DAY: "One message a day",
}
_THREADS: Final = {
    Threading.OFF: "Each result by itself",
    Threading.INFERENCE: "One thread for each inference",
    Threading.SESSION: "One thread for each session",
}
AS_USUAL: Final = "usual"

_SHOWINGS: Final = {
    AS_USUAL: "What is usual in such a place",
    Showing.FULL: "Everything that may be seen there",
    Showing.MASKED: "All, personal data masked",
    Showing.SUMMARY: "The beginning, personal data masked",
    Showing.METADATA: "Status, model and figures only",
    Showing.LINK: "Status and link only",
}
_DOUBTS: Final = {
    Doubt.REPEAT: "Show it again, and say so",
    Doubt.ASK: "Ask before it is shown again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that the form shows: what is filled in, and what that would come to.

    `edited` is the subscription that is changed; `outlook` what the filter would have matched, where it cannot be read
    why, and None where nobody may know. `notice` goes on top; `shared`: the place is shared with another organisation,
    and who fills this in may choose it nevertheless.
    """

    form: Form
    setting: Setting
    edited: Subscription | None = None
    outlook: Preview | FilterError | None = None
    notice: str = ""
    shared: bool = False


def form_view(draft: Draft, *, metadata: str) -> Block:
    """The form; `metadata` comes back with all that is sent from it, and holds at most 3,000 characters."""
    edited = draft.edited
    return {
        "type": "modal",
        "callback_id": SUBSCRIBE,
        "title": _plain(f"Edit {edited.id}" if edited else "Subscribe"),
        "submit": _plain("Save" if edited else "Subscribe"),
        "close": _plain("Cancel"),
        "private_metadata": metadata,
        "blocks": [
            *([section(draft.notice), divider()] if draft.notice else []),
            *_where(draft),
            *_which(draft.form),
            *_outlook(draft),
            divider(),
            *_how(draft),
        ],
    }


def said_view(title: str, message: Message, *, metadata: str = "", more: Sequence[Block] = ()) -> Block:
    """A modal that says what an act came to; a reply's buttons are for messages, and left out."""
    told = [_without_button(block) for block in message.blocks if block["type"] != "actions"]
    return {
        "type": "modal",
        "callback_id": SAID,
        "title": _plain(title),
        "close": _plain("Close"),
        "private_metadata": metadata,
        "blocks": [*told, *more],
    }


def too_late(draft: str, *, kept: str) -> Message:
    """Say that the form did not open in time; the button opens it with what is kept."""
    text = f"Slack waits three seconds for a form, and this took longer. Nothing was changed; I have kept {kept}."
    return Message(text=text, blocks=(section(text), actions([button("Open again", action=OPEN, value=draft)])))


def not_ours() -> Message:
    """Say that the message came from somebody else."""
    return _told(
        "*This is not a result of mine.* Choose “More like this” or “Less like this” at a message in which I told "
        "about an inference, and I draft a filter from it."
    )


def forgotten() -> str:
    """Say that a result is older than what is remembered."""
    return (
        "*I no longer remember that result*, only those that passed lately, so there is nothing to draft from. "
        "Say here what you would like to get."
    )


def _where(draft: Draft) -> list[Block]:
    form, setting = draft.form, draft.setting
    here = isinstance(setting.here, SlackChannel)
    offered = [
        where
        for where in Where
        if (where is not Where.KEEP or draft.edited) and (where is not Where.HERE or (here and not draft.edited))
    ]
    chosen = form.where if form.where in offered else Where.ME
    options = {where: _WHERE[where] for where in offered}
    blocks = [ask("where", "Where to", inputs.choose("where", options, chosen), tell=True)]
    if chosen in {Where.HERE, Where.KEEP}:
        leads = target(form, setting, draft.edited)
        blocks += [context(f"Results go to {place(leads)}.")] if leads is not None else []
    blocks += _place_input(chosen, form)
    if draft.shared:
        box = option("Post there nevertheless", "yes", "People of another organisation read it.")
        blocks.append(
            ask(SHARED_QUESTION, "This channel is shared", inputs.tick(SHARED_QUESTION, box, on=form.confirmed))
        )
    return blocks


def _place_input(where: Where, form: Form) -> list[Block]:
    match where:
        case Where.CHANNEL:
            element = inputs.conversation("channel", form.channel)
            return [
                ask("channel", "Channel", element, tell=True, hint="I join public ones; invite me to private ones.")
            ]
        case Where.PERSON:
            return [ask("person", "Person", inputs.person("person", form.person))]
        case Where.GROUP:
            element = inputs.line("group", form.group, hint="S024BE7LR")
            known = f" {place_of_group(form.group)}" if group_id(form.group) else ""
            hint = f"Its ID: in Slack, the group's menu, Copy group ID.{known}"
            return [ask("group", "User group", element, hint=hint)]
        case Where.WEBHOOK:
            element = inputs.line("url", form.url, hint="https://example.com/inferences", kind="url_text_input")
            return [
                ask("url", "URL", element, hint="Requests are signed; you see the secret once you have subscribed.")
            ]
        case Where.KEEP | Where.HERE | Where.ME:
            return []


def place_of_group(text: str) -> str:
    """The group's id as it was understood."""
    return f"Understood: {group_id(text)}."


def _which(form: Form) -> list[Block]:
    return [
        ask(
            "models",
            "Models",
            inputs.search("models", form.models, hint="Any model"),
            tell=True,
            needed=False,
            hint="Those seen lately, or a pattern as you type it: fraud-*",
        ),
        ask(
            "statuses",
            "Statuses",
            inputs.choose_some("statuses", _statuses(), form.statuses, hint="Any status"),
            tell=True,
            needed=False,
        ),
        ask("tags", "Tags", inputs.search("tags", form.tags, hint="Any tag"), tell=True, needed=False),
        ask(
            "rest",
            "More conditions",
            inputs.text("rest", form.rest, hint='confidence<0.8 -tag:test env:prod* "chargeback"'),
            tell=True,
            needed=False,
            hint=f"In the filter language; {typed('/tidings help filter')} explains it.",
        ),
    ]


def _statuses() -> dict[str, str]:
    return {str(status): word(status) for status in Status}


def typed(words: str) -> str:
    """Something to type, where Slack shows plain text only."""
    return f"“{words}”"


def _outlook(draft: Draft) -> list[Block]:
    match draft.outlook:
        case FilterError() as error:
            _, box, _ = mistake(error).blocks
            message = error.message
            return [section(f"*I don't understand that:* {escape(message)}{'' if message.endswith('?') else '.'}"), box]
        case Preview() as found:
            said = section(f"*You will get {what(found.filter)}.*")
            samples = [line(event, found.viewer.user) for event in found.samples]
            return [said, *as_typed(found.filter), context(_tally(found)), *samples]
        case None:
            return []


def _tally(found: Preview) -> str:
    if not found.of:
        return "No event has passed lately to try it on."
    many = f"{found.matched} of the last {found.of} events"
    return f"Would have matched {many}{', the newest:' if found.samples else '.'}"


def _how(draft: Draft) -> list[Block]:
    form, setting = draft.form, draft.setting
    leads: Target | None = target(form, setting, draft.edited)
    if not takes_hours(form.where, leads):
        told = "A webhook gets every event as it comes, each signed, and knows a repeat by its webhook-id."
        return [context(told), _showing(form)]
    calls = f" Now: the group {setting.group}." if setting.group else ""
    blocks = [
        ask(
            "mention",
            "Mention",
            inputs.person("mention", form.mention, hint="Nobody"),
            tell=True,
            needed=False,
            hint=f"Called with each result.{calls}",
        ),
        ask("digest", "How often", inputs.choose("digest", _DIGESTS, form.digest or AS_THEY_COME), tell=True),
    ]
    if form.mention or setting.group:
        some = inputs.choose_some("mention_on", _statuses(), form.mention_on, hint="Any status")
        blocks.insert(1, ask("mention_on", "Mention only for", some, needed=False))
    if form.digest is Every.DAY:
        blocks.append(ask("at", "At", inputs.time("at", clock(form.at))))
    box = option("Hold results during quiet hours", "yes", "They come when the quiet hours end.")
    blocks.append(ask("quiet", "Quiet hours", inputs.tick("quiet", box, on=form.quiet), tell=True, needed=False))
    if form.quiet:
        blocks.append(ask("since", "Quiet from", inputs.time("since", clock(form.since))))
        blocks.append(ask("until", "Quiet until", inputs.time("until", clock(form.until))))
    if takes_threads(form.where, leads):
        blocks.append(ask("thread", "Threads", inputs.choose("thread", _THREADS, form.thread)))
    blocks.append(
        ask(
            "doubt",
            "When a result may have been shown already",
            inputs.choose("doubt", _DOUBTS, form.doubt),
            hint="Rare: Slack's answer was lost, and I may not look.",
        )
    )
    blocks.append(_showing(form))
    return blocks


def _showing(form: Form) -> Block:
    return ask("show", "What is shown", inputs.choose("show", _SHOWINGS, form.show or AS_USUAL))


def _without_button(block: Block) -> Block:
    return {name: part for name, part in block.items() if name != "accessory"}


def _told(text: str) -> Message:
    return Message(text=text, blocks=(section(text),))


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text[:24]}
