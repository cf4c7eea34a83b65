import pytest

from tests.bench import broadcast


@pytest.mark.slow
def test_the_broadcast_benchmark_counts_what_arrives() -> None:
    found = broadcast.run(sockets=10, seconds=0.3)
    assert found["sockets"] == 10
    assert found["frames_per_second"] > 0
    assert found["coalesced_cpu_us_per_frame"] < found["cpu_us_per_frame"]
    assert 0 < found["ratio_to_floor"] < 10
