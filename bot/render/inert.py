"""Links that nobody vouches for, made inert: what they say and where they would lead, in full, to be read only.

Slack makes no link of an address in a rich_text's text element; as code, no client does either.
"""

from collections.abc import Collection, Sequence

from bot.core.hosts import leads_to
from bot.render.richtext import Element, span

_GLUE = "\N{WORD JOINER}"
"""Invisible. What it stands in is no address any more."""


def tamed(pieces: Sequence[Element], hosts: Collection[str]) -> list[Element]:
    """The pieces with those links alone that lead to `hosts`, as `leads_to` has it."""
    return _within(pieces, hosts)


def _within(elements: Sequence[Element], hosts: Collection[str]) -> list[Element]:
    made: list[Element] = []
    for element in elements:
        match element:
            case {"type": "link", "url": str(url)} if not leads_to(url, hosts):
                made += _inert(element, url)
            case {"elements": inner}:
                made.append({**element, "elements": _within(inner, hosts)})
            case _:
                made.append(element)
    return made


def _inert(link: Element, url: str) -> list[Element]:
    """`label (https://…)`, the address as code; of a link that shows only where it leads, the address alone."""
    style = frozenset(link.get("style", ()))
    shown = link["text"]
    label, _, where = shown.rpartition(" (")
    if label and where.endswith(")") and where[:-1] in url:
        return [*span(f"{label} (", style), *span(url, style | {"code"}), *span(")", style)]
    return span(url, style | {"code"})


def unlinked(text: str) -> str:
    """Text for where Slack reads mrkdwn, in which it would make links of addresses that stand bare."""
    return text.replace("://", f":{_GLUE}//").replace("www.", f"www{_GLUE}.").replace("mailto:", f"mailto{_GLUE}:")
