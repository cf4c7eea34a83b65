"""What people do in messages, as payloads for the app, and what the app's ack then shows them.

Shapes: docs.slack.dev/reference/interaction-payloads and
docs.slack.dev/interactivity/implementing-slash-commands.
"""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.asking import Asking
from bot.sandbox.blocks import element
from bot.sandbox.channel import Channel
from bot.sandbox.delivery import Envelope
from bot.sandbox.message import Message
from bot.sandbox.state import VALUE_FIELDS, initial_values


class Interactions:
    """Commands, clicks, menus and shortcuts of one person; each returns what the page is told."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._backend = asking.backend

    # -- slash commands and shortcuts ------------------------------------------------------------------------

    async def command(self, user: str, channel_id: str, command: str, text: str) -> Json:
        """Run a slash command; the ack may carry the answer."""
        back = self._backend
        person = back.workspace.person(user)
        channel = back.workspace.channel_for(channel_id, user)
        known = {each.command for each in back.app.commands}
        if back.app.is_described and command not in known:
            self._asking.notice(user, "error", f"{command} is not a valid command.")
            raise Refusal("unknown_command")
        secret = back.response_urls.issue(user=user, channel=channel.id, now=back.clock())
        payload: Json = {
            "token": back.app.verification_token,
            "team_id": back.workspace.team_id,
            "team_domain": back.workspace.domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user,
            "user_name": person.name,
            "command": command,
            "text": text,
            "api_app_id": back.app.id,
            "is_enterprise_install": "false",
            "response_url": back.response_url("commands", secret),
            "trigger_id": back.triggers.issue(user, back.clock()),
        }
        answer = await self._asking.ask(
            Envelope(kind="slash_commands", payload=payload, expects_answer=True), user=user, what=command
        )
        if answer:
            try:
                back.answer_url(secret, answer)
            except Refusal as refusal:
                self._asking.notice(user, "error", f"{command} answered with a message that is refused: {refusal.code}")
        return {"ok": True}

    async def shortcut(self, user: str, callback_id: str, channel_id: str | None, ts: str | None) -> Json:
        """Start a global shortcut, or one at a message."""
        back = self._backend
        payload = self._asking.payload("shortcut", user) | {
            "callback_id": callback_id,
            "action_ts": self._asking.action_ts(),
        }
        payload["trigger_id"] = back.triggers.issue(user, back.clock())
        if channel_id is not None and ts is not None:
            channel = back.workspace.channel_for(channel_id, user)
            message = back.workspace.ephemerals.get(ts) or channel.message(ts)
            secret = back.response_urls.issue(user=user, channel=channel.id, now=back.clock(), message_ts=ts)
            payload |= {
                "type": "message_action",
                "channel": {"id": channel.id, "name": _shown_name(channel)},
                "message": message.to_slack(with_metadata=False),
                "message_ts": ts,
                "response_url": back.response_url("app", secret),
            }
        await self._asking.ask(Envelope(kind="interactive", payload=payload), user=user, what=callback_id)
        return {"ok": True}

    # -- clicks ----------------------------------------------------------------------------------------------

    async def action(self, user: str, container: Json, action: Json, values: Json) -> Json:
        """Use an element of a message, modal or Home tab."""
        back = self._backend
        payload = self._asking.payload("block_actions", user)
        payload["trigger_id"] = back.triggers.issue(user, back.clock())
        if container["type"] == "message":
            channel, message = self._message(user, container)
            blocks = [*message.content.blocks, *_attached_blocks(message)]
            payload |= self._in_message(user, channel, message)
            payload["state"] = {"values": _merged(initial_values(blocks), values)}
        else:
            view = self._view(user, container)
            blocks = view["blocks"]
            back.views.remember(view, values)
            payload |= {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        payload["actions"] = [self._done(blocks, action)]
        await self._asking.ask(Envelope(kind="interactive", payload=payload), user=user, what="The app")
        return {"ok": True}

    def _message(self, user: str, container: Json) -> tuple[Channel, Message]:
        channel = self._backend.workspace.channel_for(container["channel"], user)
        ephemeral = self._backend.workspace.ephemerals.get(container["ts"])
        if ephemeral is not None and ephemeral.audience == user:
            return channel, ephemeral
        return channel, channel.message(container["ts"])

    def _view(self, user: str, container: Json) -> Json:
        views = self._backend.views
        if container["type"] == "home" and not container.get("view_id"):
            home = views.home(user)
            if home is None:
                raise Refusal("view_not_found")
            return home
        return views.find(user, container["view_id"])

    def _in_message(self, user: str, channel: Channel, message: Message) -> Json:
        back = self._backend
        secret = back.response_urls.issue(
            user=user,
            channel=channel.id,
            now=back.clock(),
            message_ts=message.ts,
            thread_ts=message.thread_ts if message.is_reply else None,
        )
        ephemeral = message.audience is not None
        place: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if message.thread_ts is not None:
            place["thread_ts"] = message.thread_ts
        payload: Json = {
            "container": place,
            "channel": {"id": channel.id, "name": _shown_name(channel)},
            "response_url": back.response_url("actions", secret),
        }
        if not ephemeral:  # Slack keeps no ephemeral message, so it cannot send one along
            payload["message"] = message.to_slack(with_metadata=True)
        return payload

    def _done(self, blocks: list[Json], action: Json) -> Json:
        part = element(blocks, action.get("block_id", ""), action.get("action_id", ""))
        if part is None:
            raise Refusal("action_not_found")
        done: Json = {
            "type": part["type"],
            "action_id": part["action_id"],
            "block_id": action["block_id"],
            "action_ts": self._asking.action_ts(),
        }
        for field in ("text", "value", "style", "placeholder", "url"):
            if field in part:
                done[field] = part[field]
        done |= {field: action[field] for field in VALUE_FIELDS if field in action}
        return done

    async def options(self, user: str, container: Json, block_id: str, action_id: str, value: str) -> Json:
        """What an external select offers for the text typed so far."""
        payload = self._asking.payload("block_suggestion", user)
        payload |= {"block_id": block_id, "action_id": action_id, "value": value}
        if container["type"] == "message":
            channel, message = self._message(user, container)
            payload |= {
                "container": {"type": "message", "message_ts": message.ts, "channel_id": channel.id},
                "channel": {"id": channel.id, "name": _shown_name(channel)},
                "message": message.to_slack(with_metadata=True),
            }
        else:
            view = self._view(user, container)
            payload |= {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        answer = await self._asking.ask(
            Envelope(kind="interactive", payload=payload, expects_answer=True), user=user, what="The menu"
        )
        return {"options": answer.get("options", []), "option_groups": answer.get("option_groups", [])}


def _shown_name(channel: Channel) -> str:
    match channel.kind:
        case "im":
            return "directmessage"
        case "private":
            return "privategroup"
        case "channel":
            return channel.name


def _attached_blocks(message: Message) -> list[Json]:
    return [block for attachment in message.content.attachments for block in attachment.get("blocks", [])]


def _merged(values: Json, given: Json) -> Json:
    for block_id, actions in given.items():
        values.setdefault(block_id, {}).update(actions)
    return values
