"""Payloads on their way to the app: by which transport, how soon to be acked, when sent again."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog

from bot.sandbox.answers import Json

ACK_SECONDS = 3.0  # docs.slack.dev/interactivity/handling-user-interaction
# docs.slack.dev/apis/events-api: again almost at once, after a minute, after five.
RETRY_DELAYS = (0.0, 60.0, 300.0)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One payload for the app.

    Attributes:
        kind: Socket Mode's names; over HTTP it decides between a JSON body and a form.
        expects_answer: whether the ack may carry a payload (``accepts_response_payload``).
    """

    kind: Literal["events_api", "slash_commands", "interactive"]
    payload: Json
    expects_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The number of a repeated delivery, from 1, and why the one before failed."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """The app answered in time; ``payload`` is what it said."""

    payload: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAcked:
    """The app did not answer in time or not with 200.

    Attributes:
        reason: as in ``x-slack-retry-reason``: ``timeout``, ``connection_failed`` or ``http_error``.
        final: the app asked not to be sent this again (``x-slack-no-retry``).
    """

    reason: Literal["timeout", "connection_failed", "http_error"]
    final: bool = False


Ack = Acked | NotAcked


class Transport(Protocol):
    """A way to the app: Socket Mode or signed HTTP."""

    async def send(self, envelope: Envelope, *, retry: Retry | None, timeout: float) -> Ack:  # noqa: ASYNC109 - Slack's limit is part of the protocol
        """Hand over one payload and wait for its ack, at most ``timeout`` seconds."""
        ...


class Deliveries:
    """Sends payloads over the present transport and owns the tasks that repeat unacked events."""

    def __init__(
        self,
        transport: Transport,
        *,
        ack_seconds: float = ACK_SECONDS,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
    ) -> None:
        self.transport = transport
        self.ack_seconds = ack_seconds
        self.retry_delays = retry_delays
        self.undelivered: list[Json] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, envelope: Envelope) -> Ack:
        """Deliver once and give the app's answer; commands and interactions are never repeated."""
        return await self.transport.send(envelope, retry=None, timeout=self.ack_seconds)

    def tell(self, envelope: Envelope) -> None:
        """Deliver an event in the background, again when it is not acked."""
        self.background(self._until_acked(envelope), name=f"event {envelope.payload.get('event_id')}")

    def background(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run something that this object cancels when it closes."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_acked(self, envelope: Envelope) -> None:
        ack = await self.transport.send(envelope, retry=None, timeout=self.ack_seconds)
        for number, delay in enumerate(self.retry_delays, start=1):
            if isinstance(ack, Acked) or ack.final:
                break
            await asyncio.sleep(delay)
            retry = Retry(number=number, reason=ack.reason)
            ack = await self.transport.send(envelope, retry=retry, timeout=self.ack_seconds)
        if isinstance(ack, NotAcked):
            self.undelivered.append(envelope.payload)
            log.info("sandbox_event_given_up", event_id=envelope.payload.get("event_id"), reason=ack.reason)

    async def close(self) -> None:
        """Stop every delivery that is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
