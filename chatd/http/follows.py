"""`POST /v1/follows`: a host that owns the graph tells who follows whom, change by change.

Signed like `POST /v1/catalogue`. Every edge names its version, and of two that speak of the same edge the higher wins:
so one that comes late, or a request that is sent again, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from chatd.core.refusal import Refused
from chatd.http.catalogue import SIGNATURE, TIMESTAMP, Signatures, refusal
from chatd.hub.hub import Hub
from chatd.service.follows import Follows, change_told, read_told
from chatd.store.follows import users_of
from chatd.store.readers import ReaderLost
from chatd_protocol.codec import Invalid


def follow_routes(hub: Hub, signatures: Signatures, body_max_bytes: int) -> list[HTTPRouteHandler]:
    """The route. What is wrong with one edge is said of that edge; the others happen."""

    async def find(subs: Iterable[str]) -> dict[str, str]:
        async with hub.readers.snapshot() as reader:
            return await users_of(reader, subs)

    @route("/v1/follows", http_method=HttpMethod.POST, request_max_body_size=body_max_bytes, status_code=200)
    async def change(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        try:
            raw = await request.body()
        except HTTPException as error:
            code = "limit" if error.status_code == 413 else "malformed"
            return refusal(code, f"at most {body_max_bytes} bytes", 413)
        try:
            signatures.check(request.headers.get(TIMESTAMP, ""), request.headers.get(SIGNATURE, ""), raw)
            results = await change_told(Follows(hub.link.ask, find, hub.new_id, hub.secrets.hash_sub), read_told(raw))
        except Refused as refused:
            return refusal(refused.code, refused.message)
        except ReaderLost:
            return refusal("unavailable", "The database could not be read now.")
        except Invalid as problem:
            return refusal("invalid", str(problem))
        return Response({"results": results}, media_type=MediaType.JSON)

    return [change]
