import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, refusal, refused

METADATA = {"event_type": "tidings_delivery", "event_payload": {"delivery_id": "d-1", "attempt": 2}}


async def test_metadata_is_found_in_the_history_only_when_asked_for(sandbox: Sandbox, client: AsyncWebClient) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    posted = await client.chat_postMessage(channel=channel, text="Done", metadata=METADATA)
    with_it = await client.conversations_history(channel=channel, include_all_metadata=True, limit=1)
    assert with_it["messages"][0]["metadata"] == METADATA
    assert with_it["messages"][0]["ts"] == posted["ts"]
    without = await client.conversations_history(channel=channel, limit=1)
    assert without["messages"][0]["metadata"] == {"event_type": "tidings_delivery"}


async def test_a_message_is_updated_in_place_and_keeps_or_loses_its_metadata(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    ts = (await client.chat_postMessage(channel=channel, text="Running", metadata=METADATA))["ts"]
    updated = await client.chat_update(channel=channel, ts=ts, text="Completed")
    assert (updated["ts"], updated["text"], updated["message"]["metadata"]) == (ts, "Completed", METADATA)
    assert updated["message"]["edited"]["user"] == sandbox.workspace.bot.id
    assert (await page.see("message_changed"))["message"]["text"] == "Completed"
    call = client.api_call("chat.update", json={"channel": channel, "ts": ts, "text": "x", "metadata": {}})
    assert "metadata" not in (await call)["message"]


async def test_update_and_delete_are_for_own_messages_that_exist(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    other = (await page.get("history", channel=channel))["messages"][0]["ts"]
    assert await refused(client.chat_update(channel=channel, ts=other, text="x")) == "cant_update_message"
    assert await refused(client.chat_delete(channel=channel, ts=other)) == "cant_delete_message"
    assert await refused(client.chat_update(channel=channel, ts="1.000000", text="x")) == "message_not_found"
    ts = (await client.chat_postMessage(channel=channel, text="Mine"))["ts"]
    assert await refused(client.chat_update(channel=channel, ts=ts, text="x" * 4001)) == "msg_too_long"
    assert await refused(client.chat_update(channel=page.user, ts=ts, text="x")) == "channel_not_found"
    await client.chat_delete(channel=channel, ts=ts)
    assert (await page.see("message_deleted"))["ts"] == ts
    assert await refused(client.chat_delete(channel=channel, ts=ts)) == "message_not_found"


async def test_a_long_text_is_truncated_with_a_warning(sandbox: Sandbox, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=sandbox.channel_id("general"), text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert posted["response_metadata"]["warnings"] == ["message_truncated"]


async def test_a_person_is_written_to_by_id_and_updates_need_the_direct_message(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    posted = await client.chat_postMessage(channel=page.user, text="For you")
    opened = await client.conversations_open(users=page.user)
    assert opened["channel"]["id"] == posted["channel"]
    assert posted["channel"].startswith("D")
    assert (await page.see("message"))["message"]["text"] == "For you"
    assert await refused(client.chat_postMessage(channel=sandbox.workspace.bot.id, text="x")) == "cannot_dm_bot"


@pytest.mark.parametrize("name", ["general", "#general"])
async def test_a_channel_is_found_by_name(sandbox: Sandbox, client: AsyncWebClient, name: str) -> None:
    posted = await client.chat_postMessage(channel=name, text="Hello")
    assert posted["channel"] == sandbox.channel_id("general")


async def test_where_the_app_may_not_write_it_is_told_why(clock: ManualClock) -> None:
    manifest = {"oauth_config": {"scopes": {"bot": ["chat:write", "channels:join"]}}}
    async with Sandbox(clock=clock, manifest=manifest) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        outside = sandbox.channel_id("random")
        assert await refused(client.chat_postMessage(channel=outside, text="x")) == "not_in_channel"
        joined = await client.conversations_join(channel=outside)
        assert joined["channel"]["is_member"] is True
        again = await client.conversations_join(channel=outside)
        assert again["warning"] == "already_in_channel"
        assert (await client.chat_postMessage(channel=outside, text="x"))["ok"]
        private = sandbox.workspace.channel(sandbox.channel_id("risk-leads"))
        sandbox.workspace.leave(private, sandbox.workspace.bot.id)
        for channel in (private.id, private.name, "C404"):
            assert await refused(client.chat_postMessage(channel=channel, text="x")) == "channel_not_found"
        sandbox.workspace.archive(sandbox.workspace.channel(outside), "U0SBX0001")
        assert await refused(client.chat_postMessage(channel=outside, text="x")) == "is_archived"
        missing = await refusal(client.users_info(user="U0SBX0001"))
        assert missing["error"] == "missing_scope"
        assert (missing["needed"], missing["provided"]) == ("users:read", "chat:write,channels:join")
        custom = client.chat_postMessage(channel="general", text="x", username="Somebody else")
        assert await refused(custom) == "missing_scope"


async def test_threads_count_their_replies_and_broadcasts_show_in_the_channel(
    sandbox: Sandbox, client: AsyncWebClient
) -> None:
    channel = sandbox.channel_id("ml-platform")
    parent = (await client.chat_postMessage(channel=channel, text="Session"))["ts"]
    quiet = (await client.chat_postMessage(channel=channel, text="One", thread_ts=parent))["ts"]
    loud = (await client.chat_postMessage(channel=channel, text="Two", thread_ts=quiet, reply_broadcast=True))["ts"]
    history = await client.conversations_history(channel=channel, limit=2)
    assert [each["ts"] for each in history["messages"]] == [loud, parent]
    assert history["messages"][1]["reply_count"] == 2
    assert history["messages"][1]["latest_reply"] == loud
    replies = await client.conversations_replies(channel=channel, ts=parent)
    assert [each["ts"] for each in replies["messages"]] == [parent, quiet, loud]
    link = await client.chat_getPermalink(channel=channel, message_ts=loud)
    assert link["permalink"].endswith(f"/p{loud.replace('.', '')}?thread_ts={parent}&cid={channel}")
    assert await refused(client.conversations_replies(channel=channel, ts="1.0")) == "thread_not_found"


async def test_an_ephemeral_message_is_for_members_and_not_in_the_history(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    await client.chat_postEphemeral(channel=channel, user=page.user, text="Psst")
    assert (await page.see("ephemeral"))["message"]["text"] == "Psst"
    history = await client.conversations_history(channel=channel)
    assert "Psst" not in [each["text"] for each in history["messages"]]
    stranger = sandbox.user_id("leo.castellanos")
    call = client.chat_postEphemeral(channel=channel, user=stranger, text="x")
    assert await refused(call) == "user_not_in_channel"
    outside = sandbox.channel_id("random")
    assert await refused(client.chat_postEphemeral(channel=outside, user=page.user, text="x")) == "not_in_channel"


async def test_a_reaction_is_added_once(sandbox: Sandbox, client: AsyncWebClient) -> None:
    channel = sandbox.channel_id("general")
    ts = (await client.chat_postMessage(channel=channel, text="Hello"))["ts"]
    await client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    message = (await client.conversations_history(channel=channel, limit=1))["messages"][0]
    assert message["reactions"] == [{"name": "eyes", "users": [sandbox.workspace.bot.id], "count": 1}]
    again = client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert await refused(again) == "already_reacted"


async def test_a_custom_name_is_shown(sandbox: Sandbox, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(
        channel=sandbox.channel_id("general"), text="Hello", username="Night shift", icon_emoji=":owl:"
    )
    assert posted["message"]["username"] == "Night shift"
    assert posted["message"]["icons"] == {"emoji": ":owl:"}


async def test_in_an_archived_channel_nothing_is_written_at_all(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("llm-evals")
    ts = (await client.chat_postMessage(channel=channel, text="Before"))["ts"]
    await client.conversations_archive(channel=channel)
    calls = (
        client.chat_postMessage(channel=channel, text="x"),
        client.chat_update(channel=channel, ts=ts, text="x"),
        client.chat_postEphemeral(channel=channel, user=page.user, text="x"),
        client.reactions_add(channel=channel, timestamp=ts, name="eyes"),
        client.conversations_join(channel=channel),
    )
    assert [await refused(call) for call in calls] == ["is_archived"] * 5
    assert await refused(client.conversations_archive(channel=channel)) == "already_archived"
    said = await page.post("say", channel=channel, text="x")
    assert said == {"ok": False, "error": "is_archived"}


async def test_a_reply_is_shown_before_its_parent_counts_it(
    sandbox: Sandbox, client: AsyncWebClient, page: Page
) -> None:
    channel = sandbox.channel_id("ml-platform")
    parent = (await client.chat_postMessage(channel=channel, text="Session"))["ts"]
    await client.chat_postMessage(channel=channel, text="One", thread_ts=parent)
    counted = (await page.see("message_changed"))["message"]
    assert [each["message"]["text"] for each in page.seen] == ["Session", "One", "Session"]
    assert (counted["ts"], counted["reply_count"]) == (parent, 1)
    assert "edited" not in counted
