"""What can be done with one subscription of a list."""

from bot.core.answers import Listing, Shelf
from bot.core.destination import SlackPerson
from bot.core.permission import Act, Rank, Role, may
from bot.core.subscription import Subscription
from bot.render.message import Block
from bot.render.pieces import overflow

MENU = "subscription.menu"
"""action_id of the menu; its options' values are `verb:ID`."""
MOST = 5
"""Options of an overflow menu: https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element."""

_ACTS = {
    "edit": ("Edit …", Act.EDIT),
    "resume": ("Resume", Act.HOLD),
    "pause": ("Pause", Act.HOLD),
    "mute": ("Mute for 1 h", Act.HOLD),
    "test": ("Send a test", Act.EDIT),
    "unsubscribe": ("Unsubscribe", Act.END),
    "history": ("History", Act.SEE),
}
_GOING = ("edit", "pause", "mute", "test", "unsubscribe", "history")
_RESTING = ("edit", "resume", "test", "unsubscribe", "history")
VERBS = tuple(_ACTS)


def menu(one: Subscription, listing: Listing, *, rests: bool) -> Block | None:
    """What the viewer may do with it; None where they may only see it."""
    viewer = listing.viewer
    roles = {Role.OWNER} if one.owner == viewer.user else set[Role]()
    if one.destination == SlackPerson(team=viewer.team, user=viewer.user):
        roles.add(Role.RECIPIENT)
    rank = Rank.ADMIN if _is_admins(listing) else Rank.MEMBER
    if not roles and rank is not Rank.ADMIN:
        return None
    allowed = [verb for verb in (_RESTING if rests else _GOING) if may(_ACTS[verb][1], frozenset(roles), rank=rank)][
        :MOST
    ]
    return overflow([(_ACTS[verb][0], f"{verb}:{one.id}") for verb in allowed], action=MENU)


def _is_admins(listing: Listing) -> bool:
    """Whether only an admin is shown such a list."""
    match listing.shelf:
        case Shelf.ALL:
            return True
        case Shelf.PERSON:
            return listing.wanted != listing.viewer.user
        case Shelf.NEAR | Shelf.PLACE:
            return False
