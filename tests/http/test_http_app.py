"""Health, readiness and metrics, over a real port."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from chatd.http.app import make_http
from chatd.http.health import health_routes
from tests.ws.kit import Client, on_loop, serving


async def get(client: Client, path: str) -> tuple[int, dict[str, str], bytes]:
    client.send(f"GET {path} HTTP/1.1\r\nHost: chat.example\r\n\r\n".encode())
    return await client.response()


@on_loop
async def test_health_readiness_and_metrics() -> None:
    registry = CollectorRegistry()
    Counter("apples", "Apples eaten", registry=registry).inc(3)
    state: list[bool | str] = [True]
    async with serving(app=make_http(health_routes(lambda: state[0], registry))) as port:
        client = await port.client()
        status, headers, body = await get(client, "/healthz")
        assert (status, headers["content-type"].split(";")[0], body) == (200, "text/plain", b"ok\n")
        assert (await get(client, "/readyz"))[::2] == (200, b"ready\n")
        state[0] = False
        assert (await get(client, "/readyz"))[::2] == (503, b"not ready\n")
        state[0] = "the writer is restarting"
        assert (await get(client, "/readyz"))[::2] == (503, b"the writer is restarting\n")
        status, headers, body = await get(client, "/metrics")
        assert (status, headers["content-type"][:20]) == (200, "text/plain; version=")
        assert b"apples_total 3.0" in body.splitlines()
        assert (await get(client, "/healthz"))[0] == 200
        assert (await get(client, "/nowhere"))[0] == 404
        assert (await get(client, "/schema"))[0] == 404
