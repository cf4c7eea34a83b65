"""The demo's events: readable, in time order, and mostly not for people."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from bot.core.cloudevent import read
from bot.core.event import Event, Position
from consumers.demo.story import TraceError, made_up, replay

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NOWHERE = Position(topic="t", partition=0, offset=0)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real trace is not there: {DATA}")


def test_made_up_events_are_readable_in_time_order_and_end_after_they_begin() -> None:
    story = list(islice(made_up(1, rate=3, people=["U1"]), 400))
    assert [one.at for one in story] == sorted(one.at for one in story)
    assert len({one.id for one in story}) == len(story)
    assert 100 < story[-1].at < 180
    for one in story:
        event = read(one.cloudevent(datetime.now(UTC)), (), NOWHERE, timestamp=0)
        assert isinstance(event, Event), event
        assert (event.id, event.inference, event.extra) == (one.id, one.key, {})
    ended = [one.key for one in story if one.data["status"] != "running"]
    begun = [one.key for one in story if one.data["status"] == "running"]
    order = {one.id: number for number, one in enumerate(story)}
    assert all(order[f"{key}-1"] < order[f"{key}-2"] for key in set(ended) & set(begun))


def test_a_seed_tells_the_same_story() -> None:
    assert list(islice(made_up(7, rate=3, people=[]), 50)) == list(islice(made_up(7, rate=3, people=[]), 50))


def test_a_folder_without_the_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"azure_llm_trace_conv\.csv is missing"):
        next(replay(tmp_path, speed=60, seed=1, people=[]))


@needs_data
def test_the_real_trace_plays_at_its_speed_and_about_one_event_in_a_hundred_is_for_people() -> None:
    story = list(replay(DATA, speed=60, seed=1, people=["U1"]))
    assert len({one.id for one in story}) == len(story)
    assert [one.at for one in story] == sorted(one.at for one in story)
    assert 28_000 < len(story) < 31_000
    assert 55 < story[-1].at < 65
    kinds = Counter(one.data["status"] for one in story)
    unsure = sum(one.data.get("confidence", 1) < 0.5 for one in story)
    own = sum("requester" in one.data for one in story)
    assert 0.005 < (kinds["failed"] + kinds["needs_review"] + unsure + own) / len(story) < 0.02
    event = read(story[0].cloudevent(datetime.now(UTC)), (), NOWHERE, timestamp=0)
    assert isinstance(event, Event), event
