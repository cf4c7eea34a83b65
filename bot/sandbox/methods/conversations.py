"""conversations.* and users.conversations.

Source: docs.slack.dev/reference/methods/conversations.history and its neighbours.
"""

from collections.abc import Iterable
from itertools import islice

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import flag, names, number, text
from bot.sandbox.channel import Channel, Kind
from bot.sandbox.message import Message
from bot.sandbox.methods.call import Call, Method, decode_cursor_text, encode_cursor

_TYPES: dict[str, tuple[Kind, str]] = {
    "public_channel": ("channel", "channels"),
    "private_channel": ("private", "groups"),
    "im": ("im", "im"),
}
_FAMILY: dict[Kind, str] = {"channel": "channels", "private": "groups", "im": "im"}
_READ = ("channels:read", "groups:read", "im:read")
_HISTORY = ("channels:history", "groups:history", "im:history")
HISTORY_LIMIT = 999


def _known(call: Call, right: str) -> Channel:
    channel = call.channel()
    call.need(f"{_FAMILY[channel.kind]}:{right}")
    return channel


def open_direct(call: Call) -> Json:
    """Open a direct message; groups of several people are not played here."""
    if call.arguments.get("channel"):
        channel = call.channel()
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    users = names(call.arguments, "users")
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    known = set(call.workspace.channels)
    channel = call.workspace.direct(users[0])
    already = channel.id in known
    shown = channel.to_slack(viewer=call.workspace.bot.id)
    answer = {"no_op": already, "already_open": already}
    return answer | {"channel": shown if flag(call.arguments, "return_im") else {"id": channel.id}}


def info(call: Call) -> Json:
    """Everything about one conversation."""
    channel = _known(call, "read")
    shown = channel.to_slack(viewer=call.workspace.bot.id)
    if not flag(call.arguments, "include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def _listed(call: Call, channels: Iterable[Channel]) -> Json:
    kinds: set[Kind] = set()
    for name in names(call.arguments, "types") or ["public_channel"]:
        if name == "mpim":
            continue
        if name not in _TYPES:
            raise Refusal("invalid_types")
        kind, family = _TYPES[name]
        call.need(f"{family}:read")
        kinds.add(kind)
    hide = flag(call.arguments, "exclude_archived")
    chosen = [each for each in channels if each.kind in kinds and not (hide and each.is_archived)]
    page, following = call.page(chosen)
    bot = call.workspace.bot.id
    return {"channels": [each.to_slack(viewer=bot) for each in page], "response_metadata": following}


def list_all(call: Call) -> Json:
    """Every conversation that the bot may know of."""
    bot = call.workspace.bot.id
    return _listed(call, [each for each in call.workspace.channels.values() if call.workspace.visible(each, bot)])


def list_of_user(call: Call) -> Json:
    """The conversations of one person that the bot may know of."""
    workspace = call.workspace
    user = call.arguments.get("user") or workspace.bot.id
    workspace.person(user)
    shared = [
        each
        for each in workspace.channels.values()
        if user in each.members and workspace.visible(each, workspace.bot.id)
    ]
    answer = _listed(call, shared)
    for each in answer["channels"]:
        for omitted in ("is_member", "num_members"):  # its page says so
            each.pop(omitted, None)
    return answer


def join(call: Call) -> Json:
    """Let the bot join a public channel."""
    channel = call.channel()
    if channel.kind != "channel":
        raise Refusal("method_not_supported_for_channel_type")
    before = call.workspace.bot.id in channel.members
    call.workspace.join(channel, call.workspace.bot.id)
    answer: Json = {"channel": channel.to_slack(viewer=call.workspace.bot.id)}
    if before:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return answer


def leave(call: Call) -> Json:
    """Let the bot leave a channel."""
    channel = call.channel()
    if channel.kind == "im":
        raise Refusal("method_not_supported_for_channel_type")
    if call.workspace.bot.id not in channel.members:
        return {"not_in_channel": True}
    call.workspace.leave(channel, call.workspace.bot.id)
    return {}


def members(call: Call) -> Json:
    """Who is in a conversation."""
    channel = _known(call, "read")
    page, following = call.page(channel.members)
    return {"members": page, "response_metadata": following}


def invite(call: Call) -> Json:
    """Bring people into a channel of the bot."""
    channel = call.channel()
    if call.workspace.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    users = names(call.arguments, "users")
    if not users:
        raise Refusal("no_user")
    for user in users:
        call.workspace.person(user)
    if all(user in channel.members for user in users):
        raise Refusal("already_in_channel")
    for user in users:
        call.workspace.join(channel, user, inviter=call.workspace.bot.id)
    return {"channel": channel.to_slack(viewer=call.workspace.bot.id)}


def create(call: Call) -> Json:
    """Open a new channel with the bot in it."""
    name = text(call.arguments, "name", code="invalid_name_required")
    bot = call.workspace.bot.id
    channel = call.workspace.create(name, bot, is_private=flag(call.arguments, "is_private"))
    return {"channel": channel.to_slack(viewer=bot)}


def archive(call: Call) -> Json:
    """Archive a channel of the bot."""
    channel = call.channel()
    if call.workspace.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    call.workspace.archive(channel, call.workspace.bot.id)
    return {}


def _readable(call: Call) -> Channel:
    channel = _known(call, "history")
    if call.workspace.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    return channel


def _within(call: Call, message: Message) -> bool:
    oldest, latest = call.arguments.get("oldest"), call.arguments.get("latest")
    inclusive = flag(call.arguments, "inclusive")
    moment = float(message.ts)
    if latest and (moment > float(latest) or (moment == float(latest) and not inclusive)):
        return False
    return not (oldest and (moment < float(oldest) or (moment == float(oldest) and not inclusive)))


def _page(call: Call, messages: Iterable[Message], *, default: int) -> Json:
    limit = number(call.arguments, "limit", default=default, most=HISTORY_LIMIT)
    try:
        found = list(islice((each for each in messages if _within(call, each)), limit + 1))
    except ValueError as error:
        raise Refusal("invalid_ts_latest") from error
    with_metadata = flag(call.arguments, "include_all_metadata")
    answer: Json = {
        "messages": [each.to_slack(with_metadata=with_metadata) for each in found[:limit]],
        "has_more": len(found) > limit,
    }
    if answer["has_more"]:
        answer["response_metadata"] = {"next_cursor": encode_cursor(found[limit - 1].ts)}
    return answer


def history(call: Call) -> Json:
    """What was said in a channel, newest first; replies stay in their threads."""
    channel = _readable(call)
    after = decode_cursor_text(call.arguments.get("cursor"))
    timeline = (each for each in channel.timeline() if after is None or float(each.ts) < float(after))
    answer = _page(call, timeline, default=100)
    return answer | {"pin_count": 0}


def replies(call: Call) -> Json:
    """A thread, oldest first, its parent at the head of every page."""
    channel = _readable(call)
    thread = channel.thread(text(call.arguments, "ts"))
    if not thread:
        raise Refusal("thread_not_found")
    after = decode_cursor_text(call.arguments.get("cursor"))
    rest = [each for each in thread[1:] if after is None or float(each.ts) > float(after)]
    answer = _page(call, rest, default=1_000 - 1)
    with_metadata = flag(call.arguments, "include_all_metadata")
    answer["messages"].insert(0, thread[0].to_slack(with_metadata=with_metadata))
    return answer


METHODS = {
    "conversations.archive": Method(handler=archive, tier=2, scopes=("channels:manage", "groups:write")),
    "conversations.create": Method(handler=create, tier=2, scopes=("channels:manage", "groups:write")),
    "conversations.history": Method(handler=history, tier=3, scopes=_HISTORY),
    "conversations.info": Method(handler=info, tier=3, scopes=_READ),
    "conversations.invite": Method(handler=invite, tier=3, scopes=("channels:manage", "groups:write")),
    "conversations.join": Method(handler=join, tier=3, scopes=("channels:join",)),
    "conversations.leave": Method(handler=leave, tier=3, scopes=("channels:manage", "groups:write")),
    "conversations.list": Method(handler=list_all, tier=2, scopes=_READ),
    "conversations.members": Method(handler=members, tier=4, scopes=_READ),
    "conversations.open": Method(handler=open_direct, tier=3, scopes=("im:write",)),
    "conversations.replies": Method(handler=replies, tier=3, scopes=_HISTORY),
    "users.conversations": Method(handler=list_of_user, tier=3, scopes=_READ),
}
