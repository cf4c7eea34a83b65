import random
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.address import Network, check_url, refusal

ANY = frozenset({443})
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("fd00:1::/64"))

REFUSED = [
    # this network, private, shared, loopback, link-local and metadata
    "0.0.0.0",  # noqa: S104 - nothing binds to it
    *("0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "168.63.129.16"),
    # protocol assignments, documentation, benchmarks, relays, multicast, reserved, broadcast
    *("192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    # the same within IPv6: mapped, compatible, NAT64, local NAT64, 6to4, Teredo
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
    # unspecified, loopback, discard, unique local, link-local, site-local, multicast, documentation, SRv6
    *("::", "::1", "100::1", "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ffff::"),
    *("2001:db8::1", "3fff::1", "5f00::1", "4000::1", "2001:10::1", "2001:2::1"),
]
ALLOWED = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "172.15.255.255", "172.32.0.0"),
    *("192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"),
    *("2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"),
]


@pytest.mark.parametrize("ip", REFUSED)
def test_an_address_that_is_not_public_is_refused(ip: str) -> None:
    why = refusal(ip, 443, (), ANY)

    assert why is not None
    assert "not a public address" in why


@pytest.mark.parametrize("ip", ALLOWED)
def test_a_public_address_may_be_reached(ip: str) -> None:
    assert refusal(ip, 443, (), ANY) is None


@pytest.mark.parametrize(
    "ip", ["", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "1.2.3", "①.1.1.1", "::g"]
)
def test_what_is_no_address_is_refused(ip: str) -> None:
    assert refusal(ip, 443, (), ANY) == "not an IP address"


def test_a_port_must_be_one_of_those_allowed() -> None:
    assert refusal("1.1.1.1", 22, (), {443, 8443}) == "port 22 is not allowed: only 443, 8443"
    assert refusal("1.1.1.1", 8443, (), {443, 8443}) is None


def test_an_allowed_network_may_be_reached_at_any_port_however_it_is_written() -> None:
    assert refusal("127.0.0.1", 12_345, LOOPBACK, ANY) is None
    assert refusal("::ffff:127.0.0.1", 12_345, LOOPBACK, ANY) is None
    assert refusal("fd00:1::7", 1, LOOPBACK, ANY) is None
    assert refusal("10.0.0.1", 443, LOOPBACK, ANY) is not None
    assert refusal("64:ff9b::7f00:1", 443, LOOPBACK, ANY) is not None


def test_an_address_with_a_zone_is_judged_by_its_address() -> None:
    assert refusal("fe80::1%eth0", 443, (), ANY) is not None


@cache
def _anywhere() -> tuple[str, ...]:
    """Addresses all over both spaces, and many about the borders of the special ranges."""
    dice = random.Random(4711)  # noqa: S311 - repeatable dice, no secret
    v4 = [IPv4Address(dice.getrandbits(32)) for _ in range(2_000)]
    v6 = [IPv6Address(dice.getrandbits(128)) for _ in range(300)]
    v6 += [IPv6Address(dice.getrandbits(125) | 1 << 125) for _ in range(1_000)]
    for ip in (*REFUSED, *ALLOWED):
        address = ip_address(ip)
        for bits in (8, 12, 16, 24, 28, 32):
            for step in (-1, 1):
                near = int(address) + step * (1 << (address.max_prefixlen - bits))
                if 0 <= near < 1 << address.max_prefixlen:
                    (v4 if isinstance(address, IPv4Address) else v6).append(type(address)(near))  # type: ignore[arg-type]
    return tuple(str(address) for address in (*v4, *v6))


def test_nothing_that_python_calls_special_is_reached() -> None:
    """The other way round is not asked: Pythons call several dangerous ranges global."""
    let_through = [
        ip
        for ip in _anywhere()
        if refusal(ip, 443, (), ANY) is None
        for address in [ip_address(ip)]
        for judged in [(getattr(address, "ipv4_mapped", None) or address)]
        if int(judged) >> 32 != int(IPv6Address("64:ff9b::")) >> 32
        and (
            judged.is_private
            or judged.is_loopback
            or judged.is_link_local
            or judged.is_multicast
            or judged.is_reserved
            or judged.is_unspecified
            or not judged.is_global
        )
    ]

    assert let_through == []


# What the IANA registries call globally reachable and we refuse all the same: nobody's webhook lives there.
STRICTER = [
    ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "168.63.129.16/32"),
        *("2001::/23", "2002::/16", "3fff::/20", "64:ff9b::/96", "::ffff:0:0/96"),
    )
]


def test_nothing_that_python_calls_global_is_refused_but_what_we_name() -> None:
    unicast = ip_network("2000::/3")
    refused = [
        ip
        for ip in _anywhere()
        for address in [ip_address(ip)]
        if address.is_global and refusal(ip, 443, (), ANY) is not None
        if not any(address in network for network in STRICTER)
        if isinstance(address, IPv4Address) or address in unicast
    ]

    assert refused == []


@given(st.integers(0, 2**32 - 1))
def test_an_address_is_judged_alike_plain_mapped_and_behind_nat64(number: int) -> None:
    plain = refusal(str(IPv4Address(number)), 443, (), ANY)
    mapped = refusal(f"::ffff:{IPv4Address(number)}", 443, (), ANY)
    nat64 = refusal(str(IPv6Address(int(IPv6Address("64:ff9b::")) | number)), 443, (), ANY)

    assert plain == mapped
    assert (plain is None) == (nat64 is None)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com/",
        "https://hooks.example.com:443/a/b?c=%20d&e=f",
        "https://xn--mller-kva.example/hook",
        "https://EXAMPLE.com./x",
        "https://1.1.1.1/hook",
        "https://[2606:4700::1111]/hook",
        "HTTPS://example.com/",
        "https://a_b.example.com",
    ],
)
def test_a_url_that_a_webhook_may_have(url: str) -> None:
    assert check_url(url, (), ANY) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com/", "The URL must begin with https://"),
        ("ftp://example.com/", "The URL must begin with https://"),
        ("file:///etc/passwd", "The URL must begin with https://"),
        ("javascript:alert(1)", "The URL must begin with https://"),
        ("//example.com", "The URL must begin with https://"),
        ("", "The URL must begin with https://"),
        ("https://", "The URL has no proper host name."),
        ("https:///path", "The URL has no proper host name."),
        ("https://a..b/", "The URL has no proper host name."),
        (f"https://{'a' * 64}.com/", "The URL has no proper host name."),
        (f"https://{'a.' * 130}com/", "The URL has no proper host name."),
        ("https://u:p@example.com/", "The URL must not hold a user name or password."),
        ("https://example.com@127.0.0.1/", "The URL must not hold a user name or password."),
        ("https://@example.com/", "The URL must not hold a user name or password."),
        ("https://example.com/#part", "The URL must not have a #fragment: it is never sent."),
        ("https://example.com:99999/", "This is not a URL: its host or port can't be read."),
        ("https://example.com:x/", "This is not a URL: its host or port can't be read."),
        ("https://[::1/", "This is not a URL: its host or port can't be read."),
        ("https://[::g]/", "This is not a URL: its host or port can't be read."),
        ("https://example.com:8443/", "Port 8443 is not allowed: only 443."),
        ("https://example.com:0/", "Port 0 is not allowed: only 443."),
        ("https://localhost/", "The host localhost is local"),
        ("https://db.internal/", "The host db.internal is local"),
        ("https://printer.local./", "The host printer.local. is local"),
        ("https://intra/", "The host intra is not a full domain name."),
        ("https://exa$mple.com/", "The host name exa$mple.com has characters"),
        ("https://127.0.0.1/", "This address may not be reached: 127.0.0.1 is not a public address"),
        ("https://[::ffff:127.0.0.1]/", "This address may not be reached: 127.0.0.1 is not a public address"),
        ("https://[::1]/", "This address may not be reached: ::1 is not a public address"),
        ("https://169.254.169.254/latest/meta-data/", "This address may not be reached"),
        ("https://2130706433/", "The host 2130706433 is a number in disguise"),
        ("https://0x7f000001/", "The host 0x7f000001 is a number in disguise"),
        ("https://0x7f.1/", "The host 0x7f.1 is a number in disguise"),
        ("https://0177.0.0.1/", "The host 0177.0.0.1 is a number in disguise"),
        ("https://127.1/", "The host 127.1 is a number in disguise"),
        ("https://example.com.0x/", "The host example.com.0x is a number in disguise"),
        ("https://①②⑦.⓪.⓪.①/", "The URL holds characters"),
        ("https://müller.example/", "The URL holds characters"),
        ("https://example.com\\@127.0.0.1/", "The URL holds characters"),
        ("https://example.com/a b", "The URL holds characters"),
        ("https://example.com/\r\nHost: x", "The URL holds characters"),
        ("https://example.com/<script>", "The URL holds characters"),
        ("https://example.com/" + "a" * 2_000, "The URL is longer than 2,000 characters."),
    ],
)
def test_a_url_that_cannot_be_a_webhook_s_is_refused_with_the_reason(url: str, why: str) -> None:
    assert (check_url(url, (), ANY) or "").startswith(why)


def test_plain_http_is_for_literal_addresses_of_allowed_networks() -> None:
    assert check_url("http://127.0.0.1:8080/hook", LOOPBACK, ANY) is None
    assert check_url("http://[fd00:1::1]:8080/hook", LOOPBACK, ANY) is None
    assert check_url("https://127.0.0.1:8080/hook", LOOPBACK, ANY) is None
    assert check_url("http://10.0.0.1/hook", LOOPBACK, ANY) == "The URL must begin with https://"
    assert check_url("http://example.com/hook", LOOPBACK, ANY) == "The URL must begin with https://"


def test_a_name_may_lead_into_an_allowed_network_so_its_port_is_judged_later() -> None:
    assert check_url("https://example.com:8443/hook", LOOPBACK, ANY) is None


@given(st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.:@\[\]%\\#?/-]{0,40}", fullmatch=True))
def test_no_text_breaks_the_check(url: str) -> None:
    why = check_url(url, (), ANY)

    assert why is None or why[0].isupper()
