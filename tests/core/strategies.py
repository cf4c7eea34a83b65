"""Events and filters for property tests: many that meet each other, some that are strange."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.core.event import (
    Event,
    Failure,
    Image,
    Json,
    Link,
    Model,
    Requester,
    Sensitivity,
    Status,
    Usage,
)
from bot.core.filters import parse
from bot.core.subscription import Style, occasions
from tests.core.examples import event

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WORDS = st.sampled_from(
    ["fraud", "fraud-v2", "fraud-", "FRAUD-V2", "risk", "Größe", "groesse", "a,b", 'say "hi"', "x*y"]
)
NAMES = WORDS | TEXT
PEOPLE = st.sampled_from(["U1", "U22", "W3A", "USLACKBOT"])
ADDRESSES = st.sampled_from(["ann@example.com", "bob@example.com", "Ann@Example.com"])
FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | FINITE | TEXT
JSON: st.SearchStrategy[Json] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
UNKNOWN_FIELDS = st.from_regex(r"x_[a-z]{1,5}(\.[a-z]{1,4})?", fullmatch=True)
AMOUNTS = st.none() | st.floats(0, 1e9)
COUNTS = st.none() | st.integers(0, 2**40)

EVENTS = st.builds(
    Event,
    source=NAMES,
    id=TEXT,
    type=st.sampled_from(["ai.inference.completed", "ai.inference.failed.v1", "Custom"]) | TEXT,
    time=st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - timezones adds it
    inference=NAMES,
    status=st.sampled_from(Status),
    model=st.builds(Model, name=NAMES, version=st.none() | NAMES, provider=st.none() | NAMES),
    session=st.none() | NAMES,
    requester=st.none()
    | st.builds(Requester, slack_id=PEOPLE, email=st.none() | ADDRESSES)
    | st.builds(Requester, email=ADDRESSES),
    title=st.none() | NAMES,
    result=JSON,
    confidence=st.none() | st.floats(0, 1),
    latency=AMOUNTS,
    usage=st.builds(Usage, input_tokens=COUNTS, output_tokens=COUNTS, cost=AMOUNTS),
    tags=st.lists(NAMES, max_size=3).map(tuple),
    labels=st.dictionaries(st.sampled_from(["team", "TEAM", "tier", "app.kubernetes.io/name"]), NAMES, max_size=3),
    environment=st.none() | NAMES,
    links=st.lists(
        st.builds(Link, url=st.sampled_from(["https://example.com/1", "http://x.test"]), title=st.none() | TEXT),
        max_size=2,
    ).map(tuple),
    images=st.lists(st.builds(Image, url=st.just("https://example.com/i.png"), alt=st.just("") | TEXT), max_size=2).map(
        tuple
    ),
    error=st.none() | st.builds(Failure, type=TEXT, message=st.none() | NAMES) | st.builds(Failure, message=NAMES),
    sensitivity=st.sampled_from(Sensitivity),
    extra=st.dictionaries(UNKNOWN_FIELDS, JSON.filter(lambda value: value is not None), max_size=3),
)

MEETINGS = st.builds(
    event,
    model=st.builds(Model, name=WORDS, version=st.none() | WORDS, provider=st.none() | WORDS),
    status=st.sampled_from(Status),
    source=WORDS,
    session=st.none() | WORDS,
    requester=st.none() | st.builds(Requester, slack_id=st.none() | PEOPLE, email=ADDRESSES),
    title=st.none() | WORDS,
    confidence=st.none() | st.floats(0, 1),
    latency=st.none() | st.floats(0, 100),
    tags=st.lists(WORDS, max_size=3).map(tuple),
    labels=st.dictionaries(st.sampled_from(["team", "TEAM", "tier"]), WORDS, max_size=2),
    environment=st.none() | WORDS,
)
"""Events quick to make, whose few words the filters below name."""


def quoted(text: str) -> str:
    """The text in quotes, for the filter language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_GLOBS = st.sampled_from(["fraud*", "*v2", "f*d*", "*", "Größe", r"x\*y", "fr*"])
_FIELDS = st.sampled_from(
    ["model", "version", "provider", "type", "source", "session", "inference", "tag", "env", "label.team", "label.TIER"]
)
_PEOPLE = st.builds("user:{}".format, PEOPLE | ADDRESSES | st.sampled_from(["*@example.com", "<@U1|ann>", "*"]))
_CHOICES = st.builds("status:{}".format, st.lists(st.sampled_from(Status), min_size=1).map(",".join)) | st.builds(
    "sensitivity:{}".format, st.sampled_from(Sensitivity)
)
_SIGNS = st.sampled_from(["<", "<=", ">", ">=", "=", "!=", ":<", ":"])
_NUMBERS = (
    st.builds("confidence{}{}".format, _SIGNS, st.floats(0, 1).map(repr))
    | st.builds("latency{}{}{}".format, _SIGNS, st.floats(0, 1e6).map(repr), st.sampled_from(["", "s", "ms", "m"]))
    | st.builds("{}{}{}".format, st.sampled_from(["cost", "tokens"]), _SIGNS, st.floats(0, 1e9).map(repr))
)


def _terms(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    texts = names.map(quoted)
    words = st.builds("{}:{}".format, _FIELDS, st.lists(texts | _GLOBS, min_size=1, max_size=3).map(",".join))
    return st.builds("{}{}".format, st.sampled_from(["", "", "-", "!"]), words | _PEOPLE | _CHOICES | _NUMBERS | texts)


FILTERS = st.lists(_terms(NAMES.filter(str.strip)), max_size=5).map(" ".join)
"""Texts of filters, each valid but for values that hold nothing visible."""

WANTED = st.lists(_terms(WORDS), max_size=3).map(" ".join).map(parse)
"""Filters of a few words."""


def called_on(style: Style, on: frozenset[Status]) -> Style:
    """The style with its mention, where it has one, for these statuses only."""
    return replace(style, mention_on=occasions(on) if style.mention else ())


def some_called(styles: st.SearchStrategy[Style]) -> st.SearchStrategy[Style]:
    """The styles, with mentions for all statuses or for some."""
    return st.builds(called_on, styles, st.frozensets(st.sampled_from(Status)))
