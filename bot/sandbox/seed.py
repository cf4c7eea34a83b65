"""The team that lives in a fresh sandbox: a small company that runs models in production."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.ids import Ids
from bot.sandbox.ledger import Ledger
from bot.sandbox.message import Content
from bot.sandbox.people import Person, Usergroup
from bot.sandbox.workspace import Workspace

TEAM_ID = "T0SANDBOX"
BOT_USER = "U0SANDBOXBOT"
BOT_ID = "B0SANDBOX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A channel to begin with. ``members`` are names of people; ``said`` are (name, text) pairs."""

    name: str
    topic: str
    members: tuple[str, ...] | None = None
    is_private: bool = False
    with_app: bool = True
    said: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """What a sandbox starts with: (name, real name, title, colour, rights) of people; rooms; groups."""

    company: str
    domain: str
    people: tuple[tuple[str, str, str, str, str], ...]
    rooms: tuple[Room, ...]
    groups: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


LARKSPUR = Seed(
    company="Larkspur",
    domain="larkspur",
    people=(
        ("maya.lindqvist", "Maya Lindqvist", "ML platform lead", "3f6fd8", "admin"),
        ("tomas.okafor", "Tomás Okafor", "Fraud models", "c2553d", ""),
        ("ines.duarte", "Inês Duarte", "LLM evaluation", "7a4fbf", ""),
        ("hiro.tanabe", "Hiro Tanabe", "Inference infrastructure", "2b8a6e", ""),
        ("priya.raman", "Priya Raman", "Head of data science", "b5852a", "owner"),
        ("jonas.weber", "Jonas Weber", "Site reliability", "4b7f95", ""),
        ("amara.nwosu", "Amara Nwosu", "Risk operations", "a8456f", ""),
        ("leo.castellanos", "Leo Castellanos", "Support tooling (contractor)", "6b7280", "guest"),
    ),
    rooms=(
        Room(
            name="general",
            topic="Company-wide announcements",
            said=(
                ("priya.raman", "Quarterly review moved to Thursday, same room."),
                (
                    "maya.lindqvist",
                    "New inference gateway is live for everybody. Thank you all for testing :tada:",
                ),
            ),
        ),
        Room(
            name="fraud-alerts",
            topic="What the fraud models flag · on call: @risk-oncall",
            members=("tomas.okafor", "amara.nwosu", "maya.lindqvist", "jonas.weber"),
            said=(
                ("amara.nwosu", "Two chargebacks from last night look like the same card ring."),
                ("tomas.okafor", "Looking. fraud-detector v14 had both above 0.9."),
            ),
        ),
        Room(
            name="ml-platform",
            topic="Gateway, feature store, GPUs",
            members=("maya.lindqvist", "hiro.tanabe", "jonas.weber", "ines.duarte"),
            said=(("hiro.tanabe", "Batch nodes drain at 22:00 for the driver update."),),
        ),
        Room(
            name="inference-review",
            topic="Answers that need a human yes",
            members=("amara.nwosu", "ines.duarte", "tomas.okafor", "maya.lindqvist"),
        ),
        Room(
            name="llm-evals",
            topic="Scores, regressions, arguments about rubrics",
            members=("ines.duarte", "priya.raman", "maya.lindqvist"),
            said=(("ines.duarte", "Summaries got 4 points better since the prompt change, toxicity flat."),),
        ),
        Room(
            name="support-copilot",
            topic="The assistant that drafts replies",
            members=("leo.castellanos", "ines.duarte", "maya.lindqvist"),
            with_app=False,
        ),
        Room(
            name="risk-leads",
            topic="Thresholds and escalations",
            members=("amara.nwosu", "tomas.okafor", "priya.raman"),
            is_private=True,
        ),
        Room(name="random", topic="Not work", with_app=False),
    ),
    groups=(
        ("risk-oncall", "Risk on call", ("tomas.okafor", "amara.nwosu")),
        ("ml-oncall", "ML on call", ("hiro.tanabe", "jonas.weber")),
    ),
)


def settle(
    seed: Seed, *, app_name: str, clock: Callable[[], float], message_bound: int, ledger_bound: int
) -> Workspace:
    """Build the workspace that ``seed`` describes; ids are the same every time."""
    ids = Ids()
    bot_name = app_name.lower().replace(" ", "-")
    bot = Person(
        id=BOT_USER, name=bot_name, real_name=app_name, team_id=TEAM_ID, bot_id=BOT_ID, color="2f7d6b"
    )
    workspace = Workspace(
        team_id=TEAM_ID,
        name=seed.company,
        domain=seed.domain,
        bot=bot,
        clock=clock,
        ids=ids,
        message_bound=message_bound,
        ledger_bound=ledger_bound,
    )
    named = {
        person.name: person for person in map(_person, seed.people, map(str, range(1, len(seed.people) + 1)))
    }
    workspace.people.update({person.id: person for person in named.values()})
    for handle, title, members in seed.groups:
        group = Usergroup(
            id=ids.make("S"),
            team_id=TEAM_ID,
            handle=handle,
            name=title,
            members=tuple(named[member].id for member in members),
        )
        workspace.usergroups[group.id] = group
    for room in seed.rooms:
        _furnish(workspace, room, named)
    workspace.ledger = Ledger(ledger_bound)  # what was there before the start is not part of the trail
    return workspace


def _person(row: tuple[str, str, str, str, str], number: str) -> Person:
    name, real_name, title, color, rights = row
    return Person(
        id=f"U0SBX{number:0>4}",
        name=name,
        real_name=real_name,
        team_id=TEAM_ID,
        title=title,
        color=color,
        is_admin=rights in {"admin", "owner"},
        is_owner=rights == "owner",
        is_primary_owner=rights == "owner",
        is_restricted=rights == "guest",
    )


def _furnish(workspace: Workspace, room: Room, named: dict[str, Person]) -> None:
    members = list(named) if room.members is None else list(room.members)
    creator = named[members[0]].id
    channel = workspace.create(room.name, creator, is_private=room.is_private, topic=room.topic)
    channel.is_general = room.name == "general"
    for member in members[1:]:
        workspace.join(channel, named[member].id)
    if room.with_app:
        workspace.join(channel, workspace.bot.id)
    for name, text in room.said:
        workspace.post(channel, named[name], Content(text=text))
