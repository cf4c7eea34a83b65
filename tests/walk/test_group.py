"""The consumer group on a real broker: who reads what, and how calmly that changes."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from consumers.kafka import GroupSource
from tests.walk.parts import eventually
from tests.walk.rig import Rig


async def nowhere(_: str, __: int) -> int | None:
    return None


def joins_of(source: GroupSource) -> Callable[[], Awaitable[bool]]:
    async def joined() -> bool:
        return bool(source.assignment())

    return joined


async def test_a_partition_that_is_not_ours_has_no_lag(rig: Rig) -> None:
    async with GroupSource(rig.address, rig.topic, rig.topic, start=nowhere) as source:
        assert source.lag(rig.topic, 99, 0) is None


async def test_a_member_joins_a_generation_once(rig: Rig) -> None:
    """aiokafka sends one JoinGroup for each assignor, each of them a rebalance for everybody."""
    async with AsyncExitStack() as open_:
        source = GroupSource(rig.address, rig.topic, rig.topic, start=nowhere)
        await open_.enter_async_context(source)
        await eventually(joins_of(source))
        coordinator = source._consumer._coordinator
        assert coordinator is not None
        assert coordinator.generation == 1
