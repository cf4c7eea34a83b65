"""chat.* and reactions.add. Source: docs.slack.dev/reference/methods/chat.postMessage and its neighbours."""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import flag, text
from bot.sandbox.channel import Channel
from bot.sandbox.message import Message
from bot.sandbox.methods.call import Call, Method
from bot.sandbox.validation.surfaces import check_update, warnings


def post_message(call: Call) -> Json:
    """Post to a channel by id or name, or to a person by user id."""
    channel = _target(call)
    if channel.is_archived:
        raise Refusal("is_archived")
    bot = call.workspace.bot
    if bot.id not in channel.members and "chat:write.public" not in call.scopes:
        raise Refusal("not_in_channel")
    content = call.backend.content(call.arguments)
    username = _custom(call, "username")
    icon = _custom(call, "icon_emoji") or _custom(call, "icon_url")
    thread_ts = call.arguments.get("thread_ts") or None
    if thread_ts is not None and thread_ts not in channel.messages:
        raise Refusal("thread_not_found")  # its parent was deleted: slackapi/bolt-js#2307
    call.backend.spend(call.method, channel=channel.id)
    message = call.workspace.post(
        channel,
        bot,
        content,
        thread_ts=thread_ts,
        broadcast=flag(call.arguments, "reply_broadcast"),
        app_id=call.backend.app.id,
        username=username,
        icons={"emoji": icon} if icon else None,
        client_msg_id=call.arguments.get("client_msg_id"),
    )
    stored = message.to_slack(with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": stored, **warnings(call.arguments)}


def _target(call: Call) -> Channel:
    given = text(call.arguments, "channel", code="channel_not_found")
    if given in call.workspace.people:
        return call.workspace.direct(given)
    if given in call.workspace.channels:
        return call.workspace.channel_for(given, call.workspace.bot.id)
    channel = call.workspace.channel_named(given.removeprefix("#"))
    if channel is None or not call.workspace.visible(channel, call.workspace.bot.id):
        raise Refusal("channel_not_found")
    return channel


def _custom(call: Call, name: str) -> str | None:
    value = call.arguments.get(name)
    if value:
        call.need("chat:write.customize")
    return value or None


def update(call: Call) -> Json:
    """Edit a message of this app; a person's id in place of the channel is not accepted."""
    channel = call.channel()
    message = _own_message(call, channel, "cant_update_message")
    check_update(call.arguments)
    changes = dict(call.arguments)
    if "metadata" not in changes:  # left out keeps the old, an empty object removes it
        changes["metadata"] = message.content.metadata
    elif changes["metadata"] == {}:
        changes["metadata"] = None
    content = call.backend.content(changes)
    edited = call.workspace.edit(channel, message, content)
    stored = edited.to_slack(with_metadata=True)
    return {"channel": channel.id, "ts": edited.ts, "text": content.text, "message": stored}


def _own_message(call: Call, channel: Channel, code: str) -> Message:
    message = channel.message(text(call.arguments, "ts"))
    if channel.is_archived:
        raise Refusal("is_archived")
    if message.user != call.workspace.bot.id:
        raise Refusal(code)
    return message


def delete(call: Call) -> Json:
    """Delete a message of this app."""
    channel = call.channel()
    message = _own_message(call, channel, "cant_delete_message")
    call.workspace.erase(channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    """Show a message to one person in a channel."""
    channel = call.channel()
    if channel.is_archived:
        raise Refusal("is_archived")
    if call.workspace.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    user = text(call.arguments, "user", code="invalid_arguments")
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    content = call.backend.content(call.arguments)
    thread_ts = call.arguments.get("thread_ts") or None
    app_id = call.backend.app.id
    message = call.workspace.whisper(channel, user, content, thread_ts=thread_ts, app_id=app_id)
    return {"message_ts": message.ts}


def get_permalink(call: Call) -> Json:
    """Where a message can be read."""
    channel = call.channel()
    message = channel.message(text(call.arguments, "message_ts"))
    link = f"{call.backend.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def add_reaction(call: Call) -> Json:
    """React to a message with an emoji."""
    channel = call.channel()
    name = text(call.arguments, "name", code="no_reaction")
    message = channel.message(text(call.arguments, "timestamp", code="no_item_specified"))
    if channel.is_archived:
        raise Refusal("is_archived")
    call.workspace.react(channel, message, name.strip(":"), call.workspace.bot.id)
    return {}


METHODS = {
    "chat.delete": Method(handler=delete, tier=3, scopes=("chat:write",)),
    "chat.getPermalink": Method(handler=get_permalink, tier=None),
    "chat.postEphemeral": Method(handler=post_ephemeral, tier=4, scopes=("chat:write",)),
    "chat.postMessage": Method(handler=post_message, tier=None, scopes=("chat:write",)),
    "chat.update": Method(handler=update, tier=3, scopes=("chat:write",)),
    "reactions.add": Method(handler=add_reaction, tier=3, scopes=("reactions:write",)),
}
