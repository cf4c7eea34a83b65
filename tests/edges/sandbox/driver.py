"""A manual clock and the hands of a person at the sandbox page."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.server import Sandbox

DEADLINE = 5.0


class ManualClock:
    """Stands still unless told to move; begins at the real time, against which the SDK checks signatures."""

    def __init__(self) -> None:
        self.now = float(int(time.time()))

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is true, within the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - conditions of every kind, with one deadline
            await asyncio.sleep(0.001)


class Page:
    """One person at the page: what they do goes to ``/client``, what they see comes over the live feed."""

    def __init__(self, sandbox: Sandbox, user: str) -> None:
        self.sandbox = sandbox
        self.user = user
        self.seen: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.sandbox.url)
        self._feed = await self._session.ws_connect(f"/client/live?user={self.user}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._feed.close()
        await self._session.close()

    async def get(self, what: str, **query: str) -> dict[str, Any]:
        async with self._session.get(f"/client/{what}", params={"user": self.user, **query}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def post(self, what: str, **body: Any) -> dict[str, Any]:
        async with self._session.post(f"/client/{what}", json={"user": self.user, **body}) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer

    async def see(self, event: str, **expected: Any) -> dict[str, Any]:
        """The next event of that name (with these fields); what comes before it is kept in ``seen``."""
        async with asyncio.timeout(DEADLINE):
            while True:
                frame: dict[str, Any] = await self._feed.receive_json()
                self.seen.append(frame)
                if frame["event"] == event and expected.items() <= frame.items():
                    return frame

    async def click(self, message: dict[str, Any], action_id: str, **chosen: Any) -> dict[str, Any]:
        """Use an element of a message."""
        for block in message["blocks"]:
            for element in [*block.get("elements", []), block.get("accessory") or {}]:
                if element.get("action_id") == action_id:
                    container = {"type": "message", "channel": message["channel"], "ts": message["ts"]}
                    action = {"block_id": block["block_id"], "action_id": action_id, "type": element["type"]}
                    return await self.post("action", container=container, action=action | chosen)
        raise AssertionError(f"there is no {action_id} in {message}")


async def refused(call: Awaitable[Any]) -> str:
    """The error code with which the workspace refuses a call."""
    return str((await refusal(call))["error"])


async def refusal(call: Awaitable[Any]) -> dict[str, Any]:
    """The whole answer with which the workspace refuses a call."""
    with pytest.raises(SlackApiError) as caught:
        await call
    body: dict[str, Any] = caught.value.response.data
    return body


def button(action_id: str, **fields: Any) -> dict[str, Any]:
    """A block with one button."""
    text = {"type": "plain_text", "text": "Press"}
    element = {"type": "button", "text": text, "action_id": action_id, **fields}
    return {"type": "actions", "elements": [element]}


def modal(**fields: Any) -> dict[str, Any]:
    """A modal that asks one question."""
    question = {
        "type": "input",
        "block_id": "reason",
        "label": {"type": "plain_text", "text": "Why?"},
        "element": {"type": "plain_text_input", "action_id": "text"},
    }
    return {
        "type": "modal",
        "callback_id": "review",
        "title": {"type": "plain_text", "text": "Review"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [question],
        **fields,
    }


def answers(text: str) -> dict[str, Any]:
    """The state of ``modal`` with its question answered."""
    return {"values": {"reason": {"text": {"type": "plain_text_input", "value": text}}}}
