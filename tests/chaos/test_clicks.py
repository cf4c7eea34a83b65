"""Two replicas, one workspace: no lost clicks and no double replies, whichever is killed.

TIDINGS_CLICK_KILLS=100 kills more often in the slow form.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.clicks import stage, storm, verdict

KILLS = int(os.environ.get("TIDINGS_CLICK_KILLS", "40"))


async def test_commands_and_clicks_survive_the_death_of_either_replica(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        await storm(made, kills=2, seed=1)
        assert await verdict(made) == []
        assert sum(act.acked for act in made.acts) > 20
        assert {act.kind for act in made.acts} == {"command", "click"}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_commands_and_clicks_survive_many_deaths(tmp_path: Path) -> None:
    async with stage(tmp_path) as made:
        await storm(made, kills=KILLS, seed=2)
        assert await verdict(made) == []
        taken_over = sum(replica.log.read_text().count('"request_taken_over"') for replica in made.replicas)
        assert taken_over > KILLS // 10  # else the kills met nothing
