from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, Page, refusal, refused


async def test_history_is_paged_with_a_cursor_and_bounded_by_time(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, rates=Rates(enabled=False)) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        channel = sandbox.channel_id("inference-review")
        sent = [(await client.chat_postMessage(channel=channel, text=str(n)))["ts"] for n in range(5)]
        seen: list[str] = []
        async for page in await client.conversations_history(channel=channel, limit=2):
            seen += [each["ts"] for each in page["messages"]]
            assert page["has_more"] is (len(seen) < 5)
        assert seen == sent[::-1]
        between = await client.conversations_history(channel=channel, oldest=sent[1], latest=sent[3])
        assert [each["ts"] for each in between["messages"]] == [sent[2]]
        both = await client.conversations_history(channel=channel, oldest=sent[1], latest=sent[3], inclusive=True)
        assert [each["ts"] for each in both["messages"]] == sent[1:4][::-1]
        for bad, code in (({"cursor": "!"}, "invalid_cursor"), ({"limit": 1_000}, "invalid_limit")):
            assert await refused(client.conversations_history(channel=channel, **bad)) == code
        call = client.conversations_history(channel=channel, latest="yesterday")
        assert await refused(call) == "invalid_ts_latest"


async def test_replies_are_paged_with_the_parent_on_every_page(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, rates=Rates(enabled=False)) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        channel = sandbox.channel_id("inference-review")
        parent = (await client.chat_postMessage(channel=channel, text="p"))["ts"]
        sent = [(await client.chat_postMessage(channel=channel, text=str(n), thread_ts=parent))["ts"] for n in range(3)]
        first = await client.conversations_replies(channel=channel, ts=parent, limit=2)
        assert [each["ts"] for each in first["messages"]] == [parent, *sent[:2]]
        cursor = first["response_metadata"]["next_cursor"]
        second = await client.conversations_replies(channel=channel, ts=parent, limit=2, cursor=cursor)
        assert [each["ts"] for each in second["messages"]] == [parent, sent[2]]


async def test_lists_show_what_the_app_may_know_of(sandbox: Sandbox, client: AsyncWebClient) -> None:
    private = sandbox.workspace.channel(sandbox.channel_id("risk-leads"))
    names: list[str] = []
    async for page in await client.conversations_list(limit=3, types="public_channel,private_channel"):
        assert len(page["channels"]) <= 3
        names += [each["name"] for each in page["channels"]]
    assert "risk-leads" in names
    assert "random" in names
    sandbox.workspace.leave(private, sandbox.workspace.bot.id)
    private_ones = await client.conversations_list(types="private_channel")
    assert private_ones["channels"] == []
    assert await refused(client.conversations_list(types="secret")) == "invalid_types"
    mine = await client.users_conversations(types="public_channel,mpim", exclude_archived=True)
    assert "random" not in [each["name"] for each in mine["channels"]]
    assert all({"is_private", "is_ext_shared"} <= one.keys() for one in mine["channels"])
    assert not any({"is_member", "num_members"} & one.keys() for one in mine["channels"])
    assert await refused(client.users_conversations(limit=1_000)) == "invalid_limit"
    sandbox.workspace.direct(sandbox.user_id("amara.nwosu"))
    direct = await client.users_conversations(types="im")
    assert [one["user"] for one in direct["channels"]] == [sandbox.user_id("amara.nwosu")]
    theirs = await client.users_conversations(user=sandbox.user_id("amara.nwosu"))
    assert "fraud-alerts" in [each["name"] for each in theirs["channels"]]


async def test_a_channel_is_described_with_its_members(sandbox: Sandbox, client: AsyncWebClient) -> None:
    channel = sandbox.channel_id("fraud-alerts")
    info = (await client.conversations_info(channel=channel, include_num_members=True))["channel"]
    members = (await client.conversations_members(channel=channel))["members"]
    assert info["num_members"] == len(members) == 5
    assert info["topic"]["value"].startswith("What the fraud models flag")
    assert sandbox.user_id("amara.nwosu") in members
    private = (await client.conversations_info(channel=sandbox.channel_id("risk-leads")))["channel"]
    assert private["is_private"] is True
    assert "num_members" not in private
    direct = (await client.conversations_open(users="U0SBX0002", return_im=True))["channel"]
    assert (direct["is_im"], direct["user"]) == (True, "U0SBX0002")
    again = await client.conversations_open(channel=direct["id"])
    assert again["already_open"] is True


async def test_a_new_channel_gets_people_and_may_be_left(sandbox: Sandbox, client: AsyncWebClient) -> None:
    created = (await client.conversations_create(name="incident-42", is_private=True))["channel"]
    assert created["is_member"] is True
    invited = await client.conversations_invite(channel=created["id"], users=["U0SBX0001", "U0SBX0002"])
    assert invited["ok"]
    members = (await client.conversations_members(channel=created["id"]))["members"]
    assert members == [sandbox.workspace.bot.id, "U0SBX0001", "U0SBX0002"]
    call = client.conversations_invite(channel=created["id"], users=["U0SBX0001"])
    assert await refused(call) == "already_in_channel"
    assert await refused(client.conversations_create(name="incident-42")) == "name_taken"
    assert await refused(client.conversations_create(name="no spaces")) == "invalid_name_specials"
    assert await refused(client.conversations_create(name="x" * 81)) == "invalid_name_maxlength"
    await client.conversations_leave(channel=created["id"])
    assert await refused(client.conversations_info(channel=created["id"])) == "channel_not_found"
    left = await client.conversations_leave(channel=sandbox.channel_id("random"))
    assert left["not_in_channel"] is True


async def test_what_has_no_sense_for_a_kind_of_channel_is_refused(sandbox: Sandbox, client: AsyncWebClient) -> None:
    direct = (await client.conversations_open(users="U0SBX0001"))["channel"]["id"]
    code = "method_not_supported_for_channel_type"
    assert await refused(client.conversations_join(channel=direct)) == code
    assert await refused(client.conversations_leave(channel=direct)) == code
    assert await refused(client.conversations_open(users="U0SBX0001,U0SBX0002")) == code
    assert await refused(client.api_call("conversations.open", json={})) == "users_list_not_supplied"
    outside = sandbox.channel_id("random")
    assert await refused(client.conversations_history(channel=outside)) == "not_in_channel"
    assert await refused(client.conversations_invite(channel=outside, users=["U0SBX0001"])) == "not_in_channel"
    assert await refused(client.conversations_archive(channel=outside)) == "not_in_channel"
    assert await refused(client.conversations_invite(channel=direct, users=[])) == "no_user"
    assert await refused(client.api_call("conversations.info", json={})) == "invalid_arguments"
    assert await refused(client.conversations_info(channel="")) == "channel_not_found"


async def test_reading_a_private_channel_needs_a_scope_of_its_own(clock: ManualClock) -> None:
    scopes = {"bot": ["channels:read", "channels:history", "chat:write"]}
    async with Sandbox(clock=clock, manifest={"oauth_config": {"scopes": scopes}}) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        assert (await client.conversations_history(channel=sandbox.channel_id("general")))["ok"]
        answer = await refusal(client.conversations_history(channel=sandbox.channel_id("risk-leads")))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")


async def test_old_messages_are_forgotten_beyond_the_bound(clock: ManualClock) -> None:
    async with Sandbox(clock=clock, rates=Rates(enabled=False), message_bound=10) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        for number in range(15):
            await client.chat_postMessage(channel="inference-review", text=str(number))
        history = await client.conversations_history(channel=sandbox.channel_id("inference-review"))
        assert [each["text"] for each in history["messages"]] == [str(n) for n in range(14, 4, -1)]


async def test_the_page_creates_joins_leaves_and_invites(sandbox: Sandbox, client: AsyncWebClient, page: Page) -> None:
    created = (await page.post("channels", name="shadow-models", is_private=False))["channel"]
    assert created["is_member"] is True
    assert created["app_is_member"] is False
    assert (await page.see("channel"))["channel"]["name"] == "shadow-models"
    invited = await page.post("invite", channel=created["id"], invitee=sandbox.workspace.bot.id)
    assert invited["channel"]["app_is_member"] is True
    assert (await client.chat_postMessage(channel=created["id"], text="Thanks"))["ok"]
    left = await page.post("leave", channel=created["id"])
    assert left["channel"]["is_member"] is False
    said = await page.post("say", channel=created["id"], text="x")
    assert said == {"ok": False, "error": "not_in_channel"}
    joined = await page.post("join", channel=created["id"])
    assert joined["channel"]["is_member"] is True
