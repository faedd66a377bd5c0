"""The public address, asked from here: does the way through proxies let HTTP and the WebSocket upgrade pass."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from chatd.cli.doctor.findings import Finding
from chatd.config import Config

PATIENCE_S: Final = 5.0
PROXY_IDLE_S: Final = 60.0
"""After so many seconds without a byte most proxies cut a connection (nginx: proxy_read_timeout)."""


def check_public(config: Config, url: str | None) -> Iterator[Finding]:
    """`url`, or [invites] public_url; nothing without either."""
    url = (url or config.invites.public_url).rstrip("/")
    if not url:
        return
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        en = f"{url} is no address like https://chat.example.com."
        yield Finding("fail", "public.url", en, f"{url} 不是 https://chat.example.com 这样的地址。")
        return
    try:
        status, headers = _get(parts.scheme, parts.hostname, parts.port)
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or type(error).__name__
        en = f"{url} does not answer ({why}): check the name, the proxy and its certificate."
        yield Finding("fail", "public.http", en, f"{url} 没有应答（{why}）：检查域名、代理和证书。")
        return
    if status != 200:
        en = f"{url}/healthz answers {status}: the proxy does not lead to chatd."
        yield Finding("fail", "public.http", en, f"{url}/healthz 返回 {status}：代理没有指向 chatd。")
        return
    yield Finding("ok", "public.http", f"{url}/healthz answers.", f"{url}/healthz 有应答。")
    if parts.scheme == "http":
        en = f"{url} is not encrypted: tokens and messages can be read on the way; use https."
        yield Finding("warn", "public.tls", en, f"{url} 没有加密：令牌和消息途中可被读取，请用 https。")
    yield _upgrade(url)
    yield from _behind(config, headers)


def _get(scheme: str, host: str, port: int | None) -> tuple[int, dict[str, str]]:
    connection: http.client.HTTPConnection
    if scheme == "https":
        connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE_S, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz", headers={"User-Agent": "chatd doctor"})
        answer = connection.getresponse()
        answer.read(4096)
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def _upgrade(url: str) -> Finding:
    from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    said = ""
    try:
        with connect(
            "ws" + url.removeprefix("http") + "/ws",
            subprotocols=[Subprotocol("chatd.v1.json")],
            open_timeout=PATIENCE_S,
            close_timeout=1,
            proxy=None,
        ) as socket:
            if socket.subprotocol == "chatd.v1.json":
                return Finding("ok", "public.upgrade", "The WebSocket upgrade passes.", "WebSocket 升级可以通过。")
            said = "Sec-WebSocket-Protocol is lost"
    except InvalidStatus as error:
        said = f"HTTP {error.response.status_code}"
    except (InvalidHandshake, WebSocketException, OSError) as error:
        said = type(error).__name__
    en = (
        f"The WebSocket upgrade does not pass ({said}): have the proxy hand on Upgrade, Connection and Sec-WebSocket-*."
    )
    return Finding(
        "fail",
        "public.upgrade",
        en,
        f"WebSocket 升级不能通过（{said}）：让代理转发 Upgrade、Connection 和 Sec-WebSocket-*。",
    )


def _behind(config: Config, headers: dict[str, str]) -> Iterator[Finding]:
    """chatd sends no `Server` header, so whoever does stands in front of it."""
    proxy = headers.get("server") or headers.get("via")
    if proxy is None:
        return
    if not config.server.trusted_proxies:
        en = f"{proxy} stands in front, but [server] trusted_proxies is empty: all people share one address."
        zh = f"前面有 {proxy}，但 [server] trusted_proxies 为空：所有人都被当成代理的地址，共用同一份限额。"
        yield Finding("warn", "public.proxy", en, zh)
    else:
        yield Finding("ok", "public.proxy", f"{proxy} stands in front and is trusted.", f"前面有 {proxy}，已受信任。")
    if (ping_s := config.ws.ping_interval_s) >= PROXY_IDLE_S:
        en = f"[ws] ping_interval_s is {ping_s:g}: most proxies cut idle connections after {PROXY_IDLE_S:g} s; take 25."
        yield Finding(
            "warn",
            "public.idle",
            en,
            f"[ws] ping_interval_s 为 {ping_s:g}：多数代理 {PROXY_IDLE_S:g} 秒无数据就断开，建议 25。",
        )
