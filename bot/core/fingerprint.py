"""A subscription in a few characters, to tell later whether it is still the same."""

from dataclasses import replace
from hashlib import blake2b

from bot.core.subscription import Subscription


def fingerprint(one: Subscription | None) -> str:
    """Twelve hexadecimal digits of all that people decide about it; `members` change by themselves."""
    told = None if one is None else replace(one, members=())
    return blake2b(repr(told).encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()
