"""What browsers are sent, as bytes that are built once and written to many sockets.

Server-sent events follow the HTML standard, section 9.2; WebSocket frames RFC 6455, section 5 (a server's frames are
not masked, so one frame serves every socket); chunks RFC 9112, section 7.1.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

PING: Final = b"\x89\x00"
LAST_CHUNK: Final = b"0\r\n\r\n"

_LINE_ENDS: Final = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One message in both dresses: a block of an event stream, and a WebSocket text frame."""

    sse: bytes
    ws: bytes


def event_frame(body: bytes, cursor: str) -> Frame:
    """An event: `body` is its CloudEvent JSON, `cursor` the place in the stream right behind it."""
    return Frame(
        sse=_block(cursor, b"inference", body),
        ws=text(b'{"cursor":"' + cursor.encode() + b'","event":' + body + b"}"),
    )


def skipped_frame(source: str, event_id: str, size: int, cursor: str) -> Frame:
    """An event too large for the stream: its identity and how many bytes it has, so that it is never just absent."""
    return _notice("skipped", {"source": source, "id": event_id, "bytes": size}, cursor)


def gap_frame(reason: str, cursor: str) -> Frame:
    """Events may have been missed before this place, and why."""
    return _notice("gap", {"reason": reason}, cursor)


def position_frame(cursor: str) -> Frame:
    """Everything up to `cursor` was sent or not wanted; in an event stream a block without data, which only sets it."""
    return Frame(sse=b"id: " + cursor.encode() + b"\n\n", ws=text(b'{"cursor":"' + cursor.encode() + b'"}'))


def retry_line(milliseconds: int) -> bytes:
    """How long an EventSource waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def text(payload: bytes) -> bytes:
    """A whole, unmasked text frame."""
    return _header(0x81, len(payload)) + payload


def close(code: int, reason: str) -> bytes:
    """A close frame; `reason` has at most 123 bytes."""
    payload = code.to_bytes(2, "big") + reason.encode()
    return _header(0x88, len(payload)) + payload


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _notice(name: str, content: dict[str, str | int], cursor: str) -> Frame:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    payload = b'{"cursor":"%b","%b":%b}' % (cursor.encode(), name.encode(), body)
    return Frame(sse=_block(cursor, name.encode(), body), ws=text(payload))


def _block(cursor: str, name: bytes, data: bytes) -> bytes:
    lines = b"\ndata: ".join(_LINE_ENDS.split(data))
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), name, lines)


def _header(first: int, size: int) -> bytes:
    if size < 126:  # noqa: PLR2004  # RFC 6455, section 5.2: 126 and 127 announce a longer length
        return bytes((first, size))
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")
