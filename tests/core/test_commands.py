"""The slash command: what people type, as Slack sends it, and what a mistake is answered with."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.advice import EXAMPLES
from bot.core.commands import (
    TOPICS,
    VERBS,
    Adopt,
    BeQuiet,
    Channel,
    Command,
    Edit,
    Email,
    Group,
    Help,
    Here,
    History,
    List,
    ListAll,
    ListPerson,
    ListPlace,
    LiveIn,
    Me,
    MovePlace,
    Named,
    Person,
    Place,
    Preferences,
    Preview,
    Rest,
    Resume,
    ResumePlace,
    Status,
    Subscribe,
    Undo,
    Unsubscribe,
    UnsubscribeAll,
    Url,
    WantResults,
    Why,
)
from bot.core.commands import Test as SendTest
from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, Target, Webhook
from bot.core.errors import CommandError, FilterError, MistakeError
from bot.core.event import Status as EventStatus
from bot.core.filters import Filter, parse
from bot.core.reader import MAX_LENGTH, parse_command
from bot.core.reading.clauses import misfit
from bot.core.subscription import IDS, Doubt, Holding, Showing, Style, SubscriptionId, Threading, subscription_id
from bot.core.timing import DAY, Digest, Every, Quiet
from bot.render import usage
from tests.core.strategies import FILTERS, some_called

FRAUD = parse("model:fraud-* status:failed")
ID = SubscriptionId("k7m2qx")
HOURLY = Digest(every=Every.HOUR)
HOOK = Webhook(team="T1", url="https://a.b")
A_PLACE = "a place: #channel, @person, @group, me, an e-mail address or https://…"


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
        (" List  ALL ", ListAll()),
        ("list all fraud paused", ListAll(wanted="fraud paused")),
        ("list in <#C1|general>", ListPlace(place=Channel(id="C1", name="general"))),
        ("list of <@U1|ann>", ListPerson(person=Person(user="U1"))),
        ("list of me", ListPerson(person=Me())),
        ("list of <mailto:ann@b.org|ann@b.org>", ListPerson(person=Email(address="ann@b.org"))),
        ("unsubscribe ALL", UnsubscribeAll()),
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
        (
            "subscribe mention <@U1|ann> on failed,Needs-Review",
            Subscribe(mention="U1", mention_on=(EventStatus.NEEDS_REVIEW, EventStatus.FAILED)),
        ),
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
        ("subscribe to <@U1|ann>", Subscribe(to=Person(user="U1"))),
        ("subscribe to U024BE7LH", Subscribe(to=Person(user="U024BE7LH"))),
        ("subscribe to <!subteam^S1|@oncall>", Subscribe(to=Group(group="S1"))),
        ("subscribe to S024BE7LH", Subscribe(to=Group(group="S024BE7LH"))),
        ("subscribe to <mailto:a@b.org|a@b.org>", Subscribe(to=Email(address="a@b.org"))),
        ("subscribe to a@b.org", Subscribe(to=Email(address="a@b.org"))),
        ("subscribe mention nobody", Subscribe()),
        ("subscribe digest 15m", Subscribe(digest=Digest(every=Every.QUARTER))),
        ("subscribe digest Daily 8:30 to me", Subscribe(digest=Digest(every=Every.DAY, at=510), to=Me())),
        ("subscribe digest daily", Subscribe(digest=Digest(every=Every.DAY))),
        ("subscribe quiet 22:00–07:00", Subscribe(quiet=Quiet(start=22 * 60, end=7 * 60))),  # noqa: RUF001 - a phone's dash
        ("subscribe quiet 22:00 - 07:00 to me", Subscribe(quiet=Quiet(start=22 * 60, end=7 * 60), to=Me())),
        ("subscribe digest off quiet off thread off", Subscribe()),
        ("subscribe thread session", Subscribe(thread=Threading.SESSION)),
        ("subscribe show Summary", Subscribe(show=Showing.SUMMARY)),
        ("subscribe show usual", Subscribe()),
        ("subscribe filter model:fraud-* status:failed", Subscribe(filter=FRAUD)),
        ("subscribe filter any to me", Subscribe(to=Me())),
        ("edit k7m2qx", Edit(id=ID)),
        ("edit k7m2qx model:fraud-* status:failed", Edit(id=ID, filter=FRAUD)),
        ("edit K7M2QX filter any", Edit(id=ID, filter=Filter())),
        ("edit k7m2qx to me", Edit(id=ID, to=Me())),
        (
            "edit k7m2qx digest off mention nobody",
            Edit(id=ID, given=frozenset({"digest", "mention", "mention_on"})),
        ),
        (
            "edit k7m2qx quiet 22:00-07:00 doubt ask",
            Edit(
                id=ID,
                given=frozenset({"quiet", "doubt"}),
                style=Style(quiet=Quiet(start=1320, end=420), doubt=Doubt.ASK),
            ),
        ),
        ("pause k7m2qx", Rest(id=ID, kind=Holding.PAUSED)),
        ("mute k7m2qx for 2h", Rest(id=ID, kind=Holding.MUTED, length=7_200_000)),
        ("mute k7m2qx 45 min", Rest(id=ID, kind=Holding.MUTED, length=2_700_000)),
        ("resume `k7m2qx`", Resume(id=ID)),
        ("test k7m2qx", SendTest(id=ID)),
        ("preview model:fraud-* status:failed", Preview(filter=FRAUD)),
        ("why inf-118", Why(query="inf-118")),
        ("why `order 7`", Why(query="order 7")),
        (
            "why <https://a.slack.com/archives/C1/p1700000000000001?thread_ts=1.2&amp;cid=C1>",
            Why(query="https://a.slack.com/archives/C1/p1700000000000001?thread_ts=1.2&cid=C1"),
        ),
        ("status", Status()),
        ("undo", Undo()),
        ("history", History()),
        ("history k7m2qx", History(id=ID)),
        ("me", Preferences()),
        ("me on", WantResults(wanted=True)),
        ("me OFF", WantResults(wanted=False)),
        ("me quiet 22:00-07:00", BeQuiet(quiet=Quiet(start=1320, end=420))),
        ("me quiet off", BeQuiet(quiet=None)),
        ("me zone Europe/Berlin", LiveIn(zone="Europe/Berlin")),
        ("me zone europe/berlin", LiveIn(zone="Europe/Berlin")),
        ("me zone auto", LiveIn(zone=None)),
        ("admin", Help(topic="admin")),
        ("admin resume <#C1|general>", ResumePlace(place=Channel(id="C1", name="general"))),
        ("admin resume `slack/T1`", ResumePlace(place=Named(id="slack/T1"))),
        ("admin resume webhook/T1/9f86d081884c7d65", ResumePlace(place=Named(id="webhook/T1/9f86d081884c7d65"))),
        (
            "admin move <#C1|a> to <#C2|b>",
            MovePlace(place=Channel(id="C1", name="a"), to=Channel(id="C2", name="b")),
        ),
        ("admin adopt k7m2qx k7m2qy", Adopt(ids=(ID, SubscriptionId("k7m2qy")))),
        ("admin audit", History()),
        ("admin audit k7m2qx", History(id=ID)),
        ("admin list all fraud", ListAll(wanted="fraud")),
        ("admin health", Status()),
        ("admin dead", Help(topic="dead")),
        ("help digest", Help(topic="style")),
        ("help me", Help(topic="me")),
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
    " to <@U1|ann>": Person(user="U1"),
    " to <!subteam^S1|@ml>": Group(group="S1"),
    " to <mailto:ann@example.org|ann@example.org>": Email(address="ann@example.org"),
    " to <https://example.com/hook>": Url(url="https://example.com/hook"),
}
MINUTES = st.integers(0, DAY - 1)
DIGESTS = st.builds(Digest, every=st.sampled_from([Every.QUARTER, Every.HOUR])) | st.builds(
    Digest, every=st.just(Every.DAY), at=MINUTES
)
QUIETS = st.builds(Quiet, start=MINUTES, end=MINUTES).filter(lambda quiet: quiet.start != quiet.end)
STYLES = st.builds(
    Style,
    mention=st.sampled_from([None, "U1", "S1"]),
    doubt=st.sampled_from(Doubt),
    digest=st.none() | DIGESTS,
    quiet=st.none() | QUIETS,
    thread=st.sampled_from(Threading),
    show=st.none() | st.sampled_from(Showing),
)
STYLES = some_called(STYLES)


def written(name: str, style: Style) -> str:
    """A clause as Slack sends it."""
    match name, getattr(style, name):
        case "mention", str() if style.mention_on:
            return f"{written(name, replace(style, mention_on=()))} on {','.join(style.mention_on)}"
        case "mention", str() as target:
            return f"mention <!subteam^{target}|@ml>" if target.startswith("S") else f"mention <@{target}|ann>"
        case "mention", None:
            return "mention nobody"
        case _, None:
            return f"{name} off"
        case _, value:
            return f"{name} {value}"


def fits(style: Style, to: Place) -> bool:
    match to:
        case Here() | Channel():
            return True
        case Url():
            return style == Style(mention=style.mention, mention_on=style.mention_on, show=style.show)
        case _:
            return style.thread is Threading.OFF


@given(FILTERS, st.sampled_from(sorted(PLACES)), STYLES, st.data())
def test_a_subscription_made_of_parts_reads_as_its_parts(text: str, to: str, style: Style, data: st.DataObject) -> None:
    try:
        wanted = parse(text)
    except FilterError:
        return
    if not fits(style, PLACES[to]):
        style = Style()
    fields = ("mention", "doubt", "digest", "quiet", "thread", "show")
    given = [name for name in fields if getattr(style, name) != getattr(Style(), name)]
    typed = data.draw(st.permutations([to.strip(), *(written(name, style) for name in given)]))
    command = parse_command(f"subscribe {text} {' '.join(typed)}")
    assert isinstance(command, Subscribe)
    assert (command.filter, command.to, command.style) == (wanted, PLACES[to], style)


@given(STYLES, STYLES, st.sets(st.sampled_from(["mention", "doubt", "digest", "quiet", "thread", "show"])), st.data())
def test_an_edit_changes_what_is_given_and_nothing_else(
    former: Style, wanted: Style, names: set[str], data: st.DataObject
) -> None:
    typed = data.draw(st.permutations([written(name, wanted) for name in sorted(names)]))
    command = parse_command(f"edit k7m2qx {' '.join(typed)}")
    assert isinstance(command, Edit)
    after = command.restyled(former)
    for name in ("mention", "doubt", "digest", "quiet", "thread", "show"):
        assert getattr(after, name) == getattr(wanted if name in names else former, name)
    assert after.mention_on == (wanted if "mention" in names else former).mention_on
    assert command.is_empty == (not names)


@given(st.integers(0, IDS - 1).map(subscription_id), st.sampled_from([str, str.upper, "`{}`".format]))
def test_every_id_can_be_unsubscribed(one: SubscriptionId, typed: type[str]) -> None:
    assert parse_command(f"unsubscribe {typed(one)}") == Unsubscribe(id=one)


_WORDS = st.sampled_from(
    [
        *VERBS,
        *(
            "to",
            "mention",
            "digest",
            "quiet",
            "thread",
            "doubt",
            "show",
            "filter",
            "any",
            "all",
            "off",
            "in",
            "of",
            "for",
        ),
        *(
            "me",
            "here",
            "<#C1|a>",
            "<@U1|ann>",
            "<@>",
            "<#>",
            "<!here>",
            "<!subteam^>",
            "<mailto:a@b.org>",
            "<https://>",
        ),
        *("k7m2qx", "hourly", "daily", "9:00", "25:00", "22:00-07:00", "-", "–", "2h", "model:x", '"', "'", "zone"),  # noqa: RUF001 - a phone's dash
        *("resume", "move", "adopt", "audit", "Europe/Berlin", "../etc/passwd", "\x00", "auto", "slack/T1", "&lt;"),
    ]
)
_COMMANDS = st.lists(_WORDS | st.text(max_size=5), max_size=8).map(" ".join)


@given(st.text(max_size=50) | _COMMANDS)
@example("me zone ../../etc/passwd")
@example("me zone \x00")
@example("me zone " + "a" * 3_000)
@example("me zone /")
@example("me zone posix")
@example("me zone Europe")
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
        ("qqqqq", 0, f"there is no 'qqqqq'; there are {', '.join(VERBS)}"),
        ("model:fraud-* status:failed", 0, "say what to do with the filter: subscribe model:fraud-*"),
        ("subscribe to", 12, f"to needs {A_PLACE}"),
        ("subscribe to to me", 12, f"to needs {A_PLACE}"),
        ("subscribe mention", 17, "mention needs a person: mention @ann, or mention @ann on failed,needs_review"),
        ("subscribe to me to here", 16, "to can stand once; make a subscription for each"),
        ("subscribe to me model:x", 16, "the filter goes first, and to with one word after it, last"),
        ("subscribe digest daily 9:00 x:y", 28, "the filter goes first, and digest with what it needs after it, last"),
        ("subscribe to model:x", 13, f"to needs {A_PLACE}; got 'model:x'"),
        ("subscribe to me digst hourly", 16, "did you mean digest?"),
        ("subscribe model:x menton <@U1>", 18, "did you mean mention?"),
        ("subscribe model:x in <#C1|a>", 18, "did you mean to?"),
        ("subscribe digest weekly", 17, "digest needs 15m, hourly or daily 09:00; got 'weekly'"),
        ("subscribe digest daily 25:00", 23, "a time is written 09:00, from 00:00 to 23:59; got '25:00'"),
        ("subscribe quiet nights", 16, "quiet hours are written 22:00-07:00; got 'nights'"),
        (
            "subscribe quiet 7:00-07:00",
            16,
            "quiet hours that begin where they end would last for ever; pause does that",
        ),
        ("subscribe thread maybe", 17, "thread needs session, inference or off; got 'maybe'"),
        (
            "subscribe digest hourly to https://a.b/c",
            17,
            "a webhook gets each event as it comes; leave digest out, or pause the subscription",
        ),
        ("subscribe thread session to https://a.b/c", 17, "a webhook has no threads; leave thread out"),
        (
            "subscribe thread session to me",
            17,
            "direct messages have no threads of ours; thread is for channels",
        ),
        ("subscribe to @here", 13, "events go to a channel, a person or a user group, never to everyone"),
        ("subscribe to <!channel>", 13, "events go to a channel, a person or a user group, never to everyone"),
        (
            "subscribe to @ann",
            13,
            "pick the person or group from the list that opens as you type @, or write their e-mail address",
        ),
        ("subscribe filter", 16, "filter needs one, e.g. filter status:failed; filter any takes it away"),
        ("edit", 4, "edit needs an ID, e.g. edit k7m2qx; list shows them"),
        (
            "edit model:x",
            5,
            "an ID is 6 letters and digits, e.g. k7m2qx; list shows them; got 'model:x'",
        ),
        ("pause", 5, "pause needs an ID, e.g. pause k7m2qx; list shows them"),
        ("pause k7m2qx for", 16, "for needs a time span: 45m, 2h, 3d or 1w"),
        ("pause k7m2qx for ever", 17, "a time span is written 45m, 2h, 3d or 1w; got 'ever'"),
        ("resume k7m2qx now", 14, "resume takes one ID"),
        ("preview", 7, "preview needs a filter, e.g. preview status:failed"),
        ("preview model:x to me", 16, "preview takes a filter alone"),
        ("why", 3, "why needs an event's ID, an inference's, or a link to its message"),
        ("status now", 7, "status stands alone"),
        ("me maybe", 3, "me stands alone, or with on, off, quiet 22:00-07:00 or zone Europe/Berlin"),
        ("me quiet", 8, "quiet needs hours: quiet 22:00-07:00; quiet off takes them away"),
        ("me zone", 7, "zone needs a time zone: zone Europe/Berlin, or zone auto"),
        ("me zone berlin", 8, "did you mean Europe/Berlin?"),
        ("me zone Europe/Berln", 8, "did you mean Europe/Berlin?"),
        ("me zone qqqqqqq", 8, "a time zone is written Europe/Berlin, or auto for the one in Slack"),
        (
            "admin reboot",
            6,
            "admin takes resume PLACE, move PLACE to PLACE, adopt ID, list, audit, health or dead",
        ),
        (
            "admin resume",
            12,
            "admin resume needs a place, e.g. admin resume #channel; status names what is paused",
        ),
        ("admin resume <#C1|a> b", 16, "admin resume takes one place"),
        ("admin move <#C1|a>", 13, "admin move needs two places: admin move #old to #new"),
        ("admin adopt", 11, "admin adopt needs an ID, e.g. admin adopt k7m2qx"),
        ("list in", 7, "list in needs a channel: #channel"),
        ("list of", 7, "list of needs a person: @ann"),
        ("list of <#C1|a>", 8, "list of needs a person: list of @ann; for a place: list in #channel"),
        (
            "subscribe tag:x to #general",
            19,
            "pick the channel from the list that opens as you type #, or write its ID: to C024BE7LR",
        ),
        ("subscribe doubt", 15, "doubt needs repeat or ask"),
        ("subscribe doubt never", 16, "doubt needs repeat or ask; got 'never'"),
        ("subscribe doubt ask doubt ask", 20, "doubt can stand once; make a subscription for each"),
        (
            "subscribe doubt ask to https://a.b/c",
            16,
            "a webhook can't be asked: its receiver knows a repeat by its webhook-id",
        ),
        (
            "subscribe mention <@U1|ann> on",
            22,
            "mention needs somebody to call and statuses: mention @ann on failed,needs_review",
        ),
        (
            "subscribe mention nobody on failed",
            25,
            "mention needs somebody to call and statuses: mention @ann on failed,needs_review",
        ),
        ("subscribe mention <@U1|ann> on failde", 25, "there is no status 'failde'; did you mean failed?"),
        ("subscribe mention <@U1|ann> on ,", 25, "name the statuses: mention @ann on failed,needs_review"),
        (
            "subscribe mention <@U1|ann> on wibble",
            25,
            "there is no status 'wibble'; there are queued, running, needs_review, completed, failed, cancelled",
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
        ("unsubscribe k7m2qu", 12, "an ID is 6 letters and digits, e.g. k7m2qx; list shows them; got 'k7m2qu'"),
        ("list mine", 5, "list stands alone, or with all, in #channel or of @person after it"),
        ("help fliter", 5, "did you mean help filter?"),
        ("help qqqqq", 5, f"help is about one of {', '.join(TOPICS)}"),
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


@pytest.mark.parametrize(
    ("text", "style", "place", "said"),
    [
        ("edit k7m2qx digest hourly", Style(digest=HOURLY), HOOK, 12),
        ("edit k7m2qx quiet 1:00-2:00", Style(quiet=Quiet(start=60, end=120)), HOOK, 12),
        ("edit k7m2qx doubt ask", Style(doubt=Doubt.ASK), HOOK, 12),
        ("edit k7m2qx to <https://a.b>", Style(digest=HOURLY), HOOK, 12),
        ("edit k7m2qx model:x", Style(digest=HOURLY), HOOK, 0),
        ("edit k7m2qx to me thread session", Style(thread=Threading.SESSION), SlackPerson(team="T1", user="U1"), 18),
        ("edit k7m2qx thread session", Style(thread=Threading.SESSION), SlackGroup(team="T1", group="S1"), 12),
        ("edit k7m2qx thread off", Style(), SlackPerson(team="T1", user="U1"), None),
        ("edit k7m2qx digest off", Style(), HOOK, None),
        ("edit k7m2qx thread session", Style(thread=Threading.SESSION), SlackChannel(team="T1", channel="C1"), None),
        ("edit k7m2qx digest hourly", Style(digest=HOURLY), SlackGroup(team="T1", group="S1"), None),
    ],
)
def test_a_style_that_a_place_cant_have_is_refused_once_the_place_is_known(
    text: str, style: Style, place: Target, said: int | None
) -> None:
    mistake = misfit(text, style, place)
    assert (None if mistake is None else mistake.position) == said


def test_the_help_text_tells_what_can_be_typed() -> None:
    assert [verb.name for verb in usage.VERBS] == list(VERBS)
    assert {field.name for field in usage.FIELDS} == {*EXAMPLES, "label.KEY"}
    for field in usage.FIELDS:
        parse(field.example)
    for verb in usage.VERBS:
        for typed in verb.examples:
            parse_command(as_slack_sends_it(typed))


def as_slack_sends_it(typed: str) -> str:
    people = typed.replace("@ana", "<@U1|ana>").replace("@ml-team", "<!subteam^S1|@ml-team>")
    return people.replace("#ml-review", "<#C1|ml-review>").replace("#ml-archive", "<#C2|ml-archive>")


@pytest.mark.parametrize(("field", "term"), EXAMPLES.items())
def test_every_example_in_an_error_can_be_typed(field: str, term: str) -> None:
    typed = term.replace("@ann", "<@U1|ann>")
    (read,) = parse(typed).terms
    assert vars_of(read) == field


def vars_of(term: object) -> str:
    return str(getattr(term, "field", ""))
