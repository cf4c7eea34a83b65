"""No link, mention or picture that a model wrote is alive, wherever its words are shown."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.hosts import leads_to
from bot.core.showing import Audience, view
from bot.core.subscription import Showing
from bot.render.digest import merge, take
from bot.render.discretion import Seen, seen
from bot.render.doubt import question
from bot.render.inert import tamed, unlinked
from bot.render.markdown import pieces
from bot.render.message import Message
from bot.render.result import pieces_of
from bot.render.richtext import plain
from tests.core.examples import event
from tests.render.strategies import EVENTS_OF_ENEMIES, HOSTILE, RESULTS_OF_ALL_KINDS, item

OURS = ("*.acme.example",)


def text(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


@pytest.mark.parametrize(
    ("source", "made"),
    [
        (
            "See **[the case](https://evil.example/7?q=1)**.",
            [
                text("See "),
                text("the case (", bold=True),
                text("https://evil.example/7?q=1", bold=True, code=True),
                text(")", bold=True),
                text("."),
            ],
        ),
        ("<https://evil.example/7>", [text("https://evil.example/7", code=True)]),
        ("[evil.example](https://evil.example/7)", [text("https://evil.example/7", code=True)]),
        ("![](https://evil.example/i.png)", [text("🖼 ("), text("https://evil.example/i.png", code=True), text(")")]),
        ("<eve@evil.example>", [text("mailto:eve@evil.example", code=True)]),
        (
            "[a (b)](https://evil.example)",
            [text("a (b) ("), text("https://evil.example", code=True), text(")")],
        ),
        (
            "[wiki](https://wiki.acme.example/x)",
            [{"type": "link", "url": "https://wiki.acme.example/x", "text": "wiki (wiki.acme.example)"}],
        ),
    ],
)
def test_a_link_of_a_model_shows_where_it_would_lead_unless_its_host_is_listed(
    source: str, made: list[dict[str, Any]]
) -> None:
    assert tamed(pieces(source), OURS) == [{"type": "rich_text_section", "elements": made}]


def test_links_in_lists_and_quotes_are_no_exception_and_a_star_lists_all() -> None:
    source = "> [a](https://evil.example)\n\n- [b](https://evil.example)\n  1. [c](https://evil.example)\n\n# [d](https://evil.example)"
    assert '"link"' not in json.dumps(pieces_of(source))
    assert pieces_of(source, hosts=("*",)) == pieces(source)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from objects(part)


def is_harmless(message: Message, *, vouched: set[str]) -> None:
    """Walk all that is posted: what Slack reads as markup, and what it would fetch or open."""
    assert "<" not in message.text
    assert "://" not in message.text
    for each in objects(list(message.blocks)):
        kind = each.get("type", "")
        assert "image_url" not in each
        assert kind not in {"image", "markdown", "video", "user", "usergroup", "broadcast", "channel"}
        if kind == "link":
            assert each["url"] in vouched or leads_to(each["url"], OURS)
        elif kind != "button":
            assert "url" not in each
        if kind == "mrkdwn":
            marks = each["text"].removeprefix("for <@").removesuffix(">")
            assert "<" not in marks


RUNS = st.lists((EVENTS_OF_ENEMIES | RESULTS_OF_ALL_KINDS), min_size=1, max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(RUNS, st.sampled_from(Audience), st.none() | st.sampled_from(Showing), st.sampled_from([(), OURS]))
def test_whatever_a_model_writes_and_wherever_nothing_of_it_is_alive(
    events: list[Any], audience: Audience, asked: Showing | None, hosts: tuple[str, ...]
) -> None:
    run = [seen(item(one), view(one, audience, asked={asked}), hosts=hosts) for one in events]
    vouched = {link.url for one in run for link in one.event.links}
    vouched |= {image.url for one in run for image in one.event.images}
    is_harmless(merge(run[: take(run)], now=0), vouched=vouched)
    is_harmless(question(run), vouched=set())


@given(HOSTILE)
def test_what_only_a_model_wrote_has_no_link_at_all(result: str) -> None:
    bare = replace(event(result=result, error=None), links=(), images=())
    shown = merge([Seen(delivery=item(bare).delivery, event=bare)], now=0)
    is_harmless(shown, vouched=set())
    assert not [each for each in objects(list(shown.blocks)) if each.get("type") == "link"]


@given(HOSTILE)
def test_no_word_is_lost_by_taming(source: str) -> None:
    made = pieces(source)
    whole, tame = plain(made), plain(tamed(made, ()))
    assert len(tame) >= len(whole) - 8 * source.count("[")
    if "link" not in json.dumps(made):
        assert tame == whole


def test_a_bare_address_is_broken_where_slack_reads_markup() -> None:
    assert unlinked("https://a.example www.a.example mailto:a@b") == (
        "https:\u2060//a.example www\u2060.a.example mailto\u2060:a@b"
    )
