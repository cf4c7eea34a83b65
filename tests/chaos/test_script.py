"""What is drawn is drawn from the seed; names are checked; the command repeats the run."""

from itertools import islice

import pytest

from consumers.chaos.load import story
from consumers.chaos.presets import PRESETS
from consumers.chaos.script import BROKER_ACTS, TABLE, chosen
from consumers.chaos.trial import Trial


def test_a_given_broker_is_left_in_peace() -> None:
    assert {act.name for act in chosen(Trial())} >= BROKER_ACTS
    assert not {act.name for act in chosen(Trial(kafka="kafka:9092"))} & BROKER_ACTS
    assert not chosen(Trial(kafka="kafka:9092", acts=("broker-kill",)))


def test_every_act_is_drawn_from_and_naming_some_leaves_the_others_out() -> None:
    assert list(chosen(Trial())) == list(TABLE)
    assert [act.name for act in chosen(Trial(acts=("redis-wipe", "kill")))] == ["kill", "redis-wipe"]


def test_the_command_says_all_that_differs_from_the_defaults() -> None:
    assert Trial(seconds=90, seed=7).command == "tidings chaos --minutes 1.5 --seed 7 --rate 40 --members 3"
    more = Trial(split=True, acts=("kill", "term"), preset="tour", rounds=2, kafka="k:1").command
    assert more.endswith("--split --only kill,term --preset tour --rounds 2 --kafka k:1")


def test_a_seed_tells_the_same_story_in_time_order_at_about_its_rate() -> None:
    events = list(islice(story(4, rate=40, asker="U1"), 2_000))
    assert events == list(islice(story(4, rate=40, asker="U1"), 2_000))
    assert events != list(islice(story(5, rate=40, asker="U1"), 2_000))
    assert [one.at for one in events] == sorted(one.at for one in events)
    assert len(events) / events[-1].at == pytest.approx(40, rel=0.15)
    assert len({one.id for one in events}) == len(events)


def test_the_events_of_an_inference_come_in_the_order_of_its_steps() -> None:
    steps: dict[str, int] = {}
    for one in islice(story(4, rate=40, asker="U1"), 2_000):
        step = int(one.id.rpartition("-")[2])
        assert step == steps.get(one.key, -1) + 1
        steps[one.key] = step


def test_every_preset_says_what_it_does() -> None:
    assert all(script.__doc__ for script in PRESETS.values())
