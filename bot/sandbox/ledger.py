"""The audit trail: what the workspace accepted, in order. Demo and chaos tests read it."""

from collections import deque
from itertools import islice
from typing import Literal

from bot.sandbox.answers import Json
from bot.sandbox.message import Message

Act = Literal["post", "update", "delete", "ephemeral"]


class Ledger:
    """Every accepted message, numbered from 1; the oldest entries are forgotten beyond ``bound``."""

    def __init__(self, bound: int) -> None:
        self._entries: deque[Json] = deque(maxlen=bound)
        self.last_seq = 0

    def note(self, act: Act, message: Message, received_at: float) -> None:
        """Add an entry; ``received_at`` is in seconds since the epoch."""
        self.last_seq += 1
        self._entries.append(
            {
                "seq": self.last_seq,
                "kind": act,
                "channel": message.channel,
                "user": message.audience or message.user,
                "bot_id": message.bot_id,
                "ts": message.ts,
                "thread_ts": message.thread_ts,
                "text": message.content.text,
                "blocks": message.content.blocks,
                "attachments": message.content.attachments,
                "metadata": message.content.metadata,
                "received_at": received_at,
            }
        )

    def page(self, *, after: int, limit: int, kind: str) -> Json:
        """Entries numbered above ``after``, oldest first, of one kind or of ``all``.

        ``next`` is the number to ask for next time, ``has_more`` whether to ask at once, and ``first_seq``
        the oldest number still known: a reader whose ``after`` is more than one below has missed entries.
        """
        first = self._entries[0]["seq"] if self._entries else self.last_seq + 1
        start = max(0, after - first + 1)
        entries: list[Json] = []
        reached = max(after, first - 1)
        for entry in islice(self._entries, start, None):
            if len(entries) == limit:
                break
            reached = entry["seq"]
            if kind in {"all", entry["kind"]}:
                entries.append(entry)
        more = reached < self.last_seq
        return {"ok": True, "entries": entries, "next": reached, "has_more": more, "first_seq": first}
