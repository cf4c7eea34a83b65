"""The Lua scripts under lua/, each behind the guard: a script does nothing in a Redis whose state we don't know."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.core.errors import UnavailableError
from bot.stores.away import unavailable
from bot.stores.epoch import UNCHECKED, Epoch

LUA = Path(__file__).parent / "lua"


class Script:
    """One script of lua/, with the fragments it needs in front.

    Without an epoch it trusts the Redis that it finds, as a recovery has to and tests may.
    """

    def __init__(self, redis: Redis, name: str, *fragments: str, epoch: Epoch | None = None) -> None:
        text = "\n".join((LUA / f"{part}.lua").read_text() for part in ("guard", *fragments, name))
        self._script = redis.register_script(text)
        self._epoch = epoch

    async def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run it. Raises UnavailableError where Redis is away, or isn't the one we know."""
        guarded = ("", "") if self._epoch is None else (self._epoch.key, self._epoch.known or "none")
        try:
            with unavailable():
                return await self._script(keys=[*keys, guarded[0]], args=[*args, guarded[1]])
        except ResponseError as error:
            if self._epoch is None or not str(error).startswith("EPOCH"):
                raise
            self._epoch.doubted.set()
            raise UnavailableError(UNCHECKED) from error
