"""The sandbox's own levers under ``/sandbox``: faults, ledger, stats, reset, and things an admin would do."""

from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import number
from bot.sandbox.backend import Backend
from bot.sandbox.faults import Fault

PAGE_LIMIT = 1_000


class Control:
    """Endpoints for tests and the demo; Slack has nothing like them."""

    def __init__(
        self,
        backend: Backend,
        *,
        reset: Callable[[], Awaitable[None]],
        deliver_to: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._backend = backend
        self._reset_all = reset
        self._deliver_to = deliver_to

    def routes(self) -> list[web.RouteDef]:
        """Every lever."""
        return [
            web.get("/sandbox/ledger", _answering(self._ledger)),
            web.get("/sandbox/stats", _answering(self._stats)),
            web.get("/sandbox/faults", _answering(self._faults)),
            web.post("/sandbox/faults", _answering(self._add_fault)),
            web.delete("/sandbox/faults", _answering(self._clear_faults)),
            web.post("/sandbox/reset", _answering(self._reset)),
            web.post("/sandbox/disconnect", _answering(self._disconnect)),
            web.post("/sandbox/channels", _answering(self._channel)),
            web.post("/sandbox/groups", _answering(self._group)),
            web.post("/sandbox/app", _answering(self._app)),
        ]

    async def _ledger(self, request: web.Request) -> Json:
        query = request.query
        after = query.get("after", "0")
        if not after.isdecimal():
            raise Refusal("invalid_arguments", detail="after is the number of an entry")
        limit = number(dict(query), "limit", default=PAGE_LIMIT, most=PAGE_LIMIT)
        return self._backend.workspace.ledger.page(after=int(after), limit=limit, kind=query.get("kind", "post"))

    async def _stats(self, _: web.Request) -> Json:
        ledger = self._backend.workspace.ledger
        connections = self._backend.socket_mode.count
        return {**self._backend.stats.to_json(), "last_seq": ledger.last_seq, "connections": connections}

    async def _faults(self, _: web.Request) -> Json:
        return {"faults": self._backend.faults.to_json()}

    async def _add_fault(self, request: web.Request) -> Json:
        self._backend.faults.add(Fault.read(await _body(request)))
        return {"faults": self._backend.faults.to_json()}

    async def _clear_faults(self, _: web.Request) -> Json:
        self._backend.faults.clear()
        return {"faults": []}

    async def _reset(self, _: web.Request) -> Json:
        await self._reset_all()
        return {}

    async def _disconnect(self, request: web.Request) -> Json:
        reason = (await _body(request)).get("reason", "refresh_requested")
        if reason not in {"warning", "refresh_requested", "link_disabled", "too_many_websockets"}:
            raise Refusal("invalid_arguments", detail="reason")
        await self._backend.socket_mode.disconnect(reason)
        return {}

    async def _channel(self, request: web.Request) -> Json:
        """``{"channel", "do": …, "user"?, "name"?}`` by a person.

        What is done: archive, unarchive, rename, join, leave, delete, share, unshare, renumber.
        """
        body, workspace = await _body(request), self._backend.workspace
        channel = workspace.channel(body.get("channel", ""))
        user = body.get("user") or workspace.bot.id
        match body.get("do"):
            case "archive":
                workspace.archive(channel, user)
            case "unarchive":
                workspace.unarchive(channel, user)
            case "rename":
                workspace.rename(channel, str(body.get("name", "")), user)
            case "join":
                workspace.join(channel, workspace.person(user).id)
            case "leave":
                workspace.leave(channel, user)
            case "delete":
                workspace.delete(channel, user)
            case "share" | "unshare":
                workspace.share(channel, user, shared=body["do"] == "share")
            case "renumber":
                workspace.renumber(channel, user)
            case _:
                raise Refusal("invalid_arguments", detail="do")
        return {"channel": channel.to_slack(viewer=user)}

    async def _group(self, request: web.Request) -> Json:
        """``{"group", "members"}``: let these people be in a user group; with ``"disable": true`` nobody is."""
        body, workspace = await _body(request), self._backend.workspace
        group = str(body.get("group", ""))
        if body.get("disable") is True:
            workspace.disable(group)
        else:
            workspace.regroup(group, tuple(workspace.person(user).id for user in body.get("members", ())))
        return {"usergroup": workspace.usergroups[group].to_slack(with_users=True)}

    async def _app(self, request: web.Request) -> Json:
        """``{"request_url"}``: deliver by signed HTTP from now on, or by Socket Mode with null."""
        await self._deliver_to((await _body(request)).get("request_url"))
        return {}


async def _body(request: web.Request) -> Json:
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise Refusal("invalid_json") from error
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return body


def _answering(
    answer: Callable[[web.Request], Awaitable[Json]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = {"ok": True, **await answer(request)}
        except Refusal as refusal:
            return web.Response(body=orjson.dumps(refusal.body()), status=400, content_type="application/json")
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    return handle
