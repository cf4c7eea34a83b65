"""How property tests run: briefly in `make test`, and as long as you like with HYPOTHESIS_EXAMPLES=2000.

A machine that is busy with something else is no failure of theirs: no deadlines.
"""

import logging
import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.telemetry import FLOORS

settings.register_profile(
    "tidings",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "25")),
)
settings.load_profile("tidings")


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """What a test configures of the process-wide logging ends with it."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    for name in FLOORS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
