"""``python -m consumers.embedded.broker --port 0 --data DIR``: one broker, until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import structlog
import uvloop

from consumers.embedded.broker.broker import BrokerConfig, serve


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m consumers.embedded.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="where to listen on 127.0.0.1; 0 takes a free port")
    parser.add_argument("--data", type=Path, help="folder that keeps everything; without it, memory does")
    parser.add_argument("--partitions", type=int, default=1, help="of topics that are made by being used")
    return parser.parse_args()


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = BrokerConfig(data_dir=options.data, port=options.port, default_partitions=options.partitions)
    async with serve(config) as broker:
        print(broker.address, flush=True)  # noqa: T201 - the one line its starter waits for
        await stop.wait()


def main() -> None:
    """Run a broker."""
    options = _options()
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),  # standard output is for the address
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
    )
    uvloop.run(_run(options))


if __name__ == "__main__":
    main()
