"""Faults on demand: what the next calls of a method shall suffer."""

import random
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from bot.sandbox.answers import Json, Refusal

Kind = Literal["drop", "html", "text", "ratelimited", "latency", "error"]
_KINDS: frozenset[str] = frozenset({"drop", "html", "text", "ratelimited", "latency", "error"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """One kind of trouble.

    Attributes:
        kind: ``drop`` cuts the connection, ``html`` and ``text`` answer ``status`` without JSON,
            ``ratelimited`` is a 429, ``latency`` delays, ``error`` answers with the code ``error``.
        method: the Web API method it hits, ``*`` for all, ``response_url`` for answers to response URLs.
        channel: only calls for this channel id.
        after: the call is carried out first and the trouble hides its answer, so that the app cannot know.
        times: how many calls it hits; None for all until it is taken away.
        probability: how likely it hits each of them, with dice seeded by ``seed``.
        seconds: how long ``latency`` waits.
    """

    kind: Kind
    method: str = "*"
    channel: str | None = None
    after: bool = False
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    status: int = 500
    retry_after: int = 30
    seconds: float = 1.0
    error: str = "internal_error"
    hits: int = 0
    _dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"a fault is one of {sorted(_KINDS)}, not {self.kind!r}")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"a probability lies between 0 and 1, not at {self.probability}")
        self._dice = random.Random(self.seed)  # noqa: S311 - repeatable dice, no secret

    @classmethod
    def read(cls, body: Json) -> Self:
        """A fault from the JSON of ``POST /sandbox/faults``; unlimited where only a probability is given."""
        allowed = {name for name in cls.__slots__ if not name.startswith("_")} - {"hits"}
        unknown = sorted(set(body) - allowed)
        if unknown or "kind" not in body:
            raise Refusal(
                "invalid_arguments", detail=f"unknown fields {unknown}" if unknown else "kind is missing"
            )
        fields: dict[str, Any] = dict(body)
        if "probability" in body and "times" not in body:
            fields["times"] = None
        try:
            return cls(**fields)
        except (TypeError, ValueError) as error:
            raise Refusal("invalid_arguments", detail=str(error)) from error

    def hit(self, method: str, channel: str | None) -> bool:
        """Whether this call suffers; counts it if so."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method not in {"*", method} or (self.channel is not None and self.channel != channel):
            return False
        if self.probability < 1.0 and self._dice.random() >= self.probability:
            return False
        self.hits += 1
        return True


class Faults:
    """Every fault in force, in the order they were asked for."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take every fault away."""
        self._faults.clear()

    def strike(self, method: str, channel: str | None) -> list[Fault]:
        """What this call suffers: any delays, and the first of the rest."""
        suffered: list[Fault] = []
        for fault in self._faults:
            decided = fault.kind != "latency" and any(each.kind != "latency" for each in suffered)
            if not decided and fault.hit(method, channel):
                suffered.append(fault)
        self._faults = [fault for fault in self._faults if fault.times is None or fault.hits < fault.times]
        return suffered

    def to_json(self) -> list[Json]:
        """Every fault in force."""
        return [
            {name: getattr(fault, name) for name in Fault.__slots__ if not name.startswith("_")}
            for fault in self._faults
        ]
