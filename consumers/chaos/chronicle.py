"""What was done to whom and when, in memory and as a line of JSON each."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from consumers.chaos.audit import Victim, Violence


@dataclass(slots=True)
class Deed:
    """An act under way: what it finds out about itself while it lasts."""

    kills: int = 0
    since: float | None = None
    committed: Mapping[int, int] | None = None


class Chronicle:
    """Every act, in the order of their ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.violence: list[Violence] = []
        self.acts: Counter[str] = Counter()
        self.now: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """Processes killed so far."""
        return sum(one.kills for one in self.violence)

    @contextmanager
    def act(self, name: str, victim: Victim, target: str) -> Iterator[Deed]:
        """Note an act from the block's begin to its end, however it ends."""
        deed, begin = Deed(), time.time()
        self.now[name] += 1
        try:
            yield deed
        finally:
            self.now[name] -= 1
            self._note(
                Violence(
                    act=name,
                    victim=victim,
                    target=target,
                    begin=begin,
                    end=time.time(),
                    kills=deed.kills,
                    since=deed.since,
                    committed=deed.committed,
                )
            )

    def _note(self, one: Violence) -> None:
        self.violence.append(one)
        self.acts[one.act] += 1
        line = asdict(one)
        with self._path.open("ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS) + b"\n")
