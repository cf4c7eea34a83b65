import pytest

from bot.core.errors import UnavailableError
from bot.outlets.slack.web import SlackWeb
from bot.sandbox.server import Sandbox
from bot.slack.installation import Installation, SingleInstallation

TEAM = "T0SANDBOX"


async def test_the_one_workspace_is_found_and_no_other(web: SlackWeb, sandbox: Sandbox) -> None:
    single = SingleInstallation(web, sandbox.bot_token)
    bot = sandbox.workspace.bot
    found = Installation(team=TEAM, enterprise=None, bot=bot.bot_id or "", bot_user=bot.id, token=sandbox.bot_token)
    assert await single.find(TEAM, None) == found
    assert await single.find("T0OTHER", None) is None
    assert await single.find(None, None) is None
    assert await single.find("T0OTHER", "E0OTHER") is None


async def test_its_token_is_the_one_from_the_settings_and_there_is_no_other(web: SlackWeb) -> None:
    single = SingleInstallation(web, "xoxb-1")
    assert await single.token_of(TEAM) == "xoxb-1"
    assert await single.renew(TEAM, "xoxb-1") is None


async def test_the_token_is_never_printed(web: SlackWeb, sandbox: Sandbox) -> None:
    assert sandbox.bot_token not in repr(await SingleInstallation(web, sandbox.bot_token).installation())


async def test_a_token_that_slack_refuses_is_named_with_the_reason(web: SlackWeb) -> None:
    with pytest.raises(UnavailableError, match=r"Slack refuses TIDINGS_SLACK_BOT_TOKEN \(invalid_auth\)"):
        await SingleInstallation(web, "xoxb-wrong").installation()


async def test_an_app_level_token_is_not_a_bots(web: SlackWeb, sandbox: Sandbox) -> None:
    with pytest.raises(UnavailableError, match="TIDINGS_SLACK_BOT_TOKEN"):
        await SingleInstallation(web, sandbox.app_token).installation()


async def test_after_a_slack_that_did_not_answer_it_is_asked_again(web: SlackWeb, sandbox: Sandbox) -> None:
    single = SingleInstallation(web, sandbox.bot_token)
    sandbox.fault("html", method="auth.test", status=503)
    with pytest.raises(UnavailableError, match="Slack does not answer"):
        await single.find(TEAM, None)
    assert await single.find(TEAM, None) is not None
