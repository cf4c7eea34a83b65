"""files.*: the external upload flow.

Source: docs.slack.dev/reference/methods/files.completeUploadExternal.
"""

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.arguments import names, text
from bot.sandbox.channel import Channel
from bot.sandbox.message import Content
from bot.sandbox.methods.call import Call, Method


def get_upload_url(call: Call) -> Json:
    """Announce a file and learn where its bytes go."""
    filename = text(call.arguments, "filename")
    length = text(call.arguments, "length")
    if not length.isdecimal():
        raise Refusal("invalid_arguments")
    file_id, secret = call.backend.files.expect(filename, int(length))
    return {"upload_url": f"{call.backend.url}/upload/v1/{secret}", "file_id": file_id}


def complete_upload(call: Call) -> Json:
    """Finish files and share them, as one message per channel."""
    given = call.arguments.get("files")
    if not isinstance(given, list) or not given:
        raise Refusal("invalid_arguments")
    backend = call.backend
    files = [
        backend.files.complete(each["id"], each.get("title"), f"{backend.url}/files/{each['id']}") for each in given
    ]
    channels = [_shared_with(call, each) for each in _places(call)]
    thread_ts = call.arguments.get("thread_ts") or None
    if thread_ts is not None and len(channels) != 1:
        raise Refusal("invalid_arguments")
    if thread_ts is not None and thread_ts not in channels[0].messages:
        raise Refusal("thread_not_found")
    for channel in channels:
        backend.spend(call.method, channel=channel.id)
    for channel in channels:
        content = Content(text=call.arguments.get("initial_comment") or "")
        message = call.workspace.post(
            channel,
            call.workspace.bot,
            content,
            thread_ts=thread_ts,
            files=tuple(files),
            subtype="file_share",
            app_id=backend.app.id,
        )
        for file in files:
            shares = file["shares"].setdefault("private" if channel.kind != "channel" else "public", {})
            shares.setdefault(channel.id, []).append({"ts": message.ts, "thread_ts": thread_ts})
    return {"files": files}


def _places(call: Call) -> list[str]:
    one = call.arguments.get("channel_id")
    return [str(one)] if one else names(call.arguments, "channels")


def _shared_with(call: Call, place: str) -> Channel:
    if place in call.workspace.people:
        return call.workspace.direct(place)
    channel = call.workspace.channel_for(place, call.workspace.bot.id)
    if call.workspace.bot.id not in channel.members:
        raise Refusal("not_in_channel")
    if channel.is_archived:
        raise Refusal("is_archived")
    return channel


def info(call: Call) -> Json:
    """One file, with where it was shared."""
    return {"file": call.backend.files.find(text(call.arguments, "file", code="file_not_found"))}


METHODS = {
    "files.completeUploadExternal": Method(handler=complete_upload, tier=4, scopes=("files:write",)),
    "files.getUploadURLExternal": Method(handler=get_upload_url, tier=4, scopes=("files:write",)),
    "files.info": Method(handler=info, tier=4, scopes=("files:read",)),
}
