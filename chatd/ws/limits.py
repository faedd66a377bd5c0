"""The bounds and the policy of the transport, as plain values that whoever builds the server fills in.

Nothing here knows where a value came from (a file, the environment, a test).
"""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection may cost. Times are judged by the sweep, so each holds to within `sweep_interval_s`."""

    header_timeout_s: float = 5.0
    """From the TCP connection, or the first byte of a later request, to the end of the request's headers."""
    handshake_timeout_s: float = 5.0
    """For the TLS handshake."""
    frame_timeout_s: float = 30.0
    """From the first byte of a frame, or of a fragmented message, to its last one; also for the body of a request."""
    close_timeout_s: float = 5.0
    """From our close frame, or a refusal, to the end of the TCP connection; then it is aborted."""
    stall_timeout_s: float = 60.0
    """How long a socket may take no byte while bytes are waiting for it."""
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 20.0
    """How long a client may stay silent after a ping."""
    max_header_bytes: int = 16_384
    """Request line and headers together. Of requests pipelined behind another one, counted from the next read on."""
    max_message_bytes: int = 65_536
    """One message, over all its fragments."""
    max_fragments: int = 64
    """Frames of one message, empty ones included."""
    max_connections: int = 20_000
    """Open WebSockets; as many again may be in the HTTP state (handshakes, health checks)."""
    write_high_bytes: int = 262_144
    write_low_bytes: int = 65_536
    send_buffer_bytes: int = 65_536
    """SO_SNDBUF of the listener, which its connections inherit; Linux doubles it. 0 leaves it to the kernel, which
    then takes up to some 4 MB for each client that does not read."""
    sweep_interval_s: float = 1.0
    """How often each connection is visited."""


class PortSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the port is and whom it believes."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one."""
    tls_cert: str = ""
    """A PEM file with the certificate chain; no TLS when empty."""
    tls_key: str = ""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (CIDR) whose `X-Forwarded-For` or `Forwarded` is believed."""
    allowed_origins: tuple[str, ...] = ()
    """Origins that may open a WebSocket; `*` is all of them. Empty: only the host that the request itself names."""
    echo: bool = False
    """Whether `/echo` answers every message with itself."""


def parse_networks(values: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and CIDR networks as networks. Raises ValueError naming the one that is neither."""
    networks: list[Any] = []
    for value in values:
        try:
            networks.append(ipaddress.ip_network(value, strict=False))
        except ValueError as exc:
            raise ValueError(f"trusted_proxies: {value!r} is neither an address nor a network") from exc
    return tuple(networks)
