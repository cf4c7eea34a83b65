"""Between Slack and the listeners: a request is kept before it is acknowledged, and done whoever dies.

1. Bolt finds the installation and the listener; the listener says what is to be done (`Desk.take`).
2. The request goes into the inbox. Without that there is no acknowledgement.
3. The work starts here and now, and the acknowledgement goes out.
4. The answer is noted, its sending is noted, it is sent, and the request leaves the inbox.

What a killed process leaves in the inbox goes through Bolt again, in another process, once its lease has expired; so
does what this one had to put off because Redis was away in the middle of it.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from slack_bolt.response import BoltResponse

from bot.core.errors import UnavailableError
from bot.render.replies import forgetful, too_late, trouble, unavailable
from bot.slack.desk import Desk, Slip, Task
from bot.slack.errands import BusyError
from bot.slack.inbox import Inbox, Kept, LetGoError, Receipt, identity

RECEIVE_SECONDS = 2.0
"""Slack waits 3 s in all."""
MOST_TRIES = 5
"""A request that so many processes left behind is what they died of."""
UNAVAILABLE = 503

log = structlog.get_logger()

Ask = Callable[[Mapping[str, Any], Mapping[str, str], Slip], Awaitable[BoltResponse]]
"""Gives Bolt a payload, with its headers and its slip."""


class Reception:
    """Receives what Slack sends. `ask` gives it to Bolt."""

    def __init__(self, ask: Ask, desk: Desk) -> None:
        self._ask = ask
        self._desk = desk
        self._inbox: Inbox = desk.inbox
        self._in_hand: set[str] = set()
        self._again: set[str] = set()
        self._refused: set[str] = set()
        self._closed = False

    async def receive(
        self, payload: Mapping[str, Any], *, headers: Mapping[str, str], envelope: str | None
    ) -> BoltResponse:
        """Answer Slack once the request is kept; `envelope` is Socket Mode's id of this delivery, if it came that way.

        A request that can't be kept is answered with what makes Slack tell the person, or send it again.
        """
        if self._closed:
            return BoltResponse(status=UNAVAILABLE)
        slip = Slip(id=identity(payload) or f"delivery/{envelope or secrets.token_hex(16)}")
        response = await self._ask(payload, headers, slip)
        task = slip.task
        if task is None or response.status != 200:  # noqa: PLR2004 (Bolt's for an acknowledgement)
            return response
        if slip.id in self._in_hand:
            log.info("request_repeated", request=task.name)
            return response
        self._in_hand.add(slip.id)
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                receipt = await self._inbox.receive(slip.id, payload)
        except (UnavailableError, TimeoutError) as error:
            self._in_hand.discard(slip.id)
            return self._unkept(slip.id, task, payload, error)
        if receipt is Receipt.OURS:
            self._start(task)
            return response
        self._in_hand.discard(slip.id)
        if receipt is Receipt.FULL:
            log.error("inbox_full", request=task.name)
            return BoltResponse(status=UNAVAILABLE)
        log.info("request_repeated", request=task.name)
        return response

    @asynccontextmanager
    async def open(self, drain: float) -> AsyncIterator[None]:
        """Keep the lease and take over what others left. On the way out finish what was begun, for `drain` seconds.

        What is not finished then is for the others, at once.
        """
        stop = asyncio.Event()
        looking = asyncio.create_task(self._keep_looking(stop), name="inbox-look")
        try:
            yield
        finally:
            self._closed = True
            await self._desk.errands.drain(drain)
            stop.set()  # redis-py can swallow a cancellation
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            with suppress(UnavailableError):
                await self._inbox.leave()

    async def look(self) -> None:
        """Renew the lease, and go on with requests that were left or put off. Raises UnavailableError."""
        for refused in tuple(self._refused):
            with suppress(LetGoError):
                await self._inbox.done(refused)
            self._refused.discard(refused)
        room = 0 if self._closed else self._desk.errands.room
        again = list(self._again)[:room]
        found = await self._inbox.look(room=room, again=again)
        self._again.difference_update(again)
        for kept in found:
            if kept.id not in self._in_hand:  # else it went to another and came back, while we were working on it
                await self._resume(kept)

    async def _keep_looking(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.look()
            except UnavailableError:
                pass  # /readyz tells
            except Exception:
                # Without the lease every other process would do our work too: the loop has to go on.
                log.exception("inbox_look_failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._inbox.lease / 3):
                    await stop.wait()

    def _unkept(self, request: str, task: Task, payload: Mapping[str, Any], error: Exception) -> BoltResponse:
        """Slack, or we, tell the person that nothing was done; and see to it, should Redis have it nevertheless.

        An event comes again, and is known then; so it is done, if Redis has it.
        """
        log.warning("request_not_kept", request=task.name, reason=str(error) or type(error).__name__)
        if "event_id" in payload:
            self._again.add(request)
        else:
            self._refused.add(request)
        if "command" in payload:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": forgetful(command=True)})
        return BoltResponse(status=UNAVAILABLE)

    async def _resume(self, kept: Kept) -> None:
        log.info("request_taken_over", request=kept.id, former=kept.former, tries=kept.tries)
        if kept.begun:
            log.warning("reply_unknown", request=kept.id, former=kept.former)
            await self._done(kept.id)
            return
        if kept.answer:
            self._begin(kept.id, "noted-answer", lambda: self._desk.deliver(kept.id, kept.answer))
            return
        slip = Slip(id=kept.id)
        response = await self._ask(kept.body, {}, slip)
        if response.status != 200:  # noqa: PLR2004 (as above)
            self._again.add(kept.id)
        elif slip.task is None:
            await self._done(kept.id)
        else:
            self._start(slip.task, kept)

    def _start(self, task: Task, kept: Kept | None = None) -> None:
        self._begin(task.request.id, task.name, lambda: self._work(task, kept))

    def _begin(self, request: str, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._in_hand.add(request)
        try:
            self._desk.errands.start(name, self._see_to(request, work))
        except BusyError:
            # It filled up since the listener asked.
            self._in_hand.discard(request)
            self._again.add(request)

    async def _see_to(self, request: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; the request leaves the inbox, unless it is somebody else's now or has to be done again."""
        try:
            await work()
        except LetGoError as error:
            log.warning("request_let_go", request=request, reason=str(error))
            if error.again:
                self._again.add(request)
        except Exception:
            # The person was told, and what breaks a request would break it again.
            await self._done(request)
            raise
        else:
            await self._done(request)
        finally:
            self._in_hand.discard(request)

    async def _work(self, task: Task, kept: Kept | None) -> None:
        """Do what the listener wants done; `kept` where it comes from the inbox."""
        desk, request = self._desk, task.request
        try:
            if kept is not None and kept.tries > MOST_TRIES:
                log.error("request_given_up", request=request.id, tries=kept.tries)
                await desk.answer(request, trouble())
            elif kept is not None and task.fresh:
                await desk.answer(request, too_late())
            else:
                await task.work(request)
        except LetGoError:
            raise
        except UnavailableError as error:
            log.warning("request_unavailable", request=task.name, reason=str(error))
            await desk.answer(request, unavailable(error))
        except Exception:
            # The person waits for an answer; the errand's owner logs the rest.
            await desk.answer(request, trouble())
            raise

    async def _done(self, request: str) -> None:
        try:
            await self._inbox.done(request)
        except LetGoError:
            pass  # somebody took it over after its last step, and finds that it is done or its answer begun
        except UnavailableError:
            self._again.add(request)
