"""Subscriptions as a file, and the plan that a file makes: laws and every mistake with its line."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.destination import SlackChannel, SlackGroup, SlackPerson, SlackThread, Target, Webhook
from bot.core.filters import parse
from bot.core.subscription import (
    Doubt,
    Hold,
    Holding,
    Showing,
    Style,
    Subscription,
    SubscriptionId,
    Threading,
    subscription_id,
)
from bot.core.target import read_place, write_place
from bot.core.timing import read_digest, read_quiet
from consumers.subsfile import Entry, FileError, Rest, entry_of, read, team_named, write
from consumers.subsplan import Change, Create, Leave, PlanError, Remove, changes, plan
from tests.core.strategies import some_called

NOW = 1_800_000_000_000
users = st.from_regex("[UW][A-Z0-9]{2,10}", fullmatch=True)
channels = st.from_regex("[CG][A-Z0-9]{2,10}", fullmatch=True)
places: st.SearchStrategy[Target] = st.one_of(
    st.builds(SlackChannel, team=st.just("T1"), channel=channels),
    st.builds(SlackPerson, team=st.just("T1"), user=users),
    st.builds(
        SlackThread,
        team=st.just("T1"),
        channel=channels,
        thread=st.from_regex(r"[0-9]{1,10}\.[0-9]{6}", fullmatch=True),
    ),
    st.builds(SlackGroup, team=st.just("T1"), group=st.from_regex("S[A-Z0-9]{2,10}", fullmatch=True)),
)
hooks: st.SearchStrategy[Target] = st.builds(
    Webhook,
    team=st.just("T1"),
    url=st.from_regex(r"https://[a-z]{1,8}\.example\.com/[a-zA-Z0-9:#'%?&=]{0,12}", fullmatch=True),
)
filters = st.sampled_from(
    ["", "status:failed", 'model:"on: off"', '"no # comment: here"', "confidence<0.8 -tag:test", "env:null", '"é✓"']
)
styles = st.builds(
    Style,
    mention=st.none() | users,
    doubt=st.sampled_from(Doubt),
    digest=st.none() | st.sampled_from(["15m", "hourly", "daily 00:00", "daily 23:59"]).map(read_digest),
    quiet=st.none() | st.sampled_from(["22:00-07:00", "00:00-00:01"]).map(read_quiet),
    thread=st.sampled_from(Threading),
    show=st.none() | st.sampled_from(Showing),
)
styles = some_called(styles)
rests = st.none() | st.builds(
    Rest, kind=st.sampled_from([Holding.PAUSED, Holding.MUTED]), until=st.none() | st.integers(NOW + 1, NOW * 2)
)
ids = st.integers(0, 2**30 - 1).map(subscription_id)
slack_entries = st.builds(
    Entry, id=st.none() | ids, to=places, filter=filters.map(parse), owner=st.none() | users, style=styles, rest=rests
)
hook_entries = st.builds(
    Entry, id=st.none() | ids, to=hooks, filter=filters.map(parse), owner=users, style=st.just(Style()), rest=rests
)
several = st.lists(
    slack_entries | hook_entries,
    max_size=6,
    unique_by=(lambda one: (one.to, str(one.filter)), lambda one: one.id or object()),
)


@given(place=places | hooks)
def test_a_place_is_read_as_it_is_written(place: Target) -> None:
    assert read_place(write_place(place), team="T1") == place


@given(entries=several)
def test_a_file_is_read_as_it_is_written_whatever_is_in_it(entries: list[Entry]) -> None:
    found = read(write(entries, team="T1"), name="f", team="T1")
    assert found.team == "T1"
    assert sorted(map(str, (replace(one, line=0).fields() for one in found.entries))) == sorted(
        str(one.fields()) for one in entries
    )
    by_wish = {(one.to, one.filter): replace(one, line=0) for one in found.entries}
    assert by_wish == {(one.to, one.filter): one for one in entries}


@given(entries=several, seed=st.randoms())
def test_the_order_makes_no_difference(entries: list[Entry], seed: object) -> None:
    shuffled = list(entries)
    seed.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis's random.Random
    assert write(shuffled, team="T1") == write(entries, team="T1")


@given(wanted=several, there=several, prune=st.booleans())
def test_a_plan_done_leaves_nothing_to_do(wanted: list[Entry], there: list[Entry], prune: bool) -> None:  # noqa: FBT001
    present = {one.id: replace(one, owner=one.owner or "U1") for one in there if one.id is not None}
    steps = plan(wanted, present, now=NOW, owner="U9", prune=prune)
    taken = {one.id for one in (*wanted, *there)}
    drawn = (subscription_id(number) for number in range(2**29, 2**30))
    state, fresh = dict(present), (one for one in drawn if one not in taken)
    for step in steps:
        match step:
            case Remove(id=name):
                del state[name]
            case Change(id=name, wanted=one):
                assert name in state
                state[name] = one
            case Create(wanted=one):
                name = one.id if one.id is not None and one.id not in state else next(fresh)
                state[name] = replace(one, id=name)
            case Leave(present=one):
                assert state[one.id or SubscriptionId("")] == one
    again = plan(wanted, state, now=NOW, owner="U9", prune=prune)
    assert all(isinstance(step, Leave) for step in again)
    if prune:
        assert len(state) == len(wanted)
    else:
        assert set(present) <= set(state)


def one(**more: Any) -> Entry:
    place = SlackChannel(team="T1", channel="C024BE7LR")
    usual = Entry(id=SubscriptionId("k7m2qx"), to=place, filter=parse("status:failed"), owner="U1", style=Style())
    return replace(usual, **more)


def test_an_entry_means_what_has_its_id_or_else_what_wants_the_same() -> None:
    there = {SubscriptionId("k7m2qx"): one()}

    def planned(entry: Entry) -> object:
        (step,) = plan([entry], there, now=NOW, owner=None, prune=False)
        return step

    assert planned(one(id=None, owner=None)) == Leave(present=one())
    assert planned(one(id=SubscriptionId("zzzzzz"))) == Leave(present=one())
    assert isinstance(planned(one(filter=parse("model:x"))), Change)
    assert isinstance(planned(one(id=None, filter=parse("model:x"))), Create)


def test_a_change_names_its_fields_and_an_owner_is_kept_unless_another_is_named() -> None:
    there = {SubscriptionId("k7m2qx"): one()}
    (step,) = plan(
        [one(owner=None, style=Style(digest=read_digest("hourly")))], there, now=NOW, owner="U9", prune=False
    )
    assert changes(step) == {"digest": ("", "hourly")}
    (step,) = plan([one(owner="U2")], there, now=NOW, owner="U9", prune=False)
    assert changes(step) == {"owner": ("U1", "U2")}


def test_a_rest_that_is_over_is_none() -> None:
    over = one(rest=Rest(kind=Holding.MUTED, until=NOW))
    assert plan([over], {SubscriptionId("k7m2qx"): one()}, now=NOW, owner=None, prune=False) == (Leave(present=one()),)


def test_what_is_made_needs_an_owner() -> None:
    with pytest.raises(PlanError, match="line 7: owner"):
        plan([one(owner=None, line=7)], {}, now=NOW, owner=None, prune=False)


@pytest.mark.parametrize(
    ("hold", "rest"),
    [
        (None, None),
        (Hold(kind=Holding.PAUSED, at=1), Rest(kind=Holding.PAUSED)),
        (Hold(kind=Holding.MUTED, at=1, until=NOW + 1), Rest(kind=Holding.MUTED, until=NOW + 1)),
        (Hold(kind=Holding.MUTED, at=1, until=NOW), None),
        (Hold(kind=Holding.ORPHANED, at=1, why="archived"), None),
    ],
)
def test_of_a_hold_what_people_decided_is_exported(hold: Hold | None, rest: Rest | None) -> None:
    kept = Subscription(
        id=SubscriptionId("k7m2qx"), team="T1", owner="U1", filter=parse(""), destination=one().to, hold=hold
    )
    assert entry_of(kept, now=NOW).rest == rest


HEAD = "version: 1\nteam: T1\nsubscriptions:\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "f:1: the file is empty"),
        ("a: [", "f:1: no YAML"),
        ("\x00", "f:1: no YAML"),
        ("- 1", "f:1: the file is written as names"),
        ("version: 2\nsubscriptions: []", "f:1: version: this Tidings reads version 1, the file has '2'"),
        ("subscriptions: []", "f:1: version: is missing"),
        ("version: [1]", "f:1: version: text belongs here"),
        ("version: 1", "f:1: subscriptions: a list belongs here"),
        ("version: 1\nsubscription: []", "f:2: the file has no 'subscription'; did you mean subscriptions?"),
        ("version: 1\nteam: T2\nsubscriptions: []", "f:2: team: the file is of T2, and T1 was asked for"),
        ("version: 1\nversion: 1", "f:2: version: is given twice"),
        (HEAD + "- 1", "f:4: a subscription is written as names"),
        (HEAD + "- filter: status:failed", "f:4: to: where to?"),
        (HEAD + "- to: '#C024BE7LR'\n  filtr: x", "f:5: a subscription has no 'filtr'; did you mean filter?"),
        (HEAD + "- to: '#C024BE7LR'\n  wibble: x", "f:5: a subscription has no 'wibble'; there are id, to"),
        (HEAD + "- to: '#C024BE7LR'\n  filter: status:failde", "f:5: filter: there is no status 'failde'"),
        (HEAD + "- to: general", "f:4: to: 'general' is no place"),
        (HEAD + "- to: slack/T2/C024BE7LR", "f:4: to: the place is of another workspace"),
        (HEAD + "- to: '#C024BE7LR'\n  id: nope!", "f:5: id: an id is 6 characters"),
        (HEAD + "- to: '#C024BE7LR'\n  owner: ann", "f:5: owner: a Slack user ID belongs here"),
        (HEAD + "- to: '#C024BE7LR'\n  mention: '@ann'", "f:5: mention: the ID of a person"),
        (HEAD + "- to: '#C024BE7LR'\n  mention: U024BE7LR on all", "f:5: mention: there is no 'all'; there are queued"),
        (HEAD + "- to: '#C024BE7LR'\n  digest: weekly", "f:5: digest: digest needs 15m"),
        (HEAD + "- to: '#C024BE7LR'\n  quiet: nights", "f:5: quiet: quiet hours are written"),
        (HEAD + "- to: '#C024BE7LR'\n  thread: all", "f:5: thread: there is no 'all'; there are off"),
        (HEAD + "- to: '#C024BE7LR'\n  hold: asleep", "f:5: hold: write paused or muted"),
        (HEAD + "- to: '#C024BE7LR'\n  hold: paused until soon", "f:5: hold: 'soon' is no time"),
        (HEAD + "- to: https://a.example.com\n  digest: hourly", "f:4: a webhook gets every event as it comes"),
        (HEAD + "- to: '#C024BE7LR'\n- to: '#C024BE7LR'", "f:5: the subscription of line 4 once more"),
        (HEAD + "- {id: k7m2qx, to: '#C1234'}\n- {id: k7m2qx, to: '#C5678'}", "f:5: the subscription of line 4 once"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(text: str, told: str) -> None:
    with pytest.raises(FileError) as raised:
        read(text, name="f", team="T1")
    assert str(raised.value).startswith(told)


def test_values_are_the_text_that_stands_there() -> None:
    (found,) = read(
        HEAD + "- id: 012345\n  to: '#C024BE7LR'\n  hold: paused until 2099-01-01 10:00\n", name="f", team="T1"
    ).entries
    assert found.id == "012345"
    assert found.rest == Rest(kind=Holding.PAUSED, until=4_070_944_800_000)


def test_a_file_tells_its_workspace_before_it_is_read() -> None:
    assert team_named(HEAD) == "T1"
    assert [team_named(text) for text in ("a: [", "- 1", "version: 1", "")] == [None] * 4
