"""Slack's Web API through the official SDK: one shared session, no hidden retries, and every failure as a value."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Tried, Unknown
from bot.outlets import deadline
from bot.outlets.slack.errors import Answer, outcome_of
from bot.outlets.transport import BROKEN, outcome_of_exception, retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Slack did what it was asked; `data` is its answer."""

    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the host for uploads answered: text, of which only the status says anything."""

    status_code: int
    headers: Mapping[str, str]
    data: None = None


Reply: TypeAlias = Said | Answer | Failed | Unknown
"""What became of a call: done, answered with an error, surely not sent, or unknown."""


class SlackWeb:
    """The Web API at `url`. Enter it as an async context manager.

    `timeout` and `connect_timeout` are in seconds; `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        url: str = "https://slack.com/api/",
        *,
        timeout: float = 20,
        connect_timeout: float = 5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._host = urlsplit(url).hostname or ""
        self._stack = AsyncExitStack()
        self._client: AsyncWebClient | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session that all calls share."""
        # The SDK would open a session per call, and ignores its own timeout where it is given one. Its default retry
        # handler posts a second time when the connection drops after the first.
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[deadline.watch()]
            )
        )
        self._session = session
        self._client = AsyncWebClient(base_url=self._url, session=session, retry_handlers=[])
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session."""
        await self._stack.aclose()

    @property
    def api(self) -> AsyncWebClient:
        """The SDK's client, to make the calls that `ask` awaits; each call brings its own `token`."""
        if self._client is None:
            raise RuntimeError("enter SlackWeb before calling")
        return self._client

    async def put(self, url: str, body: bytes) -> Taken:
        """Send a file's bytes to where Slack said; for `ask`. Raises SlackApiError where they are not taken."""
        if self._session is None:
            raise RuntimeError("enter SlackWeb before calling")
        async with self._session.post(url, data=body, allow_redirects=False) as response:
            said = Taken(status_code=response.status, headers=response.headers)
        if said.status_code != HTTPStatus.OK:
            raise SlackApiError("the file was not taken", said)
        return said

    async def ask(self, call: Awaitable[AsyncSlackResponse | Taken]) -> Reply:
        """Await one call. Never raises for what Slack, or the way to it, does."""
        try:
            response = await call
        except SlackApiError as error:
            return _answer(error.response, now=round(self._clock() * SECOND))
        except AttributeError:
            # The SDK asks a text/plain answer for its "ok" as if it were a dictionary.
            return Answer(status=0)
        except BROKEN as error:
            return outcome_of_exception(error, host=self._host)
        return Said(data=response.data if isinstance(response.data, dict) else {})


def outcome_of_reply(reply: Answer | Failed | Unknown) -> Tried:
    """The outcome of a call that did not succeed."""
    return outcome_of(reply) if isinstance(reply, Answer) else reply


def _answer(response: Any, *, now: int) -> Answer:
    # Usually the SDK's response; where the body was no JSON, aiohttp's; its data may be a dictionary, text or bytes.
    status = getattr(response, "status_code", getattr(response, "status", 0))
    headers = getattr(response, "headers", None) or {}
    data = getattr(response, "data", None)
    said = data if isinstance(data, dict) else {}
    error = said.get("error")
    return Answer(
        status=status,
        error=error if isinstance(error, str) else None,
        retry_after=retry_after(headers.get("Retry-After"), now=now),
        detail=_detail(said),
    )


def _detail(said: Mapping[str, Any]) -> str:
    match said:
        case {"needed": str(needed)}:
            return f"needs the scope {needed}"
        case {"response_metadata": {"messages": [str(first), *_]}}:
            return first[:200]
        case _:
            return ""
