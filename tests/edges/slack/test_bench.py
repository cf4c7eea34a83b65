import pytest

from tests.bench import commands


@pytest.mark.slow
def test_the_commands_benchmark_measures_both_ways_beside_their_floors() -> None:
    found = commands.run(subscriptions=200, commands=40, rate=10)
    for way in ("socket", "http"):
        assert 0 < found[f"{way}_floor_p50_ms"] < found[f"{way}_p50_ms"] <= found[f"{way}_p95_ms"] < 3_000
