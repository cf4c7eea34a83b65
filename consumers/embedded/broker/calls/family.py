"""What a module of ``calls`` offers: a table from request to the coroutine that answers it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from consumers.embedded.broker.errors import Code, Refused
from consumers.embedded.broker.shape import Body
from consumers.embedded.broker.wire import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and in which version."""

    client_id: str
    host: str
    version: int


Handler = Callable[[Body, Caller], Awaitable[Body | None]]
"""Gives the answer's fields, or None where the protocol has no answer (produce with acks=0)."""
Table = Mapping[Api, Handler]


def each_partition(
    topics: Iterable[Body],
    partitions: str,
    one: Callable[[str, Any], Body],
    *,
    failed: Callable[[Any, Refused], Body],
) -> list[Body]:
    """Answer for each partition of each topic; a refusal concerns one partition alone."""

    def answered(topic: str, asked: Any) -> Body:
        try:
            return one(topic, asked)
        except Refused as refusal:
            return failed(asked, refusal)

    return [
        {"name": topic["name"], partitions: [answered(topic["name"], asked) for asked in topic[partitions]]}
        for topic in topics
    ]


def code_of(action: Callable[[], object]) -> Code:
    """Do something and tell how it went."""
    try:
        action()
    except Refused as refusal:
        return refusal.code
    return Code.NONE
