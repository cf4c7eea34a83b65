"""People type in a sandbox workspace, over Socket Mode and over signed HTTP."""

import pytest
from redis.asyncio import Redis

from bot.core.destination import SlackChannel, SlackPerson, Webhook
from bot.core.facts import NUMBERS, WORDS
from bot.core.subscription import Style
from bot.render.usage import FIELDS, VERBS
from bot.sandbox.server import Sandbox
from bot.stores.subscriptions import RedisSubscriptions
from tests.edges.slack.conftest import Person, text_of

TEAM = "T0SANDBOX"

pytestmark = pytest.mark.usefixtures("connected")


async def test_subscribe_answers_with_what_where_and_how_to_undo(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    reply = await people["tomas"].type("fraud-alerts", "subscribe model:fraud-* status:failed confidence&lt;0.8")
    _, (made,) = await subscriptions.snapshot()
    channel = sandbox.channel_id("fraud-alerts")
    assert made.destination == SlackChannel(team=TEAM, channel=channel)
    assert made.owner == people["tomas"].user
    shown = text_of(reply)
    what = "events whose model is `fraud-*`, status is `failed` and confidence is below `0.8`"
    assert f"<#{channel}> gets {what}." in shown
    assert "model:fraud-* status:failed confidence<0.8" in shown
    assert made.id in shown
    await people["tomas"].click(reply, "unsubscribe")
    changed = text_of(await people["tomas"].sees("message_changed"))
    assert f"<#{channel}> no longer gets {what}." in changed
    assert "/tidings subscribe model:fraud-* status:failed confidence<0.8" in changed
    assert (await subscriptions.snapshot())[1] == ()


async def test_to_me_means_a_direct_message_and_a_mention_is_kept(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    amara = people["amara"].user
    reply = await people["tomas"].type("general", f"subscribe status:failed to me mention <@{amara}|amara>")
    _, (made,) = await subscriptions.snapshot()
    assert made.destination == SlackPerson(team=TEAM, user=people["tomas"].user)
    assert made.style == Style(mention=amara)
    assert "You get events whose status is `failed`." in text_of(reply)
    assert f"mentions <@{amara}>" in text_of(reply)


async def test_typed_in_a_direct_message_here_is_the_person(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    tomas = people["tomas"]
    direct = sandbox.workspace.direct(tomas.user)
    await tomas.do("command", channel=direct.id, command="/tidings", text="subscribe status:failed")
    assert "You get events" in text_of(await tomas.sees("ephemeral"))
    _, (made,) = await subscriptions.snapshot()
    assert made.destination == SlackPerson(team=TEAM, user=tomas.user)


async def test_another_channel_is_entered_by_itself_and_that_is_said(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    channel = sandbox.channel_id("support-copilot")
    reply = await people["tomas"].type("general", f"subscribe to <#{channel}|support-copilot>")
    _, (made,) = await subscriptions.snapshot()
    assert made.destination == SlackChannel(team=TEAM, channel=channel)
    assert f"<#{channel}> gets every event." in text_of(reply)
    assert "I joined the channel for this" in text_of(reply)
    assert sandbox.workspace.bot.id in sandbox.workspace.channels[channel].members


async def test_a_private_channel_without_the_bot_is_answered_with_how_to_invite_it(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    await people["tomas"].do("channels", name="hush", is_private=True)
    reply = await people["tomas"].type("hush", "subscribe status:failed")
    assert "type `/invite @Tidings` in it" in text_of(reply)
    assert await subscriptions.version() == 0


async def test_a_channel_that_the_bot_may_not_join_is_answered_with_how_to_invite_it(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    sandbox.fault("error", method="conversations.join", error="restricted_action")
    reply = await people["tomas"].type("random", "subscribe status:failed")
    assert "Type `/invite @Tidings` there" in text_of(reply)
    assert await subscriptions.version() == 0


async def test_an_archived_channel_is_refused_with_the_reason(
    people: dict[str, Person], subscriptions: RedisSubscriptions, sandbox: Sandbox
) -> None:
    channel = sandbox.channel_id("llm-evals")
    sandbox.workspace.channels[channel].is_archived = True
    reply = await people["tomas"].type("general", f"subscribe to <#{channel}|llm-evals>")
    assert f"<#{channel}> is archived" in text_of(reply)
    assert await subscriptions.version() == 0


async def test_a_webhooks_secret_is_shown_once_and_only_its_host_afterwards(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    tomas = people["tomas"]
    reply = await tomas.type("general", "subscribe status:failed to <https://hooks.example.com/a/s3cret>")
    _, (made,) = await subscriptions.snapshot()
    assert made.destination == Webhook(team=TEAM, url="https://hooks.example.com/a/s3cret")
    assert "whsec_" in text_of(reply)
    listed = text_of(await tomas.type("general", "list"))
    assert "The webhook at `hooks.example.com`" in listed
    assert "s3cret" not in listed
    assert "whsec_" not in listed


async def test_a_private_url_is_refused_with_the_reason(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    reply = await people["tomas"].type("general", "subscribe to <https://169.254.169.254/latest>")
    assert "I can't use that URL." in text_of(reply)
    assert "not a public address" in text_of(reply)
    assert await subscriptions.version() == 0


async def test_a_filter_that_cant_be_read_is_answered_with_a_caret_and_nothing_is_saved(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    reply = await people["tomas"].type("general", "subscribe status:failed confidence&lt;high")
    assert "confidence needs a number, got 'high'" in text_of(reply)
    box = next(block for block in reply["blocks"] if block["type"] == "rich_text")
    line, caret = box["elements"][0]["elements"][0]["text"].split("\n")
    assert line[caret.index("^") :].startswith("high")
    assert await subscriptions.version() == 0


async def test_an_unknown_verb_is_answered_with_help(people: dict[str, Person]) -> None:
    reply = await people["tomas"].type("general", "subscibe status:failed")
    assert "I don't understand that" in text_of(reply)
    assert "/tidings help" in text_of(reply)


async def test_the_same_again_shows_the_one_that_is_there(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    await people["tomas"].type("general", "subscribe status:failed")
    _, (made,) = await subscriptions.snapshot()
    reply = await people["amara"].type("general", "subscribe status:failed")
    assert "already" in text_of(reply)
    assert made.id in text_of(reply)
    assert f"by <@{people['tomas'].user}>" in text_of(reply)
    assert await subscriptions.version() == 1


async def test_who_neither_made_it_nor_is_admin_may_not_unsubscribe(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    await people["tomas"].type("general", "subscribe status:failed")
    _, (made,) = await subscriptions.snapshot()
    refused = text_of(await people["amara"].type("general", f"unsubscribe {made.id}"))
    assert f"Only its owner <@{people['tomas'].user}>, whoever gets it by direct message and admins" in refused
    assert await subscriptions.get(made.id) == made
    done = text_of(await people["maya"].type("general", f"unsubscribe {made.id.upper()}"))
    assert "Unsubscribed" in done
    assert await subscriptions.get(made.id) is None
    gone = text_of(await people["maya"].type("general", f"unsubscribe {made.id}"))
    assert f"There is no subscription `{made.id}`" in gone


async def test_the_list_offers_a_menu_for_ones_own_only(people: dict[str, Person]) -> None:
    await people["tomas"].type("general", "subscribe status:failed")
    await people["amara"].type("general", "subscribe model:fraud-*")
    reply = await people["tomas"].type("general", "list")
    mine, hers = reply["blocks"][2:]
    assert ("accessory" in mine, "accessory" in hers) == (True, False)
    assert (f"by <@{people['amara'].user}>" in str(hers), "by <@" in str(mine)) == (True, False)
    await people["tomas"].choose(reply, "Unsubscribe")
    assert "Unsubscribed" in text_of(await people["tomas"].sees("ephemeral"))


async def test_a_long_list_has_pages_that_turn(people: dict[str, Person]) -> None:
    tomas = people["tomas"]
    for number in range(10):
        await tomas.type("general", f"subscribe model:m{number}")
    first = await tomas.type("general", "list")
    assert "10, page 1 of 2" in text_of(first)
    assert "`m7`" in text_of(first)
    assert "`m8`" not in text_of(first)
    await tomas.click(first, "page.later")
    second = await tomas.sees("message_changed")
    assert "10, page 2 of 2" in text_of(second)
    assert "`m8`" in text_of(second)
    assert "`m7`" not in text_of(second)
    await tomas.click(second, "page.earlier")
    assert "page 1 of 2" in text_of(await tomas.sees("message_changed"))


async def test_all_is_for_admins(people: dict[str, Person]) -> None:
    for number in range(9):
        await people["tomas"].type("general", f"subscribe model:m{number} to me")
    refused = await people["amara"].type("general", "list all")
    assert "Only admins of this workspace may list all subscriptions" in text_of(refused)
    everyones = await people["maya"].type("general", "list all")
    assert "Everyone's subscriptions" in text_of(everyones)
    await people["maya"].click(everyones, "page.later")
    assert "9, page 2 of 2" in text_of(await people["maya"].sees("message_changed"))


async def test_an_empty_list_tells_how_to_begin(people: dict[str, Person]) -> None:
    assert "/tidings subscribe status:failed" in text_of(await people["tomas"].type("general", "list"))
    assert "Nobody has a subscription yet" in text_of(await people["maya"].type("general", "list all"))


@pytest.mark.parametrize("typed", ["", "help"])
async def test_help_names_every_verb_and_how_it_is_typed(people: dict[str, Person], typed: str) -> None:
    shown = text_of(await people["tomas"].type("general", typed))
    for verb in VERBS:
        assert verb.form in shown


async def test_help_on_filters_names_every_field(people: dict[str, Person]) -> None:
    shown = text_of(await people["tomas"].type("general", "help filter"))
    assert {field.name for field in FIELDS} == {*WORDS, *NUMBERS, "label.KEY"}
    for field in FIELDS:
        assert field.example in shown


async def test_a_command_with_the_word_payload_in_it_is_not_lost(
    people: dict[str, Person], subscriptions: RedisSubscriptions
) -> None:
    reply = await people["tomas"].type("general", 'subscribe "payload=too large"')
    assert "text contains `payload=too large`" in text_of(reply)
    assert await subscriptions.version() == 1


async def test_a_longest_filter_is_answered_within_slacks_limits(people: dict[str, Person]) -> None:
    values = ",".join(f"a&b{number:02d}" for number in range(140))[: 1_000 - len("model:")]
    reply = await people["tomas"].type("general", f"subscribe model:{values.rstrip(',').replace('&', '&amp;')}")
    assert "events that match `model:a&amp;b00" in text_of(reply)
    assert "a&b09" in text_of(reply)
    listed = await people["tomas"].type("general", "list")
    assert "Events that match `model:a&amp;b00" in text_of(listed)


async def test_hostile_text_in_a_filter_mentions_nobody(people: dict[str, Person]) -> None:
    shown = await people["tomas"].type("general", 'subscribe "&lt;!channel&gt; `x` *b*"')
    for block in shown["blocks"]:
        if block["type"] in {"section", "context"}:
            assert "<!" not in text_of({"blocks": [block]})
    assert "text contains `&lt;!channel&gt; ˋxˋ *b*`" in text_of(shown)  # noqa: RUF001 (the look-alike is the point)


async def test_a_redis_that_takes_nothing_is_said_to_the_person(people: dict[str, Person], redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        reply = await people["tomas"].type("general", "subscribe status:failed")
    finally:
        await redis.config_set("maxmemory", "0")
    assert "memory (Redis), so nothing was changed" in reply["text"]


async def test_slack_away_is_said_to_the_person_and_nothing_is_saved(
    people: dict[str, Person], sandbox: Sandbox, subscriptions: RedisSubscriptions
) -> None:
    sandbox.fault("error", method="conversations.info", error="internal_error")
    reply = await people["tomas"].type("general", "subscribe status:failed")
    assert "That didn't work: Slack can't tell (conversations.info: internal_error)" in text_of(reply)
    assert await subscriptions.version() == 0
