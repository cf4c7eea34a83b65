"""What a person typed, told from what Slack made of it on the way.

Slack sends `&`, `<` and `>` as entities and wraps what it recognised: `<https://x|label>`, `<mailto:a@b|a@b>`,
`<#C1|general>`, `<@U1|ann>`, `<!subteam^S1|@team>` (docs.slack.dev, "Formatting message text"). Phones and its composer
bend quotes. `plain` undoes all of it, so that an error can point into the text that the person remembers.
"""

import re
from typing import Final
from unicodedata import category, normalize

from bot.core.folding import straighten

TOKEN: Final = re.compile(
    r"<(?P<kind>https?://|mailto:|[@#!])(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>", re.IGNORECASE
)
"""One thing that Slack recognised and wrapped."""

_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile("|".join(_ENTITIES))
_WRAPPED: Final = re.compile(f"{TOKEN.pattern}|{_ENTITY.pattern}", re.IGNORECASE)
_READ_AS_WRAPPED: Final = re.compile(r"&(?=(?:lt|gt|amp);)|<(?=https?://|mailto:|[@#!])", re.IGNORECASE)
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u2060\ufeff"))


def plain(text: str) -> str:
    """The text as typed, on one line, with straight quotes, in Unicode's NFC; the same for every client."""
    unwrapped = _WRAPPED.sub(_unwrap, text) if "<" in text or "&" in text else text
    straight = straighten(unwrapped.translate(_INVISIBLE))
    shown = straight if straight.isprintable() else "".join(map(_shown, straight))
    return normalize("NFC", shown)


def guarded(text: str) -> str:
    """Write plain text so that `plain` gives it back: only what looks like Slack's own writing is changed."""
    return _READ_AS_WRAPPED.sub(lambda found: "&amp;" if found[0] == "&" else "&lt;", text)


def entities(text: str) -> str:
    """Undo Slack's three entities."""
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def _unwrap(found: re.Match[str]) -> str:
    kind, target, label = found["kind"], found["target"], found["label"]
    match kind:
        case None:
            return _ENTITIES.get(found[0].lower(), found[0])
        case "@":
            return f"@{target}"  # the id, not the name: it is what events carry
        case "#":
            return f"#{entities(label or target)}"
        case "!":
            return entities(label or f"@{target}")
        case _:
            return entities(label or (target if kind.lower() == "mailto:" else f"{kind}{target}"))


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    match category(char):
        case "Cc":
            return " "
        case "Cs":  # half of a surrogate pair: no text, and could not be stored
            return "\ufffd"
        case _:
            return char
