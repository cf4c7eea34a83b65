import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.cloudevent import decode
from bot.core.event import Event, Failure, Image, Link, Model, Requester, Sensitivity, Usage
from bot.core.showing import Audience, View, view
from bot.core.subscription import Showing
from bot.render.blocks import LONGEST_TEXT, card
from bot.render.digest import merge
from bot.render.discretion import BEGINNING, body, for_members, for_reader, reduced, seen
from bot.sandbox.validation.surfaces import check_message
from tests.core.examples import event
from tests.core.strategies import EVENTS
from tests.render.strategies import EVENTS_OF_ENEMIES, item

FULL, MASKED, SUMMARY, METADATA, LINK = Showing
EVERYTHING = event(
    title="Refund for ana@acme.com",
    result="Call +49 30 901820. " * 40,
    links=(Link(url="https://cases.example/7?mail=ana@acme.com", title="Case of ana@acme.com"),),
    images=(Image(url="https://img.example/a.png", alt="ana@acme.com"),),
    error=Failure(type="ana@acme.com", message="no ana@acme.com " * 50),
    tags=("nightly", "ana@acme.com"),
    labels={"team": "ana@acme.com"},
    extra={"note": ["ana@acme.com"]},
    requester=Requester(slack_id="U024BE7LH", email="ana@acme.com"),
)
NO_MORE = "a subscription here asks for it"


def cut_to(showing: Showing, of: Event = EVERYTHING, audience: Audience = Audience.PRIVATE) -> Event:
    return reduced(of, View(showing=showing, audience=audience))[0]


def test_full_is_the_event_itself() -> None:
    assert reduced(EVERYTHING, View(showing=FULL, audience=Audience.PUBLIC)) == (EVERYTHING, "")


def test_masked_has_everything_but_personal_data() -> None:
    masked = cut_to(MASKED)
    assert masked == replace(
        EVERYTHING,
        title="Refund for «email»",
        result="Call «phone». " * 40,
        links=(Link(url="https://cases.example/7?mail=«email»", title="Case of «email»"),),
        images=(Image(url="https://img.example/a.png", alt="«email»"),),
        error=Failure(type="«email»", message="no «email» " * 50),
        tags=("nightly", "«email»"),
        labels={"team": "«email»"},
        extra={"note": ["«email»"]},
        requester=Requester(slack_id="U024BE7LH", email="«email»"),
    )


def test_a_summary_has_the_beginning() -> None:
    short = cut_to(SUMMARY)
    assert isinstance(short.result, str)
    assert short.result.startswith("Call «phone». Call «phone».")
    assert short.result.endswith("…")
    assert len(short.result) <= BEGINNING
    assert short.error is not None
    assert short.error.message is not None
    assert len(short.error.message) <= BEGINNING
    assert (short.title, short.images, short.extra) == ("Refund for «email»", (), {})


@pytest.mark.parametrize(
    ("result", "beginning"),
    [
        (None, None),
        ("short", "short"),
        ({"score": 0.9}, {"score": 0.9}),
        ({"text": "~~~" + "x" * 400}, '~~~json\n{"text": "' + "x" * 286 + "…\n~~~"),
    ],
)
def test_the_beginning_of_json_is_code(result: Any, beginning: Any) -> None:
    assert cut_to(SUMMARY, event(result=result)).result == beginning


def test_metadata_has_status_model_and_figures_and_nobodys_words() -> None:
    bare = cut_to(METADATA)
    assert "acme" not in repr(bare)
    assert (bare.status, bare.model, bare.confidence, bare.latency, bare.usage) == (
        EVERYTHING.status,
        EVERYTHING.model,
        EVERYTHING.confidence,
        EVERYTHING.latency,
        EVERYTHING.usage,
    )
    assert (bare.title, bare.result, bare.error, bare.links, bare.requester) == (None, None, None, (), None)


def test_a_link_has_the_status_and_where_to_look() -> None:
    bare = cut_to(LINK)
    assert bare.links == (Link(url="https://cases.example/7?mail=ana@acme.com"),)
    assert (bare.status, bare.model, bare.usage, bare.confidence) == (EVERYTHING.status, Model(name=""), Usage(), None)
    assert "Refund" not in repr(bare)


@pytest.mark.parametrize(
    ("audience", "sensitivity", "asked", "notice"),
    [
        (Audience.PUBLIC, Sensitivity.INTERNAL, None, "PII masked: public channel."),
        (Audience.PRIVATE, Sensitivity.INTERNAL, MASKED, f"PII masked: {NO_MORE}."),
        (Audience.PERSON, Sensitivity.INTERNAL, SUMMARY, f"Only the beginning is shown, PII masked: {NO_MORE}."),
        (Audience.PRIVATE, Sensitivity.INTERNAL, METADATA, f"Content withheld: {NO_MORE}."),
        (Audience.PUBLIC, Sensitivity.PUBLIC, LINK, f"Content withheld: {NO_MORE}."),
        (
            Audience.SHARED,
            Sensitivity.INTERNAL,
            None,
            "Content withheld: internal, and this is a channel shared with another organisation.",
        ),
        (
            Audience.SHARED,
            Sensitivity.CONFIDENTIAL,
            None,
            "Content withheld: confidential, shown only to people, in direct messages.",
        ),
        (Audience.PERSON, Sensitivity.RESTRICTED, None, "Content withheld: restricted, shown only to its requester."),
        (Audience.PRIVATE, Sensitivity.INTERNAL, None, ""),
    ],
)
def test_what_is_missing_is_said_with_the_reason_in_cards_rows_and_notifications(
    audience: Audience, sensitivity: Sensitivity, asked: Showing | None, notice: str
) -> None:
    of = replace(EVERYTHING, sensitivity=sensitivity)
    one = seen(item(of), view(of, audience, reader="U1", asked={asked}))
    assert one.notice == notice
    alone, run = card(one, now=0), merge([one, one], now=0)
    for message in (alone, run):
        assert notice in message.text
        assert notice in json.dumps(message.blocks, ensure_ascii=False)
        check_message({"text": message.text, "blocks": list(message.blocks)})
    contexts = [block["elements"][0].get("text") for block in alone.blocks if block["type"] == "context"]
    assert not notice or notice in contexts


def test_nothing_is_said_where_nothing_is_missing() -> None:
    plain = event(title="Fine", result="short", error=None, requester=None)
    for showing in (MASKED, SUMMARY):
        assert reduced(plain, View(showing=showing, audience=Audience.PUBLIC)) == (plain, "")


def test_a_notice_is_said_in_a_notification_however_long_the_content() -> None:
    long = event(result="x" * 9_000, title="ana@acme.com", error=None)
    said = card(seen(item(long), view(long, Audience.PUBLIC)), now=0)
    assert said.text.endswith("\nPII masked: public channel.")
    assert len(said.text) <= LONGEST_TEXT


def test_who_looks_alone_sees_what_a_direct_message_would_show() -> None:
    secret = event(sensitivity=Sensitivity.RESTRICTED)
    assert for_reader(secret, "U024BE7LH") == secret
    assert for_reader(secret, "U1").title is None
    assert for_members(secret).title is None
    assert for_members(event()) == event()


@given(EVENTS | EVENTS_OF_ENEMIES, st.sampled_from(Audience), st.booleans())
def test_each_showing_shows_a_part_of_the_one_before(of: Event, audience: Audience, asked: object) -> None:
    def shown(showing: Showing) -> Event:
        return reduced(of, View(showing=showing, audience=audience, asked=asked is True))[0]

    steps = [shown(showing) for showing in Showing]
    for more, less in pairwise(steps):
        for name in ("title", "error", "requester", "result"):
            assert getattr(less, name) is None or getattr(more, name) is not None
        for name in ("tags", "labels", "images", "extra", "links"):
            assert len(getattr(less, name)) <= len(getattr(more, name)) or name == "links"
    # What tells a delivery, its order and its thread is the same in all: nothing else would find it again.
    for one in steps:
        assert (one.key, one.id, one.inference, one.status) == (of.key, of.id, of.inference, of.status)


@pytest.mark.parametrize("showing", [MASKED, SUMMARY, METADATA, LINK])
def test_an_endpoint_gets_an_event_that_can_be_read_and_tells_how_much_it_is(showing: Showing) -> None:
    wanted = View(showing=showing, audience=Audience.ENDPOINT, asked=True)
    got = decode(body(EVERYTHING, wanted))
    less, _ = reduced(EVERYTHING, wanted)
    assert got == replace(
        less,
        extra={**less.extra, "showing": showing.value},
        requester=less.requester and Requester(slack_id="U024BE7LH"),
        model=less.model if less.model.name else Model(name="withheld"),
    )
