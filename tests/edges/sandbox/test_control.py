"""The sandbox's levers and the page's contract where no app is needed."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox import client as contract
from bot.sandbox.ledger import Ledger
from bot.sandbox.limits import Rates
from bot.sandbox.live import QUEUE_BOUND
from bot.sandbox.manifest import read_app
from bot.sandbox.message import Content, Message
from bot.sandbox.seed import Room, Seed
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, button, refused

Payload = dict[str, Any]


async def read(sandbox: Sandbox, path: str, **query: Any) -> Payload:
    async with (
        aiohttp.ClientSession() as session,
        session.get(sandbox.url + path, params=query) as answer,
    ):
        body: Payload = await answer.json()
        return body


async def order(sandbox: Sandbox, path: str, body: Any = None) -> Payload:
    async with aiohttp.ClientSession() as session, session.post(sandbox.url + path, json=body) as answer:
        said: Payload = await answer.json()
        return said


# -- the audit trail -------------------------------------------------------------------------------


async def test_the_ledger_holds_every_message_in_order_and_pages(
    sandbox: Sandbox, client: AsyncWebClient, clock: ManualClock
) -> None:
    metadata = {"event_type": "tidings_delivery", "event_payload": {"delivery_id": "d-1"}}
    channel = sandbox.channel_id("inference-review")
    posted = await client.chat_postMessage(channel=channel, text="One", metadata=metadata, blocks=[button("a")])
    await client.chat_update(channel=channel, ts=posted["ts"], text="One, changed")
    await client.chat_postEphemeral(channel=channel, user="U0SBX0001", text="Psst")
    clock.advance(2.5)
    await client.chat_postMessage(channel=channel, text="Two")
    await client.chat_delete(channel=channel, ts=posted["ts"])
    ledger = await read(sandbox, "/sandbox/ledger", after=0)
    assert [(entry["seq"], entry["text"]) for entry in ledger["entries"]] == [(1, "One"), (4, "Two")]
    first, second = ledger["entries"]
    assert first["metadata"] == metadata
    assert first["blocks"][0]["elements"][0]["action_id"] == "a"
    assert (first["channel"], first["ts"], first["bot_id"]) == (channel, posted["ts"], "B0SANDBOX")
    assert second["received_at"] - first["received_at"] == 2.5
    everything = await read(sandbox, "/sandbox/ledger", kind="all")
    assert [entry["kind"] for entry in everything["entries"]] == [
        "post",
        "update",
        "ephemeral",
        "post",
        "delete",
    ]
    page = await read(sandbox, "/sandbox/ledger", after=1, limit=1, kind="all")
    assert (page["next"], page["has_more"], page["entries"][0]["seq"]) == (2, True, 2)
    rest = await read(sandbox, "/sandbox/ledger", after=4)
    assert (rest["entries"], rest["next"], rest["has_more"]) == ([], 5, False)
    assert (await read(sandbox, "/sandbox/ledger", after="x"))["error"] == "invalid_arguments"
    assert (await read(sandbox, "/sandbox/ledger", limit="9999"))["error"] == "invalid_limit"


def test_the_ledger_forgets_the_oldest_and_says_so() -> None:
    ledger = Ledger(3)
    for number in range(5):
        content = Content(text=str(number))
        ledger.note("post", Message(ts="1.0", channel="C", user="U", content=content), 1.0)
    page = ledger.page(after=0, limit=10, kind="post")
    assert (page["first_seq"], [entry["seq"] for entry in page["entries"]]) == (3, [3, 4, 5])
    assert ledger.page(after=9, limit=10, kind="post")["entries"] == []
    assert Ledger(3).page(after=0, limit=1, kind="post")["first_seq"] == 1


async def test_statistics_count_calls_and_refusals(sandbox: Sandbox, client: AsyncWebClient) -> None:
    await client.auth_test()
    assert await refused(client.users_info(user="U404")) == "user_not_found"
    sandbox.fault("ratelimited", method="auth.test")
    await refused(client.auth_test())
    stats = await read(sandbox, "/sandbox/stats")
    assert stats["methods"]["users.info"]["errors"] == {"user_not_found": 1}
    assert (stats["methods"]["auth.test"]["calls"], stats["methods"]["auth.test"]["faults"]) == (2, 1)
    assert (stats["calls"], stats["connections"], stats["last_seq"]) == (3, 0, 0)


async def test_reset_begins_anew_with_the_same_ids(sandbox: Sandbox, client: AsyncWebClient, page: Page) -> None:
    channel = sandbox.channel_id("inference-review")
    for _ in range(4):
        await client.chat_postMessage(channel=channel, text="x")
    sandbox.fault("error", times=None)
    assert (await order(sandbox, "/sandbox/reset"))["ok"]
    assert sandbox.channel_id("inference-review") == channel
    assert (await client.conversations_history(channel=channel))["messages"] == []
    assert (await client.chat_postMessage(channel=channel, text="y"))["ok"]  # with a new budget
    assert (await page.see("message"))["message"]["text"] == "x"  # the feed lives on
    assert (await read(sandbox, "/sandbox/ledger"))["entries"][0]["seq"] == 1


async def test_an_admin_can_archive_rename_and_move_people(sandbox: Sandbox) -> None:
    channel = sandbox.channel_id("llm-evals")

    async def do(what: str, **details: str) -> Payload:
        return await order(sandbox, "/sandbox/channels", {"channel": channel, "do": what, **details})

    assert (await do("archive"))["channel"]["is_archived"] is True
    assert (await do("archive"))["error"] == "already_archived"
    assert (await do("unarchive"))["channel"]["is_archived"] is False
    assert (await do("unarchive"))["error"] == "not_archived"
    assert (await do("rename", name="evals"))["channel"]["name"] == "evals"
    assert (await do("rename", name="general"))["error"] == "name_taken"
    assert (await do("leave"))["channel"]["is_member"] is False
    assert (await do("join"))["channel"]["is_member"] is True
    assert (await do("explode"))["error"] == "invalid_arguments"
    assert (await order(sandbox, "/sandbox/channels", []))["error"] == "json_not_object"


async def test_disconnects_and_delivery_are_ordered_over_http(sandbox: Sandbox) -> None:
    assert (await order(sandbox, "/sandbox/disconnect", {"reason": "warning"}))["ok"]
    assert (await order(sandbox, "/sandbox/disconnect", {"reason": "boredom"}))["error"] == "invalid_arguments"
    assert (await order(sandbox, "/sandbox/app", {"request_url": "http://127.0.0.1:1/"}))["ok"]
    assert (await order(sandbox, "/sandbox/app", {"request_url": None}))["ok"]
    async with aiohttp.ClientSession() as session:
        for body, code in ((b"{", "invalid_json"), (b"", None)):
            async with session.post(f"{sandbox.url}/sandbox/app", data=body) as answer:
                assert (await answer.json()).get("error") == code


# -- incoming webhooks -----------------------------------------------------------------------------


async def test_an_incoming_webhook_posts_and_answers_in_plain_text(sandbox: Sandbox, client: AsyncWebClient) -> None:
    channel = sandbox.channel_id("inference-review")
    hook = AsyncWebhookClient(sandbox.hooks.webhook_url(channel), retry_handlers=[])
    answer = await hook.send(text="From outside")
    assert (answer.status_code, answer.body) == (200, "ok")
    history = await client.conversations_history(channel=channel)
    assert history["messages"][0]["text"] == "From outside"
    assert (await hook.send(text="")).body == "no_text"
    for _ in range(3):
        await hook.send(text="x")
    throttled = await hook.send(text="too fast")
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "1")
    sandbox.workspace.archive(sandbox.workspace.channel(channel), "U0SBX0001")
    gone = await hook.send(text="x")
    assert (gone.status_code, gone.body) == (410, "channel_is_archived")
    nowhere = await AsyncWebhookClient(sandbox.hooks.webhook_url("C404")).send(text="x")
    assert (nowhere.status_code, nowhere.body) == (404, "channel_not_found")
    async with aiohttp.ClientSession() as session:
        for body in (b"{", b"[]"):
            async with session.post(sandbox.hooks.webhook_url(channel), data=body) as refused_hook:
                assert (refused_hook.status, await refused_hook.text()) == (400, "invalid_payload")


# -- the page --------------------------------------------------------------------------------------


async def test_the_page_and_its_assets_are_served_and_nothing_else(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!DOCTYPE html><title>Sandbox</title>")
    (page / "main.js").write_text("export {}")
    (page / "data.bin").write_bytes(b"\0")
    (tmp_path / "secret.txt").write_text("no")
    monkeypatch.setattr(contract, "PAGE", page)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{sandbox.url}/") as answer:
            assert "<title>Sandbox" in await answer.text()
            assert answer.content_type == "text/html"
        async with session.get(f"{sandbox.url}/page/main.js") as answer:
            assert answer.content_type == "text/javascript"
        async with session.get(f"{sandbox.url}/page/data.bin") as answer:
            assert answer.content_type == "application/octet-stream"
        for path in ("/page/missing.js", "/page/%2e%2e/secret.txt", "/page/..%2fsecret.txt"):
            async with session.get(sandbox.url + path) as answer:
                assert answer.status == 404
        async with session.get(f"{sandbox.url}/archives/C1/p123", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/#C1/p123"


async def test_the_page_boots_with_what_a_person_may_see(sandbox: Sandbox, page: Page) -> None:
    boot = await page.get("boot")
    assert boot["me"]["real_name"] == "Maya Lindqvist"
    assert boot["workspace"]["name"] == "Larkspur"
    names = {channel["name"] for channel in boot["channels"]}
    assert {"general", "fraud-alerts", "ml-platform", "inference-review", "llm-evals"} <= names
    assert "risk-leads" not in names
    assert boot["app"] == {
        "id": sandbox.app.id,
        "name": "Sandbox app",
        "bot_user": sandbox.workspace.bot.id,
        "connected": False,
    }
    [direct] = [channel for channel in boot["channels"] if channel["kind"] == "im"]
    assert direct["user"] == sandbox.workspace.bot.id
    anybody = await read(sandbox, "/client/boot")
    assert anybody["me"]["id"] == page.user
    assert (await read(sandbox, "/client/boot", user="U404"))["error"] == "user_not_found"
    assert (await read(sandbox, "/client/live", user="U404"))["error"] == "user_not_found"


async def test_the_page_reads_history_in_pages_and_threads(clock: ManualClock) -> None:
    async with (
        Sandbox(clock=clock, rates=Rates(enabled=False)) as sandbox,
        Page(sandbox, "U0SBX0001") as page,
    ):
        channel = sandbox.channel_id("inference-review")
        sent = [(await page.post("say", channel=channel, text=str(n)))["ts"] for n in range(5)]
        newest = await page.get("history", channel=channel, limit="2")
        assert ([each["ts"] for each in newest["messages"]], newest["has_more"]) == (sent[3:], True)
        older = await page.get("history", channel=channel, limit="3", before=sent[3])
        assert ([each["ts"] for each in older["messages"]], older["has_more"]) == (sent[:3], False)
        reply = (await page.post("say", channel=channel, text="re", thread_ts=sent[0]))["ts"]
        thread = await page.get("history", channel=channel, thread_ts=sent[0])
        assert [each["ts"] for each in thread["messages"]] == [sent[0], reply]
        assert thread["messages"][0]["reply_count"] == 1
        assert (await page.get("history", channel="C404"))["error"] == "channel_not_found"


async def test_what_the_page_asks_wrongly_is_told_in_slacks_way(sandbox: Sandbox, page: Page) -> None:
    channel = sandbox.channel_id("inference-review")
    assert (await page.post("say", channel=channel, text=" "))["error"] == "no_text"
    assert (await page.post("say", channel=channel, text="x", user="U404"))["error"] == "user_not_found"
    missing = await page.post("submit")
    assert missing == {"ok": False, "error": "invalid_arguments", "detail": "view_id is missing"}
    async with aiohttp.ClientSession() as session:
        for body in (b"{", b"[]"):
            async with session.post(f"{sandbox.url}/client/say", data=body) as answer:
                assert (await answer.json())["error"] == "json_not_object"


async def test_an_app_without_a_messages_tab_cannot_be_written_to(clock: ManualClock) -> None:
    manifest = {"features": {"app_home": {"messages_tab_enabled": False, "home_tab_enabled": False}}}
    async with Sandbox(clock=clock, manifest=manifest) as sandbox, Page(sandbox, "U0SBX0001") as page:
        direct = next(each for each in (await page.get("boot"))["channels"] if each["kind"] == "im")
        assert (await page.post("say", channel=direct["id"], text="x"))["error"] == "messages_tab_disabled"
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        view = {"type": "home", "blocks": []}
        assert await refused(client.views_publish(user_id=page.user, view=view)) == "not_enabled"


async def test_private_channels_are_live_only_for_their_members(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    async with Page(sandbox, sandbox.user_id("priya.raman")) as insider:
        private = sandbox.channel_id("risk-leads")
        await client.chat_postMessage(channel=private, text="Secret")
        await client.chat_postMessage(channel=sandbox.channel_id("general"), text="Public")
        assert (await insider.see("message"))["message"]["text"] == "Secret"
        assert (await page.see("message"))["message"]["text"] == "Public"
        assert [each["event"] for each in page.seen] == ["message"]


async def test_a_page_that_falls_too_far_behind_is_sent_away(sandbox: Sandbox, page: Page) -> None:
    for _ in range(QUEUE_BOUND):  # all within one step of the loop: nothing can be written meanwhile
        sandbox.live.notice(page.user, "info", "x")
    async with asyncio.timeout(5):
        while (frame := await page._feed.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1013)


# -- seed, manifest, command line ------------------------------------------------------------------


async def test_another_company_can_move_in(clock: ManualClock) -> None:
    seed = Seed(
        company="Tern",
        domain="tern",
        people=(("ada", "Ada Example", "Everything", "112233", "owner"),),
        rooms=(Room(name="only", topic="", said=(("ada", "Hello?"),)),),
    )
    async with Sandbox(clock=clock, seed=seed) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        assert (await client.team_info())["team"]["name"] == "Tern"
        history = await client.conversations_history(channel=sandbox.channel_id("only"))
        assert [each["text"] for each in history["messages"]] == ["Hello?"]
        with pytest.raises(KeyError):
            sandbox.channel_id("general")


def test_a_manifest_is_read_from_a_file_or_a_mapping(tmp_path: Path) -> None:
    manifest = {
        "display_information": {"name": "Tidings", "description": "Tells people"},
        "features": {
            "shortcuts": [{"name": "New", "type": "global", "callback_id": "new", "description": "d"}],
            "app_home": {"home_tab_enabled": True},
        },
        "oauth_config": {"scopes": {"bot": ["chat:write"], "bot_optional": ["users:read"]}},
    }
    path = tmp_path / "manifest.yml"
    path.write_text(yaml.safe_dump(manifest))
    app = read_app(path)
    assert app == read_app(str(path)) == read_app(manifest)
    assert app.scopes == ("chat:write", "users:read")
    assert (app.name, app.shortcuts[0].callback_id, app.home_tab_enabled) == ("Tidings", "new", True)
    assert app.hears("message.im") is False
    assert read_app(None).hears("message.im") is True


async def test_the_command_line_prints_its_url_and_goes_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.sandbox", "--port", "0", "--no-limits", "--request-url", "http://127.0.0.1:1/"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(15):
            url = (await process.stdout.readline()).decode().strip()
        client = AsyncWebClient(token="xoxb-sandbox-2600000000-development", base_url=f"{url}/api/")
        assert (await client.auth_test())["team"] == "Larkspur"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def test_the_meter_falls_silent_after_a_minute(
    sandbox: Sandbox, client: AsyncWebClient, page: Page, clock: ManualClock
) -> None:
    await client.chat_postMessage(channel="general", text="x")
    sandbox.live.measure()
    assert (await page.see("meter"))["per_minute"] == 1
    clock.advance(61)
    sandbox.live.measure()
    assert (await page.see("meter"))["per_minute"] == 0


# -- what happens to channels and groups -----------------------------------------------------------


async def test_channels_are_shared_renumbered_and_deleted_and_groups_change(
    sandbox: Sandbox, client: AsyncWebClient
) -> None:
    heard: list[Payload] = []
    sandbox.deliveries.tell = lambda envelope: heard.append(envelope.payload["event"])  # type: ignore[method-assign]
    evals = sandbox.channel_id("llm-evals")
    group = next(iter(sandbox.workspace.usergroups))
    tomas, amara, hiro = (sandbox.user_id(name) for name in ("tomas.okafor", "amara.nwosu", "hiro.tanabe"))

    async def do(what: str, channel: str = evals) -> Payload:
        return await order(sandbox, "/sandbox/channels", {"channel": channel, "do": what})

    assert (await do("share"))["channel"]["is_ext_shared"] is True
    assert (await do("unshare"))["channel"]["is_ext_shared"] is False
    renumbered = (await do("renumber"))["channel"]["id"]
    assert await refused(client.conversations_info(channel=evals)) == "channel_not_found"
    assert (await do("delete", renumbered))["ok"]
    assert await refused(client.chat_postMessage(channel=renumbered, text="x")) == "channel_not_found"
    changed = await order(sandbox, "/sandbox/groups", {"group": group, "members": [tomas, hiro]})
    assert changed["usergroup"]["users"] == [tomas, hiro]
    assert (await order(sandbox, "/sandbox/groups", {"group": group, "disable": True}))["usergroup"]["date_delete"]
    assert (await client.usergroups_users_list(usergroup=group))["users"] == [tomas, hiro]
    assert (await order(sandbox, "/sandbox/groups", {"group": "S404"}))["error"] == "no_such_subteam"
    assert [event["type"] for event in heard] == [
        *("channel_shared", "channel_unshared", "channel_id_changed", "channel_deleted"),
        *("subteam_updated", "subteam_members_changed", "subteam_updated"),
    ]
    assert (heard[2]["old_channel_id"], heard[2]["new_channel_id"]) == (evals, renumbered)
    assert (heard[5]["added_users"], heard[5]["removed_users"]) == ([hiro], [amara])
