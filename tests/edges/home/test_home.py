"""The Home tab, over the socket and over signed HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.destination import DestinationId, InstallationId, SlackChannel, SlackPerson, Target
from bot.core.errors import UnavailableError
from bot.core.filters import parse
from bot.core.person import Person as Preferences
from bot.core.subscription import Subscription, subscription_id
from bot.core.timing import Quiet
from bot.sandbox.server import Sandbox
from bot.slack.app import SlackApp
from bot.stores.subscriptions import RedisSubscriptions
from tests.core.examples import event
from tests.edges.home.conftest import Lanes, Passing, Workspace
from tests.edges.home.page import element, has, home, pick, press, submit
from tests.edges.slack.conftest import DEADLINE, Person, eventually, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


def owned_by(user: str, number: int = 0, place: Target | None = None) -> Subscription:
    return Subscription(
        id=subscription_id(number),
        team=TEAM,
        owner=user,
        filter=parse(f"model:m{number}"),
        destination=place or SlackPerson(team=TEAM, user=user),
        created=number,
    )


async def until(person: Person, text: str) -> dict[str, Any]:
    """The Home once it says so."""
    async with asyncio.timeout(DEADLINE):
        while True:
            view = await person.sees("home")
            if text in text_of(view):
                return view


async def test_the_home_of_a_newcomer_tells_how_to_begin(people: dict[str, Person]) -> None:
    view = await home(people["tomas"])
    assert "You have no subscriptions yet." in text_of(view)
    assert not has(view, "home.tab.everyone")
    await press(people["tomas"], view, "form.open")
    assert (await people["tomas"].sees("view"))["title"]["text"] == "Subscribe"


async def test_the_home_shows_ones_own_and_those_of_ones_channels_and_no_others(
    people: dict[str, Person], sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    tomas, amara = people["tomas"], people["amara"]
    inside = SlackChannel(team=TEAM, channel=sandbox.channel_id("risk-leads"))
    outside = SlackChannel(team=TEAM, channel=sandbox.channel_id("llm-evals"))
    for number, (user, place) in enumerate(
        [(tomas.user, None), (amara.user, inside), (amara.user, outside), (amara.user, None), (tomas.user, outside)]
    ):
        await subscriptions.save(owned_by(user, number, place))
    shown = text_of(await home(tomas))
    assert "Your subscriptions and your channels'*  ·  3" in shown
    assert [f"`m{number}`" in shown for number in range(5)] == [True, True, False, False, True]


async def test_what_passed_lately_for_oneself_is_shown_and_explained(
    people: dict[str, Person], subscriptions: RedisSubscriptions, passing: Passing
) -> None:
    tomas = people["tomas"]
    await subscriptions.save(replace(owned_by(tomas.user), filter=parse("model:fraud-*")))
    passing.seen = [event(id=f"e-{number}", title=f"Result {number}") for number in range(7)]
    passing.seen.append(event(id="other", title="Unwanted", model=replace(event().model, name="llm")))
    view = await home(tomas)
    assert [f"Result {number}" in text_of(view) for number in range(7)] == [False, False, *[True] * 5]
    assert "Unwanted" not in text_of(view)
    await press(tomas, view, "home.why")
    said = await tomas.sees("view")
    assert said["title"]["text"] == "Why"
    assert "000000" in text_of(said)


async def test_preferences_are_told_and_kept(people: dict[str, Person], workspace: Workspace) -> None:
    tomas = people["tomas"]
    view = await home(tomas)
    assert "Your time zone is Europe/Berlin, as in your Slack profile." in text_of(view)
    await press(tomas, view, "home.preferences")
    form = await tomas.sees("view")
    yes = {"type": "checkboxes", "selected_options": [pick("yes")]}
    zone = {"type": "external_select", "selected_option": pick("Asia/Tokyo")}
    late = {"type": "timepicker", "selected_time": "21:30"}
    assert await submit(tomas, form, results=yes, quiet=yes, zone=zone, since=late) == {"ok": True}
    view = await until(tomas, "21:30")
    assert "Your time zone is Asia/Tokyo." in text_of(view)
    assert "Results of what you ask models yourself come to you" in text_of(view)
    assert workspace.kept[tomas.user] == Preferences(
        team=TEAM, user=tomas.user, quiet=Quiet(start=21 * 60 + 30, end=7 * 60), zone="Asia/Tokyo"
    )
    await press(tomas, view, "home.preferences")
    form = await tomas.sees("view")
    none: dict[str, Any] = {"type": "checkboxes", "selected_options": []}
    auto = {"type": "external_select", "selected_option": pick("auto")}
    assert await submit(tomas, form, results=none, quiet=none, zone=auto) == {"ok": True}
    await until(tomas, "do not come to you by themselves")
    assert workspace.kept[tomas.user] == Preferences(team=TEAM, user=tomas.user)


@pytest.mark.parametrize(
    ("answers", "at"),
    [
        ({"zone": {"type": "external_select", "selected_option": pick("Mars/Olympus")}}, "zone"),
        (
            {
                "quiet": {"type": "checkboxes", "selected_options": [pick("yes")]},
                "until": {"type": "timepicker", "selected_time": "22:00"},
            },
            "until",
        ),
    ],
)
async def test_preferences_that_make_no_sense_stay_in_the_form(
    people: dict[str, Person], workspace: Workspace, answers: dict[str, Any], at: str
) -> None:
    tomas = people["tomas"]
    await press(tomas, await home(tomas), "home.preferences")
    refused = await submit(tomas, await tomas.sees("view"), **answers)
    assert list(refused["errors"]) == [at]
    assert workspace.kept == {}


async def test_time_zones_are_found_by_their_cities(people: dict[str, Person]) -> None:
    tomas = people["tomas"]
    await press(tomas, await home(tomas), "home.preferences")
    view = await tomas.sees("view")
    query = {
        "user": tomas.user,
        "view_id": view["id"],
        "block_id": "zone",
        "action_id": "form.zone",
        "value": "new york",
    }
    async with tomas.session.get("/client/options", params=query) as answer:
        found = [option["value"] for option in (await answer.json())["options"]]
    assert found == ["auto", "America/New_York"]


async def test_an_admin_turns_to_everyones_searches_and_turns_pages(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    maya = people["maya"]
    for number in range(40):
        await subscriptions.save(owned_by(people["amara"].user, number))
    view = await home(maya)
    await press(maya, view, "home.tab.everyone")
    view = await until(maya, "Everyone's subscriptions*  ·  40, page 1 of 3")
    await press(maya, view, "home.page.later")
    view = await until(maya, "page 2 of 3")
    assert "`m15`" in text_of(view)
    await press(maya, view, "home.search", value="m3")
    view = await until(maya, "Everyone's subscriptions*  ·  11")
    assert element(view, "home.search")["initial_value"] == "m3"
    await press(maya, view, "home.search", value="nothing <like> it")
    view = await until(maya, "Nothing has “nothing &lt;like&gt; it” in it.")
    await press(maya, view, "home.clear")
    view = await until(maya, "  ·  40, page 1 of 3")
    assert "initial_value" not in element(view, "home.search")


async def test_who_is_no_admin_cannot_turn_to_everyones(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    await subscriptions.save(owned_by(people["amara"].user, 3))
    view = await home(tomas)
    forged = {**view, "private_metadata": '{"tab":"everyone"}'}
    sandbox.backend.views.home(tomas.user).update(forged)  # type: ignore[union-attr]
    await press(tomas, view, "home.again")
    view = await tomas.sees("home")
    assert "`m3`" not in text_of(view)


async def test_an_admin_sees_what_is_paused_and_lets_it_go_on_or_moves_it(
    people: dict[str, Person], sandbox: Sandbox, lanes: Lanes, subscriptions: RedisSubscriptions
) -> None:
    maya = people["maya"]
    old, new = sandbox.channel_id("random"), sandbox.channel_id("general")
    place = DestinationId(f"slack/{TEAM}/{old}")
    lanes.halted = {place: "is_archived", InstallationId(f"webhook/{TEAM}"): "stopped by hand"}
    await subscriptions.save(owned_by(maya.user, 1, SlackChannel(team=TEAM, channel=old)))
    await press(maya, await home(maya), "home.tab.health")
    view = await until(maya, "Paused places*  ·  2")
    assert "All webhooks" in text_of(view)
    assert f"<#{old}>" in text_of(view)
    await press(maya, view, "home.place", selected_option=pick(f"move:{place}"))
    form = await maya.sees("view")
    channel = {"type": "conversations_select", "selected_conversation": new}
    assert await submit(maya, form, channel=channel) == {"ok": True}
    assert (await maya.sees("view"))["title"]["text"] == "Moved"
    assert lanes.moved == [(place, SlackChannel(team=TEAM, channel=new))]
    view = await maya.sees("home")
    await press(maya, view, "home.place", selected_option=pick(f"resume:webhook/{TEAM}"))
    view = await until(maya, "Paused places*  ·  1")
    assert list(lanes.halted) == [place]


async def test_a_home_without_redis_says_so_and_can_be_tried_again(
    people: dict[str, Person], subscriptions: RedisSubscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise UnavailableError("Redis does not answer")

    tomas = people["tomas"]
    monkeypatch.setattr(subscriptions, "of_owner", away)
    view = await home(tomas)
    assert "I can't show your subscriptions right now." in text_of(view)
    assert "Redis does not answer" in text_of(view)
    monkeypatch.undo()
    await press(tomas, view, "home.again")
    await until(tomas, "You have no subscriptions yet.")


async def test_a_view_that_is_out_of_date_is_read_again_and_shown(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    await home(tomas)
    conflict = sandbox.fault("error", method="views.publish", error="hash_conflict")
    await subscriptions.save(owned_by(tomas.user))
    await tomas.do("home", tab="home")
    await until(tomas, "`m0`")
    assert conflict.hits == 1


async def test_a_home_that_slack_refuses_leaves_the_app_working(people: dict[str, Person], sandbox: Sandbox) -> None:
    tomas = people["tomas"]
    refused = sandbox.fault("error", method="views.publish", error="not_enabled")
    await tomas.do("home", tab="home")
    await eventually(lambda: refused.hits == 1)
    assert "no subscriptions yet" in text_of(await home(tomas))


async def test_many_refreshes_of_one_person_become_few_calls(
    people: dict[str, Person], sandbox: Sandbox, connected: SlackApp
) -> None:
    tomas = people["tomas"]
    slow = sandbox.fault("latency", method="views.publish", seconds=0.5)
    for _ in range(12):
        await tomas.do("home", tab="home")
    await eventually(lambda: slow.hits == 1)
    await eventually(lambda: not len(connected.errands))
    assert 2 <= sandbox.backend.stats.calls("views.publish") <= 4


async def test_a_home_from_which_somebody_subscribed_shows_it(people: dict[str, Person]) -> None:
    tomas = people["tomas"]
    view = await home(tomas)
    await press(tomas, view, "form.open")
    form = await tomas.sees("view")
    models = {"type": "multi_external_select", "selected_options": [pick("fraud-*")]}
    assert await submit(tomas, form, models=models) == {"ok": True}
    await until(tomas, "events whose model is `fraud-*`".capitalize())


async def test_somebody_whom_slack_tells_no_channels_of_still_sees_their_own(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    await subscriptions.save(owned_by(tomas.user))
    sandbox.fault("error", method="users.conversations", error="missing_scope")
    assert "`m0`" in text_of(await home(tomas))


async def test_the_menu_of_a_row_does_what_it_says_and_the_home_tells(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    for number in range(2):
        await subscriptions.save(owned_by(tomas.user, number))
    view = await home(tomas)
    await press(tomas, view, "subscription.menu", selected_option=pick("edit:000001"))
    assert (await tomas.sees("view"))["title"]["text"] == "Edit 000001"
    await press(tomas, view, "subscription.menu", selected_option=pick("unsubscribe:000000"))
    view = await until(tomas, "You no longer get events whose model is `m0`.")
    assert "Your subscriptions and your channels'*  ·  1" in text_of(view)
    assert await subscriptions.get(subscription_id(0)) is None


async def test_a_home_that_is_out_of_date_says_so_when_clicked(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    await subscriptions.save(owned_by(tomas.user))
    view = await home(tomas)
    await subscriptions.remove(subscription_id(0))
    await press(tomas, view, "subscription.menu", selected_option=pick("pause:000000"))
    await until(tomas, "There is no subscription `000000`")
