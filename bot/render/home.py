"""The App Home: what a person sees when they open Tidings in the sidebar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.answers import Answer, Listing
from bot.core.destination import DestinationId, InstallationId
from bot.core.errors import UnavailableError
from bot.core.looks import Fallen, Passed, Preferred, Report
from bot.core.timing import clock
from bot.render import inputs
from bot.render.figures import age
from bot.render.message import Block
from bot.render.modals import OPEN
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, context, divider, header, overflow, section
from bot.render.replies import halted, reply, row
from bot.render.reply.looks import line
from bot.render.reply.phrases import capital, clipped, when
from bot.render.reply.places import named
from bot.render.usage import COMMAND, DESCRIPTION

TAB: Final = "home.tab"
"""action_ids of the page's own elements; those of tabs and pages have a suffix."""
PAGE: Final = "home.page"
SEARCH: Final = "home.search"
CLEAR: Final = "home.clear"
AGAIN: Final = "home.again"
PREFERENCES: Final = "home.preferences"
PLACE: Final = "home.place"
WHY: Final = "home.why"

PER_PAGE: Final = 15
LATELY: Final = 5
REASON: Final = 150
"""Characters of a dead letter's reason that are shown."""
PAUSED: Final = 20
"""Paused places that are shown: a view has at most 100 blocks."""


class Tab(StrEnum):
    """What an admin can look at; everybody else sees MINE."""

    MINE = "mine"
    EVERYONE = "everyone"
    HEALTH = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of it is shown: kept in the view itself. `turn` counts how often the search was cleared."""

    tab: Tab = Tab.MINE
    page: int = 1
    wanted: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the page tells. `listing` is of the tab; `news` is what the last click came to, `now` in ms."""

    shown: Shown
    listing: Listing | None
    is_admin: bool = False
    preferred: Preferred | None = None
    lately: tuple[Passed, ...] = ()
    report: Report | None = None
    news: Answer | None = None
    now: int | None = None


def home(page: Page, *, metadata: str = "") -> Block:
    """The view; `metadata` comes back with every click."""
    blocks: list[Block] = [header("Tidings"), section(f"{DESCRIPTION}, in the channel or message where you want it.")]
    blocks.append(_top(page))
    if page.news is not None:
        blocks.append(context(reply(page.news).text))
    match page.shown.tab:
        case Tab.MINE:
            blocks += [*_mine(page), *_preferences(page), *_lately(page)]
        case Tab.EVERYONE:
            blocks += _everyone(page)
        case Tab.HEALTH:
            blocks += _health(page)
    if page.report is not None:
        blocks += [divider(), context(standing(page.report))]
    return {"type": "home", "private_metadata": metadata, "blocks": blocks}


def away(error: UnavailableError, *, metadata: str = "") -> Block:
    """The page where something that it needs doesn't answer."""
    text = (
        f"*I can't show your subscriptions right now.* {escape(str(error))}. Nothing is lost, and nothing was changed."
    )
    blocks = [header("Tidings"), section(text), actions([button("Try again", action=AGAIN, value="again")])]
    return {"type": "home", "private_metadata": metadata, "blocks": blocks}


def standing(report: Report) -> str:
    """How things stand, in one line."""
    facts = []
    if report.paused:
        facts.append(_count(len(report.paused), "place is paused", "places are paused"))
    facts.append(_count(report.waiting, "result waits", "results wait") if report.waiting else "nothing waits")
    if report.since is None:
        facts.append("no event has passed lately")
    else:
        facts.append(f"the newest event passed {age(report.since)} ago")
    lead = ":large_yellow_circle: " if report.paused else ":large_green_circle: "
    text = ", ".join(facts)
    return f"{lead}{text[:1].upper()}{text[1:]}."


def _top(page: Page) -> Block:
    buttons = [button("Subscribe", action=OPEN, value="{}", style="primary")]
    if page.is_admin:
        for tab, text in ((Tab.MINE, "Mine"), (Tab.EVERYONE, "Everyone"), (Tab.HEALTH, "Health")):
            chosen = tab is page.shown.tab
            buttons.append(button(f"{'● ' if chosen else ''}{text}", action=f"{TAB}.{tab}", value=tab))
    buttons.append(button("Refresh", action=AGAIN, value="again"))
    return actions(buttons)


def _mine(page: Page) -> list[Block]:
    found = page.listing
    if found is None or not found.subscriptions:
        example = code(f"{COMMAND} subscribe model:fraud-* status:failed")
        hint = f"Press *Subscribe* and look ahead as you choose; or type {example} in any channel."
        return [section(f"*You have no subscriptions yet.*\n{hint}")]
    return _rows("Your subscriptions and your channels'", found, page.shown, page.now)


def _everyone(page: Page) -> list[Block]:
    shown = page.shown
    box = inputs.line("", shown.wanted, hint="A model, an owner's or a channel's ID, a word of a filter")
    search: Block = {
        "type": "input",
        "block_id": f"search.{shown.turn}",
        "dispatch_action": True,
        "optional": True,
        "label": inputs.plain("Search everyone's subscriptions, then press Enter"),
        "element": {**box, "action_id": SEARCH, "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]}},
    }
    found = page.listing
    clear = [actions([button("Show all", action=CLEAR, value="all")])] if shown.wanted else []
    if found is None or not found.subscriptions:
        said = f"*Nothing has “{escape(shown.wanted)}” in it.*" if shown.wanted else "*Nobody has a subscription yet.*"
        return [search, section(said), *clear]
    return [search, *clear, *_rows("Everyone's subscriptions", found, shown, page.now)]


def _rows(title: str, found: Listing, shown: Shown, now: int | None) -> list[Block]:
    many = found.subscriptions
    pages = -(-len(many) // PER_PAGE)
    page = min(max(shown.page, 1), pages)
    count = f"{len(many):,}" if pages == 1 else f"{len(many):,}, page {page:,} of {pages:,}"
    rows = [row(one, listing=found, now=now) for one in many[(page - 1) * PER_PAGE : page * PER_PAGE]]
    turns = [("Earlier", page - 1)] * (page > 1) + [("Later", page + 1)] * (page < pages)
    turning = [button(text, action=f"{PAGE}.{text.lower()}", value=f"{number}") for text, number in turns]
    return [
        section(f"*{title}*  ·  {count}"),
        *halted(found),
        divider(),
        *rows,
        *([actions(turning)] if turning else []),
    ]


def _preferences(page: Page) -> list[Block]:
    said = page.preferred
    if said is None:
        return []
    facts = [
        "Results of what you ask models yourself come to you by direct message."
        if said.results
        else "Results of what you ask models yourself do not come to you by themselves.",
        f"Direct messages are held from {clock(said.person.quiet.start)} to {clock(said.person.quiet.end)}."
        if said.person.quiet
        else "Direct messages come at any hour.",
        f"Your time zone is {escape(said.zone)}{'' if said.person.zone else ', as in your Slack profile'}.",
    ]
    change = button("Change…", action=PREFERENCES, value="open")
    return [divider(), section(f"*Preferences*\n{chr(10).join(facts)}", accessory=change)]


def _lately(page: Page) -> list[Block]:
    if not page.lately or page.listing is None:
        return []
    reader = page.listing.viewer.user
    rows = [block for one in page.lately for block in (line(one.event, reader), _brought(one))]
    return [divider(), section("*Lately, for you and your channels*"), *rows]


def _brought(one: Passed) -> Block:
    text = f"For {place(one.subscription.destination)}, through {code(one.subscription.id)}."
    return section(text, accessory=button("Why?", action=WHY, value=one.event.key))


def _health(page: Page) -> list[Block]:
    report = page.report
    if report is None:
        return [section("*I can't tell how things stand.*")]
    lanes = _count(report.lanes, "queue", "queues")
    facts = [
        f"*Waiting*  ·  {report.waiting:,} in {lanes}; {report.parked:,} of them are in the journal, too",
        f"*Events seen lately*  ·  {report.events:,}{_since(report.since)}",
        f"*Dead letters*  ·  {_dead(report)}",
    ]
    blocks = [section("\n".join(facts)), *_fallen(report.fallen), divider()]
    paused = sorted(report.paused.items())
    if not paused:
        return [*blocks, section("*No place is paused.*")]
    blocks.append(section(f"*Paused places*  ·  {len(paused):,}"))
    blocks += _paused(paused[:PAUSED])
    more = len(paused) - PAUSED
    return [*blocks, context(f"{more:,} more; they follow as these go on.")] if more > 0 else blocks


def _paused(paused: Iterable[tuple[DestinationId | InstallationId, str]]) -> list[Block]:
    blocks = []
    for name, why in paused:
        choices = [("Resume", f"resume:{name}")]
        if name.count("/") > 1:
            choices.append(("Move…", f"move:{name}"))
        told = [(text, value) for text, value in choices if len(value) <= inputs.VALUE]
        menu = overflow(told, action=PLACE) if told else None
        blocks.append(section(f"*{capital(named(name))}*\n{escape(why)}", accessory=menu))
    return blocks


def _dead(report: Report) -> str:
    hint = f"{code('tidings dead list')} on the command line shows them whole"
    return hint if report.dead is None else f"{report.dead:,} in the last week; {hint}"


def _fallen(letters: Sequence[Fallen]) -> list[Block]:
    """The newest dead letters: where each should have gone, and why it did not."""
    if not letters:
        return []
    lines = [
        f"{when(one.at)}  {capital(named(one.place))}: {escape(clipped(one.reason, REASON))}  {code(one.delivery)}"
        for one in letters
    ]
    return [context("\n".join(lines))]


def _since(since: int | None) -> str:
    return "" if since is None else f", the newest {age(since)} ago"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
