"""An installation with nothing running but its servers, for an operator: broker, Redis, Slack's sandbox."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox
from consumers.embedded.servers import embedded_kafka, embedded_redis

T = TypeVar("T")


@dataclass
class Premises:
    kafka: str
    redis: str
    sandbox: Sandbox
    team: str = "T0SANDBOX"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TIDINGS_KAFKA": self.kafka,
            "TIDINGS_REDIS": self.redis,
            "TIDINGS_SECRET": "s" * 40,
            "TIDINGS_SLACK_BOT_TOKEN": self.sandbox.bot_token,
            "TIDINGS_SLACK_API_URL": self.sandbox.api_url,
        }


@contextmanager
def premises() -> Iterator[Premises]:
    """The servers, on a loop that runs beside the commands' own."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    def wait(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    open_ = AsyncExitStack()

    async def begin() -> Premises:
        kafka = await open_.enter_async_context(embedded_kafka())
        redis = await open_.enter_async_context(embedded_redis())
        sandbox = await open_.enter_async_context(Sandbox(rates=Rates(enabled=False)))
        return Premises(str(kafka), str(redis), sandbox)

    try:
        yield wait(begin())
    finally:
        wait(open_.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
