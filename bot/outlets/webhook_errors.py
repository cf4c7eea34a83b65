"""What a webhook receiver's status means for a delivery, as data.

Standard Webhooks 1.0.0: 2xx is success, everything else is not, redirects included; 410 asks to be left alone; 429,
502 and 504 ask for less; Retry-After is to be honoured.
"""

from collections.abc import Mapping
from enum import Enum, auto
from http import HTTPStatus
from typing import assert_never

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown

_TOO_MANY_WAIT = 60 * SECOND


class Kind(Enum):
    """What a status asks of us."""

    TAKEN = auto()
    """It arrived."""
    LIMITED = auto()
    """Too many requests: wait as long as is asked for, or a minute."""
    AWAY = auto()
    """The receiver took nothing; where it says until when, that is waited for and costs no attempt."""
    NOT_TAKEN = auto()
    """The receiver did not take it, and may the next time: people mend receivers."""
    IN_DOUBT = auto()
    """A gateway gave up on the receiver, which may have taken the request all the same."""
    GONE = auto()
    """The endpoint wants no more, of anything."""


_BY_STATUS: Mapping[int, Kind] = {
    HTTPStatus.GONE: Kind.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Kind.LIMITED,
    HTTPStatus.BAD_GATEWAY: Kind.IN_DOUBT,
    HTTPStatus.SERVICE_UNAVAILABLE: Kind.AWAY,
    HTTPStatus.GATEWAY_TIMEOUT: Kind.IN_DOUBT,
}
_BY_HUNDRED: Mapping[int, Kind] = {
    # 1: an interim answer that no final one followed (RFC 9110, section 15.2).
    1: Kind.IN_DOUBT,
    2: Kind.TAKEN,
    3: Kind.NOT_TAKEN,
    4: Kind.NOT_TAKEN,
    5: Kind.NOT_TAKEN,
}


def kind_of(status: int) -> Kind:
    """What the status asks of us. One outside 100 to 599 is no HTTP, so who knows what happened: IN_DOUBT."""
    return _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100, Kind.IN_DOUBT)


def outcome_of_status(status: int, *, host: str, after: int | None = None) -> Outcome:
    """The outcome of a request that was answered. `after` is what Retry-After asked for, in milliseconds."""
    reason = f"{host}: HTTP {status}"
    match kind_of(status):
        case Kind.TAKEN:
            return Sent(reference=str(status))
        case Kind.GONE:
            return Refused(reason=f"{reason}: the endpoint wants no more", scope=Scope.DESTINATION)
        case Kind.LIMITED:
            return Throttled(after=_TOO_MANY_WAIT if after is None else after, reason=reason)
        case Kind.AWAY if after is not None:
            return Throttled(after=after, reason=reason)
        case Kind.IN_DOUBT:
            return Unknown(reason=reason, after=after or 0)
        case Kind.AWAY | Kind.NOT_TAKEN:
            return Failed(reason=reason, after=after or 0)
        case other:
            assert_never(other)
