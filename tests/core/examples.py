"""One event to vary in tests that name their cases."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bot.core.event import Event, Failure, Model, Requester, Sensitivity, Status, Usage

_EVENT = Event(
    source="/billing/checks",
    id="e-1",
    type="com.example.inference.completed",
    time=datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC),
    inference="i-4711",
    status=Status.COMPLETED,
    model=Model(name="fraud-detector", version="2.1", provider="openai"),
    session="s-81",
    requester=Requester(slack_id="U024BE7LH", email="ann@example.com"),
    title="Chargeback of order 7",
    result={
        "verdict": "fraud",
        "why": ["two cards", "don\u2019t match"],
        "score": 0.5,
        "more": [[{"at": ["far\\down"]}], None],
    },
    confidence=0.72,
    latency=2.5,
    usage=Usage(input_tokens=3000, output_tokens=1200, cost=0.12),
    tags=("nightly", "EU"),
    labels={"team": "risk", "app.kubernetes.io/name": "checks"},
    environment="production",
    error=Failure(type="Timeout", message="upstream said no"),
    sensitivity=Sensitivity.INTERNAL,
)


def event(**changes: Any) -> Event:
    """The example, changed."""
    return replace(_EVENT, **changes)
