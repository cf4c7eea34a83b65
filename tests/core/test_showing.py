from dataclasses import replace
from itertools import product, takewhile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.destination import SlackChannel
from bot.core.event import Event, Requester, Sensitivity
from bot.core.filters import parse
from bot.core.showing import CEILING, USUAL, Audience, View, anybody_asks, asked_of, strictest, view
from bot.core.subscription import Hold, Holding, Showing, Style, Subscription, SubscriptionId
from tests.core.examples import event
from tests.core.strategies import EVENTS

NOW = 1_000
ASKED = st.none() | st.sampled_from(Showing)
FULL, MASKED, SUMMARY, METADATA, LINK = Showing


def at_most(one: Showing, other: Showing) -> bool:
    return strictest((one, other)) is one


def subscription(show: Showing | None, *, wanted: str = "", hold: Holding | None = None) -> Subscription:
    return Subscription(
        id=SubscriptionId("k7m2qx"),
        team="T1",
        owner="U1",
        filter=parse(wanted),
        destination=SlackChannel(team="T1", channel="C1"),
        style=Style(show=show),
        hold=None if hold is None else Hold(kind=hold, at=0),
    )


def may_read(event: Event, reader: str | None) -> bool:
    """The rules that hold in an organisation whatever anybody asks for, written apart from the table."""
    if event.sensitivity in {Sensitivity.PUBLIC, Sensitivity.INTERNAL}:
        return True
    if event.sensitivity is Sensitivity.CONFIDENTIAL:
        return reader is not None
    return reader is not None and event.requester is not None and event.requester.slack_id == reader


@pytest.mark.parametrize(("sensitivity", "audience"), list(product(Sensitivity, Audience)))
def test_the_tables_have_every_cell_and_what_is_usual_is_at_most_what_may_be(
    sensitivity: Sensitivity, audience: Audience
) -> None:
    assert at_most(USUAL[sensitivity][audience], CEILING[sensitivity][audience])


@given(EVENTS, st.sampled_from([Audience.PERSON, Audience.PRIVATE, Audience.PUBLIC, Audience.SHARED]), st.sets(ASKED))
def test_no_wish_shows_content_to_those_who_may_not_read_it(
    event: Event, audience: Audience, asked: set[Showing | None]
) -> None:
    for reader in ("U1", "U2") if audience is Audience.PERSON else (None,):
        shown = view(event, audience, reader=reader, asked=asked).showing
        assert may_read(event, reader) or at_most(shown, METADATA)


@given(EVENTS, st.sampled_from(Audience), st.sets(ASKED), ASKED)
def test_one_more_wish_never_shows_more(
    event: Event, audience: Audience, asked: set[Showing | None], more: Showing | None
) -> None:
    if not asked:
        return
    assert at_most(
        view(event, audience, asked=asked | {more}).showing,
        view(event, audience, asked=asked).showing,
    )


@given(EVENTS, st.sampled_from(Audience), st.sampled_from(Showing))
def test_a_wish_for_less_is_granted(event: Event, audience: Audience, wish: Showing) -> None:
    assert at_most(view(event, audience, asked={wish}).showing, wish)


@pytest.mark.parametrize(
    ("sensitivity", "audience", "asked", "showing", "by_wish"),
    [
        (Sensitivity.INTERNAL, Audience.PUBLIC, (), MASKED, False),
        (Sensitivity.INTERNAL, Audience.PUBLIC, (None,), MASKED, False),
        (Sensitivity.INTERNAL, Audience.PUBLIC, (FULL,), FULL, False),
        (Sensitivity.INTERNAL, Audience.PUBLIC, (FULL, None), MASKED, False),
        (Sensitivity.INTERNAL, Audience.PUBLIC, (FULL, LINK), LINK, True),
        (Sensitivity.INTERNAL, Audience.PRIVATE, (), FULL, False),
        (Sensitivity.INTERNAL, Audience.SHARED, (FULL,), METADATA, False),
        (Sensitivity.INTERNAL, Audience.SHARED, (LINK,), LINK, True),
        (Sensitivity.PUBLIC, Audience.SHARED, (), FULL, False),
        (Sensitivity.CONFIDENTIAL, Audience.PRIVATE, (FULL,), METADATA, False),
        (Sensitivity.CONFIDENTIAL, Audience.SHARED, (FULL,), LINK, False),
        (Sensitivity.CONFIDENTIAL, Audience.ENDPOINT, (None,), FULL, False),
        (Sensitivity.RESTRICTED, Audience.ENDPOINT, (SUMMARY,), SUMMARY, True),
    ],
)
def test_what_is_shown_and_whether_somebody_asked_for_it(
    sensitivity: Sensitivity, audience: Audience, asked: tuple[Showing | None, ...], showing: Showing, by_wish: object
) -> None:
    assert view(event(sensitivity=sensitivity), audience, asked=asked) == View(
        showing=showing, audience=audience, asked=by_wish is True
    )


def test_a_requester_is_one_by_their_id_alone() -> None:
    secret = event(sensitivity=Sensitivity.RESTRICTED, requester=Requester(slack_id="U1"))
    nobodys = replace(secret, requester=Requester(email="ann@example.com"))
    assert view(secret, Audience.PERSON, reader="U1") == View(showing=FULL, audience=Audience.REQUESTER)
    assert view(secret, Audience.PERSON, reader="U2").showing is METADATA
    assert view(secret, Audience.PRIVATE, reader="U1").showing is METADATA
    assert view(nobodys, Audience.PERSON, reader="U1").showing is METADATA
    # Nobody's id is no reader's.
    assert view(nobodys, Audience.PERSON, reader=None).showing is not FULL


def test_those_are_asked_that_want_the_event_now() -> None:
    there = [
        subscription(SUMMARY),
        subscription(LINK, wanted="status:failed"),
        subscription(METADATA, hold=Holding.MUTED),
        subscription(None),
        subscription(MASKED, hold=Holding.PAUSED),
    ]
    assert asked_of(there, event(), now=NOW) == {SUMMARY, None, MASKED}
    assert asked_of(there[1:2], event(), now=NOW) == frozenset()


def test_no_filter_is_asked_where_no_subscription_asks() -> None:
    there = [subscription(None, wanted="status:failed")]
    assert not anybody_asks(there)
    assert asked_of(there, event(), now=NOW) == {None}


def test_the_table_in_the_documents_is_the_one_in_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.split("| audience |", 1)[1].splitlines()[2:]]
    cells = list(takewhile(len, (row[1:] for row in rows)))
    for audience, row in zip(Audience, cells, strict=True):
        for sensitivity, cell in zip(Sensitivity, row, strict=True):
            usual, most = USUAL[sensitivity][audience], CEILING[sensitivity][audience]
            assert cell == (usual if usual is most else f"{usual} ({most})")
