"""A small language for the shape of JSON: a check takes a value and its pointer and yields what is wrong.

The sentences are Slack's, as its ``response_metadata.messages`` show them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where (RFC 6901)."""

    sentence: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.sentence} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]


def anything(_value: Any, _at: str) -> Iterator[Problem]:
    """Accept whatever it is."""
    return iter(())


def string(most: int | None = None, *, least: int = 1) -> Check:
    """Text of ``least`` to ``most`` characters."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("must provide a string", at)
        elif len(value) < least:
            yield Problem(f"must be more than {least - 1} characters", at)
        elif most is not None and len(value) > most:
            yield Problem(f"must be less than {most + 1} characters", at)

    return check


def url(most: int) -> Check:
    """An http or https URL (mailto and tel too, as Slack takes them) of at most so many characters."""
    length = string(most)

    def check(value: Any, at: str) -> Iterator[Problem]:
        wrong = next(length(value, at), None)
        if wrong is not None:
            yield wrong
            return
        try:
            parts = urlsplit(value)
        except ValueError:
            parts = urlsplit("")
        if not (parts.netloc if parts.scheme in {"http", "https"} else parts.scheme in {"mailto", "tel"}):
            yield Problem("must provide a valid URL", at)

    return check


def boolean(value: Any, at: str) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield Problem("must provide a boolean", at)


def integer(*, least: int | None = None, most: int | None = None) -> Check:
    """A whole number within bounds."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem("must provide an integer", at)
        elif least is not None and value < least:
            yield Problem(f"must be greater than or equal to {least}", at)
        elif most is not None and value > most:
            yield Problem(f"must be less than or equal to {most}", at)

    return check


def number(value: Any, at: str) -> Iterator[Problem]:
    """Any number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield Problem("must provide a number", at)


def one_of(*values: str) -> Check:
    """One of some words."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in values:
            yield Problem(f"value must be one of: {', '.join(values)}", at)

    return check


def array(item: Check, *, most: int | None = None, least: int = 0) -> Check:
    """A list of ``least`` to ``most`` items."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("must provide an array", at)
            return
        if len(value) < least:
            yield Problem(f"no fewer than {least} items allowed" if least > 1 else "must not be empty", at)
        if most is not None and len(value) > most:
            yield Problem(f"no more than {most} items allowed", at)
        for position, each in enumerate(value):
            yield from item(each, f"{at}/{position}")

    return check


def record(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    some_of: tuple[str, ...] = (),
) -> Check:
    """An object with these fields and no others (``type`` apart), and at least one of ``some_of``."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        for name in required:
            if value.get(name) is None:
                yield Problem(f"missing required field: {name}", at)
        if some_of and not any(value.get(name) is not None for name in some_of):
            yield Problem(f"missing required field: {' or '.join(some_of)}", at)
        for name, each in value.items():
            if name in known:
                if each is not None:
                    yield from known[name](each, f"{at}/{name}")
            elif name != "type":
                yield Problem(f"invalid additional property: {name}", at)

    return check


def union(kinds: Mapping[str, Check]) -> Check:
    """An object whose ``type`` picks the check."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
        elif value.get("type") is None:
            yield Problem("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in kinds:
            yield Problem(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from kinds[value["type"]](value, at)

    return check


def both(*checks: Check) -> Check:
    """Several checks of one value."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        for each in checks:
            yield from each(value, at)

    return check
