"""The demo's subscriptions: typed as people would type them, each beside a plain condition that the audit goes by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumers.demo.audit import Wants

Data = Mapping[str, Any]

UNSURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody types `text` in `channel`. `place` is a channel's name, `@` and a person's, or `hook`."""

    by: str
    channel: str
    text: str
    place: str
    wants: Wants


def wishes(users: Mapping[str, str], hook: str) -> Sequence[Wish]:
    """What the team subscribes to: failures, reviews, answers that are unsure, one person's own, and everything.

    `users` gives a person's Slack id by name; `hook` is the URL of the receiver.
    """
    maya = users["maya.lindqvist"]
    return (
        Wish(
            by="tomas.okafor",
            channel="fraud-alerts",
            text="subscribe model:fraud-* status:failed,needs_review",
            place="fraud-alerts",
            wants=lambda data: _model(data).startswith("fraud-") and data["status"] in {"failed", "needs_review"},
        ),
        Wish(
            by="hiro.tanabe",
            channel="ml-platform",
            text="subscribe status:failed",
            place="ml-platform",
            wants=lambda data: data["status"] == "failed",
        ),
        Wish(
            by="amara.nwosu",
            channel="inference-review",
            text="subscribe status:needs_review",
            place="inference-review",
            wants=lambda data: data["status"] == "needs_review",
        ),
        Wish(
            by="ines.duarte",
            channel="llm-evals",
            text=f"subscribe status:completed confidence<{UNSURE}",
            place="llm-evals",
            wants=lambda data: data["status"] == "completed" and data.get("confidence", 1.0) < UNSURE,
        ),
        Wish(
            by="maya.lindqvist",
            channel="general",
            text=f"subscribe user:{maya} -status:running to me",
            place="@maya.lindqvist",
            wants=lambda data: _requester(data) == maya and data["status"] != "running",
        ),
        Wish(by="hiro.tanabe", channel="ml-platform", text=f"subscribe to {hook}", place="hook", wants=lambda _: True),
    )


def _model(data: Data) -> str:
    return str(data["model"]["name"])


def _requester(data: Data) -> str | None:
    requester = data.get("requester")
    return None if requester is None else str(requester["slack_id"])
