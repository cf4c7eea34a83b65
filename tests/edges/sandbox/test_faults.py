import asyncio

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.answers import Json
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, refused, until


async def texts(sandbox: Sandbox, client: AsyncWebClient, channel: str) -> list[str]:
    history = await client.conversations_history(channel=sandbox.channel_id(channel))
    return [each["text"] for each in history["messages"]]


async def test_dropped_after_storing_the_client_sees_a_disconnect_and_the_message_is_there(
    sandbox: Sandbox, client: AsyncWebClient
) -> None:
    sandbox.fault("drop", method="chat.postMessage", after=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="inference-review", text="Did it arrive?")
    assert await texts(sandbox, client, "inference-review") == ["Did it arrive?"]
    assert (await client.chat_postMessage(channel="inference-review", text="Second"))["ok"]


async def test_dropped_before_storing_the_message_is_nowhere(sandbox: Sandbox, client: AsyncWebClient) -> None:
    sandbox.fault("drop", method="chat.postMessage")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="inference-review", text="Did it arrive?")
    assert await texts(sandbox, client, "inference-review") == []


async def test_the_default_client_posts_twice_when_the_answer_is_dropped(sandbox: Sandbox) -> None:
    """The stock connection retry of slack_sdk, which is why a delivery must not use it."""
    sandbox.fault("drop", method="chat.postMessage", after=True)
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    assert (await client.chat_postMessage(channel="inference-review", text="Once?"))["ok"]
    assert await texts(sandbox, client, "inference-review") == ["Once?", "Once?"]


@pytest.mark.parametrize("after", [False, True])
async def test_a_server_error_as_html_is_no_json(sandbox: Sandbox, client: AsyncWebClient, *, after: bool) -> None:
    sandbox.fault("html", method="chat.postMessage", status=503, after=after)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="inference-review", text="Hello")
    assert caught.value.response.status_code == 503
    assert await texts(sandbox, client, "inference-review") == (["Hello"] if after else [])


async def test_a_server_error_as_plain_text_breaks_the_sdk_in_its_own_way(
    sandbox: Sandbox, client: AsyncWebClient
) -> None:
    sandbox.fault("text", method="auth.test", status=502)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 502
    assert isinstance(caught.value.response.data, str)


async def test_a_throttled_call_says_for_how_long(sandbox: Sandbox, client: AsyncWebClient) -> None:
    sandbox.fault("ratelimited", method="chat.postMessage", retry_after=17)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="general", text="x")
    assert caught.value.response.headers["Retry-After"] == "17"


async def test_an_error_code_for_one_channel_leaves_the_others_alone(sandbox: Sandbox, client: AsyncWebClient) -> None:
    gone = sandbox.channel_id("fraud-alerts")
    sandbox.fault("error", method="chat.postMessage", channel=gone, error="is_archived", times=2)
    assert (await client.chat_postMessage(channel=sandbox.channel_id("general"), text="x"))["ok"]
    for _ in range(2):
        assert await refused(client.chat_postMessage(channel=gone, text="x")) == "is_archived"
    assert (await client.chat_postMessage(channel=gone, text="x"))["ok"]


async def test_a_revoked_token_fails_every_method(sandbox: Sandbox, client: AsyncWebClient) -> None:
    sandbox.fault("error", error="token_revoked", times=None)
    assert await refused(client.auth_test()) == "token_revoked"
    assert await refused(client.users_list()) == "token_revoked"


async def test_latency_makes_a_client_give_up_on_a_message_that_arrives(sandbox: Sandbox) -> None:
    sandbox.fault("latency", method="chat.postMessage", seconds=0.2, after=True)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as session:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url, session=session, retry_handlers=[])
        with pytest.raises(asyncio.TimeoutError):
            await client.chat_postMessage(channel="inference-review", text="Slow")
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    assert await texts(sandbox, client, "inference-review") == ["Slow"]


async def test_a_fault_can_hit_response_urls(sandbox: Sandbox, app: AsyncApp, page: Page) -> None:
    statuses: list[int] = []

    @app.command("/tidings")
    async def answer(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        statuses.extend([(await respond("x")).status_code for _ in range(3)])

    sandbox.fault("html", method="response_url", status=500)
    sandbox.fault("text", method="response_url", status=502, after=True)
    await page.post("command", channel=sandbox.channel_id("general"), command="/tidings", text="")
    await until(lambda: len(statuses) == 3)
    assert statuses == [500, 502, 200]
    assert sandbox.workspace.ledger.last_seq == 2


def test_probability_repeats_with_its_seed() -> None:
    def hits(seed: int) -> list[bool]:
        fault = Fault(kind="drop", probability=0.3, seed=seed, times=None)
        return [fault.hit("chat.postMessage", None) for _ in range(300)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 60 < sum(hits(1)) < 120


def test_delays_add_up_but_only_one_other_fault_strikes() -> None:
    faults = Faults()
    for fault in (
        Fault(kind="latency", seconds=1.0, times=None),
        Fault(kind="error", error="first"),
        Fault(kind="error", error="second"),
        Fault(kind="latency", seconds=2.0, method="auth.test"),
    ):
        faults.add(fault)
    assert [each.kind for each in faults.strike("auth.test", None)] == ["latency", "error", "latency"]
    assert [each.error for each in faults.strike("auth.test", None)][1:] == ["second"]
    assert [each.kind for each in faults.strike("auth.test", None)] == ["latency"]
    assert len(faults.to_json()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "meteor"},
        {"kind": "drop", "chance": 1},
        {"kind": "drop", "probability": 2},
        {"kind": "drop", "probability": "often"},
        {"kind": "drop", "hits": 3},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(sandbox: Sandbox, body: Json) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/sandbox/faults", json=body) as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["error"] == "invalid_arguments"


async def test_faults_are_ordered_listed_and_taken_away_over_http(sandbox: Sandbox, client: AsyncWebClient) -> None:
    url = f"{sandbox.url}/sandbox/faults"
    async with aiohttp.ClientSession() as session:
        body = {"kind": "error", "error": "internal_error", "probability": 1.0}
        async with session.post(url, json=body) as answer:
            [fault] = (await answer.json())["faults"]
            assert (fault["kind"], fault["times"], fault["probability"]) == ("error", None, 1.0)
        assert await refused(client.auth_test()) == "internal_error"
        async with session.get(url) as answer:
            assert (await answer.json())["faults"][0]["hits"] == 1
        async with session.delete(url) as answer:
            assert (await answer.json())["faults"] == []
    assert (await client.auth_test())["ok"]


async def test_the_method_budget_is_not_spent_by_what_never_arrived(clock: ManualClock) -> None:
    rates = Rates(methods={"auth.test": 1})
    async with Sandbox(clock=clock, rates=rates) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url, retry_handlers=[])
        sandbox.fault("drop", method="auth.test")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await client.auth_test()
        assert (await client.auth_test())["ok"]
