"""What Slack knows about people and channels, behind the ports `People` and `Channels`, remembered for a minute.

`users.info` and `conversations.info` are of tiers 4 and 3, 100 and 50 calls a minute and workspace: a burst of commands
about one channel must not be a burst of calls (docs.slack.dev, rate limits).
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Generic, TypeVar

import structlog

from bot.core.errors import UnavailableError
from bot.outlets.slack_errors import Answer
from bot.outlets.slack_web import Reply, Said, SlackWeb
from bot.ports.people import ChannelFacts

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

KEEP_SECONDS = 60.0
KEPT = 2_000

TokenOf = Callable[[str], Awaitable[str]]
"""The bot's token in a workspace."""

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

log = structlog.get_logger()


class Directory:
    """Asks Slack. `clock` gives seconds that never go back."""

    def __init__(self, web: SlackWeb, token_of: TokenOf, *, clock: Callable[[], float]) -> None:
        self._web = web
        self._token_of = token_of
        self._admins: Recent[tuple[str, str], bool] = Recent(clock)
        self._channels: Recent[tuple[str, str], ChannelFacts] = Recent(clock)

    async def is_admin(self, team: str, user: str) -> bool:
        """Whether the person is an admin or owner of the workspace. Raises UnavailableError."""
        known = self._admins.get((team, user))
        if known is not None:
            return known
        reply = await self._web.ask(self._web.api.users_info(token=await self._token_of(team), user=user))
        match reply:
            case Said(data={"user": dict(person)}):
                is_admin = any(person.get(role) is True for role in ("is_admin", "is_owner", "is_primary_owner"))
                self._admins.put((team, user), is_admin)
                return is_admin
            case Answer(error=error) if error in _NO_PERSON:
                return False
            case _:
                raise _away("users.info", reply)

    async def find(self, team: str, channel: str) -> ChannelFacts | None:
        """What is known of a channel; None where the bot can't see it. Raises UnavailableError."""
        known = self._channels.get((team, channel))
        if known is not None:
            return known
        reply = await self._web.ask(self._web.api.conversations_info(token=await self._token_of(team), channel=channel))
        match reply:
            case Said(data={"channel": dict(found)}):
                facts = _facts(channel, found)
                if facts is not None and facts.is_member:
                    # Only that is remembered: who was just told to invite the bot does so and tries again at once.
                    self._channels.put((team, channel), facts)
                return facts
            case Answer(error=error) if error in _UNSEEN:
                return None
            case Answer(error="missing_scope", detail=needed) if "im:read" in needed:
                return None  # a conversation between people (im:read, mpim:read), which is none of our business
            case _:
                raise _away("conversations.info", reply)

    async def join(self, team: str, channel: str) -> bool:
        """Join a public channel; False where that is not allowed. Raises UnavailableError."""
        reply = await self._web.ask(self._web.api.conversations_join(token=await self._token_of(team), channel=channel))
        match reply:
            case Said():
                return True
            case Answer(error=error) if error in _MAY_NOT_JOIN:
                return False
            case _:
                raise _away("conversations.join", reply)

    def forget(self, team: str, channel: str) -> None:
        """Ask Slack anew the next time: something happened to the channel."""
        self._channels.drop((team, channel))


class Recent(Generic[K, V]):
    """The latest few answers, each for a short while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The answer, if it is recent."""
        until, value = self._kept.get(key, (float("-inf"), None))
        return value if self._clock() < until else None

    def put(self, key: K, value: V) -> None:
        """Keep an answer; the oldest makes room."""
        self._kept[key] = (self._clock() + KEEP_SECONDS, value)
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def drop(self, key: K) -> None:
        """Forget an answer."""
        self._kept.pop(key, None)


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


def _away(method: str, reply: Reply) -> UnavailableError:
    said = reply.error or f"HTTP {reply.status}" if isinstance(reply, Answer) else "no answer"
    detail = f", {reply.detail}" if isinstance(reply, Answer) and reply.detail else ""
    log.warning("slack_lookup_failed", method=method, reason=f"{said}{detail}")
    return UnavailableError(f"Slack can't tell ({method}: {said}{detail})")
