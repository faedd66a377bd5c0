"""Who a client is, when a proxy may stand in between.

Both headers can be written by anybody, so they count only when the TCP peer is a trusted proxy, and only up to the
first hop, seen from our side, that is not one. Must not know sockets or protocols: addresses and headers in, an
address out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from chatd.ws.limits import Network

Headers = Iterable[tuple[bytes, bytes]]
"""Lower-case names with raw values, in the order of the request."""

_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;"\s]*))', re.IGNORECASE)
_WITH_PORT = re.compile(r"^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$")


def client_address(tcp_peer: str, headers: Headers, trusted: tuple[Network, ...]) -> str:
    """The rightmost address that is not a trusted proxy, from `X-Forwarded-For` or `Forwarded` (RFC 7239).

    A proxy normally maintains one of the two headers and passes the other one on as the client wrote it. So if both
    are there and disagree, neither is believed and the TCP peer is the answer.
    """
    if not trusted and ":" not in tcp_peer:
        return tcp_peer  # as the kernel writes it
    tcp_peer = _bare_address(tcp_peer) or tcp_peer
    if not _is_trusted(tcp_peer, trusted):
        return tcp_peer
    x_forwarded = list(_values(headers, b"x-forwarded-for"))
    forwarded = list(_values(headers, b"forwarded"))
    answers = {
        _rightmost_untrusted(tcp_peer, hops, trusted)
        for present, hops in ((x_forwarded, x_forwarded), (forwarded, [_forwarded_for(v) for v in forwarded]))
        if present
    }
    return answers.pop() if len(answers) == 1 else tcp_peer


def _values(headers: Headers, wanted: bytes) -> Iterator[str]:
    """The elements of a comma-separated header, over all its lines (RFC 9110, section 5.3)."""
    for name, value in headers:
        if name == wanted:
            yield from (element.strip() for element in value.decode("latin-1").split(","))


def _forwarded_for(element: str) -> str:
    match = _FORWARDED_FOR.search(element)
    return (match[1] or match[2] or "") if match else ""


def _rightmost_untrusted(tcp_peer: str, hops: list[str], trusted: tuple[Network, ...]) -> str:
    nearest = tcp_peer
    for hop in reversed(hops):
        address = _bare_address(hop)
        if address is None:  # `unknown`, an obfuscated name, nonsense: whatever lies behind it is hearsay
            return nearest
        nearest = address
        if not _is_trusted(address, trusted):
            return nearest
    return nearest


def _bare_address(hop: str) -> str | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80` as a normalised address, anything else as None."""
    if match := _WITH_PORT.match(hop):
        hop = match[1] or match[2]
    try:
        return str(_unmapped(ipaddress.ip_address(hop)))
    except ValueError:
        return None


def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        ip = _unmapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    return any(ip.version == network.version and ip in network for network in trusted)


def _unmapped(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 client of a dual-stack listener shows as ::ffff:a.b.c.d; for every rule it is a.b.c.d."""
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip
