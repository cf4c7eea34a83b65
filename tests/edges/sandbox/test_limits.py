import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.limits import Limits, Rates
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page

NOW = 1_800_000_000.0
TIERS = {"slow": 1, "usual": 3, "special": None}


def test_a_tier_allows_its_number_of_calls_within_any_minute() -> None:
    limits = Limits(Rates(), TIERS)
    assert [limits.call("usual", NOW + n) for n in range(50)] == [0] * 50
    assert limits.call("usual", NOW + 50) == 10
    assert limits.call("usual", NOW + 59.5) == 1
    assert limits.call("usual", NOW + 60) == 0
    assert limits.call("usual", NOW + 60) == 1
    assert limits.call("slow", NOW + 60) == 0  # every method has a budget of its own


def test_a_quiet_channel_takes_a_burst_and_then_one_message_a_second() -> None:
    limits = Limits(Rates(channel_burst=3), {})
    assert [limits.message("C1", NOW) for _ in range(4)] == [0, 0, 0, 1]
    assert limits.message("C2", NOW) == 0  # other channels are not held up
    assert limits.message("C1", NOW + 1) == 0
    assert limits.message("C1", NOW + 1) == 1
    assert [limits.message("C1", NOW + 60) for _ in range(4)] == [0, 0, 0, 1]


def test_all_channels_share_what_the_workspace_takes_in_a_minute() -> None:
    limits = Limits(Rates(workspace_per_minute=2), {})
    assert [limits.message(f"C{n}", NOW + n) for n in range(3)] == [0, 0, 58]
    assert limits.message("C9", NOW + 60) == 0


def test_a_refused_message_costs_nothing() -> None:
    limits = Limits(Rates(channel_burst=1), {})
    assert limits.message("C1", NOW) == 0
    assert [limits.message("C1", NOW + 0.5) for _ in range(20)] == [1] * 20
    assert limits.message("C1", NOW + 1) == 0


def test_single_methods_can_be_held_tighter_and_everything_let_loose() -> None:
    tight = Limits(Rates(methods={"usual": 1}), TIERS)
    assert [tight.call("usual", NOW), tight.call("usual", NOW + 20)] == [0, 40]
    loose = Limits(Rates(enabled=False), TIERS)
    assert {loose.call("slow", NOW) + loose.message("C1", NOW) for _ in range(500)} == {0}


@given(gaps=st.lists(st.floats(min_value=0, max_value=3), max_size=80), burst=st.integers(1, 5))
def test_no_channel_ever_takes_more_than_its_burst_and_a_message_a_second(gaps: list[float], burst: int) -> None:
    limits = Limits(Rates(channel_burst=burst, workspace_per_minute=10_000), {})
    now, taken = NOW, list[float]()
    for gap in gaps:
        now += gap
        wait = limits.message("C1", now)
        if wait == 0:
            taken.append(now)
        else:  # Retry-After is enough, and not a whole second too much
            assert limits.message("C1", now + wait - 1.001) > 0 or wait == 1
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - taken[first]) + 1e-3


@given(gaps=st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_who_waits_as_long_as_told_is_let_in(gaps: list[float]) -> None:
    limits = Limits(Rates(channel_burst=2, workspace_per_minute=10), {})
    now = NOW
    for gap in gaps:
        now += gap
        if wait := limits.message("C1", now):
            now += wait
            assert limits.message("C1", now) == 0


async def test_a_burst_gets_429_with_retry_after_and_recovers(
    sandbox: Sandbox, client: AsyncWebClient, clock: ManualClock, page: Page
) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    for number in range(4):
        await client.chat_postMessage(channel=channel, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=channel, text="too soon")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert caught.value.response["error"] == "ratelimited"
    notice = await page.see("notice", level="warning")
    assert notice["text"] == "429 for chat.postMessage in fraud-alerts: retry after 1 s"
    sandbox.live.measure()
    meter = await page.see("meter")
    assert meter == {"event": "meter", "channel": channel, "per_minute": 4, "limited": True}
    clock.advance(1)
    assert (await client.chat_postMessage(channel=channel, text="in time"))["ok"]
    stats = sandbox.backend.stats.to_json()["methods"]["chat.postMessage"]
    assert (stats["calls"], stats["throttled"]) == (6, 1)


async def test_a_tier_is_kept_over_the_wire(client: AsyncWebClient) -> None:
    for _ in range(20):
        await client.usergroups_list()
    with pytest.raises(SlackApiError) as caught:
        await client.usergroups_list()
    assert caught.value.response.headers["Retry-After"] == "60"
    assert (await client.auth_test())["ok"]


async def test_nothing_is_limited_where_limits_are_off(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, rates=Rates(enabled=False)) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url, retry_handlers=[])
        for number in range(60):
            await client.chat_postMessage(channel="general", text=str(number))
        assert sandbox.backend.stats.to_json()["throttled"] == 0
