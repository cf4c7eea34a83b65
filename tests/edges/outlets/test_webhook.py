import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook as Verifier

from bot.core.address import Network
from bot.core.cloudevent import encode
from bot.core.delivery import Failed, Outcome, Refused, Scope, Sent, Throttled, Unknown
from bot.core.destination import SlackChannel, Webhook, destination_id
from bot.core.errors import UnavailableError
from bot.core.showing import Audience, View
from bot.core.subscription import Showing
from bot.outlets.webhook import WebhookOutlet
from bot.ports.outlet import Item
from bot.render.discretion import body as reduced_body
from bot.render.webhook import signing_secret
from tests.core.examples import event
from tests.edges.outlets.parcels import ids, item, parcel

MASTER = "a master secret of more than thirty-two characters"
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(kw_only=True)
class Receiver:
    """A real HTTP server: the headers and bodies it got, and from how many connections."""

    port: int = 0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)

    def url(self, path: str = "/hook?key=credential", host: str = "127.0.0.1", scheme: str = "http") -> Webhook:
        return Webhook(team="T1", url=f"{scheme}://{host}:{self.port}{path}")


@asynccontextmanager
async def receiver(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    heard = Receiver()

    async def hear(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        heard.peers.add(request.transport.get_extra_info("peername"))
        heard.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hear)
    runner = web.AppRunner(app, shutdown_timeout=0.01, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    heard.port = runner.addresses[0][1]
    yield heard
    await runner.cleanup()


def outlet(**changes: Any) -> WebhookOutlet:
    return WebhookOutlet(MASTER, **{"allow": LOOPBACK, "timeout": 5, **changes})


async def fine(_: web.Request) -> web.StreamResponse:
    return web.Response(text="thanks")


def answering(**answer: Any) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(**answer)

    return handler


async def outcome_with(handler: Handler, **changes: Any) -> Outcome:
    async with receiver(handler) as heard, outlet(**changes) as out:
        return await out.send(parcel(heard.url()))


# -- what is sent --------------------------------------------------------------------------------------------------


async def test_a_delivery_is_posted_as_a_signed_cloudevent() -> None:
    said = event(title="Größe ✅ 漢字")
    async with receiver(fine) as heard, outlet() as out:
        sent = parcel(heard.url(), said)
        outcome = await out.send(sent)

    ((headers, body),) = heard.got
    secret = signing_secret(MASTER, destination_id(sent.destination))
    assert outcome == Sent(reference="200")
    assert body == encode(said)
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == ids(sent)[0]
    assert Verifier(secret).verify(body, headers) == json.loads(body)


async def test_what_an_endpoint_is_not_to_get_is_gone_before_the_event_is_signed() -> None:
    async def body_of(_: Webhook, item: Item) -> bytes:
        return reduced_body(item.event, View(showing=Showing.METADATA, audience=Audience.ENDPOINT, asked=True))

    async with receiver(fine) as heard, outlet(body_of=body_of) as out:
        sent = parcel(heard.url(), event(title="canary", result="canary"))
        assert await out.send(sent) == Sent(reference="200")

    ((headers, body),) = heard.got
    signed = Verifier(signing_secret(MASTER, destination_id(sent.destination))).verify(body, headers)
    assert b"canary" not in body
    assert signed["data"]["showing"] == "metadata"


async def test_nothing_is_posted_while_nobody_can_tell_how_much_the_endpoint_gets() -> None:
    async def body_of(_: Webhook, _item: Item) -> bytes:
        raise UnavailableError("Redis is away")

    async with receiver(fine) as heard, outlet(body_of=body_of) as out:
        outcome = await out.send(parcel(heard.url()))

    assert outcome == Failed(reason="could not tell how much the endpoint gets: Redis is away")
    assert heard.got == []


async def test_the_signature_is_what_the_specification_says() -> None:
    async with receiver(fine) as heard, outlet(clock=lambda: 1_782_907_200.9) as out:
        sent = parcel(heard.url())
        await out.send(sent)

    ((headers, body),) = heard.got
    key = base64.b64decode(signing_secret(MASTER, destination_id(sent.destination)).removeprefix("whsec_"))
    signed = f"{ids(sent)[0]}.1782907200.".encode() + body
    assert headers["webhook-timestamp"] == "1782907200"
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


async def test_a_second_attempt_has_the_same_id_and_a_time_of_its_own() -> None:
    times = iter([1_000.0, 1_000.0, 2_000.0, 2_000.0])
    async with receiver(fine) as heard, outlet(clock=lambda: next(times)) as out:
        for _ in range(2):
            await out.send(parcel(heard.url()))

    first, second = (headers for headers, _ in heard.got)
    assert first["webhook-id"] == second["webhook-id"]
    assert (first["webhook-timestamp"], second["webhook-timestamp"]) == ("1000", "2000")


async def test_one_connection_serves_many_deliveries() -> None:
    async with receiver(fine) as heard, outlet() as out:
        for number in range(5):
            await out.send(parcel(heard.url(), event(id=str(number))))

    assert len(heard.peers) == 1


async def test_a_named_host_is_reached_over_tls_and_no_cookie_of_it_is_kept(tmp_path: Path) -> None:
    server, client = certified(tmp_path)
    cookie = answering(headers={"set-cookie": "a=b; Path=/"})
    async with receiver(cookie, tls=server) as heard, outlet(tls=client, resolver=Names("127.0.0.1")) as out:
        where = heard.url(host="hooks.example.com", scheme="https")
        outcomes = [await out.send(parcel(where, event(id=str(number)))) for number in range(3)]

    assert outcomes == [Sent(reference="200")] * 3
    assert {headers["host"] for headers, _ in heard.got} == {f"hooks.example.com:{heard.port}"}
    assert not any("cookie" in headers for headers, _ in heard.got)


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")

    assert await outcome_with(fine) == Sent(reference="200")


# -- what is answered ----------------------------------------------------------------------------------------------


async def test_a_receiver_that_asks_for_time_gets_it() -> None:
    later = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    by_seconds = await outcome_with(answering(status=429, headers={"retry-after": "7"}))
    by_date = await outcome_with(answering(status=503, headers={"retry-after": later}))

    assert by_seconds == Throttled(after=7_000, reason="127.0.0.1: HTTP 429")
    assert isinstance(by_date, Throttled)
    assert 590_000 < by_date.after <= 600_000


async def test_an_endpoint_that_is_gone_is_left_alone() -> None:
    outcome = await outcome_with(answering(status=410))

    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION


async def test_a_redirect_is_not_followed() -> None:
    async with receiver(fine) as other:
        where = other.url().url
        outcome = await outcome_with(answering(status=307, headers={"location": where}))

    assert outcome == Failed(reason="127.0.0.1: HTTP 307")
    assert other.got == []


async def dripping(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"x")
    await asyncio.get_running_loop().create_future()
    return answer


async def test_no_more_of_an_answer_is_read_than_its_beginning() -> None:
    written = 0

    async def long(request: web.Request) -> web.StreamResponse:
        nonlocal written
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(500):
            await answer.write(b"x" * 100_000)
            written += 1
        return answer

    assert await outcome_with(long) == Sent(reference="200")
    assert written < 250  # what the kernel's buffers hold, not all


@pytest.mark.parametrize("body", [gzip.compress(b"0" * 10_000_000), b"no gzip"])
async def test_an_answer_is_not_decompressed(body: bytes) -> None:
    assert await outcome_with(answering(body=body, headers={"content-encoding": "gzip"})) == Sent(reference="200")


async def test_an_answer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.outlets.webhook._LONGEST_DRAIN", 0.05)

    assert await outcome_with(dripping) == Sent(reference="200")


async def test_a_receiver_that_hangs_costs_no_more_than_the_timeout() -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.get_running_loop().create_future()
        return web.Response()

    assert await outcome_with(hang, timeout=0.05) == Unknown(reason="127.0.0.1: TimeoutError")


async def test_a_connection_that_drops_after_the_request_leaves_the_outcome_unknown() -> None:
    async def drop(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with receiver(drop) as heard, outlet() as out:
        outcome = await out.send(parcel(heard.url()))

    assert outcome == Unknown(reason="127.0.0.1: ServerDisconnectedError")
    assert len(heard.got) == 1


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", b"220 smtp ready\r\n"])
async def test_an_answer_that_is_no_proper_http_leaves_the_outcome_unknown(answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, outlet() as out:
        outcome = await out.send(parcel(Webhook(team="T1", url=f"http://127.0.0.1:{port}/")))

    assert isinstance(outcome, Unknown)


async def test_a_receiver_that_is_away_has_surely_not_got_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with outlet() as out:
        outcome = await out.send(parcel(Webhook(team="T1", url=f"http://127.0.0.1:{port}/secret")))

    assert outcome == Failed(reason="127.0.0.1: ClientConnectorError")


async def test_a_certificate_that_cannot_be_trusted_stops_the_request(tmp_path: Path) -> None:
    server, _ = certified(tmp_path)
    async with receiver(fine, tls=server) as heard, outlet() as out:
        outcome = await out.send(parcel(heard.url(scheme="https")))

    assert outcome == Failed(reason="127.0.0.1: ClientConnectorCertificateError")
    assert heard.got == []


async def test_a_certificate_of_another_host_stops_the_request(tmp_path: Path) -> None:
    server, client = certified(tmp_path)
    async with receiver(fine, tls=server) as heard, outlet(tls=client, resolver=Names("127.0.0.1")) as out:
        outcome = await out.send(parcel(heard.url(host="other.example.com", scheme="https")))

    assert outcome == Failed(reason="other.example.com: ClientConnectorCertificateError")
    assert heard.got == []


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for hooks.example.com, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("hooks.example.com")])
    certificate = builder.add_extension(names, critical=False).sign(key, SHA256()).public_bytes(Encoding.PEM)
    (folder / "pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "pem")
    return server, ssl.create_default_context(cadata=certificate.decode())


# -- where nothing is sent -----------------------------------------------------------------------------------------


class Names(AbstractResolver):
    """DNS that answers as it is told: one answer after the other, the last for ever."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the interface has it
    ) -> list[ResolveResult]:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing binds to it
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.168.0.1"),
        *("::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "fd00:ec2::254", "fe80::1"),
    ],
)
async def test_a_name_that_leads_to_an_address_that_is_not_public_gets_no_packet(address: str) -> None:
    async with receiver(fine) as heard:
        names = Names(address)
        async with outlet(allow=(), ports=(443, heard.port), resolver=names) as out:
            outcome = await out.send(parcel(heard.url(host="hooks.example.com", scheme="https")))

    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION
    assert "is not a public address" in outcome.reason
    assert names.asked == 1
    assert heard.peers == set()


async def test_a_name_that_changes_its_address_between_two_requests_is_judged_each_time(tmp_path: Path) -> None:
    async def once(_: web.Request) -> web.StreamResponse:
        answer = web.Response()
        answer.force_close()
        return answer

    server, client = certified(tmp_path)
    names = Names("127.0.0.1", "127.0.0.2")
    allowed = (ip_network("127.0.0.1/32"),)
    async with receiver(once, tls=server) as heard, outlet(allow=allowed, resolver=names, tls=client) as out:
        where = heard.url(host="hooks.example.com", scheme="https")
        first = await out.send(parcel(where))
        out_of_cache(out)
        second = await out.send(parcel(where))

    assert first == Sent(reference="200")
    assert isinstance(second, Refused)
    assert "127.0.0.2 is not a public address" in second.reason


def out_of_cache(out: WebhookOutlet) -> None:
    assert out._connector is not None
    out._connector.clear_dns_cache()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://user:credential@example.com/",
        "https://①②⑦.⓪.⓪.①/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "not a url",
    ],
)
async def test_a_url_that_slipped_in_is_refused_before_any_packet(url: str) -> None:
    async with outlet(allow=()) as out:
        outcome = await out.send(parcel(Webhook(team="T1", url=url)))

    assert isinstance(outcome, Refused)
    assert outcome.scope is Scope.DESTINATION
    assert "credential" not in outcome.reason


async def test_a_port_that_is_not_allowed_gets_no_packet() -> None:
    names = Names("1.1.1.1")
    async with outlet(allow=LOOPBACK, resolver=names) as out:
        outcome = await out.send(parcel(Webhook(team="T1", url="https://hooks.example.com:6379/")))

    assert outcome == Refused(reason="hooks.example.com: port 6379 is not allowed: only 443", scope=Scope.DESTINATION)


async def test_no_outcome_shows_the_url() -> None:
    class Away(Names):
        async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
            raise OSError(-2, "no such name as hooks.example.com/credential")

    async with outlet(resolver=Away()) as out:
        outcome = await out.send(parcel(Webhook(team="T1", url="https://hooks.example.com/credential?key=credential")))

    assert outcome == Failed(reason="hooks.example.com: ClientConnectorDNSError")


# -- how it is used ------------------------------------------------------------------------------------------------


async def test_a_webhook_takes_one_delivery_at_a_time() -> None:
    async with outlet() as out:
        with pytest.raises(ValueError, match="unpack"):
            await out.send(parcel(Webhook(team="T1", url="http://127.0.0.1/"), event(id="a"), event(id="b")))


async def test_a_parcel_for_slack_is_a_mistake_of_the_caller() -> None:
    where = SlackChannel(team="T1", channel="C1")
    async with outlet() as out:
        with pytest.raises(TypeError):
            await out.send(parcel(where))


async def test_an_outlet_that_was_not_entered_says_so() -> None:
    with pytest.raises(RuntimeError, match="enter"):
        await outlet().send(parcel(Webhook(team="T1", url="http://127.0.0.1/")))


async def test_many_deliveries_at_once_all_arrive_and_verify() -> None:
    async with receiver(fine) as heard, outlet(timeout=60, connect_timeout=60) as out:
        where = heard.url()
        runs = [parcel(where, event(id=str(number))) for number in range(200)]
        outcomes = await asyncio.gather(*(out.send(run) for run in runs))

    verifier = Verifier(signing_secret(MASTER, destination_id(where)))
    assert set(outcomes) == {Sent(reference="200")}
    assert {headers["webhook-id"] for headers, _ in heard.got} == {
        item(where, event(id=str(number))).delivery.id for number in range(200)
    }
    assert all(verifier.verify(body, headers) for headers, body in heard.got)
