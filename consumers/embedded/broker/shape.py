"""Records of named fields that differ by version, from and to bytes.

A request's later versions mostly add fields. So fields are listed once, each with the versions it lives in, the way
Kafka's own message definitions do, and a ``Shape`` is what is on the wire in one version. Handlers see plain mappings
that hold every field whatever the version: a field the version lacks has its default, a field it can't carry is left
out.

Each type's coding is aiokafka's, except that neighbouring numbers are coded together: a fetch has six to eight per
partition, and coding them one by one was half of the broker's time.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from aiokafka.protocol.types import (
    Array,
    Boolean,
    Bytes,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

INT8, INT16, INT32, INT64, BOOL, BYTES = Int8, Int16, Int32, Int64, Boolean, Bytes
STRING, COMPACT_STRING = String("utf-8"), CompactString("utf-8")

Body = dict[str, Any]

FOREVER: Final = 1 << 15
_REQUIRED: Final[Any] = object()
_NUMBERS: Final[Mapping[Any, str]] = MappingProxyType({Int8: "b", Int16: "h", Int32: "i", Int64: "q", Boolean: "?"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One named field of a request or answer, and the versions (inclusive) in which it is on the wire."""

    name: str
    kind: Any
    """A type of aiokafka's, or a tuple of fields: an array of records."""
    since: int = 0
    until: int = FOREVER
    default: Any = _REQUIRED
    """What a handler sees, or need not say, where the version lacks the field."""
    nullable: bool = False
    """Whether it may be null; so may a field whose default is None."""


def field(
    name: str, kind: Any, since: int = 0, *, until: int = FOREVER, default: Any = _REQUIRED, nullable: bool = False
) -> Field:
    """Name a field, in the order of the protocol guide's columns."""
    return Field(name=name, kind=kind, since=since, until=until, default=default, nullable=nullable)


def throttle(since: int) -> Field:
    """Name the field for quotas, which this broker does not have: always 0."""
    return field("throttle_time_ms", INT32, since, default=0)


class _Numbers:
    """Neighbouring numbers, coded together."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._names = [f.name for f in fields]
        self._choices = [(f.name, f.default) for f in fields]
        self._struct = struct.Struct(">" + "".join(_NUMBERS[f.kind] for f in fields))

    def decode(self, data: BytesIO, body: Body) -> None:
        body.update(zip(self._names, self._struct.unpack(data.read(self._struct.size)), strict=True))

    def encode(self, item: Mapping[str, Any]) -> bytes:
        return self._struct.pack(*[item.get(name, default) for name, default in self._choices])


class _Other:
    """A text, some bytes, an array."""

    def __init__(self, field: Field, coder: Any) -> None:
        self._field = field
        self._coder = coder

    def decode(self, data: BytesIO, body: Body) -> None:
        value = self._coder.decode(data)
        if value is None and not (self._field.nullable or self._field.default is None):
            raise ValueError(f"{self._field.name} is null")
        body[self._field.name] = value

    def encode(self, item: Mapping[str, Any]) -> bytes:
        name, default = self._field.name, self._field.default
        encoded: bytes = self._coder.encode(item[name] if default is _REQUIRED else item.get(name, default))
        return encoded


class Shape(Schema):
    """The fields of one version. A ``Schema`` because aiokafka's arrays are made of those."""

    def __init__(self, fields: Sequence[Field], version: int, *, flexible: bool = False) -> None:
        super().__init__()
        present = [f for f in fields if f.since <= version <= f.until]
        self._absent = {f.name: None if f.default is _REQUIRED else f.default for f in fields if f not in present}
        self._parts = list(_parts(present, version, flexible=flexible))
        self._flexible = flexible

    def decode(self, data: BytesIO) -> Body:  # type: ignore[override]  # a mapping where aiokafka has a tuple
        """Read one record.

        Raises:
            ValueError, struct.error: the bytes end too early, are no text, or are null where they may not be.
        """
        body: Body = dict(self._absent)
        for part in self._parts:
            part.decode(data, body)
        if self._flexible:
            TaggedFields.decode(data)
        return body

    def encode(self, item: Mapping[str, Any]) -> bytes:  # type: ignore[override]  # as above
        """Write one record; a ``KeyError`` or ``struct.error`` means that a handler forgot a field."""
        encoded = b"".join([part.encode(item) for part in self._parts])
        return encoded + TaggedFields.encode({}) if self._flexible else encoded


def _parts(fields: Iterable[Field], version: int, *, flexible: bool) -> Iterable[_Numbers | _Other]:
    """Find what codes each field; flexible versions (KIP-482) have compact arrays."""
    for numbers, group in groupby(fields, key=lambda f: f.kind in _NUMBERS):
        if numbers:
            yield _Numbers(list(group))
            continue
        for one in group:
            coder = one.kind
            if isinstance(coder, tuple):
                shape = Shape(coder, version, flexible=flexible)
                coder = CompactArray(shape) if flexible else Array(shape)
            yield _Other(one, coder)
