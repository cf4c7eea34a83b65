import json
import logging
from io import StringIO
from typing import get_args

import pytest
import structlog
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.telemetry import MetricName, Metrics, configure_logging

CANARY = "c4n4ryc4n4ry"


pytestmark = pytest.mark.usefixtures("logging_put_back")


def names(metrics: Metrics) -> set[str]:
    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return {family.name for family in families if family.name.startswith("tidings_")}


def test_the_metrics_served_are_those_of_the_table() -> None:
    table = {name.removesuffix("_total") for name in get_args(MetricName)}
    served = {name.removesuffix("_created").removesuffix("_info") for name in names(Metrics())}
    assert served == table


def test_two_services_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.deliveries_appended.inc(3)
    assert one.registry.get_sample_value("tidings_deliveries_appended_total") == 3
    assert other.registry.get_sample_value("tidings_deliveries_appended_total") == 0


def test_a_delivery_that_took_a_minute_has_a_bucket() -> None:
    metrics = Metrics()
    metrics.delivery_seconds.labels("slack").observe(59)
    sample = metrics.registry.get_sample_value
    assert sample("tidings_delivery_seconds_bucket", {"outlet": "slack", "le": "30.0"}) == 0
    assert sample("tidings_delivery_seconds_bucket", {"outlet": "slack", "le": "60.0"}) == 1


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_no_canary_is_read_in_a_log_line(log_format: str) -> None:
    stream = StringIO()
    configure_logging("debug", log_format, stream=stream)
    log = structlog.get_logger("bot.somewhere")
    log.info("opened", slack_bot_token=CANARY, nested={"authorization": f"Bearer {CANARY}"}, text=f"xapp-1-{CANARY}")
    log.bind(webhook=f"https://hooks.example.com/{CANARY}").warning("refused")
    logging.getLogger("some.library").warning("calling %s with %r", f"redis://:{CANARY}@h", {"a": f"whsec_{CANARY}"})
    try:
        int(f"token xoxb-{CANARY}")
    except ValueError:
        local_secret = f"not printed {CANARY}"
        log.exception("broke", length=len(local_secret))
        logging.getLogger("some.library").exception("broke")
    written = stream.getvalue()
    assert CANARY not in written
    assert written.count("opened") == 1
    assert "literal for int() with base 10: 'token xoxb-…" in written
    assert "hooks.example.com" in written


def test_a_json_line_has_event_level_logger_and_time() -> None:
    stream = StringIO()
    configure_logging("info", "json", stream=stream)
    structlog.get_logger("bot.x").info("lane_paused", lane="slack/T1/C1", deliveries=3)
    logging.getLogger("library").info("said %d", 5)
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["event"], ours["lane"], ours["deliveries"]) == ("lane_paused", "slack/T1/C1", 3)
    assert (ours["level"], ours["logger"]) == ("info", "bot.x")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("said 5", "info", "library")
    assert ours["timestamp"].endswith("Z")
    assert set(theirs) == {"event", "level", "logger", "timestamp"}


def test_lines_below_the_level_are_not_written() -> None:
    stream = StringIO()
    configure_logging("warning", "json", stream=stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_slack_s_own_debug_lines_are_never_written_even_from_loggers_that_set_their_level() -> None:
    stream = StringIO()
    configure_logging("debug", "json", stream=stream)
    bolt = logging.getLogger("slack_bolt.AsyncApp")
    bolt.setLevel(logging.DEBUG)  # as Bolt does: it copies the root's level
    bolt.debug("payload")
    bolt.info("running")
    logging.getLogger("slack_sdk.web").debug("request")
    logging.getLogger("slack_sdkish").debug("another library")
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events == ["running", "another library"]
    bolt.setLevel(logging.NOTSET)


def test_httpx_s_line_per_request_is_not_written_because_it_quotes_the_url() -> None:
    stream = StringIO()
    configure_logging("info", "json", stream=stream)
    logging.getLogger("httpx").info("HTTP Request: POST %s", f"https://far.example/{CANARY}")
    assert stream.getvalue() == ""
