import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.render import frame
from bot.render.frame import Frame

CURSOR = "e:7"


def content(made: Frame) -> object:
    """The JSON of a short or medium WebSocket frame, read by the lengths of RFC 6455, section 5.2."""
    assert made.websocket[0] == 0x81
    size, start = made.websocket[1], 2
    if size == 126:
        size, start = int.from_bytes(made.websocket[2:4], "big"), 4
    assert len(made.websocket) == start + size
    return json.loads(made.websocket[start:])


def test_an_event_is_one_block_and_one_message() -> None:
    made = frame.event_frame(b'{"id":"1"}', cursor=CURSOR)
    assert made.sse == b'id: e:7\nevent: inference\ndata: {"id":"1"}\n\n'
    assert content(made) == {"cursor": CURSOR, "event": {"id": "1"}}


@settings(deadline=None)  # the machine may be busy
@given(value=st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_json_breaks_out_of_its_block(value: object) -> None:
    made = frame.event_frame(json.dumps(value, indent=2, ensure_ascii=False).encode(), cursor=CURSOR)
    head, _, data = made.sse.removesuffix(b"\n\n").partition(b"\ndata: ")
    assert head == b"id: e:7\nevent: inference"
    assert b"\n" not in data
    assert b"\r" not in data
    assert json.loads(data) == value


def test_a_gap_a_skipped_event_and_a_position_say_where_they_are() -> None:
    gap = frame.gap_frame('a "reason"\n', cursor=CURSOR)
    assert gap.sse == b'id: e:7\nevent: gap\ndata: {"reason":"a \\"reason\\"\\n"}\n\n'
    assert content(gap) == {"cursor": CURSOR, "gap": {"reason": 'a "reason"\n'}}
    skipped = frame.skipped_frame("/s", "ü", 70_000, cursor=CURSOR)
    assert content(skipped) == {"cursor": CURSOR, "skipped": {"source": "/s", "id": "ü", "bytes": 70_000}}
    assert skipped.sse.startswith(b"id: e:7\nevent: skipped\n")
    position = frame.position_frame(CURSOR)
    assert position.sse == b"id: e:7\n\n"
    assert content(position) == {"cursor": CURSOR}


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (256, b"\x81\x7e\x01\x00"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_text_frames_have_the_lengths_of_rfc_6455(size: int, header: bytes) -> None:
    assert frame.websocket_text(b"x" * size) == header + b"x" * size


def test_the_example_of_rfc_6455_section_5_7() -> None:
    assert frame.websocket_text(b"Hello") == bytes([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])


def test_a_close_frame_has_its_code_first() -> None:
    assert frame.websocket_close(4008, "slow") == b"\x88\x06\x0f\xa8slow"
    assert frame.PING == b"\x89\x00"


def test_a_chunk_has_its_length_in_hexadecimal() -> None:
    assert frame.chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_the_time_before_reconnecting_is_in_milliseconds() -> None:
    assert frame.retry_line(1500) == b"retry: 1500\n\n"
