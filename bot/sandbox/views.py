"""Views: the modals each person has open, as a stack, and everybody's Home tab."""

import hashlib
from collections.abc import Callable
from typing import Literal

import orjson

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.blocks import with_ids
from bot.sandbox.changes import HomePublished, ModalMoved
from bot.sandbox.state import initial_values
from bot.sandbox.workspace import Workspace

STACK_LIMIT = 3  # docs.slack.dev/surfaces/modals: a stack holds up to three views
Action = Literal["open", "push", "update", "close"]


class Views:
    """Every open modal and published Home."""

    def __init__(self, workspace: Workspace, *, app_id: str, clock: Callable[[], float]) -> None:
        self._workspace = workspace
        self._app_id = app_id
        self._clock = clock
        self._homes: dict[str, Json] = {}
        self._stacks: dict[str, list[Json]] = {}
        self._count = 0

    def home(self, user: str) -> Json | None:
        """What the app published for a person."""
        return self._homes.get(user)

    def stack(self, user: str) -> list[Json]:
        """The person's open modals, the visible one last."""
        return self._stacks.get(user, [])

    def open(self, user: str, view: Json) -> Json:
        """Open a modal; those open before are closed, as in Slack's client."""
        self._stacks[user] = []
        return self._push(user, view, "open")

    def push(self, user: str, view: Json) -> Json:
        """Put a modal on top of those open."""
        if not self.stack(user):
            raise Refusal("not_found")
        if len(self.stack(user)) >= STACK_LIMIT:
            raise Refusal("push_limit_reached")
        return self._push(user, view, "push")

    def _push(self, user: str, view: Json, action: Action) -> Json:
        if view.get("external_id") and self._find(external_id=view["external_id"]) is not None:
            raise Refusal("duplicate_external_id")
        stack = self._stacks.setdefault(user, [])
        view_id = self._workspace.ids.make("V")
        stored = self._stored(view, view_id)
        stored["root_view_id"] = stack[0]["id"] if stack else view_id
        stored["previous_view_id"] = stack[-1]["id"] if stack else None
        stack.append(stored)
        self._workspace.tell(ModalMoved(user=user, action=action, view=stored))
        return stored

    def update(
        self,
        view: Json,
        *,
        view_id: str | None = None,
        external_id: str | None = None,
        known: str | None = None,
    ) -> Json:
        """Replace an open modal or a Home; ``known`` is the hash of the state the app has in mind."""
        found = self._find(view_id=view_id, external_id=external_id)
        if found is None:
            raise Refusal("not_found")
        user, old = found
        if known is not None and known != old["hash"]:
            raise Refusal("hash_conflict")
        if view["type"] == "home":
            return self.publish(user, view)
        stored = self._stored(view, old["id"])
        stored["root_view_id"], stored["previous_view_id"] = old["root_view_id"], old["previous_view_id"]
        for block_id, actions in stored["state"]["values"].items():
            kept = old["state"]["values"].get(block_id, {})
            actions.update({action_id: kept[action_id] for action_id in actions if action_id in kept})
        stack = self._stacks[user]
        stack[stack.index(old)] = stored
        self._workspace.tell(ModalMoved(user=user, action="update", view=stored))
        return stored

    def publish(self, user: str, view: Json, *, known: str | None = None) -> Json:
        """Set the Home tab of a person."""
        old = self._homes.get(user)
        if known is not None and (old is None or known != old["hash"]):
            raise Refusal("hash_conflict")
        stored = self._stored(view, old["id"] if old else self._workspace.ids.make("V"))
        stored["root_view_id"], stored["previous_view_id"] = stored["id"], None
        self._homes[user] = stored
        self._workspace.tell(HomePublished(user=user, view=stored))
        return stored

    def close(self, user: str, view_id: str, *, everything: bool = False) -> list[Json]:
        """Close a modal and those above it, or the whole stack; returns what was closed, top first."""
        stack = self.stack(user)
        position = 0 if everything else next((at for at, each in enumerate(stack) if each["id"] == view_id), None)
        if position is None:
            return []
        closed = stack[position:][::-1]
        del stack[position:]
        for view in closed:
            self._workspace.tell(ModalMoved(user=user, action="close", view=view))
        return closed

    def find(self, user: str, view_id: str) -> Json:
        """The person's open modal or Home of that id, or ``view_not_found``."""
        found = self._find(view_id=view_id)
        if found is None or found[0] != user:
            raise Refusal("view_not_found")
        return found[1]

    def remember(self, view: Json, values: Json) -> None:
        """Keep what the person has filled in so far."""
        for block_id, actions in values.items():
            view["state"]["values"].setdefault(block_id, {}).update(actions)

    def _find(self, *, view_id: str | None = None, external_id: str | None = None) -> tuple[str, Json] | None:
        homes = self._homes.items()
        modals = ((user, view) for user, stack in self._stacks.items() for view in stack)
        for user, view in (*modals, *homes):
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return user, view
        return None

    def _stored(self, view: Json, view_id: str) -> Json:
        self._count += 1
        now = self._clock()
        blocks = with_ids(view["blocks"], self._workspace.ids)
        digest = hashlib.blake2b(orjson.dumps(view), digest_size=4).hexdigest()
        return {
            "id": view_id,
            "team_id": self._workspace.team_id,
            "type": view["type"],
            "title": view.get("title"),
            "submit": view.get("submit"),
            "close": view.get("close"),
            "blocks": blocks,
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": initial_values(blocks)},
            "hash": f"{int(now)}.{self._count}{digest}",
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "submit_disabled": bool(view.get("submit_disabled")),
            "app_id": self._app_id,
            "app_installed_team_id": self._workspace.team_id,
            "bot_id": self._workspace.bot.bot_id,
        }
