"""Logs and metrics: the names of both, and how they are set up.

Nothing here is global but the logging configuration, which Python keeps global itself: each `Metrics` has a registry of
its own, so that two services in one process (or one test) never add up.
"""

import logging
import sys
from importlib.metadata import version
from platform import python_version
from typing import Any, Final, Literal, TextIO, TypeAlias

import structlog
from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from bot.core.redaction import redact

MetricName: TypeAlias = Literal[
    # counter {outcome=event|unreadable|replayed}: a record was read from Kafka by ingest; replayed: below the watermark
    "tidings_records_total",
    # counter: records at most that retention removed before they were read
    "tidings_records_lost_to_retention_total",
    # counter: a partition was found to end before what was read of it: its topic was recreated, or cut short
    "tidings_topic_resets_total",
    # counter: a delivery entered the outbox
    "tidings_deliveries_appended_total",
    # counter: a delivery was met again (a producer's retry, an overlapping subscription) and dropped
    "tidings_deliveries_known_total",
    # counter {outlet, step=done|retry|cool|pause|bury|ask}: an attempt's outcome was settled
    "tidings_deliveries_settled_total",
    # counter: a lane was taken back from a worker whose lease ran out
    "tidings_takeovers_total",
    # counter: a worker found its lease lost when it settled; its outcome is in doubt for whoever holds the lane
    "tidings_leases_lost_total",
    # histogram {outlet}, seconds: one attempt, from the outlet's call to its outcome
    "tidings_attempt_seconds",
    # histogram {outlet}, seconds: how far away a lane's turn was that asked for one and did not get it at once
    "tidings_paced_seconds",
    # gauge {team, method}, 0 to 1: the share of a method's full rate that is called, after a workspace's 429
    "tidings_learned_share",
    # histogram {outlet}, seconds: from the append of the event's delivery to Sent
    "tidings_delivery_seconds",
    # gauge {topic, partition}, records: end of the partition less the next offset to read
    "tidings_lag",
    # gauge: lanes with a delivery in them
    "tidings_lanes_waiting",
    # gauge: deliveries in all lanes
    "tidings_deliveries_waiting",
    # gauge: deliveries that have waited so long that the journal has them, too
    "tidings_deliveries_parked",
    # counter {outlet}: a delivery was given up because it had waited too long; the dead-letter topic has it
    "tidings_deliveries_expired_total",
    # gauge, 0 or 1: ingest waits: for Redis, for Kafka, or because the outbox is full (/readyz says for which)
    "tidings_ingest_waiting",
    # counter {found=restarted|wiped}: this process took up the state of a Redis that was restarted or wiped
    "tidings_recoveries_total",
    # gauge: destinations held until a person resumes them
    "tidings_paused_destinations",
    # gauge: installations (a workspace's token, all its destinations) held until a person resumes them
    "tidings_paused_installations",
    # gauge {transport=sse|ws}: browsers connected
    "tidings_sockets",
    # counter: frames queued for sockets (one event for three sockets counts three)
    "tidings_frames_total",
    # counter {reason=slow|going_away|gone|protocol}: a socket was closed, by us or by the far side
    "tidings_sockets_dropped_total",
    # counter {outcome=event|unreadable}: a record was read from Kafka by broadcast
    "tidings_broadcast_records_total",
    # histogram, seconds: how late the event loop ran a timer
    "tidings_loop_lag_seconds",
    # info {version, python}: always 1
    "tidings_build",
]

# From a loopback delivery to an hour of a far side's outage, in seconds.
DELIVERY_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
ATTEMPT_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LAG_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


def tracer() -> trace.Tracer:
    """Where spans go: nowhere, unless the process was started with an OpenTelemetry SDK."""
    return trace.get_tracer("tidings", version("tidings"))


class Metrics:
    """Every instrument of one process, on a registry of its own; `MetricName` tells what each one counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.records = self._counter("tidings_records_total", "Records read from Kafka by ingest.", "outcome")
        self.records_lost_to_retention = self._counter(
            "tidings_records_lost_to_retention_total", "Records, at most, that retention removed before they were read."
        )
        self.topic_resets = self._counter(
            "tidings_topic_resets_total", "Partitions found to end before what was read of them."
        )
        self.deliveries_appended = self._counter(
            "tidings_deliveries_appended_total", "Deliveries that entered the outbox."
        )
        self.deliveries_known = self._counter(
            "tidings_deliveries_known_total", "Deliveries met again and dropped: a producer's retry or an overlap."
        )
        self.deliveries_settled = self._counter(
            "tidings_deliveries_settled_total", "Attempts settled, by what followed.", "outlet", "step"
        )
        self.takeovers = self._counter("tidings_takeovers_total", "Lanes taken back from silent workers.")
        self.leases_lost = self._counter("tidings_leases_lost_total", "Leases lost before their outcome was settled.")
        self.attempt_seconds = self._histogram(
            "tidings_attempt_seconds", "Duration of one attempt.", ATTEMPT_BUCKETS, "outlet"
        )
        self.paced_seconds = self._histogram(
            "tidings_paced_seconds", "How far away a lane's turn was.", DELIVERY_BUCKETS, "outlet"
        )
        self.learned_share = self._gauge(
            "tidings_learned_share", "Share of the full rate, after a workspace said no.", "team", "method"
        )
        self.delivery_seconds = self._histogram(
            "tidings_delivery_seconds", "From the append of a delivery to its arrival.", DELIVERY_BUCKETS, "outlet"
        )
        self.lag = self._gauge("tidings_lag", "Records of the partition not yet read.", "topic", "partition")
        self.lanes_waiting = self._gauge("tidings_lanes_waiting", "Lanes with a delivery in them.")
        self.deliveries_waiting = self._gauge("tidings_deliveries_waiting", "Deliveries in all lanes.")
        self.deliveries_parked = self._gauge("tidings_deliveries_parked", "Deliveries that the journal has, too.")
        self.deliveries_expired = self._counter(
            "tidings_deliveries_expired_total", "Deliveries given up because they had waited too long.", "outlet"
        )
        self.ingest_waiting = self._gauge("tidings_ingest_waiting", "Whether ingest waits; /readyz says for what.")
        self.recoveries = self._counter("tidings_recoveries_total", "States of Redis taken up anew.", "found")
        self.paused_destinations = self._gauge("tidings_paused_destinations", "Destinations held until resumed.")
        self.paused_installations = self._gauge("tidings_paused_installations", "Installations held until resumed.")
        self.sockets = self._gauge("tidings_sockets", "Browsers connected.", "transport")
        self.frames = self._counter("tidings_frames_total", "Frames queued for sockets.")
        self.sockets_dropped = self._counter("tidings_sockets_dropped_total", "Sockets closed, by reason.", "reason")
        self.broadcast_records = self._counter(
            "tidings_broadcast_records_total", "Records read from Kafka by broadcast.", "outcome"
        )
        self.loop_lag_seconds = self._histogram(
            "tidings_loop_lag_seconds", "How late the event loop ran a timer.", LAG_BUCKETS
        )
        build: MetricName = "tidings_build"
        info = Info(build, "This build of Tidings.", registry=self.registry)
        info.info({"version": version("tidings"), "python": python_version()})
        ProcessCollector(registry=self.registry)
        for outcome in ("event", "unreadable", "replayed"):
            self.records.labels(outcome)  # a series that exists at zero can be alarmed on before its first increment

    def _counter(self, name: MetricName, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: MetricName, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: MetricName, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, registry=self.registry, buckets=buckets)


# Libraries whose lower levels tell too much: Slack's SDK prints tokens and payloads at debug, httpx prints every URL at
# info (a webhook's path is a credential), aiokafka prints SASL exchanges at debug.
FLOORS: Final = {
    "slack_sdk": logging.INFO,
    "slack_bolt": logging.INFO,
    "aiokafka": logging.INFO,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiohttp.access": logging.WARNING,
}


def configure_logging(level: str, log_format: str, *, stream: TextIO | None = None) -> None:
    """Send every log line, ours and the libraries', to `stream` (standard error) with secrets masked.

    `level` is debug, info, warning or error. `log_format` is console (for people) or json (one object a line).
    Calling it again replaces the former configuration.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # before masking: a traceback's last line quotes the error
        _mask,
    ]
    out = stream or sys.stderr
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if log_format == "console":
        # not rich's traceback: it prints local variables, secrets among them
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    handler.addFilter(_above_floor)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, floor in FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, logging.root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _above_floor(record: logging.LogRecord) -> bool:
    """Hold the floors for children too: Bolt gives its loggers the root's level."""
    return all(record.levelno >= floor for name, floor in FLOORS.items() if f"{record.name}.".startswith(f"{name}."))


def _mask(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Mask every value; keys with a leading underscore are structlog's own and never printed."""
    return {key: value if key.startswith("_") else redact(value, key=key) for key, value in event.items()}
