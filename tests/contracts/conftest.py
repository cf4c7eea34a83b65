"""The brokers that the Kafka contract is held against."""

from collections.abc import AsyncIterator

import pytest

from consumers.embedded.broker.broker import BrokerConfig, serve
from tests.apache_kafka.server import apache_kafka

__all__ = ["apache_kafka"]


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.apache_kafka)])
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Give the address of a broker: ours in this process, or a real one."""
    if request.param == "embedded":
        async with serve(BrokerConfig()) as broker:
            yield broker.address
    else:
        yield request.getfixturevalue("apache_kafka")
