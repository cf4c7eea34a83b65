"""`tidings bench`: each benchmark measures its floor in the same run and reports the ratio, since machines are noisy.

The benchmarks live in `tests/bench`, one module each with a docstring and `run() -> dict`, so they come with a source
checkout and not with the wheel.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "bench"


class BenchError(Exception):
    """No such benchmark, or none at all; the text lists those there are."""


def names() -> list[str]:
    """The benchmarks of this checkout, sorted."""
    return sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))


def find(name: str) -> tuple[str, Callable[..., dict[str, Any]]]:
    """A benchmark's one-line description and what runs it. Raises BenchError."""
    if name not in names():
        there = ", ".join(names()) or "none: benchmarks come with a source checkout, not with the wheel"
        raise BenchError(f"no benchmark {name!r}; there are: {there}")
    if str(FOLDER.parent.parent) not in sys.path:
        sys.path.insert(0, str(FOLDER.parent.parent))
    module = importlib.import_module(f"tests.bench.{name}")
    return (module.__doc__ or "").strip().splitlines()[0], module.run
