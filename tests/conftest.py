"""How property tests run everywhere: a machine that is busy with something else is no failure of theirs."""

from hypothesis import HealthCheck, settings

settings.register_profile("tidings", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tidings")
