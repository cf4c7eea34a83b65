"""Who subscribes to what: typed as people type it, each beside a plain condition that the audit goes by."""

from collections.abc import Mapping, Sequence
from typing import Any

from consumers.demo.company import Wish

Data = Mapping[str, Any]

CHANNELS = (
    ("fraud-alerts", "tomas.okafor"),
    ("ml-platform", "hiro.tanabe"),
    ("inference-review", "amara.nwosu"),
    ("llm-evals", "ines.duarte"),
    ("general", "jonas.weber"),
    ("support-copilot", "maya.lindqvist"),
)
"""Each hears of one model; the load has more models than there are channels, so that Slack's share stays small."""
WHOLE = "general"
"""The channel that hears of its model's inferences from their beginning, so that their cards are changed in place."""
ASKER = "maya.lindqvist"
HOOKS = ("all", "ended", "even")
"""Paths of the receiver: one for everything, one for inferences that ended, one for every other model."""
URGENT = frozenset({"failed", "needs_review"})
ENDED = frozenset({"completed", "failed"})


def model(number: int) -> str:
    """The name of a model of the load."""
    return f"chaos-{number}"


def wishes(users: Mapping[str, str], receiver: str, *, models: int) -> Sequence[Wish]:
    """Every subscription. `users` gives Slack ids by name, `receiver` is the receiver's URL without a path."""
    evens = frozenset(model(number) for number in range(0, models, 2))
    asker = users[ASKER]
    return (
        *(_channel(channel, by, number) for number, (channel, by) in enumerate(CHANNELS)),
        Wish(
            by=ASKER,
            channel="general",
            text=f"subscribe user:{asker} to me",
            place=f"@{ASKER}",
            wants=lambda data: (data.get("requester") or {}).get("slack_id") == asker,
        ),
        Wish(by=ASKER, channel="general", text=f"subscribe to {receiver}/all", place="hook all", wants=lambda _: True),
        Wish(
            by=ASKER,
            channel="general",
            text=f"subscribe status:completed,failed to {receiver}/ended",
            place="hook ended",
            wants=lambda data: data["status"] in ENDED,
        ),
        Wish(
            by=ASKER,
            channel="general",
            text=f"subscribe model:{','.join(sorted(evens))} to {receiver}/even",
            place="hook even",
            wants=lambda data: data["model"]["name"] in evens,
        ),
    )


def _channel(channel: str, by: str, number: int) -> Wish:
    name = model(number)
    statuses = "" if channel == WHOLE else " status:failed,needs_review"
    return Wish(
        by=by,
        channel=channel,
        text=f"subscribe model:{name}{statuses}",
        place=channel,
        wants=lambda data: data["model"]["name"] == name and (channel == WHOLE or data["status"] in URGENT),
    )
