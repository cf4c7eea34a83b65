"""One event in as many posts as it takes: the size ladder, and the plainer rungs for where Slack refuses.

| result | with files | without |
|---|---|---|
| fits on its card | the card | the same |
| up to four messages | the card with the beginning, the rest as replies in its thread | the same |
| longer | the card with a preview, the whole as a file in its thread | parts in the thread, as many as it takes |

How it is cut depends on the event alone, not on when or how plainly it is said: each attempt says one post, perhaps in
another process, and has to find the same cuts. On the lowest rung, where no blocks are taken, the first post has little
text, and what follows is the whole as a file, or texts.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from bot.core.delivery import DeliveryId
from bot.core.event import Event, Json
from bot.core.progress import Progress, Rung
from bot.render import figures
from bot.render.blocks import LONGEST_TEXT, ROOM, Begun, card, headline, room, words
from bot.render.commonmark import markdown
from bot.render.digest import MOST
from bot.render.discretion import Seen
from bot.render.inert import unlinked
from bot.render.message import Block, Item, Message
from bot.render.parts import parts
from bot.render.result import LONGEST, length, pieces_of
from bot.render.richtext import Element, blocks, plain, section, span, weight
from bot.render.text import escaped, units

MOST_PARTS = 4
"""More posts than these are a wall; a file is easier to read then."""
_PREVIEW = 2_500
_PART = ROOM - 200
_PLAIN_PART = 2_800
_LONGEST_MARKDOWN = 12_000
"""Cumulative, in one message: https://docs.slack.dev/reference/block-kit/blocks/markdown-block."""
_LONGEST_PLAIN = 39_000
"""Slack cuts a text at 40,000: https://docs.slack.dev/reference/methods/chat.postMessage."""
_LONG = 8_000
_NO_FILE = "Slack takes no file of ours here (the app may lack files:write)"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A whole result. Its name carries the delivery's id, to find it again when an answer was lost."""

    name: str
    title: str
    body: bytes


Saying: TypeAlias = Message | File


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The post to make now. `last`: with it, everything is said."""

    saying: Saying
    last: bool


def take(items: Sequence[Item]) -> int:
    """How many of the run, from its head, go into one message: what takes several posts, or began to, goes alone."""
    for number, item in enumerate(items[:MOST]):
        if item.delivery.progress is not None or is_long(item.event.result):
            return max(1, number)
    return min(len(items), MOST)


def is_long(value: Json) -> bool:
    """Whether it may take several posts; how many, only cutting tells, which may take a second or more."""
    return value is not None and len(value if isinstance(value, str) else json.dumps(value)) > _LONG


@dataclass(frozen=True, kw_only=True)
class Telling:
    """All the posts that one event takes, as far as the place may see it."""

    item: Seen

    def cut(self, *begun: Rung) -> None:
        """Read and cut the result as for first posts that were said so: all else then has it at hand."""
        for rung in begun:
            self._cut(rung)

    def next(self, progress: Progress, *, now: int) -> Next:
        """What is said after `progress.told` posts; `now` is in milliseconds."""
        plan = self._plan(progress)
        number = progress.told
        if number and _is_file(plan, progress):
            return Next(saying=file_of(self.item), last=True)
        last = number + 1 >= _count(plan, progress)
        if number:
            return Next(saying=_part(self.item, plan, progress, last=last), last=last)
        begun = Begun(pieces=plan.cut[0], note=_note(plan, progress, self.item.event))
        return Next(saying=self._head(begun, progress.rung, now=now), last=last)

    def is_told(self, progress: Progress) -> bool:
        """Whether nothing is left to say."""
        return progress.told >= _count(self._plan(progress), progress)

    @property
    def comes_with_file(self) -> bool:
        """Whether the whole will be sent as a file, if Slack takes one."""
        return self._rich.filed

    def _plan(self, progress: Progress) -> "_Plan":
        return self._cut(progress.begun if progress.told else progress.rung)

    def _cut(self, begun: Rung) -> "_Plan":
        return self._plain if begun is Rung.PLAIN else self._rich

    @cached_property
    def _rich(self) -> "_Plan":
        return _plan_of_messages(self.item, self._pieces)

    @cached_property
    def _plain(self) -> "_Plan":
        return _plan_of_texts(self.item, self._pieces)

    @cached_property
    def _pieces(self) -> list[Element]:
        return pieces_of(self.item.event.result, hosts=self.item.hosts)

    def _head(self, begun: Begun, rung: Rung, *, now: int) -> Message:
        message = card(self.item, now=now, begun=begun)
        if rung is Rung.RICH:
            return message
        return _below(words(self.item, now=now, begun=begun), rung, text=message.text)


def file_of(item: Seen) -> File:
    """The whole result: a text as it is, which is Markdown, anything else as JSON; in UTF-8."""
    value = item.event.result
    text, kind = (value, "md") if isinstance(value, str) else (json.dumps(value, ensure_ascii=False, indent=2), "json")
    title = figures.title(item.event, 150)
    return File(
        name=file_name(item.delivery.id, title, kind), title=f"{title}.{kind}", body=text.encode(errors="replace")
    )


def file_name(delivery: DeliveryId, title: str, kind: str) -> str:
    """A name that is safe in every file system."""
    ascii_ = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_)[:50].strip("-")
    return f"{slug or 'result'}-{delivery}.{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How a result is cut; `filed`: into so many parts that a file is better."""

    cut: list[list[Element]]
    filed: bool
    missing: int


def _plan_of_messages(item: Seen, pieces: Sequence[Element]) -> _Plan:
    missing, space = _unread(item.event.result), room(item)
    if not missing and weight(pieces) <= space:
        return _Plan(cut=[list(pieces)], filed=False, missing=0)
    cut = parts(pieces, first=space, room=_PART)
    if not missing and len(cut) <= MOST_PARTS:
        return _Plan(cut=cut, filed=False, missing=0)
    return _Plan(cut=parts(pieces, first=min(space, _PREVIEW), room=_PART), filed=True, missing=missing)


def _plan_of_texts(item: Seen, pieces: Sequence[Element]) -> _Plan:
    others = plain(words(item, now=item.delivery.appended, begun=Begun(pieces=())))
    first = max(0, LONGEST_TEXT - units(others) - 200)
    cut = parts(pieces, first=first, room=_PLAIN_PART)
    return _Plan(cut=cut, filed=len(cut) > 1, missing=_unread(item.event.result))


def _unread(value: Json) -> int:
    return max(0, len(value) - LONGEST) if isinstance(value, str) else 0


def _is_file(plan: _Plan, progress: Progress) -> bool:
    """Whether a file follows the posts told; where parts are not even taken as Markdown, it holds them, too."""
    return progress.files and (plan.filed or progress.rung is Rung.PLAIN)


def _count(plan: _Plan, progress: Progress) -> int:
    if not _is_file(plan, progress):
        return len(plan.cut)
    # a file that comes instead of the parts, or of those that are left
    return 2 if plan.filed else min(len(plan.cut), progress.told + 1)


def _note(plan: _Plan, progress: Progress, event: Event) -> str:
    if plan.filed and progress.files:
        return f"The beginning of {length(event.result):,} characters; the whole is a file in the thread"
    if len(plan.cut) == 1:
        return _missing(plan)
    return f"1 of {len(plan.cut)}, goes on in the thread{f'; {_NO_FILE}' if plan.filed else ''}"


def _missing(plan: _Plan) -> str:
    return f"… {plan.missing:,} more characters. {_NO_FILE}." if plan.missing else ""


def _part(item: Seen, plan: _Plan, progress: Progress, *, last: bool) -> Message:
    number = progress.told
    mark = f"{number + 1} of {len(plan.cut)}"
    title = headline(item.event, 60)
    why = f" · {_NO_FILE}" if plan.filed and number == 1 else ""
    above = f"{mark} · {title}{why}"
    shown = list(plan.cut[number])
    if last and plan.missing:
        shown.append(section(span(_missing(plan))))
    text = escaped(f"{title} — {mark}", LONGEST_TEXT)
    if progress.rung is not Rung.RICH:
        return _below([section(span(above)), *shown], progress.rung, text=text)
    context: Block = {"type": "context", "elements": [{"type": "plain_text", "text": above[:150], "emoji": False}]}
    return Message(text=text, blocks=(context, *blocks(shown)))


def _below(pieces: Sequence[Element], rung: Rung, *, text: str) -> Message:
    """Pieces said more plainly; as a bare text also where their Markdown is too long for one message."""
    if rung is Rung.MARKDOWN and units(said := markdown(pieces)) <= _LONGEST_MARKDOWN:
        return Message(text=text, blocks=({"type": "markdown", "text": said},))
    return Message(text=escaped(unlinked(plain(pieces)), _LONGEST_PLAIN), blocks=())
