from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.answers import (
    Actor,
    AlreadySubscribed,
    Answer,
    BadPlace,
    Listing,
    NoSuchSubscription,
    NotAllowed,
    Problem,
    Shelf,
    Subscribed,
    Unsubscribed,
)
from bot.core.destination import SlackChannel, SlackPerson, Webhook
from bot.core.errors import CommandError, FilterError, UnavailableError
from bot.core.filters import parse
from bot.core.permission import Act, Rank
from bot.core.subscription import Hold, Holding, Style, Subscription, SubscriptionId, subscription_id
from bot.render.message import Block, Message
from bot.render.replies import PER_PAGE, listing, mistake, reply, trouble, unavailable, welcome
from bot.sandbox.validation.surfaces import check_message

ANA = Actor(team="T1", user="U1")
FAILURES = Subscription(
    id=SubscriptionId("k7m2qx"),
    team="T1",
    owner="U1",
    filter=parse("model:fraud-* status:failed"),
    destination=SlackChannel(team="T1", channel="C1"),
    style=Style(mention="U9"),
)
DIRECT = replace(FAILURES, destination=SlackPerson(team="T1", user="U1"), style=Style())


def test_a_subscription_is_confirmed_with_what_where_and_how_to_undo() -> None:
    sentence = "<#C1> gets events whose model is `fraud-*` and status is `failed`."
    assert reply(Subscribed(subscription=FAILURES, joined=True)) == Message(
        text=f"Subscribed. {sentence}",
        blocks=(
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*Subscribed.* {sentence}"}},
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_preformatted",
                        "elements": [{"type": "text", "text": "model:fraud-* status:failed"}],
                    }
                ],
            },
            {
                "type": "context",
                "elements": [
                    {"type": "mrkdwn", "text": "`k7m2qx`  ·  mentions <@U9>  ·  I joined the channel for this"}
                ],
            },
            {"type": "actions", "elements": [unsubscribe_button("k7m2qx")]},
        ),
    )


def unsubscribe_button(value: str) -> Block:
    def plain(text: str) -> Block:
        return {"type": "plain_text", "text": text, "emoji": True}

    return {
        "type": "button",
        "text": plain("Unsubscribe"),
        "action_id": "unsubscribe",
        "value": value,
        "confirm": {
            "title": plain("Unsubscribe?"),
            "text": plain("These events no longer come."),
            "confirm": plain("Unsubscribe"),
            "deny": plain("Keep it"),
            "style": "danger",
        },
    }


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Subscribed(subscription=DIRECT),
            "Subscribed. You get events whose model is `fraud-*` and status is `failed`.",
        ),
        (Subscribed(subscription=replace(FAILURES, filter=parse(""))), "Subscribed. <#C1> gets every event."),
        (
            AlreadySubscribed(existing=FAILURES),
            (
                "<#C1> gets events whose model is `fraud-*` and status is `failed` already, through this subscription. "
                "Nothing was changed."
            ),
        ),
        (
            Unsubscribed(subscription=DIRECT, viewer=ANA),
            "Unsubscribed. You no longer get events whose model is `fraud-*` and status is `failed`.",
        ),
        (
            Unsubscribed(subscription=DIRECT, viewer=Actor(team="T1", user="U2")),
            "Unsubscribed. <@U1> no longer gets events whose model is `fraud-*` and status is `failed`.",
        ),
        (
            NoSuchSubscription(id=SubscriptionId("zzzzzz")),
            "There is no subscription `zzzzzz` in this workspace. Type `/tidings list` to see the ids.",
        ),
        (
            NotAllowed(act=Act.END, owner="U1"),
            (
                "Only its owner <@U1>, whoever gets it by direct message and admins of this workspace "
                "may end a subscription. Nothing was changed."
            ),
        ),
        (
            NotAllowed(act=Act.SEE_ALL),
            "Only admins of this workspace may list all subscriptions, and the audit. Nothing was changed.",
        ),
        (
            NotAllowed(act=Act.PREVIEW, rank=Rank.GUEST),
            "Guests can't do that here. An admin of this workspace can. Nothing was changed.",
        ),
        (
            NotAllowed(act=Act.PREVIEW, rank=Rank.STRANGER),
            "People of other organisations can't do that here. An admin of this workspace can. Nothing was changed.",
        ),
        (
            NotAllowed(act=Act.PREVIEW, rank=Rank.GONE),
            "Slack doesn't know you as a member of this workspace. Nothing was changed.",
        ),
        (
            BadPlace(destination=FAILURES.destination, problem=Problem.UNSEEN),
            (
                "I can't see that channel. If it is private, type `/invite @Tidings` in it, then try again. "
                "Nothing was changed."
            ),
        ),
        (
            BadPlace(destination=FAILURES.destination, problem=Problem.UNINVITED),
            "I am not in <#C1>. Type `/invite @Tidings` there, then try again. Nothing was changed.",
        ),
        (
            BadPlace(destination=FAILURES.destination, problem=Problem.ARCHIVED),
            "<#C1> is archived, so nothing can be posted there. Choose another channel. Nothing was changed.",
        ),
        (
            BadPlace(destination=FAILURES.destination, problem=Problem.EXTERNAL),
            (
                "<#C1> is shared with another organisation, and results must not leave this one. "
                "Choose a channel of your own. Nothing was changed."
            ),
        ),
        (
            BadPlace(destination=Webhook(team="T1", url="http://x"), problem=Problem.URL, detail="Use <https>."),
            "I can't use that URL. Use &lt;https&gt;. Nothing was changed.",
        ),
    ],
)
def test_what_an_act_came_to_in_a_sentence(answer: Answer, text: str) -> None:
    said = reply(answer)
    assert said.text == text
    check_message({"text": said.text, "blocks": list(said.blocks)})


def many(count: int, **changes: Any) -> tuple[Subscription, ...]:
    return tuple(
        replace(FAILURES, id=subscription_id(number), filter=parse(f"model:m{number}"), **changes)
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("count", "page", "title", "turns"),
    [
        (1, 1, "1", []),
        (PER_PAGE, 1, str(PER_PAGE), []),
        (PER_PAGE + 1, 1, f"{PER_PAGE + 1}, page 1 of 2", ["near:2:"]),
        (3 * PER_PAGE, 2, f"{3 * PER_PAGE}, page 2 of 3", ["near:1:", "near:3:"]),
        (3 * PER_PAGE, 99, f"{3 * PER_PAGE}, page 3 of 3", ["near:2:"]),
        (3 * PER_PAGE, -1, f"{3 * PER_PAGE}, page 1 of 3", ["near:2:"]),
    ],
)
def test_the_pages_of_a_list(count: int, page: int, title: str, turns: list[str]) -> None:
    said = listing(Listing(shelf=Shelf.NEAR, subscriptions=many(count), viewer=ANA), page=page)
    assert said.text == f"Your subscriptions: {title}"
    check_message({"text": said.text, "blocks": list(said.blocks)})
    last = said.blocks[-1]
    assert [button["value"] for button in last.get("elements", ())] == turns


def test_a_row_tells_whose_it_is_where_it_is_another_persons() -> None:
    theirs = replace(FAILURES, owner="U2", hold=Hold(kind=Holding.PAUSED, at=0), style=Style(mention="S5"))
    said = listing(
        Listing(shelf=Shelf.NEAR, subscriptions=(theirs,), viewer=ANA, here=SlackChannel(team="T1", channel="C1")),
        page=1,
    )
    assert said.text == "Your subscriptions and this channel's: 1"
    (row,) = said.blocks[2:]
    assert row["text"]["text"] == (
        "*<#C1>*\nEvents whose model is `fraud-*` and status is `failed`\n"
        "`k7m2qx`  ·  by <@U2>  ·  mentions <!subteam^S5>  ·  paused"
    )
    assert "accessory" not in row


def test_an_admin_may_end_every_row() -> None:
    said = listing(Listing(shelf=Shelf.ALL, subscriptions=many(2, owner="U2"), viewer=ANA), page=1)
    assert ["accessory" in row for row in said.blocks[2:]] == [True, True]


@given(st.text(max_size=600), st.integers(0, 2_000))
def test_a_mistake_shows_its_place_on_a_narrow_screen(text: str, position: int) -> None:
    line = text.replace("\n", " ").replace("\r", " ")
    position = min(position, len(line))
    said = mistake(FilterError("no", text=line, position=position))
    box = next(block for block in said.blocks if block["type"] == "rich_text")
    shown, _, caret = box["elements"][0]["elements"][0]["text"].rpartition("\n")
    assert len(shown) <= 74
    assert caret.strip(" ") == "^"
    if position < len(line):
        assert shown[len(caret) - 1] == line[position]


def test_a_mistake_in_a_filter_and_in_a_command_lead_to_their_own_help() -> None:
    in_filter = mistake(FilterError("did you mean <model>?", text="modle:x", position=0))
    in_command = mistake(CommandError("unsubscribe takes one ID", text="unsubscribe a b", position=14))
    assert in_filter.text == "I don't understand that: did you mean &lt;model&gt;?"
    assert in_command.text == "I don't understand that: unsubscribe takes one ID."
    assert "`/tidings help filter`" in str(in_filter.blocks)
    assert "`/tidings help`" in str(in_command.blocks)


def test_trouble_is_said_without_its_particulars() -> None:
    assert unavailable(UnavailableError("Redis <x> does not answer")).text == (
        "That didn't work: Redis &lt;x&gt; does not answer. Please try again in a minute."
    )
    assert "Something went wrong on my side" in trouble().text
    assert "/tidings subscribe status:failed" in welcome().text
