"""The HTTP side of the port: routes by noun, put together."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler


def make_http(routes: Sequence[HTTPRouteHandler]) -> Litestar:
    """The application for uvicorn."""
    return Litestar(routes, openapi_config=None, logging_config=None)
