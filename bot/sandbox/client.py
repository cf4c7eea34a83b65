"""The contract with the sandbox page: all under ``/client``, as JSON. Errors are HTTP 200, as Slack's."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from aiohttp import web

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.backend import Backend
from bot.sandbox.channel import Channel
from bot.sandbox.events import Events
from bot.sandbox.interaction import Interactions
from bot.sandbox.live import Live
from bot.sandbox.message import Content
from bot.sandbox.modal import Modals

PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}

Answer = Callable[[Json], Awaitable[Json]]


class Client:
    """The page's endpoints: read what a person sees, do what a person does."""

    def __init__(
        self, *, backend: Backend, interactions: Interactions, modals: Modals, events: Events, live: Live
    ) -> None:
        self._backend = backend
        self._workspace = backend.workspace
        self._interactions = interactions
        self._modals = modals
        self._events = events
        self._live = live
        self.connected: Callable[[], bool] = lambda: False

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        reads = {"boot": self._boot, "history": self._history, "home": self._home, "options": self._options}
        writes = {
            "say": self._say,
            "command": self._command,
            "action": self._action,
            "submit": self._submit,
            "close": self._close,
            "home": self._open_home,
            "shortcut": self._shortcut,
            "channels": self._create,
            "join": self._join,
            "leave": self._leave,
            "invite": self._invite,
        }
        return [
            web.get("/", _index),
            web.get("/page/{name:.+}", _asset),
            web.get("/client/live", self._feed),
            *(web.get(f"/client/{name}", _reading(answer)) for name, answer in reads.items()),
            *(web.post(f"/client/{name}", _writing(answer)) for name, answer in writes.items()),
        ]

    # -- what a person sees ----------------------------------------------------------------------------------

    async def _boot(self, asked: Json) -> Json:
        workspace, app = self._workspace, self._backend.app
        me = workspace.person(asked.get("user") or workspace.first_human().id)
        if not me.is_bot and not me.deleted:
            workspace.direct(me.id)
        return {
            "ok": True,
            "workspace": {"id": workspace.team_id, "name": workspace.name},
            "me": me.to_page(),
            "users": [person.to_page() for person in workspace.people.values()],
            "channels": [
                self._shown(channel, me.id)
                for channel in workspace.channels.values()
                if workspace.visible(channel, me.id)
            ],
            "commands": [
                {"command": each.command, "description": each.description, "usage_hint": each.usage_hint}
                for each in app.commands
            ],
            "shortcuts": [
                {
                    "name": each.name,
                    "type": each.type,
                    "callback_id": each.callback_id,
                    "description": each.description,
                }
                for each in app.shortcuts
            ],
            "app": {
                "id": app.id,
                "name": app.name,
                "bot_user": workspace.bot.id,
                "connected": self.connected(),
            },
        }

    def _shown(self, channel: Channel, viewer: str) -> Json:
        return channel.to_page(viewer=viewer, bot=self._workspace.bot.id)

    async def _history(self, asked: Json) -> Json:
        channel = self._workspace.channel_for(asked.get("channel", ""), self._user(asked))
        limit = min(int(asked.get("limit") or 100), 1_000)
        before = asked.get("before")
        thread_ts = asked.get("thread_ts") or None
        newest = list(channel.timeline()) if thread_ts is None else channel.thread(thread_ts)[::-1]
        whispers = [
            message
            for message in self._workspace.ephemerals.values()
            if message.channel == channel.id and message.audience == asked["user"] and message.thread_ts == thread_ts
        ]
        newest = sorted((*newest, *whispers), key=lambda message: message.ts, reverse=True)
        newest = [message for message in newest if before is None or message.ts < before]
        shown = [message.to_page() for message in newest[:limit]]
        return {"ok": True, "messages": shown[::-1], "has_more": len(newest) > limit}

    async def _home(self, asked: Json) -> Json:
        return {"ok": True, "view": self._backend.views.home(self._user(asked))}

    async def _options(self, asked: Json) -> Json:
        container: Json = {"type": "view", "view_id": asked.get("view_id", "")}
        if asked.get("channel"):
            container = {"type": "message", "channel": asked["channel"], "ts": asked.get("ts", "")}
        offered = await self._interactions.options(
            self._user(asked), container, asked["block_id"], asked["action_id"], asked.get("value", "")
        )
        return {"ok": True, **offered}

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        user = request.query.get("user") or self._workspace.first_human().id
        if user not in self._workspace.people:
            return web.json_response({"ok": False, "error": "user_not_found"})
        return await self._live.serve(request, user)

    # -- what a person does ----------------------------------------------------------------------------------

    def _user(self, asked: Json) -> str:
        return self._workspace.person(asked.get("user", "")).id

    def _place(self, asked: Json) -> Channel:
        return self._workspace.channel_for(asked.get("channel", ""), self._user(asked))

    async def _say(self, asked: Json) -> Json:
        channel, text = self._place(asked), asked.get("text", "")
        if not text.strip():
            raise Refusal("no_text")
        if asked["user"] not in channel.members:
            raise Refusal("not_in_channel")
        if channel.kind == "im" and not self._backend.app.messages_tab_enabled:
            raise Refusal("messages_tab_disabled")
        message = self._workspace.post(
            channel,
            self._workspace.person(asked["user"]),
            Content(text=text),
            thread_ts=asked.get("thread_ts"),
            client_msg_id=self._workspace.ids.make("M"),
        )
        return {"ok": True, "ts": message.ts}

    async def _command(self, asked: Json) -> Json:
        return await self._interactions.command(
            self._user(asked), asked["channel"], asked["command"], asked.get("text", "")
        )

    async def _action(self, asked: Json) -> Json:
        values = (asked.get("state") or {}).get("values", {})
        return await self._interactions.action(self._user(asked), asked["container"], asked["action"], values)

    async def _submit(self, asked: Json) -> Json:
        values = (asked.get("state") or {}).get("values", {})
        return await self._modals.submit(self._user(asked), asked["view_id"], values)

    async def _close(self, asked: Json) -> Json:
        return await self._modals.close(self._user(asked), asked["view_id"])

    async def _open_home(self, asked: Json) -> Json:
        user = self._user(asked)
        self._events.home_opened(user, asked.get("tab", "home"), self._backend.views.home(user))
        return {"ok": True}

    async def _shortcut(self, asked: Json) -> Json:
        return await self._interactions.shortcut(
            self._user(asked), asked["callback_id"], asked.get("channel"), asked.get("ts")
        )

    async def _create(self, asked: Json) -> Json:
        user = self._user(asked)
        channel = self._workspace.create(asked.get("name", ""), user, is_private=bool(asked.get("is_private")))
        return {"ok": True, "channel": self._shown(channel, user)}

    async def _join(self, asked: Json) -> Json:
        channel = self._place(asked)
        self._workspace.join(channel, asked["user"])
        return {"ok": True, "channel": self._shown(channel, asked["user"])}

    async def _leave(self, asked: Json) -> Json:
        channel = self._place(asked)
        self._workspace.leave(channel, asked["user"])
        return {"ok": True, "channel": self._shown(channel, asked["user"])}

    async def _invite(self, asked: Json) -> Json:
        channel = self._place(asked)
        invitee = self._workspace.person(asked.get("invitee", "")).id
        self._workspace.join(channel, invitee, inviter=asked["user"])
        return {"ok": True, "channel": self._shown(channel, asked["user"])}


def _json(body: Json) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def _answered(answer: Answer, asked: Json) -> web.Response:
    try:
        return _json(await answer(asked))
    except Refusal as refusal:
        return _json(refusal.body())
    except KeyError as missing:
        return _json({"ok": False, "error": "invalid_arguments", "detail": f"{missing.args[0]} is missing"})


def _reading(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return await _answered(answer, dict(request.query))

    return handle


def _writing(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            asked = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            return _json({"ok": False, "error": "json_not_object"})
        if not isinstance(asked, dict):
            return _json({"ok": False, "error": "json_not_object"})
        return await _answered(answer, asked)

    return handle


async def _index(_: web.Request) -> web.StreamResponse:
    return _file(PAGE / "index.html")


async def _asset(request: web.Request) -> web.StreamResponse:
    path = (PAGE / request.match_info["name"]).resolve()
    if not path.is_relative_to(PAGE.resolve()):
        raise web.HTTPNotFound
    return _file(path)


def _file(path: Path) -> web.StreamResponse:
    if not path.is_file():
        raise web.HTTPNotFound
    headers = {
        "Content-Type": _TYPES.get(path.suffix, "application/octet-stream"),
        "Cache-Control": "no-cache",
    }
    return web.FileResponse(path, headers=headers)
