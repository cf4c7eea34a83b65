"""What the far sides themselves say that they got: Slack's ledger, and the receiver's file."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from consumers.chaos.audit import Posted, Request
from consumers.demo.workspace import Workspace

WEBHOOKS: Final = "webhooks.jsonl"
POSTS: Final = "slack.jsonl"
_POLL_SECONDS: Final = 0.3
_APART: Final = 1e-6
"""Seconds between the events of one message."""


class Ledgers:
    """Reads both as they grow. `posts` and `requests` are in the order in which they were read.

    `names` are those of the places by channel; `known` gives the ids of all events that may be in Kafka.
    """

    def __init__(
        self, workspace: Workspace, folder: Path, names: Mapping[str, str], known: Callable[[], Iterable[str]]
    ) -> None:
        self._workspace = workspace
        self._known = known
        self._webhooks = folder / WEBHOOKS
        self._posts = folder / POSTS
        self._names = names
        self._read = 0
        self._last: tuple[str, float] = ("", 0.0)
        self._nth = 0
        self.posts: list[Posted] = []
        self.requests: list[Request] = []
        self.seen: set[tuple[str, str]] = set()
        self.unverified = 0

    async def follow(self) -> None:
        """Read on until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._workspace.watch(self._posted, self._known), name="Slack's ledger")
            tasks.create_task(self._follow_webhooks(), name="the receiver's ledger")

    def _posted(self, channel: str, event: str, at: float) -> None:
        place = self._names.get(channel, channel)
        self._nth = self._nth + 1 if self._last == (channel, at) else 0
        self._last = (channel, at)
        self.posts.append(Posted(place=place, event=event, at=at + self._nth * _APART))
        self.seen.add((place, event))
        with self._posts.open("ab") as file:
            file.write(orjson.dumps({"place": place, "event": event, "at": at}) + b"\n")

    async def _follow_webhooks(self) -> None:
        while True:
            self.read_webhooks()
            await asyncio.sleep(_POLL_SECONDS)

    def read_webhooks(self) -> None:
        """Take the lines that are new."""
        if not self._webhooks.exists():
            return
        with self._webhooks.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._request(orjson.loads(line))

    def _request(self, line: Mapping[str, Any]) -> None:
        if "event" not in line:
            self.unverified += 1
            return
        request = Request(
            place=f"hook {line['path']}",
            event=line["event"],
            webhook=line["id"],
            body=line["body"],
            opened=line["opened"],
            answered=line["answered"],
            status=None if line.get("cut", True) else line.get("status"),
        )
        self.requests.append(request)
        if request.accepted:
            self.seen.add((request.place, request.event))


class Remarks:
    """What the members' logs say, counted by event: take-overs, burials, and what should never happen."""

    ALARMS: Final = ("turn_failed", "loop_died", "loop_stuck", "record_unreadable")

    def __init__(self, logs: list[Path]) -> None:
        self.counts: Counter[str] = Counter()
        self.takeovers = 0
        for path in logs:
            for line in path.read_bytes().splitlines():
                self._line(line)

    def _line(self, line: bytes) -> None:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            self.counts["traceback"] += line.startswith(b"Traceback")
            return
        event = str(entry.get("event", ""))
        self.counts[event] += 1
        if event == "leases_expired":
            self.takeovers += int(entry["lanes"])

    @property
    def alarms(self) -> dict[str, int]:
        """What should never happen, and did."""
        return {name: self.counts[name] for name in (*self.ALARMS, "traceback") if self.counts[name]}
