"""One event as browsers get it: framed once per event, the same bytes for every socket."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.event import Event

_FIN_TEXT = 0x81
_SHORT, _MEDIUM = 126, 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event, ready to be written to sockets.

    `text` is the CloudEvent as JSON (UTF-8, one line), which is also the payload of the WebSocket message;
    `websocket` is the whole frame of that message; `sse` is the whole server-sent event.
    """

    text: bytes
    websocket: bytes
    sse: bytes


def frame(event: Event, *, cursor: str, encode: Callable[[Event], bytes]) -> Frame:
    """Frame the event. `cursor` becomes the SSE id, which the browser sends back as Last-Event-ID to resume.

    `encode` is `core.cloudevent.encode`: structured-mode JSON. JSON text never needs a line break, so a break in it is
    blank space between tokens and is taken out: a line break would end the SSE field.
    """
    text = encode(event).replace(b"\r", b"").replace(b"\n", b"")
    return Frame(text=text, websocket=websocket_text(text), sse=sse(text, cursor=cursor, kind=str(event.status)))


def sse(data: bytes, *, cursor: str, kind: str) -> bytes:
    """One server-sent event (WHATWG HTML, section 9.2.5). `data`, `cursor` and `kind` hold no line break."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), kind.encode(), data)


def websocket_text(payload: bytes) -> bytes:
    """One final, unmasked text frame, as servers send them (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < _SHORT:
        return bytes((_FIN_TEXT, size)) + payload
    if size < _MEDIUM:
        return bytes((_FIN_TEXT, _SHORT)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN_TEXT, _SHORT + 1)) + size.to_bytes(8, "big") + payload
