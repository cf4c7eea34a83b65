"""All endpoints: one table, from which the routes are made and `docs/openapi.json`, too."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import BaseModel

from bot.core.apikey import Scope
from bot.web.api import questions, subscriptions
from bot.web.api.bodies import (
    AuditBody,
    AuditQuery,
    ListQuery,
    MadeSubscription,
    NewSubscription,
    PlaceBody,
    PreviewBody,
    PreviewQuestion,
    Rest,
    StatusBody,
    SubscriptionBody,
    SubscriptionChange,
    SubscriptionList,
    TestBody,
    UndoneBody,
    WhyBody,
)
from bot.web.api.call import Answered, Call

PREFIX: Final = "/api/v1"

Handler: TypeAlias = Callable[[Call], Awaitable[Answered]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation. `refuses` are the statuses beyond 400, 401, 403 and 503, which all have.

    `headers` are request headers it looks at; `tagged` says whether its answer has an ETag.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: Scope
    handler: Handler
    answer: type[BaseModel] | None
    status: int = 200
    body: type[BaseModel] | None = None
    optional: bool = False
    query: type[BaseModel] | None = None
    headers: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    tagged: bool = False


IF_MATCH: Final = "If-Match"
IDEMPOTENCY: Final = "Idempotency-Key"
_WRITTEN: Final = (409, 413, 415, 422)

ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/subscriptions",
        name="listSubscriptions",
        summary="List subscriptions",
        scope=Scope.READ,
        handler=subscriptions.index,
        answer=SubscriptionList,
        query=ListQuery,
        refuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/subscriptions",
        name="createSubscription",
        summary="Subscribe a place to events",
        scope=Scope.WRITE,
        handler=subscriptions.create,
        answer=MadeSubscription,
        status=201,
        body=NewSubscription,
        headers=(IDEMPOTENCY,),
        refuses=_WRITTEN,
        tagged=True,
    ),
    Endpoint(
        method="GET",
        path="/subscriptions/{id}",
        name="readSubscription",
        summary="Read a subscription",
        scope=Scope.READ,
        handler=subscriptions.read,
        answer=SubscriptionBody,
        refuses=(404,),
        tagged=True,
    ),
    Endpoint(
        method="PATCH",
        path="/subscriptions/{id}",
        name="changeSubscription",
        summary="Change a subscription",
        scope=Scope.WRITE,
        handler=subscriptions.change,
        answer=MadeSubscription,
        body=SubscriptionChange,
        headers=(IF_MATCH,),
        refuses=(404, 412, *_WRITTEN),
        tagged=True,
    ),
    Endpoint(
        method="DELETE",
        path="/subscriptions/{id}",
        name="endSubscription",
        summary="End a subscription",
        scope=Scope.WRITE,
        handler=subscriptions.end,
        answer=None,
        status=204,
        headers=(IF_MATCH,),
        refuses=(404, 412),
    ),
    Endpoint(
        method="POST",
        path="/subscriptions/{id}/pause",
        name="pauseSubscription",
        summary="Let its events wait",
        scope=Scope.WRITE,
        handler=subscriptions.pause,
        answer=SubscriptionBody,
        body=Rest,
        optional=True,
        refuses=(404, 413, 415, 422),
        tagged=True,
    ),
    Endpoint(
        method="POST",
        path="/subscriptions/{id}/mute",
        name="muteSubscription",
        summary="Let its events pass by",
        scope=Scope.WRITE,
        handler=subscriptions.mute,
        answer=SubscriptionBody,
        body=Rest,
        optional=True,
        refuses=(404, 413, 415, 422),
        tagged=True,
    ),
    Endpoint(
        method="POST",
        path="/subscriptions/{id}/resume",
        name="resumeSubscription",
        summary="Let it go on",
        scope=Scope.WRITE,
        handler=subscriptions.resume,
        answer=SubscriptionBody,
        refuses=(404,),
        tagged=True,
    ),
    Endpoint(
        method="POST",
        path="/subscriptions/{id}/test",
        name="testSubscription",
        summary="Send a result that is marked TEST",
        scope=Scope.WRITE,
        handler=subscriptions.test,
        answer=TestBody,
        status=202,
        refuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/preview",
        name="preview",
        summary="See what a filter would have matched lately",
        scope=Scope.READ,
        handler=questions.preview,
        answer=PreviewBody,
        body=PreviewQuestion,
        refuses=(413, 415, 422),
    ),
    Endpoint(
        method="GET",
        path="/events/{id}/why",
        name="why",
        summary="Ask why an event came, or did not, by its id or its inference's",
        scope=Scope.READ,
        handler=questions.why,
        answer=WhyBody,
        refuses=(404,),
    ),
    Endpoint(
        method="GET",
        path="/status",
        name="status",
        summary="See how things stand",
        scope=Scope.READ,
        handler=questions.status,
        answer=StatusBody,
    ),
    Endpoint(
        method="GET",
        path="/audit",
        name="audit",
        summary="See who changed what",
        scope=Scope.READ,
        handler=questions.audit,
        answer=AuditBody,
        query=AuditQuery,
        refuses=(404,),
    ),
    Endpoint(
        method="POST",
        path="/undo",
        name="undo",
        summary="Take back the last change of the key's owner, made here or in Slack",
        scope=Scope.WRITE,
        handler=questions.undo,
        answer=UndoneBody,
        refuses=(409,),
    ),
    Endpoint(
        method="POST",
        path="/places/{id}/resume",
        name="resumePlace",
        summary="Let everything that is held for a place go on",
        scope=Scope.WRITE,
        handler=questions.resume_place,
        answer=PlaceBody,
        refuses=(404,),
    ),
)
