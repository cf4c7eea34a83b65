"""The form: what is filled in comes to the filter, place and style that it shows."""

from dataclasses import replace

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.errors import FilterError
from bot.core.filters import Filter, parse
from bot.core.form import (
    Faults,
    Form,
    Setting,
    Where,
    Wish,
    called_group,
    fill,
    group_id,
    place_field,
    read,
    read_filter,
)
from bot.core.subscription import Doubt, Showing, Style, Subscription, SubscriptionId, Threading
from bot.core.timing import Digest, Every, Quiet
from tests.core.strategies import FILTERS, WANTED, some_called

HERE = SlackChannel(team="T1", channel="C1")
SETTING = Setting(team="T1", user="U1", here=HERE)
MINUTES = st.integers(0, 24 * 60 - 1)
DIGESTS = st.builds(Digest, every=st.sampled_from([Every.QUARTER, Every.HOUR])) | st.builds(
    Digest, every=st.just(Every.DAY), at=MINUTES
)
QUIET = st.tuples(MINUTES, MINUTES).filter(lambda pair: pair[0] != pair[1]).map(lambda p: Quiet(start=p[0], end=p[1]))
STYLES = st.builds(
    Style,
    mention=st.none() | st.sampled_from(["U1", "W2", "S024BE7LR"]),
    doubt=st.sampled_from(Doubt),
    digest=st.none() | DIGESTS,
    quiet=st.none() | QUIET,
    thread=st.sampled_from(Threading),
    show=st.none() | st.sampled_from(Showing),
)
STYLES = some_called(STYLES)


def subscription(wanted: Filter, style: Style, place: Target = HERE) -> Subscription:
    return Subscription(
        id=SubscriptionId("k7m2qx"), team="T1", owner="U1", filter=wanted, destination=place, style=style
    )


@given(WANTED, STYLES)
def test_a_subscription_that_is_edited_and_left_alone_is_as_it_was(wanted: Filter, style: Style) -> None:
    one = subscription(wanted, style)
    setting = replace(SETTING, edited=one.id, group=called_group(style))
    wish = read(fill(wanted, style, Form(where=Where.KEEP)), setting, one)
    assert wish == Wish(filter=wanted, destination=HERE, style=style)
    assert isinstance(wish, Wish)
    assert wish.filter.terms == wanted.terms


@given(FILTERS)
def test_pickers_and_text_together_say_what_the_filter_says(text: str) -> None:
    try:
        wanted = parse(text)
    except FilterError:
        reject()
    again = read_filter(fill(wanted, Style(), Form()))
    assert set(again.terms) == set(wanted.terms)


def test_the_first_plain_terms_go_to_the_pickers_and_all_else_to_the_text() -> None:
    wanted = parse('"x" model:a*,b model:c status:failed tag:"two words" -tag:test status:comp* env:prod')
    form = fill(wanted, Style(), Form())
    assert (form.models, form.statuses, form.tags) == (("a*", "b"), ("failed",), ('"two words"',))
    assert form.rest == '"x" model:c -tag:test status:comp* env:prod'


def test_a_status_that_is_a_pattern_and_values_too_long_for_a_menu_stay_in_the_text() -> None:
    long = "m" * 151
    form = fill(parse(f"status:comp* model:{long}"), Style(), Form())
    assert (form.models, form.statuses, form.rest) == ((), (), f"status:comp* model:{long}")
    many = ",".join(f"m{number}" for number in range(101))
    assert fill(parse(f"model:{many}"), Style(), Form()).models == ()


@pytest.mark.parametrize(
    ("form", "place"),
    [
        (Form(), HERE),
        (Form(where=Where.ME), SlackPerson(team="T1", user="U1")),
        (Form(where=Where.CHANNEL, channel="C2"), SlackChannel(team="T1", channel="C2")),
        (Form(where=Where.PERSON, person="U2"), SlackPerson(team="T1", user="U2")),
        (Form(where=Where.GROUP, group=" <!subteam^S1|@ml> "), SlackGroup(team="T1", group="S1")),
        (Form(where=Where.WEBHOOK, url=" https://x.example/ "), Webhook(team="T1", url="https://x.example/")),
    ],
)
def test_each_way_to_say_where_is_a_place(form: Form, place: Target) -> None:
    wish = read(form, SETTING, None)
    assert isinstance(wish, Wish)
    assert wish.destination == place


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (Form(where=Where.CHANNEL), "channel"),
        (Form(where=Where.PERSON), "person"),
        (Form(where=Where.GROUP, group="@ml"), "group"),
        (Form(where=Where.WEBHOOK, url=" "), "url"),
        (Form(rest="statsu:failed"), "rest"),
        (Form(rest='"', where=Where.ME), "rest"),
        (Form(quiet=True, since=60, until=60), "until"),
    ],
)
def test_what_is_wrong_stands_at_its_field(form: Form, field: str) -> None:
    faults = read(form, SETTING, None)
    assert isinstance(faults, Faults)
    assert list(faults.by_field) == [field]
    assert len(faults.by_field[field]) < 300


def test_all_that_is_wrong_is_said_at_once() -> None:
    faults = read(Form(where=Where.CHANNEL, rest="nonsense"), SETTING, None)
    assert isinstance(faults, Faults)
    assert set(faults.by_field) == {"channel", "rest"}


def test_a_form_without_a_place_says_so_where_the_place_is_chosen() -> None:
    nowhere = replace(SETTING, here=None)
    for where in (Where.HERE, Where.KEEP):
        faults = read(Form(where=where), nowhere, None)
        assert isinstance(faults, Faults)
        assert list(faults.by_field) == ["where"] == [place_field(where)]


def test_a_webhook_has_a_showing_at_most_and_a_person_no_threads() -> None:
    busy = Form(
        mention="U2",
        digest=Every.HOUR,
        quiet=True,
        thread=Threading.SESSION,
        doubt=Doubt.ASK,
        show=Showing.METADATA,
    )
    hook = read(replace(busy, where=Where.WEBHOOK, url="https://x.example/"), SETTING, None)
    assert isinstance(hook, Wish)
    assert hook.style == Style(show=Showing.METADATA)
    me = read(replace(busy, where=Where.ME), SETTING, None)
    assert isinstance(me, Wish)
    assert me.style.thread is Threading.OFF
    assert me.style.digest == Digest(every=Every.HOUR)


def test_a_thread_that_is_edited_keeps_its_threading() -> None:
    style = Style(thread=Threading.SESSION)
    one = subscription(Filter(), style, SlackThread(team="T1", channel="C1", thread="1.2"))
    wish = read(fill(one.filter, style, Form(where=Where.KEEP)), replace(SETTING, edited=one.id), one)
    assert isinstance(wish, Wish)
    assert wish.style == style


@pytest.mark.parametrize(
    ("typed", "group"),
    [
        ("S024BE7LR", "S024BE7LR"),
        ("<!subteam^S1|@ml>", "S1"),
        ("<!subteam^S1>", "S1"),
        ("@ml", ""),
        ("s1", ""),
        ("", ""),
        ("S1 S2", ""),
    ],
)
def test_a_group_is_known_by_its_id(typed: str, group: str) -> None:
    assert group_id(typed) == group
