"""A made-up result, to see what a subscription's results look like where it leads."""

from datetime import UTC, datetime

from bot.core.event import Event, Model, Requester, Status, Usage
from bot.core.subscription import Subscription

TYPE = "tidings.test"
"""The type of a made-up event; no service publishes it."""
TAG = "tidings-test"


def sample(subscription: Subscription, *, by: str, now: int, number: int) -> Event:
    """A completed inference that says in its title and its text that it is a test; `number` makes it one of its own."""
    return Event(
        source="/tidings/test",
        id=f"{subscription.id}-{number:x}",
        type=TYPE,
        time=datetime.fromtimestamp(now / 1000, UTC),
        inference=f"test-{subscription.id}-{number:x}",
        status=Status.COMPLETED,
        model=Model(name="tidings-test", version="1"),
        requester=Requester(slack_id=by),
        title="TEST: nothing was inferred",
        result="This is a **test** of a subscription. Results that match its filter arrive here like this one.",
        confidence=0.5,
        latency=1.0,
        usage=Usage(input_tokens=1, output_tokens=1),
        tags=(TAG,),
        environment="test",
    )
