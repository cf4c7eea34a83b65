"""Starts Apache Kafka (KRaft, one node) from jars of Maven Central; needs a JDK ≥ 17 and Maven, once a network.

As a program, ``python -m tests.apache_kafka.server`` runs one until interrupted and prints its address.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from consumers.embedded import guard

POM = Path(__file__).with_name("pom.xml")
_READY_SECONDS = 60.0
_FETCH_SECONDS = 600.0
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=100
group.min.session.timeout.ms=100
"""


class MissingError(RuntimeError):
    """What is needed is not on this machine; the text says what."""


def jars() -> Path:
    """Give the folder of jars, which Maven fills the first time.

    Raises:
        MissingError: there is no JDK or no Maven, or Maven can't get them.
    """
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise MissingError(f"{program} is not on PATH: a JDK (17 or newer) and Maven are needed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidings" / "apache-kafka"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / uuid.uuid5(uuid.NAMESPACE_OID, POM.read_text()).hex
    with (cache / "lock").open("w") as lock:  # tests on several cores want them at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Fill it by Maven: whole, or not at all."""
    with TemporaryDirectory(dir=folder.parent) as parent:
        fresh = Path(parent) / "jars"
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}", "-DincludeScope=runtime"]
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", "--file", str(POM), *goal],  # noqa: S607 - it is on PATH
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
        if done.returncode:
            raise MissingError(f"Maven could not get Kafka's jars: {done.stdout[-1_000:]}")
        fresh.rename(folder)


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _java(library: Path, program: str, *arguments: str) -> Sequence[str]:
    java = shutil.which("java") or "java"
    return (java, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{library}/*", program, *arguments)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a broker with its data in ``folder`` and give its address; it ends with the block, or with this process.

    Raises:
        MissingError: as ``jars``.
        RuntimeError: it did not start.
    """
    library = jars()
    port, controller = _free_ports(2)
    properties = folder / "server.properties"
    properties.write_text(_PROPERTIES.format(port=port, controller=controller, folder=folder))
    cluster = ("-t", "dGlkaW5ncy1jb250cmFjdA", "-c", str(properties))
    subprocess.run(_java(library, "kafka.tools.StorageTool", "format", *cluster), check=True, capture_output=True)
    guarded = (sys.executable, guard.__file__, str(os.getpid()))
    command = [*guarded, *_java(library, "kafka.Kafka", str(properties))]
    with (
        (folder / "server.log").open("wb") as words,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=words, stderr=words) as process,
    ):
        try:
            _wait(process, port, folder / "server.log")
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


def _wait(process: "subprocess.Popen[bytes]", port: int, words: Path) -> None:
    """Wait until it listens, which a KRaft broker does as the last thing of its start."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"Apache Kafka did not start: {words.read_text()[-2_000:]}")


@pytest.fixture(scope="session")
def apache_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a real broker, or skip with the reason."""
    try:
        library = jars()
    except MissingError as missing:
        pytest.skip(f"no Apache Kafka here: {missing}")
    assert library.exists()
    with running(tmp_path_factory.mktemp("apache-kafka")) as address:
        yield address


def main() -> None:
    """Run a broker until interrupted."""
    with TemporaryDirectory() as folder, running(Path(folder)) as address:
        print(address, flush=True)  # noqa: T201 - for whoever started it
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
