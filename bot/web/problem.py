"""What an HTTP caller did wrong, as RFC 9457 problem details."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web


class Problem(Exception):  # noqa: N818  # RFC 9457's word for it
    """Raised by a handler; becomes the answer. `extra` are RFC 9457 extension members, as JSON has them."""

    def __init__(self, status: int, title: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = dict(headers or {})
        self.extra = extra

    def response(self) -> web.Response:
        """The problem as JSON."""
        return web.json_response(
            {"status": self.status, "title": self.title, **self.extra},
            status=self.status,
            headers=self.headers,
            content_type="application/problem+json",
        )
