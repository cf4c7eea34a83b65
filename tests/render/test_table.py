from typing import Any

from bot.render.markdown import pieces
from bot.render.parts import parts
from bot.render.richtext import plain
from bot.render.table import table


def text(value: str) -> dict[str, Any]:
    return {"type": "text", "text": value}


def shown(source: str) -> list[str]:
    return plain(pieces(source)).split("\n")


def test_columns_stand_on_the_side_they_ask_for() -> None:
    assert shown("|name|n|mid|\n|---|--:|:-:|\n|a|1|x|\n|long|100|y|") == [
        "name │   n │ mid",
        "─────┼─────┼────",
        "a    │   1 │  x",
        "long │ 100 │  y",
    ]


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    assert shown("|漢字|b|\n|---|---|\n|e\u0301|👩\u200d👩|\n|x|z|") == [
        "漢字 │ b",
        "─────┼─────",
        "e\u0301    │ 👩\u200d👩",
        "x    │ z",
    ]


def test_a_cell_that_runs_from_right_to_left_keeps_to_its_place() -> None:
    assert shown("|a|b|\n|---|---|\n|עם|1|") == ["a  │ b", "───┼──", "\u2068עם\u2069 │ 1"]


def test_a_link_in_a_table_can_be_followed() -> None:
    url = "https://a.example/x"
    (made,) = pieces(f"|a|b|\n|---|---|\n|**[x]({url})**|1|")

    assert made == {
        "type": "rich_text_preformatted",
        "elements": [
            text("a             │ b\n──────────────┼──\n"),
            {"type": "link", "url": url, "text": "x (a.example)"},
            text(" │ 1"),
        ],
    }


def test_a_table_with_links_is_cut_between_rows() -> None:
    row = "|[x](https://a.example/x)|1|\n"
    whole = pieces("|a|b|\n|---|---|\n" + row * 20)
    cut = parts(whole, first=150, room=150)

    assert len(cut) > 3
    assert "\n".join(plain(part) for part in cut) == plain(whole)


def test_a_cell_of_several_lines_makes_a_list_of_records() -> None:
    made = table([[[text("a")], [text("b")]], [[text("1\n2")], [text("3")]]], ["left", "left"])

    assert made["type"] == "rich_text_list"
    assert plain(made) == "a: 1\n2\nb: 3"


def test_a_head_without_rows_is_a_table_however_wide() -> None:
    assert shown(f"|{'a' * 90}|{'b' * 90}|\n|---|---|")[0] == f"{'a' * 90} │ {'b' * 90}"


def test_tables_stand_in_lists_and_quotes() -> None:
    assert [piece["type"] for piece in pieces("- a\n\n  |x|\n  |---|\n  |1|\n\n> |x|\n> |---|\n> |1|")] == [
        "rich_text_list",
        "rich_text_preformatted",
        "rich_text_preformatted",
    ]
