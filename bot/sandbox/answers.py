"""What the Web API answers when it says no, and the JSON everything here is made of."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - a refusal is Slack's answer, not our error
    """A request that Slack would refuse, with Slack's own error code.

    Attributes:
        code: the error code of the method's page, e.g. ``channel_not_found``.
        fields: further top-level fields of the answer, e.g. ``needed`` for ``missing_scope``.
        status: the HTTP status; Slack answers nearly every error with 200.
        retry_after: whole seconds for the ``Retry-After`` header, only with status 429.
    """

    def __init__(
        self, code: str, *, status: int = 200, retry_after: int | None = None, **fields: Any
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.fields: Json = fields

    def body(self) -> Json:
        """The JSON answer."""
        return {"ok": False, "error": self.code, **self.fields}


def throttled(retry_after: int) -> Refusal:
    """HTTP 429 as Slack sends it (docs.slack.dev/apis/web-api/rate-limits)."""
    return Refusal("ratelimited", status=429, retry_after=retry_after)
