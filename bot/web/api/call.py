"""One request, read and checked before an endpoint sees it; and what an endpoint answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from bot.actions.acts import Actions
from bot.core.answers import Actor
from bot.core.apikey import ApiKey
from bot.core.subscription import Subscription, SubscriptionId
from bot.web.api.bodies import SUBSCRIPTION_ID
from bot.web.api.forms import etag
from bot.web.api.refusals import invalid
from bot.web.problem import Problem

B = TypeVar("B", bound=BaseModel)

BODY_BYTES: Final = 64 << 10
JSON: Final = "application/json"
_ID: Final = re.compile(SUBSCRIPTION_ID.rstrip("$"), re.ASCII)
_TAG: Final = re.compile(r'(?:W/)?"[!#-~]*"', re.ASCII)
_TAGS: Final = re.compile(rf"{_TAG.pattern}(?:\s*,\s*{_TAG.pattern})*", re.ASCII)
_REQUEST: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an endpoint answers: a body, or none, with a status."""

    body: BaseModel | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """As aiohttp has it."""
        text = None if self.body is None else self.body.model_dump_json()
        content_type = None if self.body is None else JSON
        return web.Response(text=text, status=self.status, headers=self.headers, content_type=content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of a key, which acts as `actor`; `now` is in milliseconds since the epoch.

    `raw` is its body; `bare` says that it needs none.
    """

    request: web.Request
    key: ApiKey
    actor: Actor
    actions: Actions
    now: int
    raw: bytes = b""
    bare: bool = False

    def body(self, model: type[B]) -> B:
        """The body, checked; where none is needed, nothing is as good as `{}`. Raises Problem 400 or 422."""
        try:
            return model.model_validate_json(self.raw or (b"{}" if self.bare else b""))
        except ValidationError as error:
            if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
                raise Problem(400, "The body is no JSON.", code="no_json") from error
            raise invalid(error, status=422, title="The body does not fit its schema.") from error

    def query(self, model: type[B]) -> B:
        """The query, checked. Raises Problem 400."""
        found = self.request.query
        if len(found) != len(set(found)):
            raise Problem(400, "A query parameter is given twice.", code="invalid")
        try:
            return model.model_validate(dict(found))
        except ValidationError as error:
            raise invalid(error, status=400, title="The query does not fit its schema.") from error

    @property
    def subscription(self) -> SubscriptionId:
        """The id in the path. Raises Problem 404 for what is none."""
        text = self.request.match_info["id"]
        if _ID.fullmatch(text) is None:
            raise Problem(404, "An id is 6 characters of 0-9 and a-z.", code="no_such_subscription")
        return SubscriptionId(text)

    @property
    def still(self) -> Callable[[Subscription], bool] | None:
        """Whether a subscription is as If-Match says (RFC 9110, section 13.1.1); None where it says nothing.

        A weak tag matches nothing. Raises Problem 400 for what is no tag.
        """
        lines = self.request.headers.getall(hdrs.IF_MATCH, [])
        if lines in ([], ["*"]):
            return None
        given = ",".join(lines)
        if _TAGS.fullmatch(given) is None:
            raise Problem(400, 'If-Match is * or an ETag as it was given, in quotes: "5f0c…".', code="invalid")
        tags = frozenset(_TAG.findall(given))
        return lambda one: etag(one) in tags

    @property
    def once(self) -> str | None:
        """What makes a request the same when it is sent again: key, Idempotency-Key and body. Raises Problem 400."""
        given = self.request.headers.get("Idempotency-Key")
        if given is None:
            return None
        if _REQUEST.fullmatch(given) is None:
            raise Problem(400, "An Idempotency-Key is 1 to 255 visible ASCII characters.", code="invalid")
        return f"api/{self.key.id}/{given}/{blake2b(self.raw, digest_size=16).hexdigest()}"


async def read_body(request: web.Request) -> bytes:
    """The body, not longer than BODY_BYTES, of JSON if there is any. Raises Problem 413 or 415."""
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > BODY_BYTES:
            raise Problem(413, f"A body has at most {BODY_BYTES:,} bytes.", code="too_large")
    if raw and request.content_type != JSON:
        raise Problem(415, f"Send {JSON}.", code="no_json")
    return bytes(raw)
