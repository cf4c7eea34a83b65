"""``python -m bot.sandbox``: a Slack workspace until it is interrupted."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from bot.sandbox.limits import Rates
from bot.sandbox.server import Sandbox


async def serve(options: argparse.Namespace) -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(number, stop.set)
    rates = Rates(enabled=not options.no_limits)
    async with Sandbox(host=options.host, port=options.port, manifest=options.manifest, rates=rates) as sandbox:
        if options.request_url is not None:
            await sandbox.deliver_to(options.request_url)
        sys.stdout.write(f"{sandbox.url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument("--manifest", type=Path, help="the app's manifest (YAML or JSON)")
    parser.add_argument("--request-url", help="deliver by signed HTTP to this URL instead of Socket Mode")
    parser.add_argument("--no-limits", action="store_true", help="hand out no 429")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
