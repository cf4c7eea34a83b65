"""The Home tab, held to Slack's limits with very many of everything, and to what it says."""

from dataclasses import replace
from typing import Any

import pytest

from bot.core.answers import Actor, Listing, Shelf
from bot.core.delivery import DeliveryId
from bot.core.destination import DestinationId, SlackChannel, SlackPerson
from bot.core.errors import UnavailableError
from bot.core.filters import parse
from bot.core.looks import Fallen, Passed, Preferred, Report
from bot.core.person import Person
from bot.core.subscription import Hold, Holding, Style, Subscription, subscription_id
from bot.core.timing import Digest, Every, Quiet
from bot.render.home import PER_PAGE, Page, Shown, Tab, away, home, standing
from bot.sandbox.validation.surfaces import check_view
from tests.core.examples import event

ANA = Actor(team="T1", user="U1")
REPORT = Report(
    waiting=0, lanes=0, parked=0, paused={}, subscriptions=1, events=0, since=None, viewer=ANA, detailed=True
)
PREFERRED = Preferred(person=Person(team="T1", user="U1"), zone="Europe/Berlin", results=None, viewer=ANA)


def many(count: int, wanted: str = "model:fraud-* status:failed") -> Listing:
    parsed = parse(wanted)
    made = tuple(
        Subscription(
            id=subscription_id(number),
            team="T1",
            owner=f"U{number}",
            filter=parsed,
            destination=SlackChannel(team="T1", channel=f"C{number}"),
            style=Style(mention="U2", digest=Digest(every=Every.DAY), quiet=Quiet(start=1, end=2)),
            hold=Hold(kind=Holding.PAUSED, at=1, until=2, by="U3", why="w" * 300),
            created=number,
        )
        for number in range(count)
    )
    return Listing(shelf=Shelf.ALL, subscriptions=made, viewer=ANA)


def valid(view: dict[str, Any]) -> dict[str, Any]:
    """The view, which Slack would take."""
    return check_view(view, {"home"})


@pytest.mark.parametrize("tab", Tab)
@pytest.mark.parametrize("wanted", ["model:x", " ".join(f'"{number}{"ü" * 12}"' for number in range(50))])
def test_very_many_of_everything_stay_within_slacks_limits(tab: Tab, wanted: str) -> None:
    paused: dict[Any, str] = {
        DestinationId(f"slack/T1/C{number}/1700000000.000100"): "w" * 500 for number in range(300)
    }
    found = replace(many(10_000, wanted), paused={**paused, DestinationId("slack/T1"): "w" * 500})
    passed = Passed(event=event(title="t" * 500), subscription=found.subscriptions[0])
    page = Page(
        shown=Shown(tab=tab, page=300, wanted="w" * 200),
        listing=found,
        is_admin=True,
        preferred=PREFERRED,
        lately=(passed,) * 5,
        report=replace(REPORT, paused=paused, waiting=10**6),
        now=0,
    )
    view = valid(home(page, metadata="m" * 3_000))
    assert len(view["blocks"]) <= 60


def test_pages_are_turned_and_one_beyond_the_end_is_the_last() -> None:
    found = many(PER_PAGE * 2 + 1)
    first, last = (repr(home(Page(shown=Shown(page=page), listing=found))) for page in (1, 99))
    assert "31, page 1 of 3" in first
    assert "'Later'" in first
    assert "'Earlier'" not in first
    assert "31, page 3 of 3" in last
    assert "'Later'" not in last


def test_only_admins_have_tabs() -> None:
    shown = Shown()
    assert "home.tab" not in repr(home(Page(shown=shown, listing=many(0))))
    assert "home.tab.health" in repr(home(Page(shown=shown, listing=many(0), is_admin=True)))


def test_a_search_without_a_hit_says_what_was_searched_for() -> None:
    page = Page(shown=Shown(tab=Tab.EVERYONE, wanted="<x>"), listing=many(0), is_admin=True)
    assert "Nothing has “&lt;x&gt;” in it." in repr(valid(home(page)))
    nobody = replace(page, shown=Shown(tab=Tab.EVERYONE))
    assert "Nobody has a subscription yet." in repr(valid(home(nobody)))


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (REPORT, ":large_green_circle: Nothing waits, no event has passed lately."),
        (
            replace(REPORT, waiting=1, since=40_000),
            ":large_green_circle: 1 result waits, the newest event passed 40 s ago.",
        ),
        (
            replace(REPORT, paused={DestinationId("slack/T1/C1"): "x"}, waiting=2_000, since=0),
            ":large_yellow_circle: 1 place is paused, 2,000 results wait, the newest event passed 0 s ago.",
        ),
    ],
)
def test_how_things_stand_is_one_line(report: Report, said: str) -> None:
    assert standing(report) == said


def test_health_without_anything_to_tell_says_so() -> None:
    health = Shown(tab=Tab.HEALTH)
    assert "No place is paused." in repr(valid(home(Page(shown=health, listing=None, report=REPORT))))
    assert "I can't tell how things stand." in repr(valid(home(Page(shown=health, listing=None))))
    assert "3 in the last week; `tidings dead list`" in repr(
        home(Page(shown=health, listing=None, report=replace(REPORT, dead=3)))
    )


def test_the_newest_dead_letters_are_told_with_place_and_reason_and_nothing_of_theirs_is_live() -> None:
    letter = Fallen(
        delivery=DeliveryId("f" * 32),
        place=DestinationId("slack/T1/C1"),
        reason="<!channel> " * 90,
        at=1_700_000_000_000,
    )
    page = Page(shown=Shown(tab=Tab.HEALTH), listing=None, report=replace(REPORT, dead=7, fallen=(letter,) * 5))
    text = str(valid(home(page)))
    assert "7 in the last week" in text
    assert "<#C1>: &lt;!channel&gt;" in text
    assert "<!channel>" not in text


def test_an_installation_can_go_on_but_not_be_moved() -> None:
    paused: dict[Any, str] = {"slack/T1": "token revoked", DestinationId("slack/T1/C1"): "gone"}
    page = Page(shown=Shown(tab=Tab.HEALTH), listing=None, report=replace(REPORT, paused=paused))
    menus = [block["accessory"] for block in home(page)["blocks"] if block.get("accessory")]
    assert [[option["value"] for option in menu["options"]] for menu in menus] == [
        ["resume:slack/T1"],
        ["resume:slack/T1/C1", "move:slack/T1/C1"],
    ]


def test_a_paused_place_whose_name_no_menu_can_carry_is_told_without_one() -> None:
    name = DestinationId("slack/T1/" + "C" * 150)
    page = Page(shown=Shown(tab=Tab.HEALTH), listing=None, report=replace(REPORT, paused={name: "gone"}))
    valid(home(page))


def test_what_is_withheld_from_the_reader_is_not_shown() -> None:
    mine = replace(many(1).subscriptions[0], destination=SlackPerson(team="T1", user="U1"))
    secret = Passed(event=event(sensitivity="restricted", requester=None), subscription=mine)
    page = Page(shown=Shown(), listing=many(1), lately=(secret,))
    assert "Chargeback" not in repr(valid(home(page)))


def test_the_page_without_its_memory_offers_to_try_again() -> None:
    view = valid(away(UnavailableError("Redis <x> does not answer"), metadata="{}"))
    assert "Redis &lt;x&gt; does not answer" in repr(view)
    assert "Try again" in repr(view)
