"""Identifiers shaped like Slack's, in a reproducible order."""

import itertools

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _ALPHABET[rest] + digits
    return digits or "0"


class Ids:
    """Hands out ids: unique in this workspace, the same sequence in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def make(self, prefix: str) -> str:
        """A new id such as ``V0SBX000A7``; the prefix names the kind, as in Slack."""
        return f"{prefix}0SBX{_base36(next(self._numbers)):0>5}"

    def short(self) -> str:
        """A new id for a block or element that the app left without one."""
        return _base36(next(self._numbers)).rjust(5, "x").lower()
