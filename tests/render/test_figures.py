import pytest

from bot.core.event import Model, Status, Usage
from bot.render import figures
from tests.core.examples import event


def test_every_status_has_a_mark_of_its_own() -> None:
    assert set(figures.MARKS) == set(Status)
    assert len(set(figures.MARKS.values())) == len(Status)
    assert figures.word(Status.NEEDS_REVIEW) == "needs review"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (0.0, "▱▱▱▱▱▱▱▱▱▱ 0%"),
        (0.049, "▱▱▱▱▱▱▱▱▱▱ 5%"),
        (0.72, "▰▰▰▰▰▰▰▱▱▱ 72%"),
        (1.0, "▰▰▰▰▰▰▰▰▰▰ 100%"),
    ],
)
def test_confidence_is_a_bar(value: float | None, shown: str) -> None:
    assert figures.confidence(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.0, "0 ms"), (0.084, "84 ms"), (1.25, "1.2 s"), (59.9, "59.9 s"), (125.0, "2 min"), (7_300, "2 h")],
)
def test_latency_is_short(value: float | None, shown: str) -> None:
    assert figures.seconds(value) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(-5, "0 s"), (40_000, "40 s"), (60_000, "1 min"), (7_199_999, "1 h"), (345_600_000, "4 d")],
)
def test_a_time_span_is_in_its_largest_unit(milliseconds: int, shown: str) -> None:
    assert figures.age(milliseconds) == shown


@pytest.mark.parametrize(
    ("usage", "shown"),
    [
        (Usage(), ""),
        (Usage(input_tokens=1_000, output_tokens=204, cost=0.0041), "1,204 tokens · $0.0041"),
        (Usage(output_tokens=5), "5 tokens"),
        (Usage(cost=0), "$0.00"),
        (Usage(cost=1234.5), "$1,234.50"),
        (Usage(cost=0.000012), "$0.000012"),
        (Usage(cost=0.000001), "$0.0000010"),
        (Usage(cost=1e-300), "under $0.000001"),
    ],
)
def test_usage_is_tokens_and_cost(usage: Usage, shown: str) -> None:
    assert figures.usage(usage) == shown


def test_names_are_on_one_line() -> None:
    assert figures.model(Model(name="a\nb", version=None, provider="c")) == "a b · c"
    assert figures.title(event(title="  two\n lines\x00 "), 40) == "two lines�"
    assert figures.title(event(title=" \n "), 40) == "Inference i-4711"
    assert figures.title(event(title="a" * 100), 10) == "a" * 9 + "…"
