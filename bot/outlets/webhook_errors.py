"""What a webhook receiver's status means for a delivery, as data.

Standard Webhooks 1.0.0: 2xx is success, everything else is not, redirects included; 410 asks to be left alone; 429,
502 and 504 ask for less; Retry-After is to be honoured.
"""

from http import HTTPStatus

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown

_TOO_MANY_WAIT = 60 * SECOND
_WAITS = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_LOST_ANSWERS = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)


def outcome_of_status(status: int, *, host: str, after: int | None = None) -> Outcome:
    """The outcome of a request that was answered. `after` is what Retry-After asked for, in milliseconds."""
    reason = f"{host}: HTTP {status}"
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Sent(reference=str(status))
    if status == HTTPStatus.GONE:
        return Refused(reason=f"{reason}: the endpoint wants no more", scope=Scope.DESTINATION)
    if status in _WAITS and after is not None:
        return Throttled(after=after, reason=reason)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(after=_TOO_MANY_WAIT, reason=reason)
    if status in _LOST_ANSWERS:
        # A gateway gave up on the receiver, which may have taken the request all the same.
        return Unknown(reason=reason, after=after or 0)
    return Failed(reason=reason, after=after or 0)
