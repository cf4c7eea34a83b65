import pytest

from tests.bench import pacing


@pytest.mark.slow
def test_processes_that_share_a_workspace_are_never_told_to_wait() -> None:
    found = pacing.run(seconds=6, channels=6, processes=2, per_minute=60)
    assert found["throttled"] == 0
    assert 0 < found["posts"] <= 60
    assert found["events_told"] > 0
