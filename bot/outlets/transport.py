"""What broke on the way, as an Outcome: the one table of the HTTP client's exceptions, for Slack and webhooks alike."""

from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp

from bot.core.backoff import SECOND
from bot.core.delivery import Failed, Unknown
from bot.outlets.deadline import TooLateError

NEVER_SENT: tuple[type[Exception], ...] = (
    aiohttp.ClientConnectorError,  # refused, unreachable, name not found
    aiohttp.ClientSSLError,  # the handshake comes before the request
    aiohttp.ConnectionTimeoutError,  # no connection within the time for it
    aiohttp.InvalidURL,
    TooLateError,
)
"""Exceptions that are raised before the first byte of the request is written."""

BROKEN: tuple[type[Exception], ...] = (aiohttp.ClientError, TimeoutError, OSError, ValueError, TooLateError)
"""Every exception that a far side, or the way to it, can cause. ValueError: answers that are not what they claim."""


def outcome_of_exception(error: BaseException, *, host: str) -> Failed | Unknown:
    """Failed when the request surely did not go out, else Unknown.

    The text names the host and the kind of failure only: URLs may hold credentials, and exceptions may hold URLs.
    """
    what = f"{host}: {type(error).__name__}"
    return Failed(reason=what) if isinstance(error, NEVER_SENT) else Unknown(reason=what)


def retry_after(value: str | None, *, now: int) -> int | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3), seconds or a date, as milliseconds from `now`.

    None where there is none or it can't be read; never below zero. It is not cut here: how much of it is waited for is
    `delivery.settle`'s to decide.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        # Ten digits are three centuries; more would only make Python refuse the number.
        return int(text[:10]) * SECOND
    try:
        when = parsedate_to_datetime(text)
        # "-0000" says that the zone is unknown; an HTTP date is in GMT (RFC 9110, section 5.6.7).
        wait = round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * SECOND) - now
    except (ValueError, OverflowError, OSError):
        return None
    return max(0, wait)
