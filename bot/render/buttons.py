"""What can be done with a result, below its card: one row of buttons, and the thumbs under it.

Values name the event and no more: who may what is looked at on each click. The only address behind a button is one that
the service itself gave beside its result.
"""

from typing import Final

from bot.core.event import Event, Status
from bot.core.feedback import Rating
from bot.core.marks import Mark, mark
from bot.render.message import Block, Item
from bot.render.pieces import actions, button, overflow
from bot.render.richtext import link

OPEN: Final = "result.open"
"""action_id of the button that leads to the event's first page."""
CHOICE: Final = "result.more"
"""action_id of the menu; a choice's value is a word, a colon and a mark."""
THUMB: Final = "result.rate"
"""action_id of the thumbs; a thumb's value is `up` or `down`, a colon and a mark."""
MORE, LESS, WHY, FETCH, REPEAT = "more", "less", "why", "fetch", "repeat"

_LONGEST_URL = 500
_RATED: Final = frozenset({Status.COMPLETED, Status.NEEDS_REVIEW})


def row(item: Item) -> list[Block]:
    """The row for a card whose event is as much of it as the place may see: what is not shown is not rated."""
    event, marked = item.event, mark(item.event, item.delivery)
    direct = item.delivery.destination.rpartition("/")[2].startswith("@")
    made = [actions([*_page(event), overflow(_choices(marked, direct=direct), action=CHOICE)])]
    if event.result is not None and event.status in _RATED:
        made.append(_thumbs(marked))
    return made


def chosen(value: str) -> tuple[str, str]:
    """The word and the mark that a value is made of."""
    word, _, marked = value.partition(":")
    return word, marked


def _page(event: Event) -> list[Block]:
    for one in event.links:
        (shown,) = link(one.url, one.url)[:1] or ({},)
        if shown.get("type") == "link" and one.url.startswith(("http://", "https://")) and len(one.url) <= _LONGEST_URL:
            return [{**button("Open", action=OPEN, value="open"), "url": one.url}]
    return []


def _choices(marked: Mark, *, direct: bool) -> list[tuple[str, str]]:
    sent = [("Send it again", FETCH)] if direct else [("Send it to me", FETCH), ("Send it here again", REPEAT)]
    words = [("More like this", MORE), ("Less like this", LESS), ("Why did I get this?", WHY), *sent]
    return [(text, f"{word}:{marked}") for text, word in words]


def _thumbs(marked: Mark) -> Block:
    """Slack draws them small: https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element."""
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": THUMB,
                "positive_button": _thumb("Good result", Rating.UP, marked),
                "negative_button": _thumb("Bad result", Rating.DOWN, marked),
            }
        ],
    }


def _thumb(text: str, rating: Rating, marked: Mark) -> Block:
    return {
        "text": {"type": "plain_text", "text": text},
        "accessibility_label": text,
        "value": f"{rating}:{marked}",
    }
