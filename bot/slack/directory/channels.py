"""What Slack knows about channels: the port `Channels`, remembered for a minute.

`conversations.info` and `users.conversations` are of tier 3, 50 calls a minute and workspace (docs.slack.dev, rate
limits). Who is in a channel is asked from the person's side: few share many channels with the bot, but a channel may
have ten thousand members.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bot.ports.people import ChannelFacts
from bot.slack.directory.lookup import Lookup, RefusedError, said
from bot.slack.directory.remembered import Remembered

KEEP_SECONDS = 60.0

_UNSEEN = ("channel_not_found", "method_not_supported_for_channel_type")
_NO_PERSON = ("user_not_found", "user_not_visible")
_MAY_NOT_JOIN = (
    "missing_scope",
    "method_not_supported_for_channel_type",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "access_denied",
    "no_permission",
)


class SlackChannels:
    """Asks Slack. `clock` gives seconds that never go back."""

    def __init__(self, lookup: Lookup, *, clock: Callable[[], float]) -> None:
        self._lookup = lookup
        self._channels: Remembered[tuple[str, str], ChannelFacts | None] = Remembered(clock, seconds=KEEP_SECONDS)
        self._rooms: Remembered[tuple[str, str, str], frozenset[str]] = Remembered(clock, seconds=KEEP_SECONDS)

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        """What is known of a channel; None where the bot can't see it. Raises UnavailableError."""
        # Only where the bot is in is remembered: who was just told to invite it does so and tries again at once.
        return await self._channels.ask(
            (team, channel),
            lambda: self._find(team, channel),
            keep=lambda facts: facts is not None and facts.is_member,
        )

    async def joined(self, team: str) -> tuple[ChannelFacts, ...]:
        """Those that the bot is in, asked now. Raises UnavailableError."""
        token = await self._lookup.token_of(team)
        pages = self._lookup.pages(
            "users.conversations",
            self._lookup.web.api.users_conversations,
            "channels",
            token=token,
            team_id=team,
            types="public_channel,private_channel",
            exclude_archived=True,
        )
        # Objects here are "limited" (its page on docs.slack.dev). One that does not say who reads there is left out.
        told = [one async for page in pages for one in page if {"id", "is_private", "is_ext_shared"} <= one.keys()]
        found = (_facts(str(one["id"]), one | {"is_member": True}) for one in told)
        return tuple(facts for facts in found if facts is not None)

    async def join(self, team: str, channel: str) -> bool:
        """Join a public channel; False where that is not allowed. Raises UnavailableError."""
        web, token = self._lookup.web, await self._lookup.token_of(team)
        try:
            said("conversations.join", await web.ask(web.api.conversations_join(token=token, channel=channel)))
        except RefusedError as error:
            if error.error in _MAY_NOT_JOIN:
                return False
            raise
        self.forget(team, channel)
        return True

    async def has(self, team: str, channel: str, user: str) -> bool:
        """Whether the person is in the channel, as of a minute ago at most. Raises UnavailableError."""
        facts = await self.find(team, channel)
        if facts is None:
            return False
        kind = "private_channel" if facts.is_private else "public_channel"
        return channel in await self._rooms.ask((team, user, kind), lambda: self._rooms_of(team, user, kind))

    def forget(self, team: str, channel: str) -> None:
        """Ask Slack anew the next time: something happened to the channel."""
        self._channels.drop((team, channel))

    async def _find(self, team: str, channel: str) -> ChannelFacts | None:
        web, token = self._lookup.web, await self._lookup.token_of(team)
        try:
            data = said("conversations.info", await web.ask(web.api.conversations_info(token=token, channel=channel)))
        except RefusedError as error:
            # Without im:read, mpim:read: a conversation between people, which is none of our business.
            if error.error in _UNSEEN or (error.error == "missing_scope" and "im:read" in error.detail):
                return None
            raise
        return _facts(channel, data["channel"])

    async def _rooms_of(self, team: str, user: str, kind: str) -> frozenset[str]:
        """The channels of that kind that the person and the bot may both know of."""
        api, found = self._lookup.web.api, set[str]()
        token = await self._lookup.token_of(team)
        pages = self._lookup.pages(
            "users.conversations", api.users_conversations, "channels", token=token, team_id=team, user=user, types=kind
        )
        try:
            async for page in pages:
                found.update(str(one.get("id")) for one in page)
        except RefusedError as error:
            if error.error in _NO_PERSON:
                return frozenset()
            raise
        return frozenset(found)


def _facts(channel: str, found: Mapping[str, Any]) -> ChannelFacts | None:
    if found.get("is_im") or found.get("is_mpim"):
        return None
    return ChannelFacts(
        channel=channel,
        name=str(found.get("name", "")),
        is_member=found.get("is_member") is True,
        is_private=found.get("is_private") is True,
        is_archived=found.get("is_archived") is True,
        is_external=found.get("is_ext_shared") is True or found.get("is_pending_ext_shared") is True,
    )
