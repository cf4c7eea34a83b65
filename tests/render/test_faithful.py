"""Nothing that a model writes is lost: what is shown is compared, letter by letter, with another Markdown parser's."""

import json
from pathlib import Path
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from slack_sdk.models.blocks import Block

from bot.render.markdown import pieces
from bot.render.parts import parts
from bot.render.richtext import blocks, fit, plain, weight
from bot.sandbox.validation.surfaces import check_message
from tests.render.oracle import expected, missing, shown

DATA = Path(__file__).parent.parent / "data"
ANSWERS = sorted((DATA / "answers").glob("*.md"))
COMMONMARK: list[dict[str, Any]] = json.loads((DATA / "commonmark-0.31.2.json").read_text("utf-8"))
GFM: list[dict[str, Any]] = json.loads((DATA / "gfm-0.29.json").read_text("utf-8"))


def taken_by_slack(said: list[dict[str, Any]]) -> None:
    made = blocks(said)
    check_message({"text": "x", "blocks": made})
    for block in Block.parse_all(made):
        block.validate_json()


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_an_answer_is_shown_to_the_last_letter(path: Path) -> None:
    source = path.read_text("utf-8")
    said = pieces(source)

    assert missing(shown(said), expected(source, maths=True)) is None
    taken_by_slack(said)


@pytest.mark.parametrize("example", COMMONMARK, ids=lambda example: f"{example['example']}")
def test_an_example_of_commonmark_is_shown_to_the_last_letter(example: dict[str, Any]) -> None:
    source = example["markdown"]
    known = cmarkgfm.markdown_to_html(source, options=Options.CMARK_OPT_UNSAFE) == example["html"]
    said = pieces(source)

    assert missing(shown(said), expected(source, rendered=None if known else example["html"])) is None
    taken_by_slack(said)


@pytest.mark.parametrize("example", GFM, ids=lambda example: f"{example['example']}")
def test_an_example_of_github_is_shown_to_the_last_letter(example: dict[str, Any]) -> None:
    said = pieces(example["markdown"])

    assert missing(shown(said), expected(example["markdown"])) is None
    taken_by_slack(said)


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("room", [100, 333, 1_000])
def test_an_answer_in_parts_is_shown_to_the_last_letter(path: Path, room: int) -> None:
    source = path.read_text("utf-8")
    cut = parts(pieces(source), first=room // 2, room=room)

    assert missing("".join(map(shown, cut)), expected(source, maths=True)) is None
    for part in cut:
        taken_by_slack(part)


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
@pytest.mark.parametrize("room", [1, 40, 200, 1_000])
def test_an_answer_cut_to_any_length_is_well_formed_and_says_what_is_missing(path: Path, room: int) -> None:
    said = pieces(path.read_text("utf-8"))
    kept, left = fit(said, room)

    assert weight(kept) <= room
    assert left == len(plain(said)) - len(plain(kept)) or (left == 0 and kept == said)
    taken_by_slack(kept)
