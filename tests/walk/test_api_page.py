"""The examples of docs/api.md, run as they stand there, against the real process."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.sandbox.server import Sandbox
from bot.settings import Role, load
from consumers.keyring import create
from consumers.run import Process

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as made:
        yield made


async def test_every_example_of_the_page_does_what_it_says(
    kafka_address: str, redis_url: str, topic: str, sandbox: Sandbox
) -> None:
    settings = load(
        frozenset({Role.WEB}),
        env_file=None,
        kafka=kafka_address,
        redis=redis_url,
        topic=topic,
        namespace=uuid4().hex,
        secret="s" * 40,
        slack_bot_token=sandbox.bot_token,
        TIDINGS_SLACK_API_URL=sandbox.api_url,
        port=0,
    )
    user, channel = sandbox.user_id("tomas.okafor"), sandbox.channel_id("fraud-alerts")
    examples = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(Process(settings, frozenset({Role.WEB}), on_ready=ready.set_result).serve(stop))
    try:
        url = await asyncio.wait_for(ready, 30)
        _, key = await create(settings, name="page", owner=user, scope="write", expires=None, team=None)
        script = "set -eu\n" + "\necho; echo ==\n".join(examples)
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            env={"PATH": os.environ["PATH"], "TIDINGS": url, "KEY": key, "CHANNEL": channel},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
    assert process.returncode == 0, told.decode()
    made, listed, preview, changed, last = [part.strip() for part in told.decode().split("==")]
    subscription = json.loads(made)
    assert (subscription["filter"], subscription["owner"]) == ("model:fraud-* status:failed", user)
    assert [one["id"] for one in json.loads(listed)["subscriptions"]] == [subscription["id"]]
    assert json.loads(preview)["of"] == 0
    assert json.loads(changed)["style"]["digest"] == "hourly"
    muted, resumed = (json.loads(part) for part in re.split(r"(?<=\})(?=\{)", last))
    assert (muted["hold"]["kind"], resumed["hold"]) == ("muted", None)
