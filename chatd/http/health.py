"""The routes that say how the server is: alive, ready, and in figures. They must not know what the chat does.

GET /healthz   200 as long as the process answers at all
GET /readyz    200 while it can serve, else 503 with the reason
GET /metrics   Prometheus, of the given registry
"""

from __future__ import annotations

from collections.abc import Callable

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


def health_routes(ready: Callable[[], bool | str], registry: CollectorRegistry) -> list[HTTPRouteHandler]:
    """`ready` answers True, or False, or a reason why not (one line, no secrets: anybody may read it)."""

    @get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False)
    def healthz() -> str:
        return "ok\n"

    @get("/readyz", media_type=MediaType.TEXT, sync_to_thread=False)
    def readyz() -> Response[str]:
        state = ready()
        if state is True:
            return Response("ready\n")
        return Response(f"{state or 'not ready'}\n", status_code=503)

    @get("/metrics", sync_to_thread=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [healthz, readyz, metrics]
