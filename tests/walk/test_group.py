"""The consumer group on a real broker: how calmly a member joins it."""

from collections.abc import Awaitable, Callable

from consumers.kafka import GroupSource
from consumers.watch import Timing
from tests.walk.parts import eventually
from tests.walk.rig import Rig


def given_something(source: GroupSource) -> Callable[[], Awaitable[bool]]:
    async def joined() -> bool:
        return bool(source._member.terms)

    return joined


async def test_a_member_joins_a_generation_once(rig: Rig) -> None:
    """aiokafka sends one JoinGroup for each assignor, each of them a rebalance for everybody."""
    async with GroupSource(rig.address, rig.topic, rig.topic) as source:
        await eventually(given_something(source))
        assert source._member._consumer._coordinator.generation == 1


def test_three_heartbeats_fit_into_any_session() -> None:
    assert Timing.of(30) == Timing()
    assert (Timing.of(6).session_ms, Timing.of(6).heartbeat_ms) == (6_000, 2_000)
