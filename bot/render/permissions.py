"""The page `docs/permissions.md`, made of the table in `core.permission`."""

from collections.abc import Iterable

from bot.core.permission import Act, Admission, Policy, Rank, Role, may

YES, NO = "yes", ""

_HEAD = """\
# Who may do what

Generated from `bot/core/permission.py` by `tidings docs`; each cell is tested by doing the act
(`tests/edges/actions/test_permissions.py`).

Slash commands, buttons, the modal, App Home, the REST API and the command line all go through the same acts, so this is
the whole of it. A person may do what one of their roles allows. Ranks come from Slack (`users.info`), are at most five
minutes old, and are asked for anew whenever only the rank allows something.

| role | who it is |
|---|---|
| member | belongs to the workspace |
| insider | is in the channel that is concerned; of a public channel every member is |
| recipient | it comes to them: a direct message, alone or (to see, and to subscribe) as one of a user group |
| owner | made the subscription, or took it over |
| admin | admin or owner of the workspace, or in `TIDINGS_ADMINS` |

What somebody may not even see does not exist for them: its id is answered with "there is no such subscription", a
private channel with "I can't see that channel".

## Members and admins

"""

_GUESTS = """\

## Guests and people of other organisations

`TIDINGS_GUESTS` decides for guests (restricted to some channels), `TIDINGS_STRANGERS` for people met through Slack
Connect: `deny` (the default), `self` (what concerns themselves only) or `allow` (as a member). With `self`:

"""

_TAIL = """
Deactivated people and bots may do nothing.
"""

_COLUMNS = (Role.MEMBER, Role.INSIDER, Role.RECIPIENT, Role.OWNER)
_SELF = Policy(guests=Admission.SELF)


def page() -> str:
    """The whole page, in Markdown."""
    rows = [
        [act.value, *(_cell(allows(act, role)) for role in _COLUMNS), _cell(allows(act, Role.ADMIN))] for act in Act
    ]
    guests = [[act.value, *(_cell(_guest(act, role)) for role in _COLUMNS)] for act in Act]
    return "".join(
        [
            _HEAD,
            _table(["act", *_COLUMNS, Role.ADMIN], rows),
            _GUESTS,
            _table(["act", *(f"guest, {role}" for role in _COLUMNS)], guests),
            _TAIL,
        ]
    )


def allows(act: Act, role: Role) -> bool:
    """Whether a member who has this one role may; for ADMIN, whether an admin may who has no other."""
    if role is Role.ADMIN:
        return may(act, frozenset(), rank=Rank.ADMIN)
    return may(act, frozenset({role}), rank=Rank.MEMBER)


def _guest(act: Act, role: Role) -> bool:
    return may(act, frozenset({role}), rank=Rank.GUEST, policy=_SELF)


def _cell(allowed: bool) -> str:  # noqa: FBT001 (a cell)
    return YES if allowed else NO


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
