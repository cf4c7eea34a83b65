from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import Sandbox
from tests.edges.sandbox.driver import ManualClock, refused


async def test_people_are_found_by_id_and_by_address(sandbox: Sandbox, client: AsyncWebClient) -> None:
    maya = sandbox.user_id("maya.lindqvist")
    user = (await client.users_info(user=maya))["user"]
    assert (user["real_name"], user["is_admin"], user["is_bot"]) == ("Maya Lindqvist", True, False)
    assert user["profile"]["email"] == "maya.lindqvist@example.com"
    found = await client.users_lookupByEmail(email="Maya.Lindqvist@example.com")
    assert found["user"]["id"] == maya
    assert await refused(client.users_lookupByEmail(email="no@example.com")) == "users_not_found"
    assert await refused(client.users_info(user="U404")) == "user_not_found"


async def test_addresses_need_a_scope_of_their_own(clock: ManualClock) -> None:
    manifest = {"oauth_config": {"scopes": {"bot": ["users:read"]}}}
    async with Sandbox(clock=clock, manifest=manifest) as sandbox:
        client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
        user = (await client.users_info(user="U0SBX0001"))["user"]
        assert "email" not in user["profile"]


async def test_everybody_is_listed_in_pages(client: AsyncWebClient) -> None:
    names: list[str] = []
    async for page in await client.users_list(limit=4):
        names += [each["name"] for each in page["members"]]
    assert len(names) == 9
    assert "leo.castellanos" in names


async def test_user_groups_name_their_members(sandbox: Sandbox, client: AsyncWebClient) -> None:
    groups = (await client.usergroups_list(include_users=True))["usergroups"]
    group = next(each for each in groups if each["handle"] == "risk-oncall")
    members = (await client.usergroups_users_list(usergroup=group["id"]))["users"]
    assert members == group["users"] == [sandbox.user_id("tomas.okafor"), sandbox.user_id("amara.nwosu")]
    assert await refused(client.usergroups_users_list(usergroup="S404")) == "no_such_subteam"


async def test_the_workspace_and_the_bot_describe_themselves(sandbox: Sandbox, client: AsyncWebClient) -> None:
    assert (await client.team_info())["team"]["name"] == "Larkspur"
    bot = (await client.bots_info(bot=sandbox.workspace.bot.bot_id))["bot"]
    assert bot["user_id"] == sandbox.workspace.bot.id
    assert await refused(client.bots_info(bot="B404")) == "bot_not_found"


async def test_a_person_who_left_gets_no_message(sandbox: Sandbox, client: AsyncWebClient) -> None:
    sandbox.deactivate(sandbox.user_id("leo.castellanos"))
    call = client.chat_postMessage(channel=sandbox.user_id("leo.castellanos"), text="x")
    assert await refused(call) == "user_disabled"
    found = client.users_lookupByEmail(email="leo.castellanos@example.com")
    assert await refused(found) == "users_not_found"
