"""The broker put together: what it remembers, who answers what, its connections and its clock."""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from consumers.embedded.broker.calls.admin import AdminCalls
from consumers.embedded.broker.calls.cluster import ClusterCalls
from consumers.embedded.broker.calls.family import Table
from consumers.embedded.broker.calls.groups import GroupCalls
from consumers.embedded.broker.calls.offsets import OffsetCalls
from consumers.embedded.broker.calls.records import RecordCalls
from consumers.embedded.broker.calls.transactions import TransactionCalls
from consumers.embedded.broker.connection import READ_BUFFER, Connections
from consumers.embedded.broker.coordinator import Coordinator
from consumers.embedded.broker.ledger import Ledger
from consumers.embedded.broker.log import FolderShelf
from consumers.embedded.broker.topics import Topics
from consumers.embedded.broker.transaction import Transactions

log = structlog.get_logger()

_TICK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """How a broker runs."""

    data_dir: Path | None = None
    """Where everything is kept; None keeps it in memory."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    default_partitions: int = 1
    """Of topics that are made by being used, and of those made with -1 partitions."""
    initial_rebalance_delay_ms: int = 100
    """How long a group without members waits for a second one (KIP-134; Kafka: 3,000)."""
    longest_request: int = 16_777_216
    """Bytes of one request; a longer one ends its connection (``socket.request.max.bytes``)."""
    clean_every_seconds: float = 30.0
    """How often retention and compaction are applied."""


class Broker:
    """One running broker. Made by ``serve``."""

    def __init__(self, config: BrokerConfig) -> None:
        now, folder = epoch_ms(), config.data_dir
        self.config = config
        self.ledger = Ledger(None if folder is None else FolderShelf(folder / "ledger"))
        self.topics = Topics(
            self.ledger,
            None if folder is None else folder / "topics",
            default_partitions=config.default_partitions,
        )
        self.coordinator = Coordinator(self.ledger, initial_delay_ms=config.initial_rebalance_delay_ms, now=steady_ms())
        self.transactions = Transactions(self.ledger, self.topics, self.coordinator, now=now)
        self.ledger.compact(now)
        self.port = 0

    @property
    def address(self) -> str:
        """What clients take as ``bootstrap_servers``."""
        return f"{self.config.host}:{self.port}"

    def table(self) -> Table:
        """List which coroutine answers which request."""
        clock, steady = epoch_ms, steady_ms
        return {
            **RecordCalls(self.topics, self.transactions, clock=clock).table(),
            **ClusterCalls(self.topics, host=self.config.host, port=self.port, clock=clock).table(),
            **GroupCalls(self.coordinator, clock=clock, steady_clock=steady).table(),
            **OffsetCalls(self.topics, self.coordinator, clock=clock, steady_clock=steady).table(),
            **TransactionCalls(self.topics, self.transactions, clock=clock).table(),
            **AdminCalls(self.topics, self.coordinator, clock=clock).table(),
        }

    async def tick_forever(self) -> None:
        """Evict silent members, abort overdue transactions, and clean logs, for as long as the broker runs."""
        cleaned = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self.coordinator.tick(steady_ms(), now=epoch_ms())
            self.transactions.tick(now=epoch_ms())
            if time.monotonic() - cleaned >= self.config.clean_every_seconds:
                try:
                    self.clean()
                except OSError as error:  # a full disk must not end the broker: reading goes on
                    log.warning("clean_failed", reason=str(error))
                cleaned = time.monotonic()

    def clean(self) -> None:
        """Apply retention and compaction to every partition."""
        for partition in self.topics.all():
            partition.clean(epoch_ms())

    def close(self) -> None:
        """Close all files."""
        self.topics.close()
        self.ledger.close()


@asynccontextmanager
async def serve(config: BrokerConfig) -> AsyncIterator[Broker]:
    """Run a broker in this process for as long as the block lasts.

    Raises:
        OSError: the port is taken, or the data folder can't be used or has another broker.
    """
    with _locked(config.data_dir):
        broker = Broker(config)
        try:
            async with _listening(broker):
                yield broker
        finally:
            broker.close()


@asynccontextmanager
async def _listening(broker: Broker) -> AsyncIterator[None]:
    config = broker.config
    async with asyncio.TaskGroup() as tasks:
        connections = Connections(longest_request=config.longest_request, tasks=tasks)
        server = await asyncio.start_server(connections.accept, config.host, config.port, limit=READ_BUFFER)
        broker.port = server.sockets[0].getsockname()[1]
        connections.table = {api.key: (api, handler) for api, handler in broker.table().items()}
        ticking = tasks.create_task(broker.tick_forever(), name="embedded broker: tick")
        log.info("broker_started", address=broker.address, topics=len(broker.topics.names()))
        try:
            yield
        finally:
            server.close()
            ticking.cancel()
            connections.close()


@contextmanager
def _locked(folder: Path | None) -> Iterator[None]:
    """Keep a second broker out of a data folder; the lock goes with the process, however it ends.

    Raises:
        BlockingIOError: another broker has it.
    """
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def epoch_ms() -> int:
    """Read the wall clock."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Read a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000
