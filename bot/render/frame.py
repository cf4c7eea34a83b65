"""What browsers are sent, as bytes that are built once and written to many sockets.

Server-sent events follow the HTML standard, section 9.2; WebSocket frames RFC 6455, section 5 (a server's frames are
not masked, so one frame serves every socket); chunks RFC 9112, section 7.1.
"""

import json
from dataclasses import dataclass
from typing import Final

PING: Final = b"\x89\x00"

_FIN_TEXT, _FIN_CLOSE = 0x81, 0x88
_SHORT, _MEDIUM = 126, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message in both dresses: a block of an event stream, and a whole WebSocket frame."""

    sse: bytes
    websocket: bytes


def event_frame(body: bytes, *, cursor: str) -> Frame:
    """An event: `body` is its CloudEvent as JSON, `cursor` the place in the stream right behind it.

    JSON text never needs a line break, so a break in it is blank space between tokens and is taken out: a line break
    would end the field of the event stream.
    """
    line = body.replace(b"\r", b"").replace(b"\n", b"")
    payload = b'{"cursor":"%b","event":%b}' % (cursor.encode(), line)
    return Frame(sse=sse(line, cursor=cursor, kind="inference"), websocket=websocket_text(payload))


def skipped_frame(source: str, event_id: str, size: int, *, cursor: str) -> Frame:
    """An event too large for the stream: its identity and how many bytes it has, so that it is never just absent."""
    return _notice("skipped", {"source": source, "id": event_id, "bytes": size}, cursor)


def gap_frame(reason: str, *, cursor: str) -> Frame:
    """Events may have been missed before this place, and why."""
    return _notice("gap", {"reason": reason}, cursor)


def position_frame(cursor: str) -> Frame:
    """Everything before `cursor` was sent or is not wanted; to an EventSource a block without data only sets the id."""
    return Frame(
        sse=b"id: %b\n\n" % cursor.encode(),
        websocket=websocket_text(b'{"cursor":"%b"}' % cursor.encode()),
    )


def sse(data: bytes, *, cursor: str, kind: str) -> bytes:
    """One server-sent event (HTML standard, section 9.2.5). `data`, `cursor` and `kind` hold no line break."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), kind.encode(), data)


def retry_line(milliseconds: int) -> bytes:
    """How long an EventSource waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def websocket_text(payload: bytes) -> bytes:
    """One final, unmasked text frame, as servers send them (RFC 6455, section 5.2)."""
    return _header(_FIN_TEXT, len(payload)) + payload


def websocket_close(code: int, reason: str) -> bytes:
    """A close frame (RFC 6455, section 5.5.1); `reason` has at most 123 bytes."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return _header(_FIN_CLOSE, len(payload)) + payload


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _notice(kind: str, content: dict[str, str | int], cursor: str) -> Frame:
    data = json.dumps(content, separators=(",", ":")).encode()
    payload = b'{"cursor":"%b","%b":%b}' % (cursor.encode(), kind.encode(), data)
    return Frame(sse=sse(data, cursor=cursor, kind=kind), websocket=websocket_text(payload))


def _header(first: int, size: int) -> bytes:
    if size < _SHORT:
        return bytes((first, size))
    if size < _MEDIUM:
        return bytes((first, _SHORT)) + size.to_bytes(2, "big")
    return bytes((first, _SHORT + 1)) + size.to_bytes(8, "big")
