"""Which web pages may open a WebSocket (RFC 6455, section 10.2).

A browser says in `Origin` whose page is calling; other programs usually say nothing, and could say anything. So this
protects people in browsers from foreign pages, and nothing else. Must not know connections.
"""

from __future__ import annotations

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_origin_allowed(origin: str | None, host: str, allowed: tuple[str, ...]) -> bool:
    """`origin` and `host` are the headers' values. No Origin is always fine; an empty list means the same host."""
    if origin is None or "*" in allowed:
        return True
    if allowed:
        return origin.lower() in {entry.lower().rstrip("/") for entry in allowed}
    return _is_same_host(origin, host)


def _is_same_host(origin: str, host: str) -> bool:
    """Schemes are not compared: behind a proxy that ends TLS we do not know what the browser spoke."""
    try:
        page = urlsplit(origin)
        default = _DEFAULT_PORTS[page.scheme]
        here = urlsplit(f"//{host}")
        return bool(page.hostname) and (page.hostname, page.port or default) == (here.hostname, here.port or default)
    except (KeyError, ValueError):
        return False
