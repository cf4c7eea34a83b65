import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from bot.core.delivery import Failed, Unknown
from bot.outlets.transport import BROKEN, NEVER_SENT, outcome_of_exception, retry_after

NOW = 1_782_907_200_000
KEY = ConnectionKey("example.com", 443, True, True, None, None, None)  # noqa: FBT003 - aiohttp's own tuple


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorError(KEY, OSError(111, "refused")),
        aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "no such name")),
        aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("expired")),
        aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("handshake")),
        aiohttp.ConnectionTimeoutError(),
        aiohttp.InvalidURL("https://"),
    ],
)
def test_what_breaks_before_the_request_has_surely_not_arrived(error: Exception) -> None:
    assert outcome_of_exception(error, host="example.com") == Failed(reason=f"example.com: {type(error).__name__}")
    assert isinstance(error, NEVER_SENT)


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(104, "reset by peer"),
        aiohttp.ClientPayloadError("cut off"),
        aiohttp.SocketTimeoutError("read"),
        aiohttp.ServerTimeoutError(),
        TimeoutError(),
        ConnectionResetError(),
        ValueError("not JSON"),
    ],
)
def test_what_breaks_later_may_have_arrived(error: Exception) -> None:
    assert outcome_of_exception(error, host="example.com") == Unknown(reason=f"example.com: {type(error).__name__}")
    assert isinstance(error, BROKEN)


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 0),
        ("120", 120_000),
        (" 7 ", 7_000),
        ("259200", 259_200_000),
        ("9" * 5_000, 9_999_999_999_000),
        ("Wed, 01 Jul 2026 12:01:00 GMT", 60_000),
        ("Wednesday, 01-Jul-26 12:01:00 GMT", 60_000),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 2_319_537_600_000),
        ("Wed, 01 Jul 2026 12:01:00 -0000", 60_000),
        ("Wed, 01 Jul 2026 14:01:00 +0200", 60_000),
        ("Wed, 99 Jul 2026 12:01:00 GMT", None),
        ("Wed, 01 Jul 0000 12:01:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str | None, milliseconds: int | None) -> None:
    assert retry_after(value, now=NOW) == milliseconds


@given(st.text())
def test_no_header_breaks_the_reading(value: str) -> None:
    wait = retry_after(value, now=NOW)

    assert wait is None or wait >= 0


@given(st.integers(1, 30 * 86_400))
def test_a_date_means_the_same_as_its_seconds(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(seconds=seconds), usegmt=True)

    assert retry_after(date, now=NOW) == retry_after(str(seconds), now=NOW)
