"""The slash command: what people type, as Slack sends it, and what a mistake is answered with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.advice import EXAMPLES
from bot.core.commands import (
    MAX_LENGTH,
    TOPICS,
    VERBS,
    Channel,
    Command,
    Help,
    Here,
    List,
    Me,
    Place,
    Subscribe,
    Unsubscribe,
    Url,
    parse_command,
)
from bot.core.errors import CommandError, FilterError, MistakeError
from bot.core.filters import parse
from bot.core.subscription import IDS, Doubt, SubscriptionId, subscription_id
from bot.render import usage
from tests.core.strategies import FILTERS

FRAUD = parse("model:fraud-* status:failed")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", Help()),
        ("   ", Help()),
        ("help", Help()),
        ("HELP filter", Help(topic="filter")),
        ("help filters", Help(topic="filter")),
        ("help subscribe", Help(topic="subscribe")),
        ("list", List()),
        (" List  ALL ", List(all=True)),
        ("unsubscribe k7m2qx", Unsubscribe(id=SubscriptionId("k7m2qx"))),
        ("unsubscribe `K7M2QO`", Unsubscribe(id=SubscriptionId("k7m2q0"))),
        ("subscribe", Subscribe()),
        ("subscribe model:fraud-* status:failed", Subscribe(filter=FRAUD)),
        ("subscribe\u00a0model:fraud-*\tstatus:failed", Subscribe(filter=FRAUD)),
        ("subscribe confidence&lt;0.8", Subscribe(filter=parse("confidence<0.8"))),
        ("subscribe user:<@U1|ann> to me", Subscribe(filter=parse("user:U1"), to=Me())),
        ("subscribe to here", Subscribe()),
        ("SUBSCRIBE TO ME", Subscribe(to=Me())),
        (
            "subscribe model:fraud-* status:failed to <#C024BE7LR|general>",
            Subscribe(filter=FRAUD, to=Channel(id="C024BE7LR", name="general")),
        ),
        ("subscribe to <#C1|>", Subscribe(to=Channel(id="C1"))),
        ("subscribe to <#C1>", Subscribe(to=Channel(id="C1"))),
        ("subscribe to C024BE7LR", Subscribe(to=Channel(id="C024BE7LR"))),
        ("subscribe to <https://a.b/?x=1&amp;y=2>", Subscribe(to=Url(url="https://a.b/?x=1&y=2"))),
        ("subscribe to <https://a.b/c|a.b/c and more>", Subscribe(to=Url(url="https://a.b/c"))),
        ("subscribe to https://a.b/c", Subscribe(to=Url(url="https://a.b/c"))),
        ("subscribe to <http://a.b>", Subscribe(to=Url(url="http://a.b"))),
        ("subscribe mention <@U1|ann>", Subscribe(mention="U1")),
        ("subscribe mention <@W1>", Subscribe(mention="W1")),
        ("subscribe mention <!subteam^S1|@oncall>", Subscribe(mention="S1")),
        ("subscribe mention U024BE7LH", Subscribe(mention="U024BE7LH")),
        (
            "subscribe model:fraud-* status:failed to <#C1|a> mention <@U1|ann>",
            Subscribe(filter=FRAUD, to=Channel(id="C1", name="a"), mention="U1"),
        ),
        ("subscribe mention <@U1> to me", Subscribe(to=Me(), mention="U1")),
        ("subscribe doubt ask", Subscribe(doubt=Doubt.ASK)),
        ("subscribe model:fraud-* status:failed DOUBT Repeat to me", Subscribe(filter=FRAUD, to=Me())),
        (
            "subscribe to <#C1|a> doubt ask mention <@U1>",
            Subscribe(to=Channel(id="C1", name="a"), mention="U1", doubt=Doubt.ASK),
        ),
        ("subscribe to https://a.b/c doubt repeat", Subscribe(to=Url(url="https://a.b/c"))),
        ('subscribe "to me" to me', Subscribe(filter=parse('"to me"'), to=Me())),
        ("subscribe “from a to b” to me", Subscribe(filter=parse('"from a to b"'), to=Me())),
        ("subscribe 'it's due to him' to me", Subscribe(filter=parse('"it\'s due to him"'), to=Me())),
        ('subscribe tag:"mention to",to to me', Subscribe(filter=parse('tag:"mention to",to'), to=Me())),
        ('subscribe -"say \\" to me" to me', Subscribe(filter=parse('-"say \\" to me"'), to=Me())),
    ],
)
def test_commands_are_understood(text: str, command: Command) -> None:
    assert parse_command(text) == command


PLACES: dict[str, Place] = {
    "": Here(),
    " to here": Here(),
    " to me": Me(),
    " to <#C1|general>": Channel(id="C1", name="general"),
    " to <https://example.com/hook>": Url(url="https://example.com/hook"),
}


@given(FILTERS, st.sampled_from(sorted(PLACES)), st.sampled_from([None, "U1"]))
def test_any_filter_may_be_followed_by_a_place_and_a_mention(text: str, to: str, mention: str | None) -> None:
    try:
        wanted = parse(text)
    except FilterError:
        return
    called = f" mention <@{mention}|ann>" if mention else ""
    assert parse_command(f"subscribe {text}{to}{called}") == Subscribe(filter=wanted, to=PLACES[to], mention=mention)


@given(st.integers(0, IDS - 1).map(subscription_id), st.sampled_from([str, str.upper, "`{}`".format]))
def test_every_id_can_be_unsubscribed(one: SubscriptionId, typed: type[str]) -> None:
    assert parse_command(f"unsubscribe {typed(one)}") == Unsubscribe(id=one)


@given(st.text(max_size=50) | st.text("subscribe to mention list \"'“”<@#C1|>:,=-", max_size=60))
def test_any_text_is_a_command_or_an_error_that_points_into_it(text: str) -> None:
    try:
        parse_command(text)
    except MistakeError as error:
        mistake = error
    else:
        return
    assert 0 <= mistake.position <= len(mistake.text)
    assert mistake.message


@pytest.mark.parametrize(
    ("text", "caret", "message"),
    [
        ("subscrib model:x", 0, "did you mean subscribe?"),
        ("remove x", 0, "did you mean unsubscribe?"),
        ("  ls", 2, "did you mean list?"),
        ("qqq", 0, "there is no 'qqq'; there are subscribe, unsubscribe, list, help"),
        ("model:fraud-* status:failed", 0, "say what to do with the filter: subscribe model:fraud-*"),
        ("subscribe to", 12, "to needs a place: #channel, me or https://…"),
        ("subscribe to to me", 12, "to needs a place: #channel, me or https://…"),
        ("subscribe mention", 17, "mention needs a person: mention @ann"),
        ("subscribe to me to here", 16, "to can stand once; make a subscription for each"),
        ("subscribe to me model:x", 16, "the filter goes first, and to with one word after it, last"),
        ("subscribe to model:x", 13, "to needs a place: #channel, me or https://…; got 'model:x'"),
        (
            "subscribe tag:x to #general",
            19,
            "pick the channel from the list that opens as you type #, or write its ID: to C024BE7LR",
        ),
        ("subscribe to <@U1|ann>", 13, "people subscribe for themselves: to me"),
        ("subscribe to <mailto:a@b.c|a@b.c>", 13, "to needs a place: #channel, me or https://…; got 'a@b.c'"),
        ("subscribe doubt", 15, "doubt needs repeat or ask"),
        ("subscribe doubt never", 16, "doubt needs repeat or ask; got 'never'"),
        ("subscribe doubt ask doubt ask", 20, "doubt can stand once; make a subscription for each"),
        (
            "subscribe doubt ask to https://a.b/c",
            16,
            "a webhook can't be asked: its receiver knows a repeat by its webhook-id",
        ),
        ("subscribe mention <!here>", 18, "mention calls one person or one user group, never everyone"),
        ("subscribe mention @channel", 18, "mention calls one person or one user group, never everyone"),
        ("subscribe mention <!everyone|everyone>", 18, "mention calls one person or one user group, never everyone"),
        (
            "subscribe mention @ann",
            18,
            "pick the person from the list that opens as you type @: mention @ann; got '@ann'",
        ),
        (
            "subscribe mention <#C1|ann>",
            18,
            "pick the person from the list that opens as you type @: mention @ann; got '#ann'",
        ),
        ("unsubscribe", 11, "unsubscribe needs an ID, e.g. unsubscribe k7m2qx; list shows them"),
        ("unsubscribe k7m2qx k7m2qy", 19, "unsubscribe takes one ID"),
        ("unsubscribe all", 12, "an ID is 6 letters and digits, e.g. k7m2qx; list shows them; got 'all'"),
        ("unsubscribe k7m2qu", 12, "an ID is 6 letters and digits, e.g. k7m2qx; list shows them; got 'k7m2qu'"),
        ("list mine", 5, "list stands alone, or with all after it"),
        ("list all now", 5, "list stands alone, or with all after it"),
        ("help fliter", 5, "did you mean help filter?"),
        ("help me", 5, f"help is about one of {', '.join(TOPICS)}"),
        ("subscribe " + "x" * MAX_LENGTH, MAX_LENGTH, "a command has at most 4,000 characters"),
    ],
)
def test_a_mistake_is_answered_with_where_and_what_to_type(text: str, caret: int, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(text)
    assert (caught.value.position, caught.value.message) == (caret, message)


@pytest.mark.parametrize(
    ("text", "caret"),
    [
        (
            "subscribe user:<@U1|ann>  cost&gt;much to <#C1|general>",
            "subscribe user:@U1  cost>much to #general\n                         ^",
        ),
        ('subscribe tag:x "to me to me', 'subscribe tag:x "to me to me\n                ^'),
        ("subscribe modle:x", "subscribe modle:x\n          ^"),
    ],
)
def test_the_caret_of_a_filters_mistake_stands_in_the_whole_command(text: str, caret: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_command(text)
    assert caught.value.caret() == caret


def test_the_help_text_tells_what_can_be_typed() -> None:
    assert [verb.name for verb in usage.VERBS] == list(VERBS)
    assert {field.name for field in usage.FIELDS} == {*EXAMPLES, "label.KEY"}
    for field in usage.FIELDS:
        parse(field.example)
    for verb in usage.VERBS:
        for example in verb.examples:
            parse_command(example.replace("@ana", "<@U1|ana>").replace("#ml-review", "<#C1|ml-review>"))


@pytest.mark.parametrize(("field", "term"), EXAMPLES.items())
def test_every_example_in_an_error_can_be_typed(field: str, term: str) -> None:
    typed = term.replace("@ann", "<@U1|ann>")
    (read,) = parse(typed).terms
    assert vars_of(read) == field


def vars_of(term: object) -> str:
    return str(getattr(term, "field", ""))
