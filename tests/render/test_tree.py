"""JSON as people read it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.event import Json
from bot.render.result import LONGEST, length, pieces_of, result
from bot.render.richtext import blocks, plain, weight
from bot.render.tree import line, tree
from bot.sandbox.validation.surfaces import check_message
from tests.core.strategies import JSON
from tests.render.strategies import HOSTILE

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(HOSTILE, inner, max_size=5),
    max_leaves=30,
)


def shown(value: Json, **limits: int) -> str:
    return plain(tree(value, **limits))


CASES: dict[str, tuple[Json, str]] = {
    "fields": ({"a": 1, "b": "x"}, "a: 1\nb: x"),
    "levels": ({"a": {"b": {"c": 1}}, "d": 2}, "a:\n  b:\n    c: 1\nd: 2"),
    "a list": (["x", 1], "- x\n- 1"),
    "objects in a list": ({"l": [{"a": 1, "b": []}, {"c": {}}]}, "l:\n  - a: 1\n    b: []\n  - c: {}"),
    "lists in a list": ([[1, [2]], 3], "- - 1\n  - - 2\n- 3"),
    "nothing": ({"a": None, "b": True, "c": False}, "a: null\nb: true\nc: false"),
    "numbers": (
        [0.1, -0.0, 1e100, 12345678901234567890, 1.0],
        "- 0.1\n- -0.0\n- 1e+100\n- 12345678901234567890\n- 1.0",
    ),
    "texts that look like something else": (
        ["null", "true", "1.5", "", " x ", "[]", "nan", "truth"],
        '- "null"\n- "true"\n- "1.5"\n- ""\n- " x "\n- "[]"\n- "nan"\n- truth',
    ),
    "texts of several lines": ({"a": ["x\ny"], "b": "1\n\n2"}, "a:\n  -\n    x\n    y\nb:\n  1\n  \n  2"),
    "odd names": ({"": 1, "a b": 2, " c": 3, "d\ne": 4}, '"": 1\na b: 2\n" c": 3\n"d\\ne": 4'),
    "a number alone": (42, "42"),
    "nothing in it": ([], "[]"),
    "one row": ([{"a": 1}], "- a: 1"),
    "rows that hold more": ([{"a": 1}, {"a": [1]}], "- a: 1\n- a:\n    - 1"),
    "rows, one empty": ([{"a": 1}, {}], "- a: 1\n- {}"),
    "rows, one a number": ([{"a": 1}, 2], "- a: 1\n- 2"),
    "rows": (
        [{"n": 1, "who": "Ann"}, {"n": 20, "ok": True}, {"n": 3, "who": None}],
        " n │ who  │ ok\n───┼──────┼─────\n 1 │ Ann  │\n20 │      │ true\n 3 │ null │",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_value_is_told_as_people_read_it(case: str) -> None:
    value, expected = CASES[case]

    assert "\n".join(each.rstrip() for each in shown(value).split("\n")) == "\n".join(
        each.rstrip() for each in expected.split("\n")
    )


def test_rows_of_too_many_names_are_a_tree() -> None:
    def rows(names: int) -> Json:
        return [{str(name): 1 for name in range(names)}, {"0": 2}]

    assert "│" in shown(rows(12))
    assert "│" not in shown(rows(13))


def test_what_is_left_out_is_counted() -> None:
    value: Json = {"a": list(range(15)), "b": {"c": {"d": 1, "e": 2}, "f": [1], "g": {}}, "h": 1}

    assert shown(value, breadth=2, depth=2).split("\n") == [
        "a:",
        "  - 0",
        "  - 1",
        "  … 13 more",
        "b:",
        "  c: … 2 fields",
        "  f: … 1 item",
        "  … 1 more",
        "… 1 more",
    ]


def test_rows_that_are_left_out_are_counted() -> None:
    rows: Json = [{"a": number} for number in range(1_500)]

    assert shown(rows, breadth=1) == "a\n─\n0\n… 1,499 more"
    assert "more" not in shown(rows, breadth=1_500)


def test_a_value_on_one_line() -> None:
    assert line({"a": {"b": [1, "x\ny"]}}) == "a: b: - 1 - x y"


@pytest.mark.parametrize("open_", ["[", '{"a":'])
def test_however_deep_it_is_nested_nothing_is_lost(open_: str) -> None:
    value: Any = "needle"
    for _ in range(5_000):
        value = [value] if open_ == "[" else {"a": value}

    assert shown(value).endswith("needle")
    assert "needle" in line(value)
    assert weight(result(value, 1_000)) <= 1_000


@settings(max_examples=60)
@given(VALUES | JSON, st.integers(100, 3_000))
def test_any_value_fits_and_slack_takes_it(value: Json, room: int) -> None:
    made = result(value, room)

    assert weight(made) <= room
    check_message({"text": "x", "blocks": blocks(made)})


def leaves(value: Json) -> list[str]:
    match value:
        case dict():
            return [each for name, child in value.items() for each in (name, *leaves(child))]
        case list():
            return [each for child in value for each in leaves(child)]
        case str():
            return [value]
        case _:
            return [json.dumps(value)]


PLAIN_TEXT = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=12)


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | PLAIN_TEXT,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(PLAIN_TEXT, inner, max_size=5),
    )
)
def test_every_name_and_value_is_shown(value: Json) -> None:
    said = "".join(plain(pieces_of(value)).split()) if value is not None else "null"
    rest = said if not isinstance(value, str) else value

    for leaf in map(str.strip, leaves(value)):
        assert "".join(leaf.split()) in rest or "".join(json.dumps(leaf, ensure_ascii=False)[1:-1].split()) in rest


def test_a_big_tree_is_abridged_and_says_so() -> None:
    value: Json = {f"name{number}": list(range(50)) for number in range(500)}
    said = plain(result(value, 3_000))

    assert len(said) <= 3_000
    assert "… 30 more" in said or "… 40 more" in said or "… 45 more" in said
    assert said.endswith(" more")


def test_a_tree_that_even_abridged_is_too_big_says_how_much_is_missing() -> None:
    assert plain(result({"a": "x" * 5_000}, 1_000)).endswith(" more characters")


@pytest.mark.parametrize(("value", "expected"), [(None, 0), ("", 0), ("abc", 3), ({"a": 1}, 4), (7, 1)])
def test_a_results_length_is_that_of_what_is_shown(value: Json, expected: int) -> None:
    assert length(value) == expected


def test_the_whole_result_is_read_up_to_a_bound() -> None:
    text = "word " * (LONGEST // 5) + "behind"

    assert len(plain(pieces_of(text))) == LONGEST - 1
    assert length(text) > LONGEST
