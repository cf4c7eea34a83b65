"""What people say of results, as it lies in the feedback topic: a CloudEvent for each time somebody says it.

One person has one opinion of one inference: of several, the one with the latest `time` counts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import orjson

from bot.core.event import Event

TYPE: Final = "ai.inference.feedback"
SOURCE: Final = "/tidings"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Rating(StrEnum):
    """A thumb."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a person (`user` of the Slack workspace `team`) says of an event's result, `at` ms since the epoch."""

    event: Event
    rating: Rating
    team: str
    user: str
    at: int

    @property
    def about(self) -> str:
        """Whose opinion of what it is: 32 hexadecimal digits, the same for each of a person's about an inference."""
        parts = (self.team, self.user, self.event.source, self.event.inference)
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def encode(said: Feedback) -> bytes:
    """Write it as a CloudEvent in structured mode. One click has one id, however often it is written."""
    event = said.event
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"{said.about}-{said.at}",
            "source": SOURCE,
            "type": TYPE,
            "subject": event.inference,
            "time": (_EPOCH + timedelta(milliseconds=said.at)).isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            "data": {
                "verdict": said.rating.value,
                "inference_id": event.inference,
                "event": {"source": event.source, "id": event.id},
                "model": {"name": event.model.name, "version": event.model.version},
                "by": {"team": said.team, "user": said.user},
            },
        }
    )
