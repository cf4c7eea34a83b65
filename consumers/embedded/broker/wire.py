"""Requests and answers as bytes: the frame, the headers, and which versions are spoken (https://kafka.apache.org/protocol)."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from aiokafka.protocol.types import TaggedFields

from consumers.embedded.broker.shape import COMPACT_STRING, FOREVER, INT16, Body, Field, Shape, field, throttle

if TYPE_CHECKING:
    import asyncio


class WireError(Exception):
    """What arrived is not the Kafka protocol, or not a part of it that is spoken here; the connection is closed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Api:
    """One kind of request: its key, the versions spoken, and its fields."""

    key: int
    versions: tuple[int, int]
    request: tuple[Field, ...]
    response: tuple[Field, ...]
    flexible: int = FOREVER
    """The first version with KIP-482's tagged fields."""
    advertised: int | None = None
    """A first version told to clients that is lower than the first one spoken."""

    def speaks(self, version: int) -> bool:
        """Tell whether a version is understood."""
        return self.versions[0] <= version <= self.versions[1]

    @cache  # noqa: B019 - there is one Api per key, made at import
    def coders(self, version: int) -> tuple[Shape, Shape]:
        """Give the shapes of request and answer of a version."""
        flexible = version >= self.flexible
        return Shape(self.request, version, flexible=flexible), Shape(self.response, version, flexible=flexible)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Who asks what: the request header of https://kafka.apache.org/protocol#protocol_messages."""

    key: int
    version: int
    correlation: int
    client: str


_REQUEST_HEADER: Final = struct.Struct(">hhih")
_LENGTH: Final = struct.Struct(">i")
_ANSWER_HEADER: Final = struct.Struct(">ii")


async def read_frame(reader: "asyncio.StreamReader", limit: int) -> bytes:
    """Read one length-prefixed frame.

    Raises:
        WireError: the length is negative or above ``limit`` bytes.
        asyncio.IncompleteReadError: the client went away.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if not _REQUEST_HEADER.size <= length <= limit:
        raise WireError(f"a frame of {length} bytes; between {_REQUEST_HEADER.size} and {limit} are accepted")
    return await reader.readexactly(length)


def read_header(frame: bytes) -> tuple[Header, BytesIO]:
    """Split a frame into its header and the stream of its body.

    Raises:
        WireError: the header does not fit the frame or its client id is no text.
    """
    key, version, correlation, length = _REQUEST_HEADER.unpack_from(frame)
    end = _REQUEST_HEADER.size + max(length, 0)
    if end > len(frame):
        raise WireError(f"a client id of {length} bytes in a frame of {len(frame)}")
    try:
        client = frame[_REQUEST_HEADER.size : end].decode()
    except UnicodeDecodeError as error:
        raise WireError("the client id is not UTF-8") from error
    stream = BytesIO(frame)
    stream.seek(end)
    return Header(key=key, version=version, correlation=correlation, client=client), stream


def read_body(api: Api, version: int, stream: BytesIO) -> Body:
    """Decode a request's body.

    Raises:
        WireError: it does not have the fields of its version.
    """
    try:
        if version >= api.flexible:
            TaggedFields.decode(stream)  # request header v2
        return api.coders(version)[0].decode(stream)
    except (ValueError, struct.error, MemoryError, OverflowError) as error:
        raise WireError(f"request {api.key} version {version} can't be read: {error}") from error


def write_answer(api: Api, version: int, correlation: int, body: Mapping[str, Any]) -> bytes:
    """Encode an answer with its frame and header: always header v0, which ApiVersions keeps when flexible (KIP-511)."""
    content = api.coders(version)[1].encode(body)
    return _ANSWER_HEADER.pack(_LENGTH.size + len(content), correlation) + content


API_VERSIONS: Final = Api(
    key=18,
    versions=(0, 3),
    flexible=3,
    request=(
        field("client_software_name", COMPACT_STRING, 3, default=""),
        field("client_software_version", COMPACT_STRING, 3, default=""),
    ),
    response=(
        field("error_code", INT16),
        field("api_keys", (field("api_key", INT16), field("min_version", INT16), field("max_version", INT16))),
        throttle(1),
    ),
)


def versions_answer(apis: Sequence[Api], *, error_code: int) -> Body:
    """List what is spoken here; an error comes with the list too, so that the client can ask again (KIP-511)."""
    return {
        "error_code": error_code,
        "api_keys": [
            {
                "api_key": api.key,
                "min_version": api.versions[0] if api.advertised is None else api.advertised,
                "max_version": api.versions[1],
            }
            for api in sorted(apis, key=lambda api: api.key)
        ],
    }
