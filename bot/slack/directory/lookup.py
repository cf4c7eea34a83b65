"""How the directory asks Slack: with the workspace's token, page by page, and one error for all that goes wrong."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.errors import UnavailableError
from bot.outlets.slack.errors import Answer
from bot.outlets.slack.web import Reply, Said, SlackWeb

TokenOf = Callable[[str], Awaitable[str]]
"""The bot's token in a workspace."""
Call = Callable[..., Awaitable[AsyncSlackResponse]]
"""One of the SDK's methods."""

PAGE = 999
"""The most that a page of the lists we read may have: users.conversations says so (docs.slack.dev)."""
MOST_PAGES = 100

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Asks in a workspace's name."""

    web: SlackWeb
    token_of: TokenOf

    async def pages(self, method: str, call: Call, key: str, **arguments: Any) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the list under `key` page by page. Raises UnavailableError, and RefusedError where Slack says no."""
        cursor = ""
        for _ in range(MOST_PAGES):
            data = said(method, await self.web.ask(call(cursor=cursor or None, limit=PAGE, **arguments)))
            yield [one for one in data.get(key, ()) if isinstance(one, dict)]
            cursor = str((data.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return
        log.warning("list_cut_off", method=method, pages=MOST_PAGES)


class RefusedError(UnavailableError):
    """Slack answered, with an error; `error` is its word for it, `detail` what it adds."""

    def __init__(self, method: str, error: str, detail: str) -> None:
        super().__init__(f"Slack can't tell ({method}: {error}{f', {detail}' if detail else ''})")
        self.error = error
        self.detail = detail


def said(method: str, reply: Reply) -> dict[str, Any]:
    """What Slack said. Raises RefusedError where it named an error, UnavailableError where it said nothing of use."""
    match reply:
        case Said(data=data):
            return dict(data)
        case Answer(error=str(error), detail=detail):
            raise RefusedError(method, error, detail)
        case Answer(status=status):
            away = f"HTTP {status}"
        case _:
            away = "no answer"
    log.warning("slack_lookup_failed", method=method, reason=away)
    raise UnavailableError(f"Slack can't tell ({method}: {away})")
