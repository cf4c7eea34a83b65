import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import split_graphemes

from bot.render.mrkdwn import escape
from bot.render.text import clean, columns, cut, escaped, shorten, units
from tests.render.strategies import HOSTILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("nul\x00bel\x07del\x7fc1\x85", "nul\ufffdbel\ufffddel\ufffdc1\ufffd"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
        ("a pair \ud83d\ude00 of them", "a pair 😀 of them"),
        ("\u202eevil\u202d", "evil"),
        ("\u200fשלם\u200e \u2067isolate\u2069", "\u200fשלם\u200e \u2067isolate\u2069"),
        ("zero\u200bwidth\u200d\ufeff", "zero\u200bwidth\u200d\ufeff"),
    ],
)
def test_what_is_no_text_is_replaced(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(HOSTILE)
def test_clean_text_can_be_sent_anywhere_and_stays_clean(text: str) -> None:
    cleaned = clean(text)

    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(letter) == "Cc" for letter in cleaned if letter not in "\n\t")


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("short", 5, "short"),
        ("cut me here", 8, "cut me"),
        ("nospaceatall", 4, "nosp"),
        ("far " + "x" * 40, 30, "far " + "x" * 26),
        ("é" * 3, 2, "éé"),
        ("e\u0301e\u0301", 3, "e\u0301"),
        ("e" + "\u0301" * 9, 5, ""),
        ("ab👩‍👩‍👧", 9, "ab"),
        ("👍🏽!", 4, "👍🏽"),
        ("👍🏽!", 3, ""),
        ("🇩🇪🇫🇷", 8, "🇩🇪🇫🇷"),
        ("🇩🇪🇫🇷", 7, "🇩🇪"),
        ("🇩🇪🇫🇷", 2, ""),
        ("❤\ufe0fx", 1, ""),
        ("a😀", 2, "a"),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 3, ""),
        ("नि", 1, ""),
        ("x\U0001f3f4\U000e0067\U000e0062\U000e007f", 5, "x"),
        ("a\r\nb", 2, "a"),
        ("", 0, ""),
        ("abc", 0, ""),
    ],
)
def test_a_cut_falls_between_graphemes_and_near_a_space(text: str, room: int, expected: str) -> None:
    assert cut(text, room) == expected


@given(HOSTILE, st.integers(0, 40))
@example("🇩🇪🇫🇷🇮🇹", 10)
def test_a_cut_ends_where_graphemes_end_and_wastes_little(text: str, room: int) -> None:
    text = clean(text).replace("\n", " ").replace("\t", " ")  # rich counts them to the letter before
    begun = cut(text, room)
    spans, _ = split_graphemes(text)  # rich's own tables: an independent oracle

    assert text.startswith(begun)
    assert units(begun) <= room
    assert len(begun) in {0, *(end for _, end, _ in spans)}


@given(HOSTILE, st.integers(1, 40))
def test_shortened_text_says_that_it_was(text: str, room: int) -> None:
    text = clean(text)
    short = shorten(text, room)

    assert units(short) <= room
    assert short == text or short.endswith("…")


@given(HOSTILE, st.integers(1, 60))
@example("&" * 30, 12)
@example("a<b", 4)
def test_escaped_text_fits_and_holds_whole_entities_only(text: str, room: int) -> None:
    safe = escaped(text, room)

    assert units(safe) <= room
    assert "<" not in safe
    assert ">" not in safe
    bare = safe.removesuffix("…").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert escape(bare) == safe.removesuffix("…")
    assert text.startswith(bare)


def test_columns_are_those_of_a_monospaced_font() -> None:
    assert columns("abc") == 3
    assert columns("漢字") == 4
    assert columns("e\u0301\u200d") == 1
