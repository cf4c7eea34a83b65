"""Where a webhook may go: which addresses are public, and which URLs are worth trying.

An own table, not `ipaddress.is_global`: Pythons differ in what they call global, and several call dangerous ranges so
(multicast, NAT64, 6to4). The table follows the IANA special-purpose registries (RFC 6890, as of 2026):
https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

LONGEST_URL = 2_000

_SPECIAL_V4 = {
    IPv4Network("0.0.0.0/8"): "this network (RFC 791)",
    IPv4Network("10.0.0.0/8"): "private (RFC 1918)",
    IPv4Network("100.64.0.0/10"): "shared by a carrier's customers (RFC 6598)",
    IPv4Network("127.0.0.0/8"): "loopback (RFC 1122)",
    IPv4Network("168.63.129.16/32"): "Azure's host agent",
    IPv4Network("169.254.0.0/16"): "link-local, cloud metadata (RFC 3927)",
    IPv4Network("172.16.0.0/12"): "private (RFC 1918)",
    IPv4Network("192.0.0.0/24"): "IETF protocol assignments (RFC 6890)",
    IPv4Network("192.0.2.0/24"): "documentation (RFC 5737)",
    IPv4Network("192.88.99.0/24"): "6to4 relays (RFC 7526)",
    IPv4Network("192.168.0.0/16"): "private (RFC 1918)",
    IPv4Network("198.18.0.0/15"): "benchmarks (RFC 2544)",
    IPv4Network("198.51.100.0/24"): "documentation (RFC 5737)",
    IPv4Network("203.0.113.0/24"): "documentation (RFC 5737)",
    IPv4Network("224.0.0.0/4"): "multicast (RFC 5771)",
    IPv4Network("240.0.0.0/4"): "reserved, broadcast (RFC 1112)",
}

_UNICAST_V6 = IPv6Network("2000::/3")
"""The only part of IPv6 that is given out as global unicast (RFC 4291, IANA); everything outside it is special."""

_SPECIAL_V6 = {
    IPv6Network("2001::/23"): "IETF protocol assignments, Teredo (RFC 2928, RFC 4380)",
    IPv6Network("2001:db8::/32"): "documentation (RFC 3849)",
    IPv6Network("2002::/16"): "6to4 (RFC 7526)",
    IPv6Network("3fff::/20"): "documentation (RFC 9637)",
}

_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that the translator connects to."""

_LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "test", "invalid", "onion")


def refusal(ip: str, port: int, allow: Collection[Network], ports: Collection[int]) -> str | None:
    """Why a connection to this address is refused, or None when it may be made.

    `allow` names networks that may be reached though they are not public, at any port; elsewhere the port must be one
    of `ports`. An IPv4 address that is mapped into IPv6 is judged as the IPv4 address that it is.
    """
    try:
        address = _plain(ip_address(ip))
    except ValueError:
        return "not an IP address"
    if _within(address, allow):
        return None
    if (why := _special(address)) is not None:
        return f"{address} is not a public address: {why}"
    if port not in ports:
        return f"port {port} is not allowed: only {_listed(ports)}"
    return None


def check_url(url: str, allow: Collection[Network], ports: Collection[int]) -> str | None:
    """Why this URL can't be a webhook's, as a sentence for the person who typed it, or None when it can.

    This looks at the text only, so that mistakes are told at once. What keeps requests out of private networks is
    `refusal`, asked of the address that a connection is really made to.
    """
    if len(url) > LONGEST_URL:
        return f"The URL is longer than {LONGEST_URL:,} characters."
    if not url.isascii() or not url.isprintable() or any(mark in url for mark in ' \\<>"^`{|}'):
        return "The URL holds characters that must be percent-encoded; a host with other letters is written as xn--…"
    try:
        parts = urlsplit(url)
        return _check_parts(parts, parts.hostname or "", parts.port, allow, ports)
    except ValueError:
        return "This is not a URL: its host or port can't be read."


def _check_parts(
    parts: SplitResult, host: str, port: int | None, allow: Collection[Network], ports: Collection[int]
) -> str | None:
    if "@" in parts.netloc:
        return "The URL must not hold a user name or password."
    if parts.fragment:
        return "The URL must not have a #fragment: it is never sent."
    if parts.scheme == "https":
        return _check_host(host, 443 if port is None else port, allow, ports)
    return _check_plain_http(parts.scheme, host, allow)


def _check_plain_http(scheme: str, host: str, allow: Collection[Network]) -> str | None:
    # Only a literal address shows that the request stays within the networks that the operator trusts.
    try:
        trusted = scheme == "http" and _within(_plain(ip_address(host)), allow)
    except ValueError:
        trusted = False
    return None if trusted else "The URL must begin with https://"


def _check_host(host: str, port: int, allow: Collection[Network], ports: Collection[int]) -> str | None:
    try:
        ip_address(host)
    except ValueError:
        # Where networks are allowed, the name may lead there, and then any port is.
        if port not in ports and not allow:
            return f"Port {port} is not allowed: only {_listed(ports)}."
        return _check_name(host)
    why = refusal(host, port, allow, ports)
    return why and f"This address may not be reached: {why}."


def _check_name(host: str) -> str | None:
    labels = host.removesuffix(".").split(".")
    if not all(label and len(label) <= 63 for label in labels) or len(host) > 253:  # noqa: PLR2004 - RFC 1035, 2.3.4
        return "The URL has no proper host name."
    if not all(letter.isalnum() or letter in "-_" for label in labels for letter in label):
        return f"The host name {host} has characters that host names don't have."
    if labels[-1] in _LOCAL_NAMES:
        return f"The host {host} is local to a machine or network; a webhook needs a public host name."
    if len(labels) == 1 and not _numeric(labels[-1]):
        return f"The host {host} is not a full domain name."
    if _numeric(labels[-1]):
        return f"The host {host} is a number in disguise; write an address as 192.0.2.1 or [2001:db8::1]."
    return None


def _numeric(label: str) -> bool:
    # The WHATWG URL standard's "ends in a number" check: such a host is an IPv4 address to some parsers.
    if label.startswith("0x"):
        return all(digit in "0123456789abcdef" for digit in label[2:])
    return label.isdigit()


def _listed(ports: Collection[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports))


def _plain(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _within(address: Address, networks: Collection[Network]) -> bool:
    return any(address in network for network in networks)


def _special(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((why for network, why in _SPECIAL_V4.items() if address in network), None)
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        why = _special(inner)
        return why and f"NAT64 of {inner}, {why}"
    if address not in _UNICAST_V6:
        return "outside global unicast (RFC 4291)"
    return next((why for network, why in _SPECIAL_V6.items() if address in network), None)
