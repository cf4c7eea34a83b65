"""Rich text. Source: docs.slack.dev/reference/block-kit/blocks/rich-text-block."""

from bot.sandbox.validation.check import (
    Check,
    anything,
    array,
    boolean,
    integer,
    one_of,
    record,
    string,
    union,
    url,
)
from bot.sandbox.validation.objects import ID

_WEIGHTS = ("bold", "italic", "strike", "code")
_STYLE = record(
    {},
    dict.fromkeys((*_WEIGHTS, "underline", "highlight", "client_highlight", "unlink"), boolean),
)
_STYLED: dict[str, Check] = {"style": _STYLE}

_TEXT = record({"text": string()}, _STYLED)
_LINK = record({"url": url(3_000)}, {"text": string(least=0), "unsafe": boolean} | _STYLED)
_INLINE = union(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": record(
            {"name": string()}, {"unicode": string(), "skin_tone": integer(least=1, most=6)} | _STYLED
        ),
        "user": record({"user_id": string()}, _STYLED),
        "usergroup": record({"usergroup_id": string()}, _STYLED),
        "channel": record({"channel_id": string()}, _STYLED),
        "team": record({"team_id": string()}, _STYLED),
        "broadcast": record({"range": one_of("here", "channel", "everyone")}, _STYLED),
        "color": record({"value": string()}, _STYLED),
        "date": record(
            {"timestamp": integer(least=0), "format": string()},
            {"url": url(3_000), "fallback": string()} | _STYLED,
        ),
    }
)
_CODE = union({"text": _TEXT, "link": _LINK})
_SECTION = record({"elements": array(_INLINE)})
_BORDER = integer(least=0, most=1)

RICH_TEXT = record(
    {
        "elements": array(
            union(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_preformatted": record(
                        {"elements": array(_CODE)}, {"border": _BORDER, "language": anything}
                    ),
                    "rich_text_quote": record({"elements": array(_INLINE)}, {"border": _BORDER}),
                    "rich_text_list": record(
                        {
                            "style": one_of("bullet", "ordered"),
                            "elements": array(union({"rich_text_section": _SECTION})),
                        },
                        {"indent": integer(least=0, most=8), "offset": integer(least=0), "border": _BORDER},
                    ),
                }
            ),
            least=1,
        )
    },
    {"block_id": ID},
)
