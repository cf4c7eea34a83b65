"""Lists of subscriptions, a page at a time."""

from bot.core.answers import Actor, Listing, Shelf
from bot.core.destination import destination_id
from bot.core.subscription import Subscription
from bot.render.message import Block, Message
from bot.render.mrkdwn import code, escape, place
from bot.render.pieces import actions, button, divider, section
from bot.render.reply.menu import menu
from bot.render.reply.phrases import DOT, capital, clipped, is_theirs, resting, said, styles, subject, typed, what
from bot.render.reply.places import named

PAGE = "page"
"""action_id, and with a suffix its kin, of the buttons that turn a list's pages; the value is `turn`'s."""

PER_PAGE = 8
_LONGEST_SEARCH = 200


def listing(found: Listing, *, page: int, now: int | None = None) -> Message:
    """One page of a list, each subscription with a menu for who may change it; a page beyond the end is the last.

    Without `now`, in milliseconds, what rests until a time is told to rest though that may be over.
    """
    many = found.subscriptions
    if not many:
        return _empty(found)
    pages = -(-len(many) // PER_PAGE)
    page = min(max(page, 1), pages)
    shown = many[(page - 1) * PER_PAGE : page * PER_PAGE]
    title = _title(found)
    count = f"{len(many):,}" if pages == 1 else f"{len(many):,}, page {page} of {pages}"
    blocks: list[Block] = [section(f"*{title}*{DOT}{count}"), *halted(found), divider()]
    blocks += [row(one, listing=found, now=now) for one in shown]
    turns = [("Earlier", page - 1)] * (page > 1) + [("Later", page + 1)] * (page < pages)
    if turns:
        blocks.append(
            actions([button(text, action=f"{PAGE}.{text.lower()}", value=turn(found, to)) for text, to in turns])
        )
    return Message(text=f"{title}: {count}", blocks=tuple(blocks))


def row(one: Subscription, *, listing: Listing, now: int | None = None) -> Block:
    """One subscription of a list, with a menu of what the viewer may do with it."""
    held = listing.paused.get(destination_id(one.destination))
    rests = one.hold is not None and (now is None or one.hold.holds(now))
    return lone_row(one, viewer=listing.viewer, held=held, now=now, accessory=menu(one, listing, rests=rests))


def lone_row(
    one: Subscription,
    *,
    viewer: Actor | None,
    held: str | None = None,
    now: int | None = None,
    accessory: Block | None = None,
) -> Block:
    """One subscription by itself. `held` is why nothing is sent to its place, where that is so."""
    mine = viewer is not None and one.owner == viewer.user
    facts = [code(one.id)] if mine else [code(one.id), f"by <@{one.owner}>"]
    facts += [*styles(one), *resting(one.hold, now)]
    if held is not None:
        facts.append(f"nothing is sent there: {escape(held)}")
    where = "Direct message" if viewer is not None and is_theirs(one, viewer.user) else subject(one)
    return section(f"*{where}*\n{capital(what(one.filter))}\n{DOT.join(facts)}", accessory=accessory)


def turn(found: Listing, page: int) -> str:
    """What a button carries to show a page: shelf, page, and what the list is about."""
    return f"{found.shelf}:{page}:{found.wanted[:_LONGEST_SEARCH]}"


def read_turn(value: str) -> tuple[str, int, str]:
    """Shelf, page and what the list is about, of a button's value; anybody can send any."""
    shelf, _, rest = value.partition(":")
    number, _, wanted = rest.partition(":")
    return shelf, int(number) if number.isdecimal() and len(number) < 8 else 1, wanted[:_LONGEST_SEARCH]  # noqa: PLR2004 - far above any page


def halted(found: Listing) -> list[Block]:
    """Why nothing at all is sent in the workspace, where that is so."""
    halted = {name: why for name, why in found.paused.items() if name.count("/") == 1}
    return [
        section(f"*Nothing is sent to {'Slack' if name.startswith('slack/') else 'webhooks'} for now.* {escape(why)}.")
        for name, why in halted.items()
    ]


def _title(found: Listing) -> str:
    match found.shelf:
        case Shelf.ALL:
            return f"Everyone's subscriptions{f' with {_searched(found)}' if found.wanted else ''}"
        case Shelf.PLACE:
            return f"Subscriptions of {_about(found)}"
        case Shelf.PERSON:
            return "Your subscriptions" if found.wanted == found.viewer.user else f"Subscriptions of {_about(found)}"
        case Shelf.NEAR:
            return "Your subscriptions" if found.here is None else "Your subscriptions and this channel's"


def _searched(found: Listing) -> str:
    return code(clipped(found.wanted, 80))


def _about(found: Listing) -> str:
    """The place or person that a list is about."""
    if found.shelf is Shelf.PERSON:
        return f"<@{escape(found.wanted)}>"
    return place(found.subscriptions[0].destination) if found.subscriptions else named(found.wanted)


def _empty(found: Listing) -> Message:
    match found.shelf:
        case Shelf.ALL if found.wanted:
            return said(f"No subscription has {_searched(found)} in it. {typed('list all')} shows them all.")
        case Shelf.ALL:
            return _begin("Nobody has a subscription yet.")
        case Shelf.PLACE:
            return said(f"Nothing leads to {_about(found)} yet.")
        case Shelf.PERSON if found.wanted != found.viewer.user:
            return said(f"{_about(found)} has no subscriptions.")
        case Shelf.NEAR | Shelf.PERSON:
            here = "" if found.here is None else ", and this channel has none"
            return _begin(f"You have no subscriptions{here} yet.")


def _begin(text: str) -> Message:
    hint = f"Type {typed('subscribe status:failed')} to be told here what fails, or {typed('help')} for more."
    return Message(text=f"{text} {hint}", blocks=(section(f"{text}\n{hint}"),))
