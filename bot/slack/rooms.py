"""Which channels a person is in, as far as the bot can see them."""

import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from bot.outlets.slack.web import Said, SlackWeb

SECONDS = 300.0
"""How old an answer may be; users.conversations is of tier 3."""
PAGE, PAGES = 200, 5
"""Nobody's Home tells of more than a thousand channels of theirs."""
REMEMBERED = 5_000

log = structlog.get_logger()


class Rooms:
    """Asks Slack, and remembers the answer for a while. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], tuple[float, tuple[str, ...]]] = OrderedDict()

    async def of(self, web: SlackWeb, *, token: str, team: str, user: str) -> tuple[str, ...]:
        """The ids of the channels; none where Slack doesn't tell."""
        known = self._known.get((team, user))
        if known is not None and self._clock() - known[0] < SECONDS:
            return known[1]
        found: list[str] = []
        cursor = ""
        for _ in range(PAGES):
            reply = await web.ask(
                web.api.users_conversations(
                    token=token,
                    user=user,
                    types="public_channel,private_channel",
                    exclude_archived=True,
                    limit=PAGE,
                    cursor=cursor or None,
                )
            )
            if not isinstance(reply, Said):
                log.warning("rooms_unknown", reply=repr(reply))
                return tuple(found)
            found += [str(channel["id"]) for channel in reply.data.get("channels", ())]
            cursor = str((reply.data.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        self._known[team, user] = (self._clock(), tuple(found))
        self._known.move_to_end((team, user))
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return tuple(found)
