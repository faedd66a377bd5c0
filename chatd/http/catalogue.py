"""`POST /v1/catalogue` (or PUT): a host or seller changes the catalogue.

A request is signed: `X-Chatd-Signature` is the hex HMAC-SHA-256 (RFC 2104) of `X-Chatd-Timestamp` (seconds since 1970
UTC, in decimal), a full stop, and the body. One whose time is too far from the server's is refused. One that is sent
again meanwhile does nothing: every item and deletion names its revision, and a revision counts once.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from chatd.core.refusal import Refused
from chatd.hub.hub import Hub
from chatd.service.catalogue import change_catalogue, read_body
from chatd_protocol.codec import Invalid
from chatd_protocol.errors import ERRORS

TIMESTAMP = "X-Chatd-Timestamp"
SIGNATURE = "X-Chatd-Signature"


class Signatures:
    """Judges whether a request was signed with the secret, and lately. `now_ms` is the clock."""

    def __init__(self, secret: bytes, window_s: int, now_ms: Callable[[], int]) -> None:
        self._secret = secret
        self._window_s = window_s
        self._now_ms = now_ms

    def check(self, timestamp: str, signature: str, body: bytes) -> None:
        """Raises `Refused("unauthenticated")`, alike for every reason."""
        right = sign(self._secret, timestamp, body).encode()
        signed = hmac.compare_digest(right, signature.lower().encode("utf-8", "replace"))
        timely = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
        if not (signed and timely and abs(self._now_ms() // 1000 - int(timestamp)) <= self._window_s):
            raise Refused("unauthenticated", "The signature or its time was not accepted.")


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """The signature of a request."""
    return hmac.new(secret, timestamp.encode("utf-8", "replace") + b"." + body, hashlib.sha256).hexdigest()


def catalogue_routes(hub: Hub, signatures: Signatures, body_max_bytes: int) -> list[HTTPRouteHandler]:
    """The route. What is wrong with one item is said of that item; the others happen."""

    @route(
        "/v1/catalogue",
        http_method=[HttpMethod.POST, HttpMethod.PUT],
        request_max_body_size=body_max_bytes,
        status_code=200,
    )
    async def change(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        try:
            raw = await request.body()
        except HTTPException as error:
            return refusal("limit" if error.status_code == 413 else "malformed", f"at most {body_max_bytes} bytes", 413)
        try:
            signatures.check(request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, ""), raw)
            body = read_body(raw)
            results = await change_catalogue(hub.link.ask, body.items, body.deletions)
        except Refused as refused:
            return refusal(refused.code, refused.message)
        except Invalid as problem:
            return refusal("invalid", str(problem))
        return Response({"results": results}, media_type=MediaType.JSON)

    return [change]


def refusal(code: str, message: str, status: int | None = None) -> Response[dict[str, Any]]:
    """The answer to a request that is refused."""
    kind = ERRORS[code]
    return Response(
        {"error": {"code": code, "message": message}},
        status_code=status or kind.http_status,
        media_type=MediaType.JSON,
    )
