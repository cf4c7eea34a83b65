"""Connections: read a request, have it answered, write the answer; one at a time per connection, as in Kafka."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from consumers.embedded.broker.calls.family import Caller, Handler
from consumers.embedded.broker.errors import Code
from consumers.embedded.broker.wire import (
    API_VERSIONS,
    Api,
    Header,
    WireError,
    read_body,
    read_frame,
    read_header,
    versions_answer,
    write_answer,
)

log = structlog.get_logger()

READ_BUFFER: Final = 1_048_576
"""Bytes read ahead from a client before it is made to wait."""


@dataclass(slots=True, kw_only=True)
class Connections:
    """All open connections."""

    longest_request: int
    tasks: asyncio.TaskGroup
    table: Mapping[int, tuple[Api, Handler]] = field(default_factory=dict)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to serve a client."""
        task = self.tasks.create_task(self._serve(reader, writer), name="embedded broker: connection")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    def close(self) -> None:
        """Let go of every client."""
        for task in self._open:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        host = f"/{peer[0]}" if peer else "/"  # the form in which Kafka tells a member's host
        try:
            while True:
                answer = await self._answer(await read_frame(reader, self.longest_request), host)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        except WireError as error:
            log.warning("connection_refused", reason=str(error))
        except Exception:  # the supervisor of this one connection: a fault of ours must not end the others
            log.exception("connection_failed")
        finally:
            writer.close()

    async def _answer(self, frame: bytes, host: str) -> bytes | None:
        header, stream = read_header(frame)
        if header.key == API_VERSIONS.key:
            return self._versions(header)
        api, handler = self.table.get(header.key, (None, None))
        if api is None or handler is None or not api.speaks(header.version):
            # as Kafka: an answer can't be written in a version that is not known
            raise WireError(f"request {header.key} version {header.version} is not spoken here")
        body = read_body(api, header.version, stream)
        answer = await handler(body, Caller(client_id=header.client, host=host, version=header.version))
        return None if answer is None else write_answer(api, header.version, header.correlation, answer)

    def _versions(self, header: Header) -> bytes:
        """Tell what is spoken; a version of this very request that is not gets version 0 with an error (KIP-511)."""
        known = API_VERSIONS.speaks(header.version)
        body = versions_answer(
            [API_VERSIONS, *(api for api, _ in self.table.values())],
            error_code=Code.NONE if known else Code.UNSUPPORTED_VERSION,
        )
        return write_answer(API_VERSIONS, header.version if known else 0, header.correlation, body)
