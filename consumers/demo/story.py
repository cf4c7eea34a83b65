"""What happens in the demo: events made up from a seed, or a production trace with real answers played back.

Events are written as any service would write them: CloudEvents JSON, by hand and not by Tidings' own encoder.
"""

import csv
import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Any

import orjson

SOURCE = "/demo/inference-gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event to publish `at` seconds after the start. `id` is its CloudEvents id, `key` its Kafka key."""

    at: float
    id: str
    key: str
    data: Mapping[str, Any]

    def cloudevent(self, time: datetime) -> bytes:
        """The record's value, in CloudEvents' structured mode."""
        event = {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": f"ai.inference.{self.data['status']}",
            "subject": self.key,
            "time": time.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "data": self.data,
        }
        return orjson.dumps(event)


MODELS = (
    ("fraud-scorer", "3.2.0", "in-house"),
    ("fraud-explainer", "1.4.1", "in-house"),
    ("claims-summary", "2026-10", "in-house"),
    ("support-reply", "7", "openai"),
    ("code-review", "sonnet", "anthropic"),
)
TITLES = {
    "fraud-scorer": ("Card payment over 2,000 EUR", "Account take-over check", "New merchant, first payout"),
    "fraud-explainer": ("Why was this transfer held?", "Explain the score to the customer"),
    "claims-summary": ("Water damage, 14 photos", "Rear-end collision, two witnesses", "Lost luggage, Lisbon to Oslo"),
    "support-reply": ("Refund asked for the third time", "Cannot log in after the update"),
    "code-review": ("Retry loop in the payment client", "Migration adds an index without CONCURRENTLY"),
}
ERRORS = {
    "timeout": "no answer within 30 s",
    "content_filter": "the answer was withheld by the provider's filter",
    "overloaded": "the provider has no capacity left in eu-west",
}
ANSWERS = {
    "fraud-scorer": "**Score 0.93: hold.**\n\n- The device was first seen four minutes ago\n- Shipping and billing "
    "address are 900 km apart\n- Three cards were tried before this one\n\n| signal | weight |\n|---|---|\n"
    "| device age | 0.41 |\n| distance | 0.33 |\n| velocity | 0.19 |",
    "fraud-explainer": "We paused this transfer because it is *unlike your usual payments*: a new recipient, late at "
    "night, and twelve times the normal amount.\n\n> Confirm it in the app and it goes out at once.",
    "claims-summary": "### Summary\n1. Pipe burst on the second floor\n2. Kitchen and hallway affected\n3. Estimate: "
    "**4,800 EUR**\n\nNo sign of an earlier claim for the same damage.",
    "support-reply": "Hi! I can see that the refund was issued on Monday; banks take up to five days. I've attached "
    "the reference so that yours can find it.",
    "code-review": "The loop retries on every exception, cancellation included:\n\n```python\nwhile True:\n    try:\n"
    "        return await pay()\n    except BaseException:\n        await sleep(1)\n```\n\nCatch `PaymentError` only.",
}


def made_up(seed: int, *, rate: float, people: Sequence[str]) -> Iterator[Occurrence]:
    """Endless inferences, about `rate` events a second: some run for a while first, a few fail or need a person."""
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    waiting: list[tuple[float, int, Occurrence]] = []
    order = count()
    at = 0.0
    for number in count(1):
        at += dice.expovariate(rate / 1.5)
        while waiting and waiting[0][0] <= at:
            yield heapq.heappop(waiting)[2]
        name, version, provider = dice.choice(MODELS)
        inference = f"inf-{seed}-{number:05d}"
        status = dice.choices(("completed", "failed", "needs_review"), (84, 9, 7))[0]
        latency = round(dice.lognormvariate(0.2, 0.7), 2)
        data = {
            "inference_id": inference,
            "session_id": f"case-{number % 40:03d}",
            "title": dice.choice(TITLES[name]),
            "model": {"name": name, "version": version, "provider": provider},
            "requester": {"slack_id": dice.choice(people)} if people else None,
            "environment": dice.choice(("production", "production", "staging")),
            "tags": sorted(dice.sample(("eu", "us", "batch", "vip", "canary"), 2)),
        }
        start = Occurrence(at=at, id=f"{inference}-1", key=inference, data={**data, "status": "running"})
        end = Occurrence(
            at=at + min(latency, 5.0),
            id=f"{inference}-2",
            key=inference,
            data={**data, **_end(dice, name, status, latency)},
        )
        if dice.random() < 0.5:  # noqa: PLR2004 - half of them tell that they began
            yield start
        heapq.heappush(waiting, (end.at, next(order), end))


def _end(dice: Random, name: str, status: str, latency: float) -> dict[str, Any]:
    usage = {"input_tokens": dice.randint(80, 6_000), "output_tokens": dice.randint(20, 900)}
    end: dict[str, Any] = {
        "status": status,
        "latency": latency,
        "usage": {**usage, "cost": round(usage["input_tokens"] * 3e-6 + usage["output_tokens"] * 15e-6, 5)},
    }
    if status == "failed":
        kind = dice.choice(tuple(ERRORS))
        end["error"] = {"type": kind, "message": ERRORS[kind]}
        return end
    end["confidence"] = round(dice.uniform(0.15, 0.6) if status == "needs_review" else dice.betavariate(9, 2), 2)
    end["result"] = ANSWERS[name]
    return end


TRACES = ("azure_llm_trace_conv.csv", "azure_llm_trace_code.csv")
ANSWER_FILE = "llm_answers.jsonl"


class TraceError(Exception):
    """A replay folder that lacks a file; the text names it."""


def look_for_trace(folder: Path) -> None:
    """Raise TraceError where the folder lacks a file of the trace."""
    for name in (*TRACES, ANSWER_FILE):
        if not (folder / name).is_file():
            wanted = f"{', '.join(TRACES)} and {ANSWER_FILE}"
            raise TraceError(f"{folder / name} is missing: --replay wants a folder with {wanted}")


def replay(folder: Path, *, speed: float, seed: int, people: Sequence[str]) -> Iterator[Occurrence]:
    """A production trace with real answers, `speed` times as fast; about one event in a hundred is for a person.

    Every request becomes one event, and every twentieth is announced as running before. Raises TraceError.
    """
    look_for_trace(folder)
    answers = cycle([json.loads(line) for line in (folder / ANSWER_FILE).read_text(encoding="utf-8").splitlines()])
    dice = Random(seed)  # noqa: S311 - a story, not a secret
    requests = heapq.merge(*(_trace(folder / name) for name in TRACES))
    begin: datetime | None = None
    for number, (time, model, context, generated) in enumerate(requests, start=1):
        begin = begin or time
        at = (time - begin) / timedelta(seconds=speed)
        inference = f"trace-{seed}-{number:05d}"
        answer = next(answers)
        data = {
            "inference_id": inference,
            "session_id": f"{model}-{number % 500:03d}",
            "title": answer["prompt"].strip().splitlines()[0][:120],
            "model": {"name": model, "version": "2023-11", "provider": "azure"},
            "tags": [answer["category"]],
            "environment": "production",
        }
        usage = {"input_tokens": context, "output_tokens": generated}
        if number % 20 == 0:
            yield Occurrence(at=at, id=f"{inference}-1", key=inference, data={**data, "status": "running"})
        yield Occurrence(
            at=at,
            id=f"{inference}-2",
            key=inference,
            data={
                **data,
                **_verdict(dice, people),
                "usage": usage,
                "latency": round(generated * 0.03, 2),
                "result": answer["answer"],
            },
        )


def _verdict(dice: Random, people: Sequence[str]) -> dict[str, Any]:
    """One in three hundred fails, as many need a person or are unsure, and one in five hundred is somebody's own."""
    chance = dice.random()
    if chance < 1 / 300:
        return {"status": "failed", "error": {"type": "overloaded", "message": "no capacity left"}}
    if chance < 2 / 300:
        return {"status": "needs_review", "confidence": round(dice.uniform(0.5, 0.7), 2)}
    if chance < 3 / 300:
        return {"status": "completed", "confidence": round(dice.uniform(0.05, 0.45), 2)}
    requester = {"requester": {"slack_id": dice.choice(people)}} if people and chance > 1 - 1 / 500 else {}
    return {"status": "completed", "confidence": round(dice.uniform(0.7, 1.0), 2), **requester}


def _trace(path: Path) -> Iterator[tuple[datetime, str, int, int]]:
    model = path.stem.replace("azure_llm_trace_", "azure-")
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            # seven digits of a second; datetime takes six
            time = datetime.fromisoformat(row["TIMESTAMP"][:26]).replace(tzinfo=UTC)
            yield time, model, int(row["ContextTokens"]), int(row["GeneratedTokens"])
