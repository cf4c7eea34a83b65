"""The last moment at which an attempt may be written to the network.

A worker whose process was stopped (SIGSTOP, a paused virtual machine) goes on where it was, long after its lease ran
out and another has sent what it holds. A timeout does not help: asyncio runs what is ready before it looks at timers,
and writing a request on an open connection takes no waiting. So the time is looked at once more when the connection is
at hand, right before the request is written.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aiohttp import TraceConfig

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


class TooLateError(Exception):
    """The deadline had passed before a byte was written: nothing was sent."""


@contextmanager
def before(deadline: float) -> Iterator[None]:
    """Let requests of this block be written only until `deadline`, in the event loop's time (seconds)."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def watch() -> TraceConfig:
    """Make a client session keep to the deadline: for its `trace_configs`. Requests then raise TooLateError."""

    async def check(*_: Any) -> None:
        if asyncio.get_running_loop().time() > _deadline.get():
            raise TooLateError("the lease ran out before the request could be written")

    trace = TraceConfig()
    trace.on_connection_reuseconn.append(check)
    trace.on_connection_create_end.append(check)
    return trace
