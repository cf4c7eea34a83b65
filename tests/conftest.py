"""How property tests run: briefly in `make test`, and as long as you like with HYPOTHESIS_EXAMPLES=2000.

A machine that is busy with something else is no failure of theirs: no deadlines.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "tidings",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "25")),
)
settings.load_profile("tidings")
