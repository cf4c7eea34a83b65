"""A long result in parts: nothing is lost, nothing is cut that must stay whole, and cuts fall where a reader would."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import split_graphemes

from bot.render.markdown import pieces
from bot.render.parts import LEAST, parts
from bot.render.richtext import DIVIDER, Element, blocks, plain, preformatted, section, span, weight
from bot.sandbox.validation.surfaces import check_message
from tests.render.strategies import HOSTILE, LONG

WORDS = " ".join(f"word{number}" for number in range(400))


def same(whole: list[Element], cut: list[list[Element]]) -> None:
    """The parts' text is the whole's; only blanks at a cut are gone."""
    rest = plain(whole)
    for part in cut:
        text = plain(part)
        blank = len(rest) - len(rest.lstrip(" \n\t"))
        at = next((skip for skip in range(blank + 1) if rest.startswith(text, skip)), None)
        assert at is not None, (text[:80], rest[:80])
        rest = rest[at + len(text) :]
    assert not rest.strip(" \n\t")


def inlines(cut: list[list[Element]]) -> list[Element]:
    found: list[Element] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif value.get("type") in {"text", "link"}:
            found.append(value)
        else:
            walk(value.get("elements", []))

    walk(cut)
    return found


@settings(max_examples=150)
@given(HOSTILE | LONG, st.integers(0, 400), st.integers(LEAST, 600))
@example("[" + "x" * 500 + "](https://a.example)", 10, 100)
@example("[x](https://a.example/" + "y" * 500 + ")", 10, 100)
@example("e" + "\u0301" * 300, 10, 100)
@example("`" + "e" + "\u0301" * 300 + "`", 10, 100)
@example("    e" + "\u0301" * 300, 10, 100)
@example("- " + "a" * 99 + "\n- " + WORDS, 150, 100)
@example("> 1. " + WORDS + "\n> 2. x", 120, 100)
@example("a  " + "x " * 70 + " \u0301 b" * 20, 0, 100)
@example("# a\n\n" * 50, 30, 100)
@example("---\n" * 50, 30, 100)
def test_no_text_is_lost_and_every_part_fits(source: str, first: int, room: int) -> None:
    whole = pieces(source)
    cut = parts(whole, first=first, room=room)

    same(whole, cut)
    assert weight(cut[0]) <= first
    assert all(0 < weight(part) <= room for part in cut[1:])
    for part in cut:
        check_message({"text": "x", "blocks": blocks(part)})


@settings(max_examples=60)
@given(HOSTILE | LONG)
def test_links_and_code_spans_that_fit_stay_whole_and_graphemes_always(source: str) -> None:
    whole = pieces(source)
    before, after = inlines([whole]), inlines(parts(whole, first=300, room=300))

    for kept in before:
        if (kept["type"] == "link" or "code" in kept.get("style", {})) and weight(kept) <= 300:
            assert kept in after
    joined, ends, at = "".join(each["text"] for each in after), set[int](), 0
    for each in after:
        at += len(each["text"])
        ends.add(at)
    spans, _ = split_graphemes(joined.replace("\n", " ").replace("\t", " "))
    inside = ends - {end for _, end, _ in spans}
    originals, at = set[int](), 0
    for each in before:
        at += len(each["text"])
        originals.add(at)
    # Markdown itself may cut a grapheme, as **e**\u0301 does; the parts do it no further.
    assert len(inside) <= len(originals) or not inside


def test_what_fits_is_one_part() -> None:
    whole = pieces("# Head\n\ntext\n\n- a\n- b")

    assert parts(whole, first=1_000, room=1_000) == [whole]


def test_nothing_is_one_empty_part() -> None:
    assert parts([], first=100, room=100) == [[]]


def test_without_room_in_the_first_all_of_it_is_in_the_others() -> None:
    whole = pieces("text")

    assert parts(whole, first=0, room=100) == [[], whole]


@pytest.mark.parametrize(("first", "room"), [(-1, 100), (0, LEAST - 1)])
def test_a_room_for_no_sentence_is_refused(first: int, room: int) -> None:
    with pytest.raises(ValueError, match="needs a room of 100"):
        parts([], first=first, room=room)


def test_a_cut_falls_between_blocks_where_the_part_is_half_full() -> None:
    code = "```\n" + "x = 1\n" * 12 + "```"
    cut = parts(pieces(f"{'a' * 60}\n\n{code}"), first=100, room=100)

    assert [[piece["type"] for piece in part] for part in cut] == [["rich_text_section"], ["rich_text_preformatted"]]


def test_a_cut_in_prose_falls_between_paragraphs_then_lines_then_sentences_then_words() -> None:
    def begun(source: str) -> str:
        return plain(parts([section(span(source))], first=100, room=100)[0])

    tail = "y " * 30
    assert begun(f"{'a' * 60}\n\nb. c\n{tail}") == "a" * 60
    assert begun(f"{'a' * 60}\nb. c {tail}") == "a" * 60
    assert begun(f"{'a' * 60}. b {tail}") == "a" * 60 + "."
    assert begun(f"{'漢' * 60}。{'字' * 60}") == "漢" * 60 + "。"
    assert begun(f"{'a' * 60} {'b' * 60}") == "a" * 60
    assert begun("z" * 300) == "z" * 100


def test_a_heading_is_not_left_at_a_parts_end() -> None:
    cut = parts(pieces(f"{'a' * 70}\n\n# Head\n\n```\n{'x' * 90}\n```"), first=100, room=100)

    assert [plain(part) for part in cut] == ["a" * 70, "Head\n" + "x" * 90]


def test_a_heading_within_a_text_goes_with_what_follows() -> None:
    cut = parts(pieces(f"{'a' * 80}\n\n# Head\n\n{'b ' * 45}"), first=100, room=100)

    assert plain(cut[0]) == "a" * 80
    assert plain(cut[1]).startswith("Head\nb b")


def test_code_is_cut_at_lines_and_keeps_its_indentation() -> None:
    lines = [f"    line {number} = {number * 7}" for number in range(40)]
    cut = parts([preformatted("\n".join(lines))], first=90, room=120)

    assert [piece["type"] for part in cut for piece in part] == ["rich_text_preformatted"] * len(cut)
    assert "\n".join(plain(part) for part in cut) == "\n".join(lines)


def test_code_is_cut_at_an_empty_line_if_one_is_near() -> None:
    cut = parts([preformatted("a" * 40 + "\n" + "b" * 20 + "\n\n" + "c" * 20 + "\n" + "d" * 80)], first=100, room=100)

    assert plain(cut[0]) == "a" * 40 + "\n" + "b" * 20


def test_a_numbered_list_goes_on_with_its_number() -> None:
    source = "\n".join(f"{number}. item number {number}" for number in range(3, 20))
    cut = parts(pieces(source), first=60, room=100)
    offsets = [(piece["offset"], len(piece["elements"])) for part in cut for piece in part]

    assert len(cut) > 2
    assert offsets[0][0] == 2
    assert all(offset + count == following for (offset, count), (following, _) in pairwise(offsets))


def test_an_item_that_no_part_can_hold_goes_on_as_a_paragraph_and_the_list_behind_it() -> None:
    whole = pieces(f"1. {WORDS[:150]}\n2. next")
    cut = parts(whole, first=100, room=100)

    assert [(piece["type"], piece.get("offset")) for part in cut for piece in part] == [
        ("rich_text_list", None),
        ("rich_text_section", None),
        ("rich_text_list", 1),
    ]


def test_a_quoted_item_goes_on_as_a_quote() -> None:
    cut = parts(pieces(f"> - {WORDS[:150]}"), first=100, room=100)

    assert [piece["type"] for part in cut for piece in part] == ["rich_text_list", "rich_text_quote"]


def test_a_divider_at_a_cut_is_left_out() -> None:
    cut = parts(pieces(f"{'a' * 80}\n\n---\n\n{'b' * 80}"), first=100, room=100)

    assert DIVIDER not in [piece for part in cut for piece in part]
    assert [plain(part) for part in cut] == ["a" * 80, "b" * 80]


def test_a_link_heavier_than_any_part_shows_its_name_before_where_it_leads() -> None:
    url = "https://a.example/" + "y" * 60
    cut = parts(pieces(f"[{WORDS[:150]}]({url})"), first=100, room=100)

    same(pieces(f"[{WORDS[:150]}]({url})"), cut)
    assert {"type": "link", "url": url, "text": "a.example"} in inlines(cut)


def test_a_bold_link_heavier_than_any_part_stays_bold() -> None:
    url = "https://a.example/" + "y" * 60
    cut = parts(pieces(f"**[{WORDS[:150]}]({url})**"), first=100, room=100)

    assert all(each["style"] == {"bold": True} for each in inlines(cut))


def test_a_code_span_with_blanks_is_not_cut() -> None:
    cut = parts(pieces(f"{'a' * 60} `{'b ' * 25}`"), first=100, room=100)

    assert [plain(part) for part in cut] == ["a" * 60, "b " * 25]


def test_a_blank_that_bears_a_mark_stays() -> None:
    cut = parts([section(span(f"{'a' * 60}  \u0301{'b' * 60}"))], first=100, room=100)

    assert [plain(part) for part in cut] == ["a" * 60, f" \u0301{'b' * 60}"]


def test_a_bold_line_is_not_cut_off_from_its_paragraph() -> None:
    cut = parts(pieces(f"{'a' * 60}\n\n**Head**\n\n{'b' * 60}"), first=100, room=100)

    assert [plain(part) for part in cut] == ["a" * 60, f"Head\n\n{'b' * 60}"]
