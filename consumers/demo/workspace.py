"""The sandbox as the demo uses it: types commands as people do, and reads what became visible."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import aiohttp

from bot.core.destination import DestinationId, SlackChannel, SlackPerson, destination_id
from consumers.demo.sightings import Sightings

POLL_SECONDS = 0.2


class WorkspaceError(Exception):
    """The sandbox did not do what was asked; the text says what it answered."""


class Workspace:
    """A client of the sandbox at `url`."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session
        self.team = ""
        self.users: dict[str, str] = {}
        self.channels: dict[str, str] = {}

    async def learn(self) -> bool:
        """Read who and what is there; whether the app is connected by now."""
        boot = await self._get("/client/boot")
        self.team = boot["workspace"]["id"]
        self.users = {user["name"]: user["id"] for user in boot["users"]}
        self.channels = {channel["name"]: channel["id"] for channel in boot["channels"] if channel["kind"] != "im"}
        return bool(boot["app"]["connected"])

    async def command(self, user: str, channel: str, text: str) -> None:
        """Type `/tidings TEXT`. Raises WorkspaceError where the app did not take it."""
        said = {"user": self.users[user], "channel": self.channels[channel], "command": "/tidings", "text": text}
        async with self._session.post(f"{self.url}/client/command", json=said) as answer:
            result = await answer.json()
        if not result.get("ok"):
            raise WorkspaceError(f"/tidings {text}: {result.get('error')}")

    async def names(self) -> dict[str, str]:
        """Channel id to the name of the place: a channel's, or @ and a person's for each person's direct message."""
        direct = {identity: f"@{name}" for identity, name in (await self._direct()).items()}
        return {identity: name for name, identity in self.channels.items()} | direct

    async def _direct(self) -> dict[str, str]:
        """Id of the app's direct messages to the name of the person they are with."""
        names: dict[str, str] = {}
        for name, identity in self.users.items():
            boot = await self._get(f"/client/boot?user={identity}")
            bot = boot["app"]["bot_user"]
            names |= {
                channel["id"]: name
                for channel in boot["channels"]
                if channel["kind"] == "im" and channel.get("user") == bot
            }
        return names

    async def _places(self) -> dict[str, DestinationId]:
        """Channel id to the destination that a delivery's id has in it."""
        await self.learn()
        places: dict[str, SlackChannel | SlackPerson] = {
            identity: SlackChannel(team=self.team, channel=identity) for identity in self.channels.values()
        }
        for identity, name in (await self._direct()).items():
            places[identity] = SlackPerson(team=self.team, user=self.users[name])
        return {identity: destination_id(place) for identity, place in places.items()}

    async def watch(self, seen: Callable[[str, str, float], None], known: Callable[[], Iterable[str]]) -> None:
        """Call `seen` with channel id, event id and time for all that messages come to tell, until cancelled.

        `known` gives the ids of the events that may be told: see `Sightings`.
        """
        after = 0
        sightings = Sightings(await self._places(), known)
        while True:
            page = await self._get(f"/sandbox/ledger?kind=all&after={after}")
            for entry in page["entries"]:
                for event in sightings.of(entry):
                    seen(entry["channel"], event, entry["received_at"])
            after = page["next"]
            if not page["has_more"]:
                await asyncio.sleep(POLL_SECONDS)

    async def stats(self) -> dict[str, Any]:
        """Calls and refusals by method."""
        return await self._get("/sandbox/stats")

    async def _get(self, path: str) -> dict[str, Any]:
        async with self._session.get(f"{self.url}{path}") as answer:
            found: dict[str, Any] = await answer.json()
        return found
